"""Whether a process may go on with the epoch of an earlier one: never where a number could be used twice."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from tempfile import mkdtemp

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.wires import START, Party, Recorder, run
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.ownfeed import Ending
from twisted_chat.core.replication.store import Loaded
from twisted_chat.core.wire.frames import Digest, Have, Range
from twisted_chat.storage import resumption
from twisted_chat.storage.database import open_database
from twisted_chat.storage.resumption import Resumption
from twisted_chat.storage.tables import Tables

ENDING = Ending(FeedId(b"a" * 32, 7), 5, b"t" * 32)
RECEIVED = int(START * 1000)


class MarkTests(SynchronousTestCase):
    """The mark in memory."""

    def setUp(self) -> None:
        self.memory = Path(mkdtemp())
        self.addCleanup(shutil.rmtree, self.memory)
        self.directory = self.memory / f"tcpchat-{os.geteuid()}"

    def mark(self, database: str = "chat.db") -> Resumption:
        """Return what keeps the mark of a database."""
        return Resumption(Path(database), self.memory)

    def test_once(self) -> None:
        """Who takes it has it, and nobody else."""
        self.assertIsNone(self.mark().take())
        self.mark().leave(ENDING)
        self.assertIsNone(self.mark("other.db").take())
        self.assertEqual(self.mark().take(), ENDING)
        self.assertIsNone(self.mark().take())

    def test_damaged(self) -> None:
        """What is no mark is taken away and permits nothing."""
        for data in (b"", b"{}", b"[]", b"\xff", b"x" * 5000):
            self.mark().leave(ENDING)
            (path,) = self.directory.iterdir()
            path.write_bytes(data)
            self.assertIsNone(self.mark().take())
            self.assertEqual(list(self.directory.iterdir()), [])

    def test_of_others(self) -> None:
        """Where others could write there are no marks: none is left, none believed."""
        self.mark().leave(ENDING)
        self.directory.chmod(0o777)
        self.assertIsNone(self.mark().take())
        shutil.rmtree(self.directory)
        elsewhere = self.memory / "elsewhere"
        elsewhere.mkdir(0o700)
        self.directory.symlink_to(elsewhere)
        self.mark().leave(ENDING)
        self.assertEqual(list(elsewhere.iterdir()), [])

    def test_bounded(self) -> None:
        """Of many databases, some of which will never be used again, the newest marks are there."""
        self.patch(resumption, "MAX_MARKS", 3)
        for number in range(6):
            self.mark(f"{number}.db").leave(ENDING)
            for age, path in enumerate(sorted(self.directory.iterdir(), key=lambda path: path.stat().st_mtime_ns)):
                os.utime(path, ns=(age, age))
        self.assertEqual(
            [self.mark(f"{number}.db").take() is not None for number in range(6)], [False] * 3 + [True] * 3
        )

    def test_not_in_memory(self) -> None:
        """Where files are not certainly in memory there are no marks."""
        for mounts in (
            "",
            "/dev/sda1 /dev/shm ext4 rw 0 0\n",
            "tmpfs /dev/shm tmpfs rw 0 0\noverlay /dev/shm overlay rw 0 0\n",
        ):
            path = self.memory / "mounts"
            path.write_text(mounts)
            self.patch(resumption, "MOUNTS", path)
            self.patch(resumption, "MEMORY", Path("/dev/shm"))
            mark = Resumption(Path(f"/nowhere/{os.getpid()}.db"))
            mark.leave(ENDING)
            self.assertIsNone(mark.take())


class Life:
    """One process of Ana's, on a database; what it says can get out before it is kept."""

    def __init__(self, path: Path, memory: Path, epoch: int) -> None:
        self.mark = Resumption(path, memory)
        self.tables = Tables(open_database(path), lambda words: None)
        self.clock = Clock()
        self.ana = Party(self.clock, 1)
        self.ana.replica._own._new_epoch = lambda: epoch
        self.ana.replica.load(self.tables.load())
        self.ana.replica.start(self.mark.take())
        self.clock.advance(1)

    def say(self, text: str) -> None:
        """Say something."""
        self.ana.say(text)
        run(self.clock, 0.01)

    def end(self, properly: bool) -> None:
        """End it; as it should end, or killed before what was said is on disk."""
        if properly:
            with self.tables.transaction():
                for batch in self.ana.shown:
                    self.tables.append(batch, RECEIVED)
        self.tables.connection.close()
        ending = self.ana.replica.ending
        if properly and ending is not None:
            self.mark.leave(ending)


