"""Making a damaged database whole again. The parts that can't be read are dropped, and come back from other peers."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.replication.holes import MAX_HOLES, Runs, missing
from twisted_chat.storage.checking import checksum
from twisted_chat.storage.database import open_as_it_is, open_database, storage_error
from twisted_chat.storage.errors import DAMAGED, HOPELESS, StorageError
from twisted_chat.storage.feedtable import read_heads
from twisted_chat.storage.files import explained, sync_directory
from twisted_chat.storage.members import read_names
from twisted_chat.storage.reading import reading
from twisted_chat.storage.tables import Tables

BEYOND = 10_000
"""Ids tried beyond the last known one."""

_LAST_IDS = (
    "SELECT max(id) FROM batches",
    "SELECT id FROM batches ORDER BY id",
    "SELECT id FROM batches INDEXED BY sqlite_autoindex_batches_1",
    "SELECT max(batch) FROM labels",
)
_ROW = "SELECT received, checksum, sig, body FROM batches WHERE id = ?"


@dataclass
class Repaired:
    """The result of a repair. `lost` has the records of each feed that are gone, as far as that is known. `saved` is how many
    records are there now. `damaged` is the file with the old content, None if that could be mended in its place."""

    saved: int = 0
    lost: Mapping[FeedId, Runs] = field(default_factory=dict)
    names: Mapping[bytes, str] = field(default_factory=dict)
    damaged: Path | None = None


def repair(path: Path) -> Repaired:
    """Mend the database at `path`, which nobody has open. Raises `StorageError`."""
    try:
        with closing(open_database(path)) as connection:
            if connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",):
                return _mend(Tables(connection, lambda feed: None))
    except StorageError as error:
        if error.code != DAMAGED:
            raise
    except sqlite3.DatabaseError as error:
        if storage_error(path, error).code != DAMAGED:
            raise storage_error(path, error) from error
    return _replace(path)


@contextmanager
def salvaged(path: Path) -> Iterator[Tables]:
    """Give a temporary database's tables with the readable part of a damaged one. Raises `StorageError`."""
    with TemporaryDirectory(prefix="tcpchat-") as directory:
        copy = Path(directory, path.name)
        with explained(path):
            _salvage(path, copy)
        with reading(copy) as tables:
            yield tables


def _mend(tables: Tables) -> Repaired:
    before = tables.runs()
    names = tables.names()
    with tables.transaction():
        for feed in before:
            tables.check(feed)
        tables.load_checked()
    now = tables.runs()
    lost = {feed: missing(runs, now.get(feed, ())) for feed, runs in before.items()}
    return Repaired(tables.count(), {feed: runs for feed, runs in lost.items() if runs}, names)


def _replace(path: Path) -> Repaired:
    """Put a new database with the readable part in the place of a damaged one, which is kept beside it."""
    new = path.with_name(f"{path.name}.repaired.new")
    new.unlink(missing_ok=True)
    before, names = _salvage(path, new)
    with closing(open_database(new)) as connection:
        tables = Tables(connection, lambda feed: None)
        now, saved = tables.runs(), tables.count()
        names = {**names, **tables.names()}
    number = 1
    while (damaged := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    with explained(path):
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(path, damaged)
        os.replace(new, path)
        sync_directory(path.parent)
    lost = {feed: missing(runs, now.get(feed, ())) for feed, runs in before.items()}
    return Repaired(saved, {feed: runs for feed, runs in lost.items() if runs}, names, damaged)


def _salvage(path: Path, target: Path) -> tuple[Mapping[FeedId, Runs], Mapping[bytes, str]]:
    """Write the readable part of the database at `path` to a new one. Return the records that should be there, as far as
    known."""
    try:
        old, _still = open_as_it_is(path, damaged=True)
    except sqlite3.DatabaseError as error:
        raise storage_error(path, error) from error
    with closing(old), closing(open_database(target)) as connection:
        try:
            old.execute("SELECT id FROM batches WHERE id = 0")
        except sqlite3.DatabaseError as error:
            raise StorageError(HOPELESS, path, error) from error
        found = sorted(_found(old))
        tables = Tables(connection, lambda feed: None)
        with tables.transaction():
            for id in _together(found):
                row = _row(old, id)
                if row is not None:
                    tables.append(row[1], row[0])
            for fork in _proofs(old):
                tables.freeze(fork)
            for table in ("members", "names"):
                _copy(old, connection, table)
        before: dict[FeedId, Runs] = {}
        names: Mapping[bytes, str] = {}
        with suppress(sqlite3.DatabaseError, msgspec.DecodeError, TypeError):
            before.update((feed, head.runs) for _, feed, head in read_heads(old))
        with suppress(sqlite3.DatabaseError):
            names = read_names(old)
        return before, names


def _found(old: sqlite3.Connection) -> Iterator[tuple[FeedId, int, int, int]]:
    """Yield feed, first and last record, and id of every batch that can be read."""
    last = 0
    for query in _LAST_IDS:
        with suppress(sqlite3.DatabaseError), closing(old.execute(query)) as rows:
            for (id,) in rows:
                last = max(last, id or 0)
    for id in range(1, last + BEYOND):
        row = _row(old, id)
        if row is not None:
            batch = row[1]
            yield batch.feed, batch.first, batch.last, id


def _together(found: Sequence[tuple[FeedId, int, int, int]]) -> Iterator[int]:
    """Yield the ids of sorted batches, without those below more holes than a feed can have."""
    runs: list[list[int]] = []
    before: tuple[FeedId, int] | None = None
    for feed, first, last, id in found:
        if before is None or before[0] != feed:
            yield from (id for run in runs for id in run)
            runs = []
        if not runs or before is None or first > before[1] + 1:
            runs = [*runs[1 - MAX_HOLES :], []]
        if before is None or before[0] != feed or first > before[1]:
            runs[-1].append(id)
            before = feed, last
    yield from (id for run in runs for id in run)


def _row(old: sqlite3.Connection, id: int) -> tuple[int, Batch] | None:
    try:
        row = old.execute(_ROW, (id,)).fetchone()
        if row is not None and checksum(row[2], row[3]) == row[1]:
            return row[0], parse_batch(row[2], row[3])
    except (sqlite3.DatabaseError, Refusal, TypeError):  # a value may have become one of another type
        pass
    return None


def _proofs(old: sqlite3.Connection) -> Iterator[Fork]:
    with (
        suppress(sqlite3.DatabaseError, Refusal, TypeError),
        closing(old.execute("SELECT one_sig, one_body, other_sig, other_body FROM forks")) as rows,
    ):
        for one_sig, one_body, other_sig, other_body in rows:
            fork = Fork(parse_batch(one_sig, one_body), parse_batch(other_sig, other_body))
            if fork.one.contradicts(fork.other):
                yield fork


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    with suppress(sqlite3.DatabaseError), closing(old.execute(f"SELECT * FROM {table}")) as rows:
        for row in rows:
            values: tuple[Any, ...] = tuple(row)
            new.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(values))})", values)
