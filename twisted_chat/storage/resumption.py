"""Going on with the epoch of an earlier process, where that is safe.

A number that was used once must never be used for another record, and an old copy of a database does not know which were used.
So the permission to go on is not in the database. It is a mark in this machine's memory: no backup has it, and no restart of
the machine leaves it. A process that ends with everything it ever said on disk leaves a mark. A process that begins takes the
mark away before anything is said. There is one mark for an epoch. The process that took it may go on, if the database holds
exactly what the mark says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.ownfeed import Ending

MEMORY = Path("/dev/shm")
"""A place for files in memory; only Linux has it."""
MOUNTS = Path("/proc/self/mounts")
MAX_MARK = 1024
"""Bytes of a mark that are read."""
MAX_MARKS = 256
"""Marks of one user; with one more the oldest goes."""


class _Mark(Struct):
    author: bytes
    epoch: int
    high: int
    tip: bytes


class Resumption:
    """The mark for one database. Nothing raises: where there is no place for marks there are none."""

    def __init__(self, database: Path, memory: Path | None = None) -> None:
        """`memory` is a directory that no restart outlives; None to look for one."""
        self._memory = (MEMORY if _in_memory(MEMORY) else None) if memory is None else memory
        self._name = sha256(os.fsencode(os.path.realpath(database))).hexdigest()

    def take(self) -> Ending | None:
        """Take the mark away. Return how the last process that left one ended; None if none did."""
        with suppress(OSError, msgspec.DecodeError), self._directory() as directory:
            file = os.open(self._name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
            try:
                data = os.read(file, MAX_MARK)
            finally:
                os.close(file)
            os.unlink(self._name, dir_fd=directory)  # raises for all but one
            mark = msgspec.json.decode(data, type=_Mark)
            return Ending(FeedId(mark.author, mark.epoch), mark.high, mark.tip)
        return None

    def leave(self, ending: Ending) -> None:
        """Leave a mark: everything ever said in that feed is on disk, and this process says no more."""
        mark = msgspec.json.encode(_Mark(*ending.feed, ending.high, ending.tip))
        with suppress(OSError), self._directory() as directory:
            file = os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)
            try:
                os.write(file, mark)
            finally:
                os.close(file)
            marks = os.listdir(directory)
            if len(marks) > MAX_MARKS:
                os.unlink(min(marks, key=lambda name: os.stat(name, dir_fd=directory).st_mtime_ns), dir_fd=directory)

    @contextmanager
    def _directory(self) -> Iterator[int]:
        """Give the directory where this user's marks are. Raises `OSError` if there is none, or others can write there."""
        if self._memory is None:
            raise FileNotFoundError(MEMORY)
        path = self._memory / f"tcpchat-{os.geteuid()}"
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            status = os.fstat(directory)
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise PermissionError(path)
            yield directory
        finally:
            os.close(directory)


def _in_memory(path: Path) -> bool:
    """Whether what is at `path` is certainly in memory."""
    try:
        mounts = [line.split() for line in MOUNTS.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return False
    kinds = [mount[2] for mount in mounts if len(mount) > 2 and mount[1] == str(path)]
    return bool(kinds) and kinds[-1] == "tmpfs"
