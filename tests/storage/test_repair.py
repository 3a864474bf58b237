"""Databases that are mended, or of which is saved what can be."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.replication.holes import MAX_HOLES
from twisted_chat.core.replication.store import Known
from twisted_chat.storage.database import open_database
from twisted_chat.storage.errors import HOPELESS, NOT_OURS, StorageError
from twisted_chat.storage.repair import repair, salvaged
from twisted_chat.storage.tables import Tables

COUNT = 400


class RepairTests(SynchronousTestCase):
    """A database with 400 batches of each of two authors, who speak by turns, a member and a proof."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.ana, self.bia = Author(1), Author(2, late=500)
        self.batches = [author.batches(*((n, n) for n in range(1, COUNT + 1))) for author in (self.ana, self.bia)]
        with closing(open_database(self.path)) as connection:
            tables = Tables(connection, self.fail)
            with tables.transaction():
                for pair in zip(*self.batches, strict=True):
                    for batch in pair:
                        tables.append(batch, 7)
                tables.know([Known(self.ana.feed.author, "Ana", ("Ana",), verified=True)])
                tables.freeze(Author(3).fork(2))

    def read(self) -> list[Batch]:
        """Return all that is in the database."""
        with closing(open_database(self.path)) as connection:
            return list(Tables(connection, self.fail).by_time())

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(statement)

    def whole_again(self) -> None:
        """What is missing can come again, whatever is there: then all is."""
        with closing(open_database(self.path)) as connection:
            tables = Tables(connection, self.fail)
            with tables.transaction():
                for author in self.batches:
                    for batch in author:
                        tables.append(batch, 9)
            for runs in tables.runs().values():
                self.assertEqual(list(runs), [(1, COUNT)])
            self.assertEqual(tables.count(), 2 * COUNT)
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def test_nothing_wrong(self) -> None:
        """A sound database stays as it is."""
        before = self.read()
        repaired = repair(self.path)
        self.assertEqual((repaired.lost, repaired.damaged, repaired.saved), ({}, None, 2 * COUNT))
        self.assertEqual([batch.hash for batch in self.read()], [batch.hash for batch in before])

    def test_rows(self) -> None:
        """Batches that have changed are dropped in place, and named."""
        self.sql(f"UPDATE batches SET body = x'00' WHERE first IN (5, 6, {COUNT}) AND feed = 1")
        repaired = repair(self.path)
        self.assertEqual(repaired.lost, {self.ana.feed: [(5, 6), (COUNT, COUNT)]})
        self.assertEqual((repaired.damaged, dict(repaired.names)), (None, {self.ana.feed.author: "Ana"}))
        self.whole_again()

    def cut(self, pages: int) -> None:
        """Cut off the end of the file."""
        os.truncate(self.path, os.path.getsize(self.path) - pages * 4096)

    def test_cut_off(self) -> None:
        """Of a file that was cut off, all that is there is saved into a new one; the old one stays, for its owner alone."""
        self.cut(20)
        repaired = repair(self.path)
        assert repaired.damaged is not None
        self.assertTrue(repaired.damaged.exists())
        self.assertGreater(repaired.saved, COUNT)
        lost = sum(last - first + 1 for runs in repaired.lost.values() for first, last in runs)
        self.assertEqual(repaired.saved + lost, 2 * COUNT)
        self.assertEqual(self.path.stat().st_mode & 0o077, 0)
        self.whole_again()

    def test_pages_overwritten(self) -> None:
        """Whatever pages are overwritten but the first, what is saved is what was there, and the rest can come again."""
        sound = self.path.read_bytes()
        everything = {batch.hash for author in self.batches for batch in author}
        for pages in (1, 3, 10):
            random = Random(pages)
            content = bytearray(sound)
            for _ in range(pages):
                page = random.randrange(1, len(content) // 4096)
                content[page * 4096 : (page + 1) * 4096] = random.randbytes(4096)
            self.path.write_bytes(content)
            with salvaged(self.path) as tables:
                found = {batch.hash for batch in tables.by_time()}
            repair(self.path)
            self.assertLessEqual(found, everything)
            self.assertLessEqual(found, {batch.hash for batch in self.read()})
            self.whole_again()

    def test_what_else_is_kept(self) -> None:
        """Members, their names and proofs are saved too, and when each batch was received."""
        self.cut(2)
        repair(self.path)
        with closing(open_database(self.path)) as connection:
            loaded = Tables(connection, self.fail).load()
            self.assertEqual(loaded.members, [Known(self.ana.feed.author, "Ana", ("Ana",), verified=True)])
            self.assertEqual(len(loaded.forks), 1)
            self.assertEqual(connection.execute("SELECT DISTINCT received FROM batches").fetchall(), [(7,)])

    def test_many_holes(self) -> None:
        """Of more runs than a feed can be held in, the newest are kept."""
        self.sql(f"UPDATE batches SET body = x'00' WHERE first % 2 = 0 AND first < {COUNT} AND feed = 1")
        self.cut(1)
        repair(self.path)
        with closing(open_database(self.path)) as connection:
            runs: Sequence[tuple[int, int]] = Tables(connection, self.fail).runs()[self.ana.feed]
        self.assertEqual(len(runs), MAX_HOLES)
        self.assertGreater(runs[0][0], COUNT // 2)

    def test_what_is_no_database(self) -> None:
        """Another program's file is refused, and left alone."""
        self.path.write_bytes(b"x" * 5000)
        self.assertEqual(self.assertRaises(StorageError, repair, self.path).code, NOT_OURS)
        self.assertEqual(self.path.read_bytes(), b"x" * 5000)
        self.assertEqual([path.name for path in self.path.parent.glob(f"{self.path.name}*")], [self.path.name])

    def test_first_page(self) -> None:
        """Where not even the tables can be found that is said, and nothing is changed."""
        content = self.path.read_bytes()
        self.path.write_bytes(content[:100] + bytes(3996) + content[4096:])
        self.assertEqual(self.assertRaises(StorageError, repair, self.path).code, HOPELESS)
        self.assertEqual(self.path.read_bytes()[4096:], content[4096:])