class LivesTests(SynchronousTestCase):
    """Many lives of one identity, with everything that befalls databases."""

    def setUp(self) -> None:
        self.home = Path(mkdtemp())
        self.addCleanup(shutil.rmtree, self.home)
        self.memory = self.home / "memory"
        self.memory.mkdir()
        self.path = self.home / "chat.db"
        self.lives = 0

    def live(self, texts: int = 1, properly: bool = True) -> list[FeedId]:
        """Live, say something, end; return the feed that was written for each text."""
        self.lives += 1
        life = Life(self.path, self.memory, self.lives)
        for number in range(texts):
            life.say(f"{self.lives}/{number}")
        life.end(properly)
        self.said.extend(life.ana.shown)
        return [batch.feed for batch in life.ana.shown]

    @property
    def said(self) -> list[object]:
        """All that was ever sealed."""
        return self.__dict__.setdefault("_said", [])

    def test_goes_on(self) -> None:
        """A thousand proper ends make one feed, not a thousand."""
        feeds = {feed for _ in range(50) for feed in self.live()}
        self.assertEqual(len(feeds), 1)

    def test_killed(self) -> None:
        """After a kill another epoch is begun, for what was said may have got out."""
        first = self.live()
        second = self.live(properly=False)
        third = self.live()
        self.assertEqual(first, second)
        self.assertNotEqual(third, first)

    def test_restored(self) -> None:
        """An old copy of the database is not gone on with, though it was properly ended; nor is one on another machine."""
        first = self.live()
        copy = shutil.copy(self.path, self.home / "backup")
        self.live()
        shutil.copy(copy, self.path)
        self.assertNotEqual(self.live(), first)
        shutil.rmtree(self.memory)
        self.memory.mkdir()
        before = self.live()
        shutil.rmtree(self.memory)
        self.memory.mkdir()
        self.assertNotEqual(self.live(), before)

    def test_nothing_said(self) -> None:
        """Who says nothing leaves it as it was."""
        first = self.live()
        self.live(0)
        self.assertEqual(self.live(), first)

    def test_given_up(self) -> None:
        """A feed whose beginning was given up is not gone on with."""
        first = self.live(3)
        tables = Tables(open_database(self.path), lambda words: None)
        with tables.transaction():
            tables.trim(RECEIVED + 1)
        tables.connection.close()
        self.assertNotEqual(self.live(), first)

    def test_no_fork(self) -> None:
        """Whatever happens to databases, in whatever order, no two batches that were ever said contradict each other."""
        dice = random.Random(7)
        copies: list[Path] = []
        for step in range(150):
            match dice.randrange(6):
                case 0 if self.path.exists():
                    copies.append(Path(shutil.copy(self.path, self.home / f"copy{step}")))
                case 1 if copies:
                    shutil.copy(dice.choice(copies), self.path)
                case 2:
                    self.live(dice.randrange(3), properly=False)
                case 3 if dice.random() < 0.2:
                    shutil.rmtree(self.memory)
                    self.memory.mkdir()
                case _:
                    self.live(dice.randrange(3))
        places: dict[tuple[FeedId, int], bytes] = {}
        for batch in self.said:
            for number in range(batch.first, batch.last + 1):  # type: ignore[attr-defined]
                self.assertEqual(places.setdefault((batch.feed, number), batch.hash), batch.hash)  # type: ignore[attr-defined]

    def test_set_back_with_memory(self) -> None:
        """If a neighbour holds more of the feed than is held here, another epoch is begun at once, and only once."""
        self.live(2)
        life = Life(self.path, self.memory, 99)
        before = life.ana.replica.own
        self.assertEqual(before.epoch, 1)
        wire = Recorder()
        life.ana.replica.attach(wire)
        life.ana.hears(wire, Digest({}), Have({before.author: [Range(before.epoch, 1, 3)]}, True))
        self.assertEqual(life.ana.replica.own.epoch, 99)
        life.ana.hears(wire, Have({before.author: [Range(99, 1, 3)]}, True))
        self.assertEqual(life.ana.replica.own.epoch, 99)
        life.end(False)

    def test_loaded_is_compared(self) -> None:
        """An ending that is not exactly what is held permits nothing."""
        self.live(2)
        tables = Tables(open_database(self.path), lambda words: None)
        (held,) = tables.load().held
        tables.connection.close()
        right = Ending(held.feed, held.high, held.tip)
        for ending, same in (
            (right, True), (None, False), (right._replace(high=1), False), (right._replace(tip=b"t" * 32), False),
            (right._replace(feed=held.feed._replace(epoch=5)), False),
        ):  # fmt: skip
            ana = Party(Clock(), 1)
            ana.replica._own._new_epoch = lambda: 5
            ana.replica.load(Loaded([held]))
            ana.replica.start(ending)
            self.assertEqual(ana.replica.own == held.feed, same, ending)
