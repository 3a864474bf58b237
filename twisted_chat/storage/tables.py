"""A store's calls as SQL: what happens inside a transaction, in whichever thread has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds import MAX_RECORDS, Batch, FeedId, Fork, Position, unseal
from twisted_chat.core.holes import Holes
from twisted_chat.core.store import NOTABLE_BYTES, Held, Hit, Known, Loaded, Which
from twisted_chat.storage.heads import Head, sizes
from twisted_chat.storage.history import in_order, newest, page, saying
from twisted_chat.storage.labels import drop_labels, keep_labels, rows
from twisted_chat.storage.members import keep_member, read_members
from twisted_chat.storage.words import WordIndex, has_full_text

INDEX_STEP = 256
"""Batches that are indexed at a time, so that others' turns come between."""

_LOAD = """
SELECT id, author, epoch, low, high, holes, tip, tip_first, tip_lc, bytes FROM feeds
"""
_SAVE = """INSERT OR REPLACE INTO feeds
(id, author, epoch, low, high, base, hole_first, hole_last, holes, tip, tip_first, tip_lc, bytes)
VALUES (?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?, ?, ?)
"""
_KEEP = """
INSERT OR REPLACE INTO batches (feed, first, last, last_lc, received, notable, checksum, sig, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_READ = """
SELECT sig, body, checksum FROM batches WHERE feed = :feed AND last >= :first
AND first >= coalesce((SELECT max(first) FROM batches WHERE feed = :feed AND first <= :first), 0) ORDER BY first
"""
_OLD = """
SELECT author, epoch, min(CASE WHEN received >= ? THEN first END) AS kept
FROM batches JOIN feeds ON feeds.id = feed GROUP BY feed HAVING kept IS NULL OR kept > min(first)
"""


_holes = msgspec.json.Decoder(Holes)


class Stored(NamedTuple):
    """A feed's row."""

    id: int
    head: Head


