"""A store in a database whose calls have taken effect when they return: for tests in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twisted.internet.defer import Deferred, succeed

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.replication.store import PAGE_BYTES, Held, Loaded
from twisted_chat.storage.database import open_database
from twisted_chat.storage.tables import Tables


class ImmediateStore:
    """As much of a `Store` as a replica needs. `tables` may be damaged at will."""

    durable = True

    def __init__(self, path: Path) -> None:
        self.damaged: Callable[[FeedId], None] = lambda feed: None
        self.tables = Tables(open_database(path), self._damaged)

    def _damaged(self, feed: FeedId) -> None:
        self.damaged(feed)

    def load(self) -> Loaded:
        """Return what is held."""
        with self.tables.transaction():
            return self.tables.load_checked()

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """See `Store.append`."""
        with self.tables.transaction():
            return succeed(self.tables.append(batch, 0))

    def read(self, feed: FeedId, first: int, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.read`."""
        return succeed(self.tables.read(feed, first, limit))

    def check(self, feed: FeedId) -> Deferred[Held | None]:
        """See `Store.check`."""
        with self.tables.transaction():
            return succeed(self.tables.check(feed))

    def freeze(self, fork: Fork) -> Deferred[Held | None]:
        """See `Store.freeze`."""
        with self.tables.transaction():
            return succeed(self.tables.freeze(fork))

    def sizes(self) -> Deferred[Mapping[bytes, int]]:
        """See `Store.sizes`."""
        return succeed(self.tables.sizes())

    def flip(self, feed: FeedId, first: int) -> None:
        """Let one bit of a batch change on the disk."""
        id = next(stored.id for known, stored in self.tables._feeds.items() if known == feed)
        [(body,)] = self.tables.connection.execute("SELECT body FROM batches WHERE feed = ? AND first = ?", (id, first))
        flipped = bytes([*body[:-3], body[-3] ^ 1, *body[-2:]])
        self.tables.connection.execute("UPDATE batches SET body = ? WHERE feed = ? AND first = ?", (flipped, id, first))
