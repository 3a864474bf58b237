"""A store's calls as SQL: the inside of a transaction, in whichever thread has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import MAX_RECORDS, Batch, FeedId, Position
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.replication.holes import Runs, missing
from twisted_chat.core.replication.store import NOTABLE_BYTES, Held, Hit, Known, Loaded, Which
from twisted_chat.storage.arrivals import KEEP, Arrivals
from twisted_chat.storage.checking import checksum, examine
from twisted_chat.storage.feedtable import FeedTable, Stored
from twisted_chat.storage.finding import Finding
from twisted_chat.storage.heads import Head, sizes
from twisted_chat.storage.history import in_order, newest, page
from twisted_chat.storage.labels import drop_labels, keep_labels, rows
from twisted_chat.storage.members import keep_member, read_members, read_names
from twisted_chat.storage.opener import Opener
from twisted_chat.storage.references import References, drop_references, keep_references

_READ = """
SELECT sig, body, checksum, feed, first FROM batches WHERE feed = :feed AND last >= :first
AND first >= coalesce((SELECT max(first) FROM batches WHERE feed = :feed AND first <= :first), 0) ORDER BY first
"""
_CHECK = "SELECT id, first, last, checksum, sig, body FROM batches WHERE feed = ? ORDER BY first"
_ENDS = "SELECT feed, min(first), max(first) FROM batches GROUP BY feed"
"""The first and the last batch of each feed. An index answers this at once, however much is stored."""
_OLD = """
SELECT author, epoch, min(CASE WHEN received >= ? THEN first END) AS kept
FROM batches JOIN feeds ON feeds.id = feed GROUP BY feed HAVING kept IS NULL OR kept > min(first)
"""


class Tables:
    """One database. Knows every feed's head, so that no call has to look for it."""

    def __init__(self, connection: sqlite3.Connection, damage: Callable[[FeedId], None]) -> None:
        """`damage` is called with a feed when a row of it is missing or is not what was stored. The row is passed over, and
        left alone until `check`."""
        self.connection = connection
        self._damage = damage
        self._feeds = FeedTable(connection)
        self._open = Opener(connection, self._feeds, damage)
        self.arrivals = Arrivals(connection, self._open)
        self.given_up = 0
        """Bytes that were given up and may still be in the write-ahead log."""
        self.references = References(connection, self._open)
        self.finding = Finding(connection, self._open, self.references)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything done inside; or nothing, if anything raises."""
        self._feeds.begin()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self._feeds.save()
            self.connection.execute("COMMIT")
        except BaseException:
            self._feeds.undo()
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def load(self) -> Loaded:
        """See `Store.load`."""
        held = [stored.head.held(feed) for feed, stored in self._feeds.items()]
        return Loaded(held, list(self.forks()), read_members(self.connection))

    def load_checked(self) -> Loaded:
        """Do what `load` does. Before that, check the feeds that don't begin and end where they should, and forget proofs that
        can't be read. Within a transaction."""
        ends = {id: (first, last) for id, first, last in self.connection.execute(_ENDS)}
        lost: dict[FeedId, Runs] = {}
        for feed, stored in list(self._feeds.items()):
            if ends.get(stored.id) != stored.head.ends:
                self.check(feed)
                after = self._feeds.get(feed)
                lost[feed] = missing(stored.head.runs, after.head.runs if after else ())
        for author, epoch, proof in self._proofs():
            if proof is None:
                self.connection.execute("DELETE FROM forks WHERE author = ? AND epoch = ?", (author, epoch))
        loaded = self.load()
        loaded.lost = {feed: runs for feed, runs in lost.items() if runs}
        return loaded

    def check(self, feed: FeedId) -> Held | None:
        """See `Store.check`. Within a transaction."""
        stored = self._feeds.get(feed)
        if stored is None:
            return None
        head = self._examined(feed, stored, thorough=False)
        if head is not None and head.runs == stored.head.runs:
            head = self._examined(feed, stored, thorough=True)
        self._feeds.change(feed, Stored(stored.id, head) if head else None)
        return head.held(feed) if head else None

    def _examined(self, feed: FeedId, stored: Stored, thorough: bool) -> Head | None:
        """Drop the bad rows of a feed; return the head of the rest."""
        try:
            with closing(self.connection.execute(_CHECK, (stored.id,))) as rows:
                ends, bad = examine(feed, rows, thorough)
        except Refusal:
            return self._examined(feed, stored, thorough=True)
        for id in bad:
            self._delete("id = ?", (id,))
        size = "SELECT coalesce(sum(length(sig) + length(body)), 0) FROM batches WHERE feed = ?"
        [(left,)] = self.connection.execute(size, (stored.id,))
        return stored.head.found(ends, left)

    def names(self) -> Mapping[bytes, str]:
        """Return the last name of each known member."""
        return read_names(self.connection)

    def runs(self) -> Mapping[FeedId, Runs]:
        """Return the runs held of each feed."""
        return {feed: stored.head.runs for feed, stored in self._feeds.items()}

    def highs(self) -> dict[FeedId, int]:
        """Return the last record stored of each feed."""
        return {feed: stored.head.high for feed, stored in self._feeds.items()}

    def forks(self) -> Generator[Fork, None, None]:
        """Yield the proofs, by feed, without keeping them."""
        for _, _, fork in self._proofs():
            if fork is not None:
                yield fork

    def _proofs(self) -> Generator[tuple[bytes, int, Fork | None], None, None]:
        """Yield author and epoch of each feed that is forked, and the proof; None if that can't be read."""
        query = "SELECT author, epoch, one_sig, one_body, other_sig, other_body FROM forks ORDER BY author, epoch"
        with closing(self.connection.execute(query)) as rows:
            for author, epoch, one_sig, one_body, other_sig, other_body in rows:
                one, other = self._open.batch(one_sig, one_body), self._open.batch(other_sig, other_body)
                sound = one and other and one.feed == other.feed == (author, epoch)
                yield author, epoch, Fork(one, other) if one and other and sound else None

    def by_time(self) -> Generator[Batch, None, None]:
        """Yield every batch by (last_lc, feed), and so each feed in its order, without keeping them."""
        query = """
        SELECT sig, body, checksum, feed, first FROM batches JOIN feeds ON feeds.id = feed ORDER BY last_lc, author, epoch
        """
        with self._open.query(query, ()) as batches:
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
            stored = Stored(self._feeds.new_id(), head)
        self._feeds.change(batch.feed, Stored(stored.id, head))
        id, ends = self.arrivals.next(), (batch.first, batch.last, batch.last_lc)
        row = (id, stored.id, *ends, received, batch.notable, checksum(batch.sig, batch.body), batch.sig, batch.body)
        self.connection.execute(KEEP, row)
        keep_labels(self.connection, id, batch)
        keep_references(self.connection, id, batch)
        return {}

    def read(self, feed: FeedId, first: int, limit: int) -> list[Batch]:
        """See `Store.read`."""
        stored = self._feeds.get(feed)
        if stored is None or first > stored.head.high:
            return []
        with self._open.query(_READ, {"feed": stored.id, "first": first}) as batches:
            found = page(batches, limit)
        if not stored.head.begins(found, first):
            self._damage(feed)
        return found

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
        newest_first = "SELECT sig, body, checksum, feed, first FROM batches WHERE feed = ? ORDER BY first DESC"
        with self._open.query(newest_first, (stored.id,)) as left:
            head = stored.head.cut(fork.place, left, freed)
        self._feeds.change(feed, Stored(stored.id, head) if head else None)
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
            self._feeds.change(feed, Stored(id, head))
            if head.low > before.low:
                lows[feed] = head.low
            self.given_up += freed
        if self.given_up:
            self.finding.drop()
        return lows

    def forget(self, feeds: Sequence[FeedId]) -> None:
        """See `Store.forget`."""
        for feed in feeds:
            stored = self._feeds.get(feed)
            if stored is not None and stored.head.bytes == 0:
                self._feeds.change(feed, None)

    def page(self, which: Which, limit: int, before: Position | None = None) -> list[Hit]:
        """See `Store.page`."""
        with closing(rows(self.connection, which, before)) as found:
            return newest(self._open.each(found), which.of, limit, before)

    def notable(self, limit: int, author: bytes | None = None) -> list[Batch]:
        """See `Store.notable`."""
        of_one = "" if author is None else "AND feed IN (SELECT id FROM feeds WHERE author = ?)"
        # The feeds of one are found faster than that one among all that is notable.
        last = "last_lc" if author is None else "+last_lc"
        query = (
            f"SELECT sig, body, checksum, feed, first FROM batches WHERE notable {of_one} ORDER BY {last} DESC LIMIT ?"
        )
        with self._open.query(query, (limit,) if author is None else (author, limit)) as batches:
            return sorted(page(batches, NOTABLE_BYTES, gaps=True), key=in_order)

    def everything(self, after: Batch | None, limit: int) -> list[Batch]:
        """See `Store.everything`."""
        for feed in sorted(self._feeds):
            if after and feed < after.feed:
                continue
            above = after.first if after and feed == after.feed else 0
            rows = "SELECT sig, body, checksum, feed, first FROM batches WHERE feed = ? AND first > ? ORDER BY first"
            with self._open.query(rows, (self._feeds[feed].id, above)) as batches:
                found = page(batches, limit, gaps=True)
            if found:
                return found
        return []

    def sizes(self) -> Mapping[bytes, int]:
        """See `Store.sizes`."""
        return sizes((feed, stored.head) for feed, stored in self._feeds.items())

    def _delete(self, where: str, values: tuple[int, ...]) -> int:
        """Delete batches; return how many bytes they had."""
        size = f"SELECT coalesce(sum(length(sig) + length(body)), 0) FROM batches WHERE {where}"
        freed: int = self.connection.execute(size, values).fetchone()[0]
        drop_labels(self.connection, where, values)
        drop_references(self.connection, where, values)
        self.arrivals.dropping()
        if self.connection.execute(f"DELETE FROM batches WHERE {where}", values).rowcount:
            self.connection.execute("UPDATE indexed SET upto = 0")
        return freed
