"""The conversation as a front end sees it: say, watch, who, leave.

Everything above this module (console, log, gateways) talks to a `Conversation` and hears `events`; nothing above it
knows about links, feeds or stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.events import (
    Alone,
    Delivered,
    Earlier,
    Event,
    Messages,
    Receiving,
    WhileAway,
)
from twisted_chat.core.feeds import Batch
from twisted_chat.core.naming import Naming
from twisted_chat.core.presence import Presence
from twisted_chat.core.reading import Reader
from twisted_chat.core.records import Away, KnownRecord, Nick, Private, Say, Topic
from twisted_chat.core.roster import Member, Roster
from twisted_chat.core.status import Diagnosis, Status
from twisted_chat.core.store import Hit
from twisted_chat.core.text import DEFAULT_ROOM, check_name

Watcher = Callable[[Event], None]
EARLIER = 20
"""Messages of former times shown at the start."""
MISSED = 50
"""Messages shown of those that were missed."""
MISSED_AMONG = 1_000
"""Messages said meanwhile among which those are looked for."""
LATE = 10_000_000
"""How much earlier, in microseconds, a message must be than one shown before it to count as late."""
WORTH_TELLING = 1_000
"""Messages to catch up on from which progress is told."""


class Congested(ChatError):
    """So much of one's own waits to be kept that more is refused; `Conversation.when_relieved` tells when it may go on."""


class Outlet(Protocol):
    """Where one's own records go: the replica."""

    @property
    def congested(self) -> bool:
        """Whether more is to be refused for now."""
        ...

    def append(self, record: KnownRecord) -> None:
        """Put one record, checked before, into this peer's feed."""
        ...


class Seals(Protocol):
    """What makes messages private, and opens them."""

    def seal(self, to: bytes, text: str) -> Private:
        """See `private.seal_private`."""
        ...

    def unseal(self, author: bytes, record: Private) -> str | None:
        """See `private.open_private`."""
        ...


class Archive(Protocol):
    """Where old messages are found: the store."""

    def recent(self, count: int) -> Deferred[Sequence[Batch]]:
        """See `Store.recent`."""
        ...

    def search(self, words: str, limit: int) -> Deferred[Sequence[Hit]]:
        """See `Store.search`."""
        ...


