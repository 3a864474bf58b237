"""Databases in which something is not what was stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.kit.feeding import Author, ranges
from tests.storage.test_sqlite import OnDisk
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.replication.holes import MAX_HOLES, missing, runs
from twisted_chat.core.replication.store import Held
from twisted_chat.storage.checking import checksum

TEN = [(n, n) for n in range(1, 11)]


class DamageTests(OnDisk):
    """Bits that changed, and rows that are gone."""

    def setUp(self) -> None:
        super().setUp()
        self.author = Author()
        self.feed = self.author.feed
        self.batches = self.author.batches(*TEN)
        self.keep(*self.batches)

    def damage(self, *which: int) -> None:
        """Let a bit of some batches flip while nobody has the database open."""
        self.close()
        with closing(sqlite3.connect(self.path)) as database, database:
            for first in which:
                [(body,)] = database.execute("SELECT body FROM batches WHERE first = ?", (first,))
                flipped = bytes([*body[:-3], body[-3] ^ 4, *body[-2:]])
                database.execute("UPDATE batches SET body = ? WHERE first = ?", (flipped, first))
        self.store = self.open()

    def lose(self, where: str) -> None:
        """Let rows be gone, as from an old backup, while nobody has the database open."""
        self.close()
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(f"DELETE FROM batches WHERE {where}")
        self.store = self.open()

    def check(self) -> Held | None:
        held: Held | None = self.result(self.store.check(self.feed))
        return held

    def runs(self) -> list[tuple[int, int]]:
        """What is held, as `load` says."""
        held = self.held(self.feed)
        return list(runs(held.holes, held.low, held.high)) if held else []

    def heal(self, *batches: Batch) -> None:
        """Let batches come again: all is as it was."""
        self.keep(*batches)
        self.assertEqual(self.runs(), [(1, 10)])
        self.assertEqual(self.read(self.feed, 1), TEN)
        self.assertEqual(len(self.page(99)), 10)
        self.assertEqual(len(self.search("oi", 99)), 10)
        self.assertEqual(self.result(self.store.sizes()), {self.feed.author: sum(batch.size for batch in self.batches)})
        self.reopen()
        self.assertEqual((self.runs(), self.result(self.store.load()).lost), ([(1, 10)], {}))

    def test_passed_over(self) -> None:
        """What has changed is passed over by all that read, which is told once; nothing else suffers."""
        self.damage(2)
        self.assertEqual(ranges(self.result(self.store.read(self.feed, 1))), [(1, 1)])
        self.assertEqual(ranges(self.result(self.store.read(self.feed, 2))), TEN[2:])
        self.assertEqual(len(self.page(99)), 9)
        self.assertEqual(len(self.search("oi", 99)), 9)
        self.assertEqual(len(self.result(self.store.everything())), 9)
        self.assertEqual(self.damaged, [self.feed])

    def test_each_reader_tells(self) -> None:
        """Whoever comes upon it first tells of it."""
        for read in (
            lambda: self.page(99),
            lambda: self.search("oi", 99),
            lambda: self.result(self.store.everything()),
            lambda: self.read(self.feed, 4),
        ):
            self.damaged.clear()
            self.damage(4)
            read()
            self.assertEqual(self.damaged, [self.feed])
            self.check()
            self.heal(self.batches[3])

    def test_middle(self) -> None:
        """It becomes a hole, between the batches that what fills it has to fit."""
        self.damage(4, 5)
        held = self.check()
        assert held is not None
        self.assertEqual((held.low, held.high, self.runs()), (6, 10, [(1, 3), (6, 10)]))
        (hole,) = held.holes
        self.assertEqual((hole.before, hole.after), (self.batches[2].hash, self.batches[5].prev))
        self.assertEqual(self.read(self.feed, 4), TEN[5:])
        self.assertEqual(self.damaged, [])
        self.heal(self.batches[3], self.batches[4])

    def test_ends(self) -> None:
        """At its beginning, and at its end: what is announced ends before it."""
        self.damage(1, 10)
        held = self.check()
        assert held is not None
        self.assertEqual((held.low, held.high, held.tip), (2, 9, self.batches[8].hash))
        self.heal(self.batches[0], self.batches[9])

    def test_told_again(self) -> None:
        """What is damaged after a check is told of again."""
        self.damage(4)
        self.read(self.feed, 4)
        self.check()
        self.damage(6)
        self.read(self.feed, 6)
        self.assertEqual(self.damaged, [self.feed] * 2)

    def test_all(self) -> None:
        """If nothing is left the feed is not known any more."""
        self.damage(*range(1, 11))
        self.assertIsNone(self.check())
        self.assertEqual(self.runs(), [])
        self.heal(*self.batches)

    def test_gone_at_an_end(self) -> None:
        """Rows that are not there are seen when the database is opened, if the ends are not what they should be."""
        self.lose("first > 7")
        loaded = self.result(self.store.load())
        self.assertEqual((loaded.lost, self.runs()), ({self.feed: [(8, 10)]}, [(1, 7)]))
        self.heal(*self.batches[7:])

    def test_gone_in_the_middle(self) -> None:
        """Others are seen when they are to be read."""
        self.lose("first IN (3, 4)")
        self.assertEqual(self.result(self.store.load()).lost, {})
        self.assertEqual(self.read(self.feed, 3), TEN[4:])
        self.assertEqual(self.damaged, [self.feed])
        self.check()
        self.heal(*self.batches[2:4])

    def test_wrong_place(self) -> None:
        """A batch in another's place is not taken for that."""
        self.close()
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("DELETE FROM batches WHERE first = 5")
            database.execute("UPDATE batches SET first = 5, last = 5 WHERE first = 6")
        self.store = self.open()
        self.read(self.feed, 5)
        self.check()
        self.assertEqual(self.runs(), [(1, 4), (7, 10)])
        self.heal(*self.batches[4:6])

    def test_more_than_holes_there_can_be(self) -> None:
        """The lowest are taken together: what lies between them is not announced, and comes again."""
        count = 2 * MAX_HOLES + 10
        self.keep(*(batches := self.author.batches(*((n, n) for n in range(1, count + 1))))[10:])
        self.damage(*range(2, count, 2))
        held = self.check()
        assert held is not None
        self.assertEqual((len(held.holes), held.high), (MAX_HOLES, count))
        lowest = held.holes[-1]
        self.assertEqual((lowest.first, lowest.base), (1, 1))
        self.keep(*batches)
        self.assertEqual(self.runs(), [(1, count)])
        self.assertEqual(self.read(self.feed, 1, 10**6), [(n, n) for n in range(1, count + 1)])

    def test_after_giving_up(self) -> None:
        """What was given up is not missed."""
        self.lose("first < 3")
        self.close()
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("UPDATE feeds SET low = 3")
        self.store = self.open()
        self.damage(3)
        held = self.check()
        assert held is not None
        self.assertEqual((held.low, [hole[:3] for hole in held.holes]), (4, [(3, 3, 3)]))

    def test_can_not_be_opened(self) -> None:
        """What is as it was stored, and yet can't be opened by this version, is damage too."""
        self.close()
        sig, body = self.batches[4].sig, self.batches[4].body.replace(b'"Ana"', b'""')
        with closing(sqlite3.connect(self.path)) as database, database:
            values = (body, checksum(sig, body))
            database.execute("UPDATE batches SET body = ?, checksum = ? WHERE first = 5", values)
        self.store = self.open()
        self.read(self.feed, 5)
        self.check()
        self.heal(self.batches[4])

    def test_proof(self) -> None:
        """A proof that can't be read is forgotten: it can be kept again."""
        other = Author(2)
        self.result(self.store.freeze(other.fork(3)))
        self.close()
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("UPDATE forks SET one_body = x'00'")
        self.store = self.open()
        self.assertEqual(self.result(self.store.load()).forks, [])
        self.result(self.store.freeze(other.fork(3)))
        self.assertEqual(len(self.result(self.store.load()).forks), 1)

    def test_recent(self) -> None:
        """After a check what was appended last is in memory again, and nothing of what is gone."""
        self.damage(10)
        self.check()
        self.keep(self.batches[9], self.author.batch(11))
        self.assertEqual(self.read(self.feed, 10), [(10, 10), (11, 11)])


class MissingTests(OnDisk):
    """The arithmetic."""

    def test_missing(self) -> None:
        """Records of former runs that are in none now."""
        self.assertEqual(missing([(1, 10)], [(1, 10)]), [])
        self.assertEqual(missing([(1, 10)], []), [(1, 10)])
        self.assertEqual(missing([(1, 10)], [(2, 3), (5, 9)]), [(1, 1), (4, 4), (10, 10)])
        self.assertEqual(missing([(1, 3), (6, 9)], [(1, 12)]), [])
        self.assertEqual(missing([(1, 3), (6, 9)], [(3, 6)]), [(1, 2), (7, 9)])
