"""What refers to which message. By it a page gets what has become of its messages, without a look at all that was said since."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.amendments import MAX_REACTING, NOTHING, Amended, Mark, fold, id_at, marks
from twisted_chat.core.feeds.batches import Batch, FeedId, Position, parse_batch
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Close, Edit, React, Retract, Say
from twisted_chat.core.replication.store import Hit
from twisted_chat.storage.opener import Opener

_KINDS: tuple[type, ...] = (React, Edit, Retract, Close)
"""By the number that stands for them in the table, which stays."""
_REACT, _EDIT, _RETRACT, _CLOSE = range(len(_KINDS))

_KEEP = "INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ONE = """
SELECT lc, epoch, number, batch FROM marks
WHERE target = ? AND kind = ? AND author = ? AND lc > ? AND lc <= ? ORDER BY lc {way}, epoch {way}, number {way} LIMIT 1
"""
_FIRST, _NEWEST = _ONE.format(way="ASC"), _ONE.format(way="DESC")
_REACTIONS = """
WITH RECURSIVE members(author) AS (
    SELECT min(author) FROM marks WHERE target = :target AND kind = 0
    UNION ALL
    SELECT (SELECT min(author) FROM marks WHERE target = :target AND kind = 0 AND author > members.author)
    FROM members WHERE author IS NOT NULL
)
SELECT marks.author, lc, epoch, number, reaction
FROM members CROSS JOIN marks ON target = :target AND kind = 0 AND marks.author = members.author
WHERE (lc, epoch, number) = (
    SELECT lc, epoch, number FROM marks WHERE target = :target AND kind = 0 AND author = members.author AND lc > :after
    AND lc <= :reach AND (lc, author, epoch, number) < (:lc, :closer, :epoch, :number)
    ORDER BY lc DESC, epoch DESC, number DESC LIMIT 1
) LIMIT :most
"""
"""The newest reaction of each member that counts: from member to member, however many reactions each has."""
_FIND = """
SELECT sig, body, checksum, batches.feed, first FROM batches JOIN feeds ON feeds.id = batches.feed
WHERE author = ? AND epoch = ? AND first <= ? ORDER BY first DESC LIMIT 1
"""
_READ = "SELECT sig, body, checksum, feed, first FROM batches WHERE id = ?"
_NEVER = Position(2**62, FeedId(b"", 0), 0)


def keep_references(connection: sqlite3.Connection, id: int, batch: Batch) -> None:
    """Keep what the batch stored under `id` refers to. Within a transaction."""
    if batch.amending:
        connection.executemany(_KEEP, [_row(mark, id) for mark in marks(batch)])


def fill_references(connection: sqlite3.Connection) -> None:
    """Do so for every stored batch; one that can't be read refers to nothing. Within a transaction."""
    for id, sig, body in connection.execute("SELECT id, sig, body FROM batches"):
        with suppress(Refusal):
            keep_references(connection, id, parse_batch(sig, body))


def drop_references(connection: sqlite3.Connection, where: str, values: tuple[int, ...]) -> None:
    """Delete what the batches refer to that are to be deleted. Within a transaction."""
    connection.execute(f"DELETE FROM marks WHERE batch IN (SELECT id FROM batches WHERE {where})", values)


