"""The store in an SQLite database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author, ranges
from tests.storage import contract
from tests.storage.contract import READER, open_private
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.replication.store import Held, Known, Which
from twisted_chat.storage import database as databases
from twisted_chat.storage import finding, tables, words
from twisted_chat.storage.database import open_database
from twisted_chat.storage.errors import UNKEPT, StorageError
from twisted_chat.storage.opener import Opener
from twisted_chat.storage.recent import Recent
from twisted_chat.storage.sqlite import SQLiteStore

PATIENCE = 20
"""Seconds after which a thread that says nothing is taken to hang."""
RETRY = 0.01

CRASH = """
import os, sys
from pathlib import Path
from queue import Queue
from tests.kit.feeding import Author
from twisted_chat.storage.sqlite import SQLiteStore
calls = Queue()
store = SQLiteStore(Path(sys.argv[1]), lambda function, *arguments: calls.put((function, arguments)))
def acked(_, last):
    os.write(1, b"%d\\n" % last)
    if last >= 40:
        os._exit(9)
author = Author()
for batch in author.batches(*((n, n) for n in range(1, 200))):
    store.append(batch).addCallback(acked, batch.last)
    while not calls.empty():
        function, arguments = calls.get()
        function(*arguments)
while True:
    function, arguments = calls.get()
    function(*arguments)
"""


class OnDisk(contract.StoreContract):
    """The contract's tests, over `SQLiteStore`; what its thread hands back is taken from a queue."""

    def setUp(self) -> None:
        self.calls: Queue[tuple[Callable[..., object], tuple[Any, ...]]] = Queue()
        self.trouble: list[str | None] = []
        self.damaged: list[FeedId] = []
        self.path = Path(self.mktemp())
        self.patch(databases, "_PRAGMAS", databases._PRAGMAS.replace("FULL", "OFF"))  # no machine fails here
        self.store = self.open()
        self.addCleanup(self.close)
        super().setUp()

    def open(self) -> SQLiteStore:
        self.closed = False
        store = SQLiteStore(
            self.path, lambda function, *arguments: self.calls.put((function, arguments)), self.wall, RETRY
        )
        store.trouble = self.trouble.append
        store.damaged = self.damaged.append
        return store

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.result(self.store.close())

    def as_formerly(self) -> None:
        """Go on with what is stored as the first version of the format had it."""
        self.close()
        new, self.path = self.path, Path(self.mktemp())
        with closing(open_database(self.path, version=1)) as database:
            database.execute("ATTACH ? AS new", (str(new),))
            columns = ", ".join(name for _, name, *_ in database.execute("PRAGMA main.table_info(feeds)"))
            database.execute(f"INSERT INTO feeds SELECT {columns} FROM new.feeds")
            database.execute("INSERT INTO batches SELECT * FROM new.batches")
        self.store = self.open()

    def reopen(self) -> None:
        self.close()
        self.store = self.open()

    def read(self, feed: FeedId, first: int, limit: int = 65536) -> list[tuple[int, int]]:
        """Read what is in memory, if it is, and what is on the disk: there is no difference."""
        found = super().read(feed, first, limit)
        with mock.patch.object(Recent, "read", return_value=None):
            self.assertEqual(super().read(feed, first, limit), found)
        return found

    def pump(self) -> None:
        function, arguments = self.calls.get(timeout=PATIENCE)
        function(*arguments)

    def result(self, deferred: Deferred[Any]) -> Any:
        fired: list[Any] = []
        deferred.addBoth(fired.append)
        while not fired:
            self.pump()
        self.assertFalse(hasattr(fired[0], "raiseException"), fired)
        return fired[0]

    def pause(self) -> Callable[[], None]:
        """Keep the store's thread busy until what is returned is called."""
        busy, free = Event(), Event()

        def wait() -> None:
            busy.set()
            free.wait(PATIENCE)

        self.store._look(wait)
        busy.wait(PATIENCE)
        return free.set

    def sql(self, statement: str) -> Any:
        """Run `statement` in the store's own connection, in its thread."""
        return self.result(self.store._look(lambda: self.store._thread.tables.connection.execute(statement).fetchall()))


class KeepingTests(OnDisk, contract.Keeping):
    pass


class ArrivingTests(OnDisk, contract.Arriving):
    """What arrived."""

    def test_restart(self) -> None:
        """The copy and its numbers outlive the process, also that of a batch that was dropped."""
        self.keep(*Author().batches((1, 1), (2, 2)))
        before = self.result(self.store.arrived(0, 0))
        self.result(self.store.freeze(Author().fork(2)))
        self.reopen()
        self.assertEqual(self.result(self.store.arrived(0, 0))[:2], before[:2])
        self.keep(Author().batch(2))
        self.assertEqual([number for number, _ in self.result(self.store.arrived(2)).batches], [3])


