"""A database that is deleted or replaced while it is in use."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.kit.feeding import Author, ranges
from tests.storage.test_sqlite import OnDisk
from twisted_chat.storage import whereabouts
from twisted_chat.storage.database import open_database
from twisted_chat.storage.errors import DELETED, LOST, REPLACED, RESCUED, StorageError
from twisted_chat.storage.sqlite import SQLiteStore

FILES = ("", "-wal", "-shm")
"""What stands behind a database's path in the names of its files."""


class InUse(OnDisk):
    """With a database that holds 20 records of one author."""

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.close()
        self.path = self.directory / "chat.db"
        self.store = self.open()
        self.author = Author()
        self.batches = self.author.batches(*((n, n + 9) for n in range(1, 100, 10)))
        self.keep(*self.batches[:2])

    def told(self, count: int) -> list[str | None]:
        """Wait until trouble was told so many times."""
        while len(self.trouble) < count:
            self.pump()
        return self.trouble

    def on_disk(self) -> list[tuple[int, int]]:
        """What a peer finds that starts after this one was killed."""
        copy = Path(self.mktemp())
        copy.mkdir()
        for suffix in FILES[:2]:
            found = self.path.with_name(self.path.name + suffix)
            if found.exists():
                shutil.copy(found, copy / found.name)
        return kept(copy / self.path.name, self.author)

    def ended(self) -> StorageError:
        """Close the store, and return what it says that is lost."""
        self.closed = True
        failed: list[Any] = []
        self.store.close().addErrback(failed.append)
        while not failed:
            self.pump()
        assert isinstance(failed[0].value, StorageError)
        return failed[0].value


class DeletedTests(InUse):
    """What was deleted is written anew, from what SQLite still has."""

    def test_whichever_files(self) -> None:
        """Whichever of its files is deleted: soon all that was kept is on disk again, and all that comes, and that is told."""
        for count in range(1, len(FILES) + 1):
            for suffixes in combinations(FILES, count):
                if suffixes == ("-shm",):
                    continue  # only for those who use the database now
                self.trouble.clear()
                for suffix in suffixes:
                    self.path.with_name(self.path.name + suffix).unlink()
                self.assertEqual(self.told(2), [DELETED, None], suffixes)
                self.assertEqual(self.on_disk(), ranges(self.batches[:2]), suffixes)
        self.keep(self.batches[2])
        self.assertEqual(self.on_disk(), ranges(self.batches[:3]))
        self.assertEqual(self.path.stat().st_mode & 0o077, 0)
        self.reopen()
        self.assertEqual(self.spans(self.author.feed), ((1, 30), (0, 0)))

    def test_not_acknowledged_meanwhile(self) -> None:
        """What was said after it was deleted is acknowledged once it is on disk, and not before; it can be read."""
        self.patch(whereabouts.Whereabouts, "make_anew", refuse)
        self.path.unlink()
        self.assertEqual(self.told(1), [DELETED])
        acked: list[object] = []
        self.store.append(self.batches[2]).addCallback(acked.append)
        self.assertEqual(self.read(self.author.feed, 1), ranges(self.batches[:3]))
        self.assertEqual(self.read(self.author.feed, 21), ranges(self.batches[2:3]))
        self.assertEqual((acked, self.trouble), ([], [DELETED]))

    def test_directory_deleted(self) -> None:
        """Where it can't be made anew what it held is lost at the end, and said to be; where it can by then, it is not."""
        for again in (True, False):
            shutil.rmtree(self.directory)
            self.assertEqual(self.told(1), [DELETED])
            self.trouble.clear()
            if again:
                self.directory.mkdir()
                self.assertEqual(self.told(1), [None])
                self.trouble.clear()
                self.assertEqual(self.on_disk(), ranges(self.batches[:2]))
        self.assertEqual(self.ended().code, LOST)

    def test_no_room(self) -> None:
        """It is not begun to be written where there is not the room for it, and is once there is."""
        mount = self.directory / "mount"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", mount], capture_output=True).returncode:
            self.skipTest("needs Linux, and the right to mount")
        self.addCleanup(subprocess.run, ["umount", "-l", mount], check=True)
        self.close()
        self.path = mount / "chat.db"
        self.store = self.open()
        self.addCleanup(self.close)
        self.keep(*self.batches[:2])
        fill = mount / "fill"
        with open(fill, "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(b"x" * 4096)
        self.path.unlink()
        self.assertEqual(self.told(1), [DELETED])
        self.store.append(self.batches[2])
        for _ in range(3):
            self.result(self.store.load())
        self.assertEqual((self.trouble, sorted(os.listdir(mount))), ([DELETED], ["chat.db-shm", "chat.db-wal", "fill"]))
        fill.unlink()
        self.assertEqual(self.told(2), [DELETED, None])
        self.assertEqual(self.on_disk(), ranges(self.batches[:3]))


class ReplacedTests(InUse):
    """Another file is not touched."""

    def replace(self) -> bytes:
        """Put another database in place of this one; return its content."""
        other = self.directory / "other"
        with closing(open_database(other)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
        content = other.read_bytes()
        other.replace(self.path)
        self.assertEqual(self.told(1), [REPLACED])
        return content

    def test_moved_away(self) -> None:
        """While another file is there nothing is acknowledged; once it is moved away all is written in its place."""
        content = self.replace()
        acked: list[object] = []
        self.store.append(self.batches[2]).addCallback(acked.append)
        self.assertEqual(self.read(self.author.feed, 1), ranges(self.batches[:3]))
        self.assertEqual(acked, [])
        self.assertEqual(self.path.read_bytes(), content)
        self.path.rename(self.directory / "away")
        self.assertEqual(self.told(2), [REPLACED, None])
        self.assertEqual(len(acked), 1)
        self.assertEqual(self.on_disk(), ranges(self.batches[:3]))
        self.assertEqual((self.directory / "away").read_bytes(), content)

    def test_rescued(self) -> None:
        """If it is still there at the end, all is written beside it, and where that is is said. It is as it was, without the log
        of the former one, which SQLite would take to be its own."""
        content = self.replace()
        self.store.append(self.batches[2])
        error = self.ended()
        self.assertEqual((error.code, Path(error.detail).parent), (RESCUED, self.directory))
        self.assertEqual(self.path.read_bytes(), content)
        self.assertFalse((self.directory / "chat.db-wal").exists())
        self.assertEqual(kept(Path(error.detail), self.author), ranges(self.batches[:3]))
        self.assertEqual(kept(self.path, self.author), [])

    def test_log_taken_away(self) -> None:
        """So it is if this process is killed meanwhile."""
        self.replace()
        self.result(self.store.load())
        self.assertEqual(self.on_disk(), [])
        self.assertEqual(self.ended().code, RESCUED)


def kept(path: Path, author: Author) -> list[tuple[int, int]]:
    """What a store that is opened at `path` has of an author."""
    calls: list[Any] = []
    store = SQLiteStore(path, lambda function, *arguments: calls.append((function, arguments)))
    found = ranges(store._thread.tables.read(author.feed, 1, 2**20))
    store.close()
    store._thread.join()
    return found


def refuse(*ignored: object) -> None:
    """Refuse to write anything."""
    raise OSError(30, "Read-only file system")
