"""The meaning of batches to this peer: the messages that it can read, their authors, and the other news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from msgspec.structs import replace

from twisted_chat.core.events import Event, Topical, WentAway
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.records import Away, Private, Record, Say, Topic
from twisted_chat.core.messages import Messages, Quote
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.store import OpenPrivate
from twisted_chat.core.timeline.recent import Recent
from twisted_chat.core.timeline.rooms import Room, Rooms
from twisted_chat.core.writing.text import shown_name


class Reader:
    """Reads batches. Keeps their news of rooms (`rooms`) and of absences (in the roster)."""

    def __init__(self, roster: Roster, open_private: OpenPrivate) -> None:
        self.rooms = Rooms()
        self.recent = Recent()
        self._roster = roster
        self._open_private = open_private

    def read(self, batch: Batch) -> Iterator[Event]:
        """Return everything that a batch tells, in the order in which it was said, and note its news."""
        self._note_rooms(batch)
        start = 0
        for index, record in self._alone(batch):
            if index > start:
                yield self._told(batch, start, batch.records[start:index])
            yield from self._other(batch, index, record)
            start = index + 1
        if start < len(batch.records):
            yield self._told(batch, start, batch.records[start:] if start else batch.records)

    @staticmethod
    def _alone(batch: Batch) -> Sequence[tuple[int, Record]]:
        """Return the records that are no messages, and the messages that answer others or ask: each is told by itself."""
        if not batch.parted:
            return batch.others
        return [
            (index, each)
            for index, each in enumerate(batch.records)
            if not isinstance(each, Say) or each.re is not None or each.poll
        ]

    def note(self, batch: Batch) -> None:
        """Note what a batch told of rooms and absences when it was new; nothing of it is shown again."""
        self._note_rooms(batch)
        for index, record in batch.others:
            if not isinstance(record, Private):
                for _ in self._other(batch, index, record):
                    pass

    def know(self, messages: Iterable[Messages]) -> None:
        """Messages of former times are shown: others may answer them."""
        for each in messages:
            self.recent.note(each)

    def message(self, batch: Batch, number: int) -> Messages | None:
        """Return the message with the record number `number`; None if that record is no message, or not for this peer."""
        index = number - batch.first
        record = batch.records[index]
        if isinstance(record, Say):
            return self._messages(batch, index, [record])
        return self._private(batch, index, record) if isinstance(record, Private) else None

    def _note_rooms(self, batch: Batch) -> None:
        for name in batch.rooms:
            self._noted(name, batch.feed.author)

    def _other(self, batch: Batch, index: int, record: Record) -> Iterator[Event]:
        author = batch.feed.author
        position = batch.position(index)
        if isinstance(record, Say):
            yield self._told(batch, index, [record])
        elif isinstance(record, Private):
            message = self._private(batch, index, record)
            if message is not None:
                yield message
        elif isinstance(record, Topic):
            room = self._noted(record.room, author)
            if room.told_at is None or position > room.told_at:
                room.told_at, room.topic = position, record.text
                yield Topical(self._roster.shown(author), room.name, record.text, member=author)
        elif isinstance(record, Away):
            member = self._roster.get(author)
            if member is not None and position.lc > member.away_at:
                member.away_at, member.away = position.lc, record.text
                yield WentAway(member.shown, record.text, member=author)

    def _noted(self, name: str, author: bytes) -> Room:
        return self.rooms.keep(name) if author == self._roster.own.id else self.rooms.note(name, author)

    def _told(self, batch: Batch, index: int, said: Sequence[object]) -> Messages:
        messages = self._messages(batch, index, said)
        re = messages.records[0].re
        if re is not None:
            messages = replace(messages, quote=Quote() if self._roster.ignores(re.author) else self.recent.quote(re))
        self.recent.note(messages)
        return messages

    def _messages(self, batch: Batch, index: int, said: Sequence[object]) -> Messages:
        author = batch.feed.author
        name = self._roster.shown(author) if self._roster.get(author) else shown_name(batch.name)
        own = author == self._roster.own.id
        records = cast(Sequence[Say], said)
        return Messages(batch.feed, batch.first + index, batch.lc + index, name, own, batch.at, records)

    def _private(self, batch: Batch, index: int, record: Private) -> Messages | None:
        text = self._open_private(batch.feed.author, record)
        if text is None:
            return None
        return replace(
            self._messages(batch, index, [Say(text, auto=record.auto)]), private=self._roster.shown(record.to)
        )