class HolesTests(OnDisk, contract.Holes):
    pass


class FreezingTests(OnDisk, contract.Freezing):
    pass


class TrimmingTests(OnDisk, contract.Trimming):
    pass


class MeasuringTests(OnDisk, contract.Measuring):
    def test_kept_by_a_former_version(self) -> None:
        """What was kept before anything was counted counts."""
        self.keep(Author(1).batch(1, 4), Author(1).batch(5, 2), Author(2).batch(1))
        sizes = self.sizes()
        self.as_formerly()
        self.assertEqual(self.sizes(), sizes)


class MembersTests(OnDisk, contract.Members):
    pass


class LookingTests(OnDisk, contract.Looking):
    def test_kept_by_a_former_version(self) -> None:
        """What was kept before there were pages is in them."""
        private = contract.private(Author(9), "psst")
        self.keep(Author(1).batch(1), Author(2).saying(1, [Say("tea", "#tea"), private]))
        self.as_formerly()
        pages = [self.page(9), self.page(9, room="#tea"), self.page(9, private=True)]
        self.assertEqual([len(page) for page in pages], [3, 1, 1])

    def test_all_at_one_time(self) -> None:
        """Of many batches that say they are of the same time no more are looked into than make a page."""
        batches = [Author(1, epoch).batch(1) for epoch in range(200)]
        self.keep(*batches)
        looked: list[bytes] = []
        look = Opener.batch

        def counted(of: Opener, sig: bytes, *more: Any) -> Batch | None:
            looked.append(sig)
            return look(of, sig, *more)

        with mock.patch.object(Opener, "batch", counted):
            hits = self.page(5)
            self.assertEqual([hit.batch.feed.epoch for hit in hits], [195, 196, 197, 198, 199])
            self.assertLessEqual(len(looked), 6)
            before = self.page(5, hits[0].position)
        self.assertEqual([hit.batch.feed.epoch for hit in before], [190, 191, 192, 193, 194])

    def test_much_that_is_notable(self) -> None:
        """Of batches that tell of rooms no more are taken at the start than fit a few megabytes."""
        batches = [Author(1, epoch, late=epoch * 1000).batch(1) for epoch in range(20)]
        said = [Author(1, 100 + n, late=n * 1000).saying(1, [Say("x" * 8000, "#tea")]) for n in range(20)]
        self.keep(*batches, *said)
        self.patch(tables, "NOTABLE_BYTES", 100_000)
        found = self.result(self.store.notable(1000))
        self.assertTrue(10 <= len(found) <= 12, len(found))
        self.assertEqual(found[-1].feed, said[-1].feed)


class WithoutFullTextTests(OnDisk, contract.Looking):
    """An SQLite that was built without FTS5."""

    def setUp(self) -> None:
        self.patch(finding, "has_full_text", lambda connection: False)
        super().setUp()


class IndexTests(OnDisk):
    """The word index."""

    def test_steps(self) -> None:
        """A search that finds much to index lets calls made after it go first."""
        self.patch(finding, "INDEX_STEP", 3)
        author = Author()
        self.keep(*author.batches(*((n, n) for n in range(1, 11))))
        order: list[str] = []
        search = self.store.search("oi", Which(READER), 99, open_private).addCallback(
            lambda hits: order.append(f"{len(hits)} hits")
        )
        read = self.store.read(author.feed, 1).addCallback(lambda batches: order.append("read"))
        self.result(read)
        self.result(search)
        self.assertEqual(order, ["read", "10 hits"])

    def test_former_index(self) -> None:
        """An index that an earlier version made is made anew, once."""
        self.keep(Author().batch(1, text="今天在学校"))
        self.assertEqual(len(self.search("学校")), 1)
        self.close()
        with closing(sqlite3.connect(self.path)) as former, former:
            former.execute("DROP TABLE words")
            former.execute("CREATE VIRTUAL TABLE words USING fts5 (said, content = '')")
            former.execute("INSERT INTO words (rowid, said) VALUES (512, '今天在学校')")
        self.store = self.open()
        self.assertEqual(len(self.search("学校")), 1)
        self.patch(words.WordIndex, "add", lambda *arguments: self.fail("indexed again"))
        self.assertEqual(len(self.search("学校")), 1)

    def test_closed_while_indexing(self) -> None:
        """A search that was not yet through when the store is closed is still answered."""
        self.patch(finding, "INDEX_STEP", 1)
        self.keep(*Author().batches(*((n, n) for n in range(1, 11))))
        resume = self.pause()
        search = self.store.search("oi", Which(READER), 99, open_private)
        self.closed = True
        close = self.store.close()
        resume()
        self.assertEqual(len(self.result(search)), 10)
        self.result(close)


