"""What has become of messages, and which ones they answer: added to them as they were said."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec.structs import replace
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import StoreError
from twisted_chat.core.feeds.amendments import NOTHING, Amended
from twisted_chat.core.feeds.batches import Position
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages, Quote, Tally
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.store import Hit
from twisted_chat.core.timeline.reader import Reader
from twisted_chat.core.timeline.recent import quote_of

_log = Logger()


def not_told(reason: Failure) -> None:
    """Log why what became of messages can't be told: a disk that can't be read is no mistake of ours."""
    if reason.check(StoreError):
        _log.warn("what became of messages can't be told: {error}", error=reason.value)
    else:
        _log.failure("what became of messages can't be told:", reason)


AT_ONCE = 8
"""Messages that the store is asked of at a time: to each of them a crowd may have reacted, and others wait meanwhile."""


class FindsAmended(Protocol):
    """Where messages are, and what refers to them: the store."""

    def find(self, ids: Sequence[MessageId]) -> Deferred[Sequence[Hit]]:
        """See `Store.find`."""
        ...

    def amended(self, messages: Sequence[Position], reach: int) -> Deferred[Mapping[Position, Amended]]:
        """See `Store.amended`."""
        ...


class Resolver:
    """Adds to messages, one an event, what has become of them and the words of those that they answer."""

    def __init__(self, archive: FindsAmended | None, roster: Roster, reader: Reader, hybrid: HybridClock) -> None:
        self._archive = archive
        self._roster = roster
        self._reader = reader
        self._hybrid = hybrid

    @inlineCallbacks
    def resolve(self, messages: Iterable[Messages]) -> Generator[Deferred[Any], Any, Sequence[Messages]]:
        """Return the messages with that. Fails with what the store says."""
        messages = list(messages)
        public = [each for each in messages if not each.private]
        if self._archive is None or not public:
            return messages
        answered = dict.fromkeys(re for each in public if (re := each.records[0].re) is not None)
        quoted = yield from self.messages(list(answered))
        places = [each.position for each in (*public, *quoted.values())]
        found: dict[Position, Amended] = {}
        for start in range(0, len(places), AT_ONCE):
            found |= yield self._archive.amended(places[start : start + AT_ONCE], self._hybrid.reach)
        now = {id: self._now(each, found.get(each.position, NOTHING)) for id, each in quoted.items()}
        return [
            each if each.private else self._whole(each, found.get(each.position, NOTHING), now) for each in messages
        ]

    def messages(
        self, ids: Sequence[MessageId]
    ) -> Generator[Deferred[Sequence[Hit]], Sequence[Hit], dict[MessageId, Messages]]:
        """Return those of the messages with these ids that are public, held and not from a time that nobody has come to."""
        if self._archive is None or not ids:
            return {}
        hits = yield self._archive.find(ids)
        near = [hit for hit in hits if hit.position.lc <= self._hybrid.reach]
        read = (self._reader.message(hit.batch, hit.number) for hit in near)
        return {each.id: each for each in read if each is not None}

    def _whole(self, message: Messages, amended: Amended, quoted: Mapping[MessageId, Messages]) -> Messages:
        re = message.records[0].re
        message = message if amended is NOTHING else self._now(message, amended)
        if re is None:
            return message
        other = quoted.get(re)
        known = other is not None and other.position < message.position and not self._roster.ignores(re.author)
        return replace(message, quote=quote_of(other, other.records[0].text) if other and known else Quote())

    def _now(self, message: Messages, amended: Amended) -> Messages:
        (said,) = message.records
        text = amended.reading(said)
        return replace(
            message,
            records=[said if text == said.text else replace(said, text=text or "")],
            original=said.text,
            edited=text is not None and text != said.text,
            retracted=amended.retracted,
            closed=amended.closed,
            tally=self._tally(said, amended),
        )

    def _tally(self, said: Say, amended: Amended) -> Sequence[Tally]:
        """Return the reactions, those that most have first; of a poll the answers that were voted for, in their order; none to
        what was taken back."""
        if amended.retracted:
            return ()
        votes = {str(number): number for number, _ in enumerate(said.answers, 1)}
        members: dict[str, list[bytes]] = {}
        for member, text in amended.reactions.items():
            if not self._roster.ignores(member) and (text in votes or not votes):
                members.setdefault(text, []).append(member)
        order = sorted(members, key=lambda text: (votes.get(text, 0), -len(members[text]), text))
        return tuple(Tally(text, [self._roster.shown(each) for each in members[text]], members[text]) for text in order)
