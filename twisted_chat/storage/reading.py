"""Looking into a database from outside, without the reactor and though a peer has it open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted_chat.storage.database import open_for_reading
from twisted_chat.storage.tables import Tables


@contextmanager
def reading(path: Path) -> Iterator[Tables]:
    """Give the tables of the database at `path` as they stand now, for reading only, whatever a peer goes on to write.

    Rows that can't be read are passed over. The write-ahead log grows until the end of this, so the inside should not wait for
    anybody. Raises `StorageError`, also for faults inside.
    """
    with open_for_reading(path) as connection:
        connection.execute("BEGIN")
        yield Tables(connection, lambda feed: None)
