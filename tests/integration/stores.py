"""What peers hold on disk, looked at while they don't run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from twisted_chat.core.feeds.batches import Batch, FeedId, check_signature
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.storage.database import open_database
from twisted_chat.storage.folders import DataDirectory
from twisted_chat.storage.tables import Tables

GROUP = Group()


@dataclass
class Stored:
    """The content of one peer's database. `faults` says what is wrong with it."""

    batches: dict[FeedId, list[Batch]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def hashes(self) -> dict[FeedId, list[bytes]]:
        """What is held, in a form that can be compared: equal if and only if the bytes are."""
        return {feed: [batch.hash for batch in batches] for feed, batches in self.batches.items()}

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Author and text of every message."""
        return [
            (batch.name, record.text)
            for batches in self.batches.values()
            for batch in batches
            for record in batch.records
            if isinstance(record, Say)
        ]


def database(data: Path, name: str) -> Path:
    """Return where the identity `name` keeps the default group's conversation."""
    return DataDirectory(data).identity(name).database(GROUP.name, GROUP.closed)


def copied(path: Path, scratch: Path) -> Path:
    """Return a copy, in `scratch`, of a database whose process was killed: what it left is for itself to find."""
    scratch.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        part, copy = Path(f"{path}{suffix}"), scratch / f"copy.db{suffix}"
        copy.unlink(missing_ok=True)
        if part.exists() and suffix != "-shm":
            shutil.copy(part, copy)
    return scratch / "copy.db"


def high_marks(path: Path) -> dict[FeedId, int]:
    """Return the last record held of each feed."""
    with _opened(path, []) as tables:
        return {held.feed: held.high for held in tables.load().held}


def read(path: Path) -> Stored:
    """Return everything a database holds, having checked that it is without a gap, signed and chained."""
    stored = Stored()
    with _opened(path, stored.faults) as tables:
        page = tables.everything(None, 1 << 20)
        while page:
            for batch in page:
                stored.batches.setdefault(batch.feed, []).append(batch)
            page = tables.everything(page[-1], 1 << 20)
    for feed, batches in stored.batches.items():
        _check(feed, batches, stored.faults)
    return stored


def _check(feed: FeedId, batches: list[Batch], faults: list[str]) -> None:
    expected, prev = 1, batches[0].prev
    for batch in batches:
        check_signature(GROUP, batch)
        if batch.first != expected or batch.prev != prev:
            faults.append(
                f"{batch.name}'s epoch {feed.epoch}: {batch.first} where {expected} should be, or not chained"
            )
        expected, prev = batch.last + 1, batch.hash


@contextmanager
def _opened(path: Path, damage: list[str]) -> Iterator[Tables]:
    connection = open_database(path)
    try:
        yield Tables(connection, lambda feed: damage.append(f"something of {feed} can't be read"))
    finally:
        connection.close()
