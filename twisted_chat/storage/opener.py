"""From rows to batches: what is not what was stored is passed over, and told of as damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import Any

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.storage.checking import checksum
from twisted_chat.storage.feedtable import FeedTable


class Opener:
    """Opens stored batches. A row is signature and body, and, where they are asked for too, checksum, feed and first record."""

    def __init__(self, connection: sqlite3.Connection, feeds: FeedTable, damage: Callable[[FeedId], None]) -> None:
        """`damage` is called with a feed when one of its rows is not as it was stored."""
        self._connection = connection
        self._feeds = feeds
        self._damage = damage

    def each(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Batch]:
        """Yield the batches in rows, but for the damaged ones."""
        return (batch for batch in (self.batch(*row) for row in rows) if batch)

    @contextmanager
    def query(self, query: str, values: Any) -> Iterator[Iterable[Batch]]:
        """Give the batches that `query` selects, one by one, without keeping them."""
        with closing(self._connection.execute(query, values)) as rows:
            yield self.each(rows)

    def batch(self, sig: bytes, body: bytes, kept: int | None = None, feed: int = 0, first: int = 0) -> Batch | None:
        """Return a batch; None, which is damage if it is of the feed stored under the id `feed`, if it is not what was stored."""
        try:
            if kept in (None, checksum(sig, body)):
                return _parsed(sig, body)
        except Refusal:
            pass
        for damaged, stored in self._feeds.items():
            if stored.id == feed and any(low <= first <= high for low, high in stored.head.runs):
                self._damage(damaged)
        return None


@lru_cache(maxsize=64)
def _parsed(sig: bytes, body: bytes) -> Batch:
    """Links that catch up are usually at the same place: they share one batch, and its line."""
    return parse_batch(sig, body)
