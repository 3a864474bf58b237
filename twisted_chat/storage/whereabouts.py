"""Whether a database in use is still the file at its path, and the ways to rescue it if not.

SQLite goes on with a file that was deleted. It keeps everything until the process ends; then it is gone. The same holds for a
write-ahead log that was deleted. But until then all of it can be read, and written anew.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from errno import ENOSPC
from pathlib import Path

from twisted_chat.storage.database import back_up
from twisted_chat.storage.errors import DELETED, REPLACED
from twisted_chat.storage.files import explained

LOG = "-wal"
"""SQLite's suffix for the write-ahead log of a database."""
BESIDE = (LOG, "-shm")


class Whereabouts:
    """The files of a database that has just been opened, and read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = os.stat(path)
        self._log = _found(_beside(path, LOG))

    def trouble(self) -> str | None:
        """Return `DELETED` or `REPLACED` if this is no longer the database at its path, or its log is not the one in use."""
        try:
            there = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return DELETED
        except OSError:  # that it is gone can't be told
            return None
        if not os.path.samestat(there, self._database):
            return REPLACED
        log = _found(_beside(self._path, LOG))
        if self._log is not None and (log is None or not os.path.samestat(log, self._log)):
            return DELETED
        self._log = log
        return None

    def make_anew(self, connection: sqlite3.Connection) -> None:
        """Write all that `connection` still holds to the path, where no other database is; then it is to be closed, and the path
        to be opened. Raises `StorageError`, `sqlite3.Error` or `OSError`."""
        self._check_room(connection)
        for suffix in BESIDE:  # SQLite would take them to be the new one's
            with explained(self._path):
                _beside(self._path, suffix).unlink(missing_ok=True)
        back_up(connection, self._path)

    def make_way(self) -> None:
        """Remove our write-ahead log from beside another database that is at the path now: SQLite would apply it to that one."""
        log = _beside(self._path, LOG)
        found = _found(log)
        if self._log is not None and found is not None and os.path.samestat(found, self._log):
            with explained(log):
                log.unlink(missing_ok=True)

    def rescue(self, connection: sqlite3.Connection) -> Path:
        """Write all that `connection` still holds to a file beside another database, and return its path. Raises as
        `make_anew` does."""
        number = 1
        while (rescued := _beside(self._path, f".rescued-{number}")).exists():
            number += 1
        self._check_room(connection)
        back_up(connection, rescued)
        return rescued

    def _check_room(self, connection: sqlite3.Connection) -> None:
        """Raise `OSError` if there is no room for a copy. Without this check, it would be begun again and again."""
        [(pages,)] = connection.execute("PRAGMA page_count")
        [(size,)] = connection.execute("PRAGMA page_size")
        if shutil.disk_usage(self._path.parent).free < pages * size:
            raise OSError(ENOSPC, os.strerror(ENOSPC))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _found(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None
