"""What has to be on the disk, on a disk that refuses it for a while."""

from __future__ import annotations

import errno
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.net.test_discovery import Threads
from twisted_chat.retries import LAST_SECONDS, MAX_WAITING, RETRY_SECONDS, Retries
from twisted_chat.storage import folders
from twisted_chat.storage.errors import UNUSABLE, StorageError
from twisted_chat.storage.folders import DataDirectory


class RetriesTests(SynchronousTestCase):
    """Things to write, and a disk that takes them when it is not `full`."""

    def setUp(self) -> None:
        self.reactor = Threads()
        self.full = False
        self.disk: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.retries = Retries(
            self.reactor,
            self.write,
            lambda item, error: self.told.append((item, error.detail)),
            lambda item: self.told.append((item, "written")),
        )

    def write(self, item: str) -> None:
        """Write as a thread does."""
        if self.full:
            raise StorageError(UNUSABLE, Path("disk"), "full")
        self.disk.append(item)

    def test_at_once(self) -> None:
        """What the disk takes is written at once, without a word."""
        self.retries.add("a")
        self.assertEqual((self.disk, self.told, self.reactor.getDelayedCalls()), (["a"], [], []))

    def test_refused(self) -> None:
        """What it refuses is told once for each, tried again, and told when it is written, in order."""
        self.full = True
        self.retries.add("a")
        self.retries.add("b")
        self.reactor.pump([RETRY_SECONDS] * 5)
        self.assertEqual((self.told, self.retries.waiting), ([("a", "full"), ("b", "full")], ["a", "b"]))
        self.full = False
        self.told.clear()
        self.reactor.advance(RETRY_SECONDS)
        self.assertEqual((self.disk, self.told), (["a", "b"], [("a", "written"), ("b", "written")]))
        self.assertEqual((self.retries.waiting, self.reactor.getDelayedCalls()), ([], []))

    def test_meanwhile(self) -> None:
        """What comes while something is written is written after it; the same thing twice is one."""
        self.reactor.slow = True
        for item in ("a", "b", "b"):
            self.retries.add(item)
        self.reactor.work()
        self.reactor.work()
        self.assertEqual((self.disk, self.reactor.waiting), (["a", "b"], []))

    def test_bounded(self) -> None:
        """Of more than may wait the oldest are given up."""
        self.full = True
        for number in range(3 * MAX_WAITING):
            self.retries.add(str(number))
        self.assertEqual(self.retries.waiting, [str(number) for number in range(2 * MAX_WAITING, 3 * MAX_WAITING)])
        self.assertEqual(len(self.reactor.getDelayedCalls()), 1)

    def test_mistake(self) -> None:
        """A mistake of this program is logged, and not made again and again; what comes later is written."""
        retries = Retries(self.reactor, lambda item: 1 / int(item), lambda item, error: None)
        retries.add("0")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((retries.waiting, self.reactor.getDelayedCalls()), ([], []))
        retries.add("1")
        self.assertEqual(retries.waiting, [])

    def test_last_try(self) -> None:
        """At the end what waits is tried once more, and nothing is left running."""
        self.full = True
        self.retries.add("a")
        self.full = False
        self.successResultOf(self.retries.stop())
        self.assertEqual((self.disk, self.reactor.getDelayedCalls()), (["a"], []))

    def test_in_vain(self) -> None:
        """If that is refused too it stays known what is not written."""
        self.full = True
        self.retries.add("a")
        self.successResultOf(self.retries.stop())
        self.assertEqual((self.retries.waiting, self.reactor.getDelayedCalls()), (["a"], []))

    def test_slow_end(self) -> None:
        """The end waits for what is being written, but not for ever."""
        self.reactor.slow = True
        for seconds, written in ((0.0, ["a"]), (LAST_SECONDS, [])):
            self.disk.clear()
            self.retries.add("a")
            ended = self.retries.stop()
            self.assertNoResult(ended)
            if not seconds:
                self.reactor.work()
            self.reactor.advance(seconds)
            self.successResultOf(ended)
            self.assertEqual(self.disk, written)
        self.reactor.work()


class NameTests(SynchronousTestCase):
    """A name taken on a full disk."""

    def test_same_member(self) -> None:
        """Once there is room, the next start under it finds the same key. Until then there is nothing, not a part of a file."""
        root = Path(self.mktemp())
        directory = DataDirectory(root)
        folder = directory.identity("Ana")
        before = sorted(root.rglob("*"))
        room = folders.write_whole

        def full(path: Path, content: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        self.patch(folders, "write_whole", full)
        reactor = Threads()
        told: list[str] = []
        retries = Retries(reactor, folder.remember, lambda name, error: told.append(error.detail))
        retries.add("Bea")
        reactor.advance(RETRY_SECONDS)
        self.assertEqual(told, ["No space left on device"])
        self.assertIsNone(directory.find("Bea"))
        self.assertEqual(sorted(root.rglob("*")), before)
        self.patch(folders, "write_whole", room)
        reactor.advance(RETRY_SECONDS)
        self.assertEqual(directory.identity("Bea").identity.id, folder.identity.id)
