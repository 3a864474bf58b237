"""What batches mean to this peer: which messages it can read in them, by whom, and what else they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from twisted_chat.core.events import Event, Messages, Topical, WentAway
from twisted_chat.core.feeds import Batch
from twisted_chat.core.likeness import room_key
from twisted_chat.core.records import Away, Other, Private, Say, Topic
from twisted_chat.core.roster import Roster
from twisted_chat.core.text import DEFAULT_ROOM, shown_name

Unsealer = Callable[[bytes, Private], str | None]
"""Returns the text of a private message by an author, None if it is not for this peer."""


class Reader:
    """Reads batches; keeps what they tell of rooms (`topics`) and of who is away (in the roster)."""

    def __init__(self, roster: Roster, unseal: Unsealer) -> None:
        self.topics: dict[str, str] = {}
        """What each known room is about, "" for nothing in particular."""
        self._told_at: dict[str, int] = {}
        self._spellings = {DEFAULT_ROOM: DEFAULT_ROOM}
        self._roster = roster
        self._unseal = unseal

    def room(self, name: str) -> str:
        """Return a room as it was first written here, if it is known in whatever spelling; else `name`."""
        return self._spellings.get(room_key(name), name)

    def messages(self, batch: Batch) -> Iterator[Messages]:
        """Return the messages in a batch, as few events as possible: one for all that is public, one for each private."""
        if batch.said:
            yield self._event(batch, 0, batch.said)
        for index, record in batch.others:
            if isinstance(record, Private):
                yield from self._private(batch, index, record)

    def each(self, batch: Batch, index: int) -> Iterator[Messages]:
        """Return the message that record number `index` of a batch is, if it is one this peer can read."""
        record = batch.records[index]
        if isinstance(record, Say):
            yield self._event(batch, index, [record])
        elif isinstance(record, Private):
            yield from self._private(batch, index, record)

    def past(self, batches: Iterable[Batch]) -> list[Messages]:
        """Return the messages in batches one an event, in the order that is the same for everybody."""
        messages = [
            message for batch in batches for index in range(len(batch.records)) for message in self.each(batch, index)
        ]
        messages.sort(key=lambda message: (message.lc, message.feed, message.first))
        return messages

    def news(self, batch: Batch) -> Iterator[Event]:
        """Note what a batch tells beyond messages, and return what is new of it."""
        for room in batch.rooms:
            self.topics.setdefault(self._noted(room), "")
        for index, record in batch.others:
            yield from self._news(batch, batch.lc + index, record)

    def _news(self, batch: Batch, lc: int, record: Other) -> Iterator[Event]:
        author = self._roster.shown(batch.feed.author)
        if isinstance(record, Topic) and lc > self._told_at.get(room := self._noted(record.room), 0):
            self._told_at[room] = lc
            self.topics[room] = record.text
            yield Topical(author, room, record.text, member=batch.feed.author)
        elif isinstance(record, Away):
            member = self._roster.get(batch.feed.author)
            if member is not None and lc > member.away_at:
                member.away_at, member.away = lc, record.text
                yield WentAway(author, record.text, member=batch.feed.author)

    def _noted(self, room: str) -> str:
        return self._spellings.setdefault(room_key(room), room)

    def _event(self, batch: Batch, index: int, said: Sequence[Say]) -> Messages:
        author = batch.feed.author
        name = self._roster.shown(author) if self._roster.get(author) else shown_name(batch.name)
        own = author == self._roster.own.id
        return Messages(batch.feed, batch.first + index, batch.lc + index, name, own, batch.at, said)

    def _private(self, batch: Batch, index: int, record: Private) -> Iterator[Messages]:
        text = self._unseal(batch.feed.author, record)
        if text is not None:
            message = self._event(batch, index, [Say(text)])
            yield replace(message, private=self._roster.shown(record.to))