class Conversation:
    """One peer's view of its group's conversation."""

    def __init__(
        self,
        roster: Roster,
        outlet: Outlet,
        leave: Callable[[], object],
        archive: Archive | None = None,
        status: Callable[[], Status] = lambda: Status(0, 0, []),
        seals: Seals | None = None,
        renamed: Callable[[str], object] = lambda name: None,
        diagnose: Callable[[], Deferred[Diagnosis]] = lambda: succeed(Diagnosis()),
        clock: IReactorTime | None = None,
    ) -> None:
        """`leave` says goodbye to all and ends the peer; `archive` has the old messages, `status` says how things stand, and
        `diagnose` what may be wrong; `renamed` lets the rest of the peer go by another name from now on. `clock`
        is for what is told only once it has held for a while."""
        self.roster = roster
        self.presence = Presence(roster, self.emit, clock)
        self.naming = Naming(roster, self.emit)
        self.leave = leave
        self.status = status
        self.diagnose = diagnose
        self._outlet = outlet
        self._archive = archive
        self._seals = seals
        self._renamed = renamed
        self._reader = Reader(roster, seals.unseal if seals else lambda author, record: None)
        self._began = 0
        self._caught_up = False
        self._missed = 0
        self._lively = 0
        self._newest = 0
        self._watchers: list[Watcher] = []
        self._waiting: list[Callable[[], None]] = []
        self._told_alone = False

    @property
    def name(self) -> str:
        """This peer's own name."""
        return self.roster.own.name

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with every event from now on, in order, within the reactor turn that brought it."""
        self._watchers.append(watcher)

    def emit(self, event: Event) -> None:
        """Tell every watcher."""
        for watcher in self._watchers:
            watcher(event)

    def say(self, text: str, room: str = DEFAULT_ROOM, me: bool = False) -> None:
        """Say `text` in a room, or tell what one does. It comes back as a `Messages` event at the end of this reactor turn.

        Raises `BadText` if it can't be a message, `Congested` if too much of what was said is not yet kept; so do the others
        that put something into the conversation.
        """
        self._put(Say(text, room, me))

    def whisper(self, member: bytes, text: str) -> None:
        """Say `text` to one member alone, here or away."""
        if self._seals is None:
            raise BadText("private-key")
        self._put(self._seals.seal(member, text))

    def set_topic(self, room: str, text: str) -> None:
        """Say what a room is about."""
        self._put(Topic(room, text))

    def away(self, text: str = "") -> None:
        """Say that one is not at the keyboard, and why; without a reason, that one is back."""
        self._put(Away(text))

    def rename(self, name: str) -> str:
        """Go by another name; return it as it is written from now on."""
        name = check_name(name)
        if self._outlet.congested:
            raise Congested
        self._renamed(name)
        self._put(Nick(name))
        self.naming.rename(name)
        return name

    def _put(self, record: KnownRecord) -> None:
        if self._outlet.congested:
            raise Congested
        record.check()
        self._outlet.append(record)
        if self.presence.alone and not self._told_alone:
            self._told_alone = True
            self.emit(Alone())

    @property
    def topics(self) -> dict[str, str]:
        """The rooms that are known, and what each is about."""
        return {DEFAULT_ROOM: "", **self._reader.topics}

    def room(self, name: str) -> str:
        """Return a room as it is known here, if it is, in whatever spelling; else `name`."""
        return self._reader.room(name)

    @property
    def congested(self) -> bool:
        """Whether `say` would raise `Congested`."""
        return self._outlet.congested

    def when_relieved(self, resume: Callable[[], None]) -> None:
        """Call `resume` once, when `say` will be taken again; at once if it would be now."""
        if self._outlet.congested:
            self._waiting.append(resume)
        else:
            resume()

    def here(self) -> list[Member]:
        """Return the other members that are here now, linked or reachable through others, by name."""
        return self.presence.here()

    def history(self, count: int) -> Deferred[Sequence[Messages]]:
        """Return the newest `count` messages, one an event, in the order that is the same for everybody; of these not those of
        members that are ignored."""
        if self._archive is None:
            return succeed([])
        return self._archive.recent(count).addCallback(
            lambda batches: self._heeded(self._reader.past(batches)[-count:])
        )

    def search(self, words: str, limit: int) -> Deferred[Sequence[Messages]]:
        """Return the newest `limit` messages in which each of `words` begins a word, one an event, in order."""
        if self._archive is None:
            return succeed([])

        def found(hits: Sequence[Hit]) -> Sequence[Messages]:
            each = (self._reader.each(hit.batch, hit.number - hit.batch.first) for hit in hits)
            return self._heeded(chain.from_iterable(each))

        return self._archive.search(words, limit).addCallback(found)

    def _heeded(self, messages: Iterable[Messages]) -> list[Messages]:
        return [message for message in messages if not self.roster.ignores(message.feed.author)]

    # What the peer reports.

    def begin(self, now: int, recent: Sequence[Batch], notable: Sequence[Batch] = ()) -> None:
        """The peer starts, at the hybrid time `now`; of former times it holds these newest, and these notable batches."""
        self._began = now
        for batch in [*notable, *recent]:
            self.roster.claim(batch.feed.author, batch.name, batch.lc)
            for _ in self._reader.news(batch):
                pass  # it was news then
        messages = self._heeded(self._reader.past(recent))[-EARLIER:]
        if messages:
            self._newest = messages[-1].lc
            self.emit(Earlier(messages))

    # What the replica reports.

    def accepted(self, batch: Batch) -> None:
        """A batch, own or another's, became part of the conversation."""
        member = self.naming.note(batch.feed.author, batch.name, batch.lc)
        if not member.heard:
            self.presence.met(member)
        member.heard = max(member.heard, batch.last_lc)
        missed = not self._caught_up and batch.last_lc < self._began
        late = not missed and batch.lc < self._newest - LATE
        for messages in self._reader.messages(batch):
            self._missed += len(messages.records) if missed and not member.ignored else 0
            self._lively += 0 if missed else len(messages.records)
            self._newest = max(self._newest, batch.last_lc)
            self.emit(replace(messages, missed=missed, late=late) if missed or late else messages)
        for event in self._reader.news(batch):
            self.emit(event)

    def caught_up(self, caught_up: bool) -> None:
        """Whether we hold all that anybody here holds; if so, sum up what was missed."""
        self._caught_up = caught_up
        if caught_up and self._missed:
            count, self._missed = self._missed, 0

            def sum_up(messages: Sequence[Messages]) -> None:
                missed = [message for message in messages if message.lc < self._began]
                self.emit(WhileAway(missed[-MISSED:], count))

            self.history(min(count, MISSED) + min(self._lively, MISSED_AMONG)).addCallback(sum_up)

    def receiving(self, received: int, total: int) -> None:
        """Catching up has come so far."""
        if total >= WORTH_TELLING:
            self.emit(Receiving(received, total))

    def delivered(self, number: int, kept: bool, holders: set[bytes], members: set[bytes]) -> None:
        """Own messages up to record `number` are on these members' disks."""
        lacking = [self.roster.shown(member) for member in members - holders]
        self.emit(Delivered(number, kept, len(holders), len(members), sorted(lacking)))

    def relieved(self) -> None:
        """The outlet is no longer congested."""
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            resume()

    # What the mesh reports.

    def linked(
        self, member: bytes, name: str, host: str, port: int, dialed: bool, now: int = 0, durable: bool = True
    ) -> None:
        """One more link leads to `member`, which goes by `name` at the hybrid time `now` and listens at `host`, `port`; `durable`
        if its key outlives its process."""
        known = self.naming.note(member, name, now, durable)
        known.host, known.port, known.seen = host, port, now
        self._told_alone = False
        self.presence.linked(known, dialed)

    def unlinked(self, member: bytes, left: bool, now: int = 0) -> None:
        """One link to `member` less, at the hybrid time `now`; `left` if it said goodbye."""
        known = self.roster.get(member)
        if known is not None and known.linked:
            known.seen = now
            self.presence.unlinked(known, left)