class References:
    """Reads them, with no more work than there are members who refer to a message, however often each does."""

    def __init__(self, connection: sqlite3.Connection, opener: Opener) -> None:
        self._connection = connection
        self._open = opener

    @property
    def none(self) -> bool:
        """Whether nothing refers to anything."""
        return self._connection.execute("SELECT 1 FROM marks LIMIT 1").fetchone() is None

    def find(self, ids: Sequence[MessageId]) -> list[Hit]:
        """See `Store.find`."""
        return [hit for hit in map(self._found, ids) if hit is not None]

    def amended(self, messages: Sequence[Position], reach: int) -> dict[Position, Amended]:
        """See `Store.amended`."""
        if self.none:
            return {}
        found = ((message, self.of(message, reach)) for message in messages)
        return {message: amended for message, amended in found if amended != NOTHING}

    def of(self, message: Position, reach: int) -> Amended:
        """Return what has become of the message at a place."""
        return fold(message, self._marks(message, reach), reach)

    def _found(self, id: MessageId) -> Hit | None:
        row = self._connection.execute(_FIND, id).fetchone()
        batch = self._open.batch(*row) if row else None
        return said_in(batch, id.number) if batch else None

    def _marks(self, message: Position, reach: int) -> Iterator[Mark]:
        """Yield all that counts of what refers to a message."""
        target, author = _target(id_at(message)), message.feed.author
        own = (author, message.lc, reach)
        if (retract := self._connection.execute(_FIRST, (target, _RETRACT, *own)).fetchone()) is not None:
            yield Mark(_place(author, *retract[:3]), Retract(id_at(message)))
        if (edit := self._connection.execute(_NEWEST, (target, _EDIT, *own)).fetchone()) is not None:
            yield from self._edit(_place(author, *edit[:3]), edit[3])
        end = _NEVER
        if (close := self._connection.execute(_FIRST, (target, _CLOSE, *own)).fetchone()) is not None:
            end = _place(author, *close[:3])
            yield Mark(end, Close(id_at(message)))
        yield from self._reactions(message, target, end, reach)

    def _edit(self, place: Position, batch: int) -> Iterator[Mark]:
        row = self._connection.execute(_READ, (batch,)).fetchone()
        opened = self._open.batch(*row) if row else None
        if opened is not None and isinstance(record := opened.records[place.number - opened.first], Edit):
            yield Mark(place, record)

    def _reactions(self, message: Position, target: bytes, end: Position, reach: int) -> Iterator[Mark]:
        before = {"lc": end.lc, "closer": end.feed.author, "epoch": end.feed.epoch, "number": end.number}
        values = {**before, "target": target, "after": message.lc, "reach": reach, "most": MAX_REACTING}
        for author, lc, epoch, number, reaction in self._connection.execute(_REACTIONS, values):
            yield Mark(_place(author, lc, epoch, number), React(id_at(message), reaction))


class MemoryReferences:
    """The same, of batches in memory."""

    def __init__(self) -> None:
        self._marks: dict[MessageId, dict[tuple[type, bytes], list[Mark]]] = {}
        """By message, by kind and author, in order."""

    def add(self, batch: Batch) -> None:
        """A batch is kept."""
        for mark in marks(batch):
            of_message = self._marks.setdefault(mark.record.to, {})
            insort(of_message.setdefault(_whose(mark), []), mark, key=_position)

    def drop(self, batch: Batch) -> None:
        """A batch is given up."""
        for mark in marks(batch):
            of_message = self._marks[mark.record.to]
            left = of_message[_whose(mark)]
            del left[bisect_left(left, mark.position, key=_position)]
            if not left:
                del of_message[_whose(mark)]
            if not of_message:
                del self._marks[mark.record.to]

    def of(self, message: Position, reach: int) -> Amended:
        """Return what has become of the message at a place."""
        of_message = self._marks.get(id_at(message), {})
        closes = of_message.get((Close, message.feed.author), [])
        end = next((close.position for close in closes if message.lc < close.position.lc), _NEVER)
        end = min(end, _NEVER._replace(lc=reach + 1))
        found: list[Mark] = []
        for (kind, _), of_one in of_message.items():
            before = bisect_left(of_one, end, key=_position) if kind is React else len(of_one)
            newest = next((mark for mark in reversed(of_one[:before]) if mark.position.lc <= reach), None)
            found += [newest] if newest is not None else []
        found += [mark for mark in closes if mark.position == end]
        return fold(message, found, reach)

    def amended(self, messages: Sequence[Position], reach: int) -> Mapping[Position, Amended]:
        """See `Store.amended`."""
        found = ((message, self.of(message, reach)) for message in messages)
        return {message: amended for message, amended in found if amended != NOTHING}


_position: Callable[[Mark], Position] = attrgetter("position")


def _whose(mark: Mark) -> tuple[type, bytes]:
    return type(mark.record), mark.position.feed.author


def said_in(batch: Batch, number: int) -> Hit | None:
    """Return the public message with this number in a batch, if it is one."""
    inside = batch.first <= number <= batch.last
    return Hit(batch, number) if inside and isinstance(batch.records[number - batch.first], Say) else None


def _row(mark: Mark, batch: int) -> tuple[bytes, int, bytes, int, int, int, str, int]:
    lc, (author, epoch), number = mark.position
    kind = _KINDS.index(type(mark.record))
    reaction = mark.record.text if isinstance(mark.record, React) else ""
    return _target(mark.record.to), kind, author, lc, epoch, number, reaction, batch


def _target(id: MessageId) -> bytes:
    return id.author + id.epoch.to_bytes(8, "big") + id.number.to_bytes(8, "big")


def _place(author: bytes, lc: int, epoch: int, number: int) -> Position:
    return Position(lc, FeedId(author, epoch), number)
