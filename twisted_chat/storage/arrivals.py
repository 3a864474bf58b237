"""The order in which batches came to be kept: each has a serial number, its `batches.id`, that no other ever gets."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.replication import store
from twisted_chat.storage.errors import UNUSABLE, StorageError
from twisted_chat.storage.opener import Opener

KEEP = """
INSERT OR REPLACE INTO batches (id, feed, first, last, last_lc, received, notable, checksum, sig, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MAKE = "CREATE TABLE IF NOT EXISTS arrivals (copy TEXT NOT NULL, high INTEGER NOT NULL)"
_HIGHEST = "SELECT coalesce(max(id), 0) FROM batches"
_FROM = "SELECT id, sig, body, checksum, feed, first FROM batches WHERE id >= ? ORDER BY id"


def unkept(path: Path, detail: str) -> NoReturn:
    """Refuse to tell what arrived while it can't be kept. Raises `StorageError`."""
    raise StorageError(UNUSABLE, path, detail)


class Arrivals:
    """Serial numbers, and the batches by them. A number is not used again, though the batch that had it be dropped.

    The table for that is made when somebody first asks for what arrived: until then nobody knows any number.
    """

    def __init__(self, connection: sqlite3.Connection, opener: Opener) -> None:
        self._connection = connection
        self._open = opener
        self._made = bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'arrivals'").fetchone())
        self._last: int = connection.execute(_HIGHEST).fetchone()[0]
        if self._made:
            self._last = max(self._last, *(high for (high,) in connection.execute("SELECT high FROM arrivals")))

    def next(self) -> int:
        """Return the number of a batch that is kept now."""
        self._last += 1
        return self._last

    def dropping(self) -> None:
        """Note that the newest batches may be dropped. Within a transaction."""
        if self._made:
            self._copy()  # the transaction that made the table may not have taken effect
            self._connection.execute("UPDATE arrivals SET high = max(high, ?)", (self._last,))

    def since(self, serial: int, limit: int) -> store.Arrivals:
        """See `Store.arrived`. Within a transaction, which makes the table if there is none."""
        copy = self._copy()
        batches: list[tuple[int, Batch]] = []
        newest = self._last
        if limit:
            with closing(self._connection.execute(_FROM, (serial,))) as rows:
                for number, *row in rows:
                    batch = self._open.batch(*row)
                    limit -= batch.size if batch else 0
                    if batches and limit < 0:
                        return store.Arrivals(copy, batches[-1][0], batches, True)
                    if batch:
                        batches.append((number, batch))
        return store.Arrivals(copy, newest, batches, False)

    def _copy(self) -> str:
        self._connection.execute(_MAKE)
        row = self._connection.execute("SELECT copy FROM arrivals").fetchone()
        self._made = True
        if row is None:
            row = (secrets.token_hex(8),)
            self._connection.execute("INSERT INTO arrivals VALUES (?, ?)", (*row, self._last))
        return str(row[0])