class Tables:
    """One database. Knows every feed's head, so that no call has to look for it."""

    def __init__(self, connection: sqlite3.Connection, damage: Callable[[str], None]) -> None:
        """`damage` is called, once for each, with words about a row that no longer holds what was stored.

        Such a row is passed over as if it weren't there, and left alone: a later version may make sense of it.
        """
        self.connection = connection
        self._damage = damage
        self._damaged: set[str] = set()
        self._feeds: dict[FeedId, Stored] = {}
        self._before: dict[FeedId, Stored | None] = {}
        for id, author, epoch, low, high, holes, *tip in connection.execute(_LOAD):
            self._feeds[FeedId(author, epoch)] = Stored(id, Head(low, high, _holes.decode(holes), *tip))
        self._next_id = max((stored.id for stored in self._feeds.values()), default=0) + 1
        self._index = WordIndex(connection) if has_full_text(connection) else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done inside is kept, or, if anything raises, nothing."""
        self._before = {}
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self._save_heads()
            self.connection.execute("COMMIT")
        except BaseException:
            for feed, stored in self._before.items():
                self._set(feed, stored)
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def load(self) -> Loaded:
        """See `Store.load`."""
        held = [stored.head.held(feed) for feed, stored in self._feeds.items()]
        return Loaded(held, list(self.forks()), read_members(self.connection))

    def highs(self) -> dict[FeedId, int]:
        """Return the last record stored of each feed."""
        return {feed: stored.head.high for feed, stored in self._feeds.items()}

    def forks(self) -> Generator[Fork, None, None]:
        """Yield the proofs, by feed, without keeping them."""
        query = "SELECT one_sig, one_body, other_sig, other_body FROM forks ORDER BY author, epoch"
        with closing(self.connection.execute(query)) as rows:
            for one_sig, one_body, other_sig, other_body in rows:
                one, other = self._batch(one_sig, one_body), self._batch(other_sig, other_body)
                if one and other:
                    yield Fork(one, other)

    def by_time(self) -> Generator[Batch, None, None]:
        """Yield every batch by (last_lc, feed), and so each feed in its order, without keeping them."""
        query = "SELECT sig, body, checksum FROM batches JOIN feeds ON feeds.id = feed ORDER BY last_lc, author, epoch"
        with self._batches(query, ()) as batches:
            yield from batches

    def count(self) -> int:
        """Return how many records are stored."""
        records: int = self.connection.execute("SELECT coalesce(sum(last - first + 1), 0) FROM batches").fetchone()[0]
        return records

    def append(self, batch: Batch, received: int) -> dict[FeedId, int]:
        """See `Store.append`; `received` in milliseconds since 1970."""
        stored = self._feeds.get(batch.feed)
        head = stored.head.add(batch) if stored else Head.begin(batch)
        if head is None:
            return {}
        if stored is None:
            stored = Stored(self._next_id, head)
            self._next_id += 1
        self._change(batch.feed, Stored(stored.id, head))
        checksum = _checksum(batch.sig, batch.body)
        ends = (batch.first, batch.last, batch.last_lc)
        row = (stored.id, *ends, received, batch.notable, checksum, batch.sig, batch.body)
        id = self.connection.execute(_KEEP, row).lastrowid
        keep_labels(self.connection, id or 0, batch)
        return {}

    def read(self, feed: FeedId, first: int, limit: int) -> list[Batch]:
        """See `Store.read`."""
        stored = self._feeds.get(feed)
        if stored is None or first > stored.head.high:
            return []
        with self._batches(_READ, {"feed": stored.id, "first": first}) as batches:
            return page(batches, limit)

    def freeze(self, fork: Fork) -> Held | None:
        """See `Store.freeze`."""
        feed = fork.feed
        known = self.connection.execute("SELECT place FROM forks WHERE author = ? AND epoch = ?", feed).fetchone()
        if known is None or fork.place < known[0]:
            proof = (fork.one.sig, fork.one.body, fork.other.sig, fork.other.body)
            self.connection.execute(
                "INSERT OR REPLACE INTO forks VALUES (?, ?, ?, ?, ?, ?, ?)", (*feed, fork.place, *proof)
            )
        stored = self._feeds.get(feed)
        if stored is None:
            return None
        where = "feed = ? AND first > ? AND last >= ?"
        freed = self._delete(where, (stored.id, fork.place - MAX_RECORDS, fork.place))
        newest_first = "SELECT sig, body, checksum FROM batches WHERE feed = ? ORDER BY first DESC"
        with self._batches(newest_first, (stored.id,)) as left:
            head = stored.head.cut(fork.place, left, freed)
        self._change(feed, Stored(stored.id, head) if head else None)
        return head.held(feed) if head else None

    def know(self, members: Sequence[Known]) -> None:
        """See `Store.know`."""
        for known in members:
            keep_member(self.connection, known)

    def trim(self, before_ms: int) -> dict[FeedId, int]:
        """See `Store.trim`."""
        lows: dict[FeedId, int] = {}
        for author, epoch, kept in self.connection.execute(_OLD, (before_ms,)).fetchall():
            feed = FeedId(author, epoch)
            id, before = self._feeds[feed]
            lowest = before.high + 1 if kept is None else kept
            freed = self._delete("feed = ? AND first < ?", (id, lowest))
            head = before.drop_below(lowest, freed)
            self._change(feed, Stored(id, head))
            if head.low > before.low:
                lows[feed] = head.low
        return lows

    def forget(self, feeds: Sequence[FeedId]) -> None:
        """See `Store.forget`."""
        for feed in feeds:
            stored = self._feeds.get(feed)
            if stored is not None and stored.head.bytes == 0:
                self._change(feed, None)

    def page(self, which: Which, limit: int, before: Position | None = None) -> list[Hit]:
        """See `Store.page`."""
        with closing(rows(self.connection, which, before)) as found:
            return newest(self._unsealed_ones(found), which.of, limit, before)

    def notable(self, limit: int, author: bytes | None = None) -> list[Batch]:
        """See `Store.notable`."""
        of_one = "" if author is None else "AND feed IN (SELECT id FROM feeds WHERE author = ?)"
        last = (
            "last_lc" if author is None else "+last_lc"
        )  # its feeds are found faster than it among all that is notable
        query = f"SELECT sig, body, checksum FROM batches WHERE notable {of_one} ORDER BY {last} DESC LIMIT ?"
        with self._batches(query, (limit,) if author is None else (author, limit)) as batches:
            return sorted(page(batches, NOTABLE_BYTES, gaps=True), key=in_order)

    def search(self, words: Sequence[str], which: Which, limit: int) -> list[Hit] | None:
        """Return the public ones of what `Store.search` finds, or None if more is to be indexed first: then ask again."""
        if self._index is None:
            return self.scan(words, which, limit)
        if self._index_some(self._index):
            return None
        hits: list[Hit] = []
        for sig, body, checksum, number in self._index.find(words, which.without, limit):
            batch = self._batch(sig, body, checksum)
            if batch:
                hits.append(Hit(batch, number))
        return hits[::-1]

    def scan(self, words: Sequence[str], which: Which, limit: int) -> list[Hit]:
        """Do what `search` does without an index: look at every batch, newest first, until there are enough hits."""
        with closing(rows(self.connection, which, None)) as found:
            return newest(self._unsealed_ones(found), saying(words, which), limit)

    def everything(self, after: Batch | None, limit: int) -> list[Batch]:
        """See `Store.everything`."""
        for feed in sorted(self._feeds):
            if after and feed < after.feed:
                continue
            above = after.first if after and feed == after.feed else 0
            rows = "SELECT sig, body, checksum FROM batches WHERE feed = ? AND first > ? ORDER BY first"
            with self._batches(rows, (self._feeds[feed].id, above)) as batches:
                found = page(batches, limit, gaps=True)
            if found:
                return found
        return []

    def sizes(self) -> Mapping[bytes, int]:
        """See `Store.sizes`."""
        return sizes((feed, stored.head) for feed, stored in self._feeds.items())

    def _index_some(self, index: WordIndex) -> bool:
        """Index a step further; return whether that was not all."""
        query = "SELECT id, sig, body, checksum FROM batches WHERE id > ? ORDER BY id LIMIT ?"
        rows = self.connection.execute(query, (index.upto(), INDEX_STEP)).fetchall()
        if rows:
            batches = ((id, self._batch(*row)) for id, *row in rows)
            index.add(((id, batch) for id, batch in batches if batch), rows[-1][0])
        return len(rows) == INDEX_STEP

    def _delete(self, where: str, values: tuple[int, ...]) -> int:
        """Delete batches; return how many bytes they had."""
        size = f"SELECT coalesce(sum(length(sig) + length(body)), 0) FROM batches WHERE {where}"
        freed: int = self.connection.execute(size, values).fetchone()[0]
        drop_labels(self.connection, where, values)
        if self.connection.execute(f"DELETE FROM batches WHERE {where}", values).rowcount:
            self.connection.execute("UPDATE indexed SET upto = 0")
        return freed

    def _change(self, feed: FeedId, stored: Stored | None) -> None:
        self._before.setdefault(feed, self._feeds.get(feed))
        self._set(feed, stored)

    def _set(self, feed: FeedId, stored: Stored | None) -> None:
        if stored is None:
            self._feeds.pop(feed, None)
        else:
            self._feeds[feed] = stored

    def _save_heads(self) -> None:
        for feed in self._before:
            stored = self._feeds.get(feed)
            if stored is None:
                self.connection.execute("DELETE FROM feeds WHERE author = ? AND epoch = ?", feed)
            else:
                self.connection.execute(_SAVE, (stored.id, *feed, *_columns(stored.head)))

    def _unsealed_ones(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Batch]:
        return (batch for batch in (self._batch(*row) for row in rows) if batch)

    @contextmanager
    def _batches(self, query: str, values: Any) -> Iterator[Iterable[Batch]]:
        """Give the batches that `query` selects, one by one, without keeping them."""
        with closing(self.connection.execute(query, values)) as rows:
            yield self._unsealed_ones(rows)

    def _batch(self, sig: bytes, body: bytes, checksum: int | None = None) -> Batch | None:
        try:
            if checksum in (None, _checksum(sig, body)):
                return _unsealed(sig, body)
            words = f"a batch of {len(body)} bytes, checksum {checksum}, has changed on the disk"
        except Refusal as refusal:
            words = f"a batch can't be read: {refusal}"
        if words not in self._damaged:
            self._damaged.add(words)
            self._damage(words)
        return None


@lru_cache(maxsize=64)
def _unsealed(sig: bytes, body: bytes) -> Batch:
    """Links that catch up are usually at the same place: they share one batch, and its line."""
    return unseal(sig, body)


def _columns(head: Head) -> Sequence[Any]:
    holes = msgspec.json.encode(head.holes).decode() if head.holes else "[]"
    return head.low, head.high, holes, head.tip, head.tip_first, head.tip_lc, head.bytes


def _checksum(sig: bytes, body: bytes) -> int:
    return crc32(body, crc32(sig))