class DurableTests(OnDisk):
    """What outlives the process."""

    def test_reopened(self) -> None:
        """Everything is there again: heads, tips, holes, forks, bytes."""
        ana, bia, clara = Author(1), Author(2), Author(3)
        self.keep(*ana.batches((1, 4), (10, 12)), *bia.batches((1, 5), (6, 7)))
        self.result(self.store.freeze(bia.fork(6)))
        self.result(self.store.freeze(clara.fork(1)))
        before = self.result(self.store.load())
        self.reopen()
        after = self.result(self.store.load())
        self.assertEqual(sorted(after.held, key=feed_of), sorted(before.held, key=feed_of))
        self.assertEqual([fork.feed for fork in after.forks], [bia.feed, clara.feed])
        self.assertEqual(self.read(ana.feed, 1), [(1, 4)])

    def test_hole_after_reopening(self) -> None:
        """A hole can be filled in another process than the one that left it."""
        author = Author()
        self.keep(*author.batches((1, 4), (10, 12)))
        self.reopen()
        self.keep(author.batch(5, 5))
        self.assertEqual(self.spans(author.feed), ((1, 12), (0, 0)))

    def test_members_after_reopening(self) -> None:
        """What is known of members is there when the database is opened again."""
        known = Known(b"a" * 32, "Ana", ("Ana", "Anna"), verified=True)
        self.result(self.store.know([known]))
        self.reopen()
        self.assertEqual(self.result(self.store.load()).members, [known])

    def test_private(self) -> None:
        """Only the owner can read the database and what SQLite puts beside it."""
        self.keep(Author().batch(1))
        files = list(self.path.parent.glob(self.path.name + "*"))
        self.assertEqual(len(files), 3)
        for file in files:
            self.assertEqual(file.stat().st_mode & 0o077, 0, file)

    def test_acked_is_in_the_file(self) -> None:
        """Copies of the files taken at any acknowledgement hold what was acknowledged: the disk as after a power cut."""
        author = Author()
        for batch in author.batches(*((n, n) for n in range(1, 6))):
            self.keep(batch)
            copy = Path(self.mktemp())
            for suffix in ("", "-wal"):
                shutil.copy(f"{self.path}{suffix}", f"{copy}{suffix}")
            with closing(sqlite3.connect(copy)) as database:
                [(high,)] = database.execute("SELECT high FROM feeds")
            self.assertEqual(high, batch.last)

    def test_killed(self) -> None:
        """A process that dies while writing leaves at least all it had acknowledged, without a gap."""
        self.close()
        path = self.path.absolute()
        done = subprocess.run(
            [sys.executable, "-c", CRASH, str(path)],
            stdout=-1, timeout=PATIENCE, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        self.assertEqual(done.returncode, 9)
        acked = int(done.stdout.split()[-1])
        self.store = self.open()
        feed = Author().feed
        held = self.held(feed)
        assert held is not None
        self.assertGreaterEqual(held.high, acked)
        self.assertEqual(self.read(feed, 1), [(n, n) for n in range(1, held.high + 1)])


class GroupCommitTests(OnDisk):
    """One transaction for all that waits."""

    def test_one_transaction(self) -> None:
        """Appends made while the thread was busy are committed together, and acknowledged in one call."""
        statements: list[str] = []
        self.store._thread.tables.connection.set_trace_callback(statements.append)
        resume = self.pause()
        acked: list[int] = []
        for batch in Author().batches(*((n, n) for n in range(1, 101))):
            self.store.append(batch).addCallback(lambda _: acked.append(1))
        resume()
        self.pump()
        self.assertEqual(len(acked), 0)
        self.pump()
        self.assertEqual(len(acked), 100)
        self.assertTrue(self.calls.empty())
        self.assertEqual(statements.count("COMMIT"), 1)
        self.assertEqual(sum(statement.startswith("INSERT OR REPLACE INTO feeds") for statement in statements), 1)

    def test_read_among_appends(self) -> None:
        """A read sees the appends made before it and not those after it, committed together or not."""
        author = Author()
        one, two = author.batches((1, 1), (2, 2))
        resume = self.pause()
        self.store.append(one)
        read = self.store.read(author.feed, 1)
        self.store.append(two)
        resume()
        self.assertEqual(ranges(self.result(read)), [(1, 1)])


class FailingDiskTests(OnDisk):
    """A disk that takes nothing more."""

    def setUp(self) -> None:
        super().setUp()
        self.author = Author()
        self.batches = Author().batches(*((n, n + 9) for n in range(1, 400, 10)))
        self.keep(self.batches[0])
        [(pages,)] = self.sql("PRAGMA page_count")
        self.sql(f"PRAGMA max_page_count = {pages + 1}")

    def make_room(self) -> None:
        self.sql("PRAGMA max_page_count = 1000000")

    def test_recovers(self) -> None:
        """What the disk refused is kept, in order, once there is room; trouble is told once, and its end."""
        acked: list[int] = []
        for batch in self.batches[1:]:
            self.store.append(batch).addCallback(lambda _, first: acked.append(first), batch.first)
        while not self.trouble:
            self.pump()
        self.assertEqual(self.trouble, ["database or disk is full"])
        count = len(acked)
        self.assertLess(count, len(self.batches) - 1)
        self.make_room()
        while len(self.trouble) < 2:
            self.pump()
        self.assertEqual(self.trouble, ["database or disk is full", None])
        self.assertEqual(acked, [batch.first for batch in self.batches[1:]])
        self.reopen()
        self.assertEqual(self.spans(self.author.feed), ((1, 400), (0, 0)))

    def test_arrived_while_failing(self) -> None:
        """What arrived is not told while it can't be kept, but that it can't is told at once; then it is, all of it."""
        for batch in self.batches[1:]:
            self.store.append(batch)
        while not self.trouble:
            self.pump()
        failed: list[Failure] = []
        self.store.arrived(0).addErrback(failed.append)
        while not failed:
            self.pump()
        self.assertIsInstance(failed[0].value, StorageError)
        self.make_room()
        while len(self.trouble) < 2:
            self.pump()
        found = self.result(self.store.arrived(0, 10**9)).batches
        self.assertEqual([batch.first for _, batch in found], [batch.first for batch in self.batches])

    def test_read_while_failing(self) -> None:
        """What waits for the disk can be read, and nothing of it is acknowledged."""
        resume = self.pause()
        acked: list[object] = []
        for batch in self.batches[1:]:
            self.store.append(batch).addCallback(acked.append)
        resume()
        expected = ranges(self.batches)
        self.assertEqual(self.read(self.author.feed, 1), expected)
        self.assertEqual(self.read(self.author.feed, 395), expected[-1:])
        self.assertEqual(len(self.page(1000)), 10)
        self.assertEqual(len(self.search("oi", 1000)), 10)
        self.assertEqual(acked, [])
        self.make_room()

    def test_closed_while_failing(self) -> None:
        """Closing tries once more, doesn't wait for the next try, and says what was lost."""
        self.store._thread.retry = 3600.0
        resume = self.pause()
        for batch in self.batches[1:]:
            self.store.append(batch)
        resume()
        while not self.trouble:
            self.pump()
        self.closed = True
        failed: list[Any] = []
        self.store.close().addErrback(failed.append)
        while not failed:
            self.pump()
        error = failed[0].value
        self.assertIsInstance(error, StorageError)
        self.assertEqual((error.code, error.detail), (UNKEPT, str(10 * (len(self.batches) - 1))))

    def test_full_file_system(self) -> None:
        """The same on a file system that is really full."""
        mount = Path(self.mktemp())
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", mount], capture_output=True).returncode:
            self.skipTest("needs Linux, and the right to mount")
        self.addCleanup(subprocess.run, ["umount", "-l", mount], check=True)
        self.close()
        self.path = mount / "chat.db"
        self.store = self.open()
        self.addCleanup(self.close)
        fill = mount / "fill"
        with open(fill, "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(b"x" * 4096)
        self.keep_waiting()
        fill.unlink()
        while len(self.trouble) < 2:
            self.pump()
        self.assertEqual(self.trouble[1:], [None])
        self.assertEqual(self.spans(self.author.feed), ((1, 400), (0, 0)))

    def keep_waiting(self) -> None:
        for batch in self.batches:
            self.store.append(batch)
        while not self.trouble:
            self.pump()


def feed_of(held: Held) -> Any:
    return held.feed


class ClosingTests(SynchronousTestCase):
    """Letting go."""

    def test_all_kept(self) -> None:
        """What was asked for before `close` is done, and the write-ahead log is folded in."""
        calls: Queue[Any] = Queue()
        path = Path(self.mktemp())
        store = SQLiteStore(path, lambda function, *arguments: calls.put((function, arguments)))
        for batch in Author().batches(*((n, n) for n in range(1, 101))):
            store.append(batch)
        closed: list[object] = []
        store.close().addCallback(closed.append)
        while not closed:
            function, arguments = calls.get(timeout=PATIENCE)
            function(*arguments)
        self.assertFalse(path.with_name(path.name + "-wal").exists())
        with closing(sqlite3.connect(path)) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM batches").fetchone(), (100,))
