"""The table of feeds, all of which is in memory too: what is stored of each, changed and taken back with the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.holes import Holes
from twisted_chat.storage.heads import Head

_LOAD = """
SELECT id, author, epoch, low, high, holes, tip, tip_first, tip_lc, bytes FROM feeds
"""
_SAVE = """INSERT OR REPLACE INTO feeds
(id, author, epoch, low, high, base, hole_first, hole_last, holes, tip, tip_first, tip_lc, bytes)
VALUES (?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?, ?, ?)
"""

_holes = msgspec.json.Decoder(Holes)


class Stored(NamedTuple):
    """A feed's row."""

    id: int
    head: Head


class FeedTable(dict[FeedId, Stored]):
    """Every feed's row; rows are changed by `change` alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__({feed: Stored(id, head) for id, feed, head in read_heads(connection)})
        self._connection = connection
        self._before: dict[FeedId, Stored | None] = {}
        [(rows_of,)] = connection.execute("SELECT coalesce(max(feed), 0) FROM batches")
        self._next_id: int = max((rows_of, *(stored.id for stored in self.values()))) + 1

    def new_id(self) -> int:
        """Return an id that no row has, and no batch names."""
        id = self._next_id
        self._next_id += 1
        return id

    def begin(self) -> None:
        """A transaction begins."""
        self._before = {}

    def undo(self) -> None:
        """A transaction failed: all is as it was before."""
        for feed, stored in self._before.items():
            self._set(feed, stored)

    def change(self, feed: FeedId, stored: Stored | None) -> None:
        """Replace the row of `feed`, or remove it if that is None. Within a transaction."""
        self._before.setdefault(feed, self.get(feed))
        self._set(feed, stored)

    def _set(self, feed: FeedId, stored: Stored | None) -> None:
        if stored is None:
            self.pop(feed, None)
        else:
            self[feed] = stored

    def save(self) -> None:
        """Write the rows that were changed in this transaction."""
        for feed in self._before:
            stored = self.get(feed)
            if stored is None:
                self._connection.execute("DELETE FROM feeds WHERE author = ? AND epoch = ?", feed)
            else:
                self._connection.execute(_SAVE, (stored.id, *feed, *_columns(stored.head)))


def read_heads(connection: sqlite3.Connection) -> Iterator[tuple[int, FeedId, Head]]:
    """Yield the id, the feed and the head of each row of feeds."""
    for id, author, epoch, low, high, holes, *tip in connection.execute(_LOAD):
        yield id, FeedId(author, epoch), Head(low, high, _holes.decode(holes), *tip)


def _columns(head: Head) -> Sequence[Any]:
    holes = msgspec.json.encode(head.holes).decode() if head.holes else "[]"
    return head.low, head.high, holes, head.tip, head.tip_first, head.tip_lc, head.bytes
