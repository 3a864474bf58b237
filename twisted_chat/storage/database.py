"""Opening a database file. It is made, brought up to date, or refused with a reason."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from twisted_chat.storage.errors import CHANGED, DAMAGED, NEWER, NOT_OURS, UNUSABLE, StorageError
from twisted_chat.storage.files import explained, sync_directory
from twisted_chat.storage.labels import fill_labels
from twisted_chat.storage.references import fill_references

if TYPE_CHECKING:
    from importlib.abc import Traversable  # where Python 3.10 has it

VERSION = 5
"""The format this version writes. `schema/<N>.sql` makes N of the one before, and the first of an empty database."""
APPLICATION = 1952673896
"""The value of `PRAGMA application_id` in a database of ours."""
SCHEMA = files("twisted_chat.storage") / "schema"
BUSY_SECONDS = 1.0
"""Seconds that a backup program may keep the file locked before that counts as a failure."""

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA journal_size_limit = 8388608;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
"""
SHRED = "PRAGMA secure_delete = ON"
"""SQLite overwrites deleted content. Not every SQLite does that by itself."""

_FILLS = {SCHEMA / "3.sql": fill_labels, SCHEMA / "5.sql": fill_references}
"""The parts of a step that SQL alone can't do."""


def open_database(path: Path, scripts: Traversable = SCHEMA, version: int = VERSION) -> sqlite3.Connection:
    """Open the database at `path`, readable by its owner only, for use in any one thread at a time.

    A missing or empty file becomes a new database, in one transaction: a crash leaves an empty one, which is begun again.
    An older one is upgraded, one transaction a step, after a copy was left beside it as `<name>.v<N>.bak`.
    Raises `StorageError` for a file that is damaged, no database, not ours, newer than `version` or can't be used.
    """
    with explained(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        sync_directory(path.parent)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(SHRED)
        _bring_up_to_date(connection, path, scripts, version)
    except sqlite3.Error as error:
        connection.close()
        raise storage_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def open_for_reading(path: Path, version: int = VERSION) -> Iterator[sqlite3.Connection]:
    """Give the database at `path` beside whoever writes to it, for reading only. It is not upgraded: of an older one, a temporary
    copy is made that is. It may be where nothing can be written. No file is made or changed there, unless somebody has it open or
    was killed having it open.

    Raises `StorageError` for a file that is missing, damaged, no database, not ours, newer than `version` or can't be used, for
    one that is written to by somebody who came while it was read, and for what SQLite says inside.
    """
    before = _stamp(path)
    still = False
    try:
        with ExitStack() as stack:
            connection, still = open_as_it_is(path)
            stack.callback(connection.close)
            found = _recognise(connection, path, version)
            if found < version:
                copy = _copy(connection)
                stack.callback(copy.close)
                _upgrade(copy, SCHEMA, found, version)
                connection = copy
            yield connection
    except sqlite3.Error as error:
        if still and _stamp(path) != before:
            raise StorageError(CHANGED, path) from error
        raise storage_error(path, error) from error
    if still and _stamp(path) != before:
        raise StorageError(CHANGED, path)


def open_as_it_is(path: Path, damaged: bool = False) -> tuple[sqlite3.Connection, bool]:
    """Return a connection for reading a database of whatever format, and whether it relies on nobody writing to it meanwhile.
    If it may be `damaged`, as much as possible is read, even if the file was cut off."""
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    if log.exists() or index.exists():  # else nobody has it open, and SQLite would make both and leave them there
        connection = _connect(path, "mode=ro", damaged)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:  # one of the two is missing, or not for us, and can't be made
            connection.close()
            if log.exists() and log.stat().st_size:  # SQLite would pass over it in silence
                return _open_copy(path, log), False
        else:
            return connection, False
    return _connect(path, "mode=ro&immutable=1", damaged), True


def _open_copy(path: Path, log: Path) -> sqlite3.Connection:
    """Return a temporary copy of the database at `path` with what is in its write-ahead `log`."""
    with explained(path), TemporaryDirectory(prefix="tcpchat-") as directory:  # for its owner only
        before = _stamp(path), _stamp(log)
        for file in (path, log):
            shutil.copyfile(file, Path(directory, file.name))
        if (_stamp(path), _stamp(log)) != before:
            raise StorageError(CHANGED, path)
        with closing(sqlite3.connect(Path(directory, path.name))) as connection:
            return _copy(connection)


def _connect(path: Path, how: str, damaged: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    if damaged:  # else SQLite reads nothing of a file that is shorter than its first page says
        connection.execute("PRAGMA writable_schema = ON")
    return connection


def _copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in a file without a name. The file is gone when the connection is."""
    copy = sqlite3.connect("", isolation_level=None)
    try:
        connection.backup(copy)
    except BaseException:
        copy.close()
        raise
    return copy


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return a value that changes whenever the file is written to; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def storage_error(path: Path, error: sqlite3.Error) -> StorageError:
    """Return SQLite's error about the database at `path` in this package's words."""
    if "not a database" in str(error):
        return StorageError(NOT_OURS, path, error)
    return StorageError(UNUSABLE if isinstance(error, sqlite3.OperationalError) else DAMAGED, path, error)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, scripts: Traversable, version: int) -> None:
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    found = 0 if empty else _recognise(connection, path, version)
    connection.executescript(_PRAGMAS)
    if found == 0:
        _apply(connection, [scripts / f"{step}.sql" for step in range(1, version + 1)], version)
    elif found < version:
        back_up(connection, path.with_name(f"{path.name}.v{found}.bak"))
        _upgrade(connection, scripts, found, version)


def _upgrade(connection: sqlite3.Connection, scripts: Traversable, found: int, version: int) -> None:
    for step in range(found + 1, version + 1):
        _apply(connection, [scripts / f"{step}.sql"], step)


def _recognise(connection: sqlite3.Connection, path: Path, version: int) -> int:
    """Return the format of a database; raise `StorageError` unless it is ours and not newer than `version`."""
    found = _pragma(connection, "user_version")
    if _pragma(connection, "application_id") != APPLICATION or not found:
        raise StorageError(NOT_OURS, path, "another program's")
    if found > version:
        raise StorageError(NEWER, path, found)
    return found


def _apply(connection: sqlite3.Connection, steps: Sequence[Traversable], version: int) -> None:
    sql = "\n".join(script.read_text(encoding="utf-8") for script in steps)
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {version};")
        fill = _FILLS.get(steps[-1])
        if fill is not None:
            fill(connection)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def back_up(connection: sqlite3.Connection, backup: Path) -> None:
    """Write all that `connection` holds to the file `backup`, whole or not at all. Raises `StorageError`, `sqlite3.Error`."""
    with explained(backup):
        unfinished = backup.with_name(backup.name + ".new")
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(unfinished)) as copy:
            connection.backup(copy)
        os.replace(unfinished, backup)
        sync_directory(backup.parent)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
