"""Disks that lose what was not yet written, and come back as they were some time ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred

from tests.simulation.network import Node
from twisted_chat.core.feeds.amendments import Amended
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.replication.store import PAGE_BYTES, Arrivals, Held, Hit, Known, Loaded, OpenPrivate, Which
from twisted_chat.storage.memory import MemoryStore

Written = tuple[FeedId, int, bytes]
"""A batch: its feed, first record and hash."""


def place_of(batch: Batch) -> Written:
    """Return what tells a batch from all others."""
    return batch.feed, batch.first, batch.hash


class Disk:
    """What outlives a crash: the batches written, in order, the forks, and what is known of members.

    `written` is what was ever written to any disk of this world: what may never be lost.
    """

    def __init__(self, written: set[Written]) -> None:
        self.written = written
        self.places: set[Written] = set()
        """Which batches are on it."""
        self.highs: dict[FeedId, int] = {}
        """The last record of each feed on it."""
        self.batches: list[Batch] = []
        self.forks: list[Fork] = []
        self.members: dict[bytes, Known] = {}

    def copy(self) -> Disk:
        """Return a backup."""
        backup = Disk(self.written)
        backup.places, backup.highs = set(self.places), dict(self.highs)
        backup.batches, backup.forks, backup.members = list(self.batches), list(self.forks), dict(self.members)
        return backup

    def write(self, batch: Batch) -> None:
        """Write a batch."""
        self.batches.append(batch)
        self.places.add(place_of(batch))
        self.highs[batch.feed] = max(batch.last, self.highs.get(batch.feed, 0))
        self.written.add(place_of(batch))

    def freeze(self, fork: Fork) -> None:
        """Keep the proof; what it ends may be lost."""
        self.forks.append(fork)
        self.batches = [batch for batch in self.batches if batch.feed != fork.feed or batch.last < fork.place]
        self.highs[fork.feed] = max((batch.last for batch in self.batches if batch.feed == fork.feed), default=0)
        self.places = set(map(place_of, self.batches))
        ended = {place for place in self.written if place[0] == fork.feed and place[1] >= fork.place}
        self.written -= ended


class DiskStore:
    """A `Store` on a `Disk`: each batch is written some random time after it was appended, unless the node dies before."""

    durable = True

    def __init__(self, disk: Disk, node: Node) -> None:
        self.trouble: Callable[[str | None], None] = lambda detail: None
        self.damaged: Callable[[FeedId], None] = lambda feed: None
        self._disk = disk
        self._node = node
        self._memory = MemoryStore()
        self._written_at = 0.0
        self._told_at = 0.0
        for fork in disk.forks:
            self._memory.freeze(fork)
        for batch in disk.batches:
            self._memory.append(batch)
        self._memory.know(list(disk.members.values()))

    def load(self) -> Deferred[Loaded]:
        """See `Store.load`."""
        return self._memory.load()

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """See `Store.append`."""
        self._memory.append(batch)
        written: Deferred[dict[FeedId, int]] = Deferred()

        def write() -> None:
            self._disk.write(batch)
            self._told_at = max(self._told_at, self._node.seconds() + self._node.network.random.uniform(0, 0.01))
            self._node.callLater(self._told_at - self._node.seconds(), written.callback, {})

        now = self._node.seconds()
        self._written_at = max(self._written_at, now + self._node.network.random.uniform(0, 0.05))
        self._node.callLater(self._written_at - now, write)
        return written

    def read(self, feed: FeedId, first: int, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.read`; takes a moment, as a thread does."""
        result: Deferred[Sequence[Batch]] = Deferred()
        pages: list[Sequence[Batch]] = []
        self._memory.read(feed, first, limit).addCallback(pages.append)
        self._node.callLater(self._node.network.random.uniform(0, 0.01), lambda: result.callback(pages[0]))
        return result

    def freeze(self, fork: Fork) -> Deferred[Held | None]:
        """See `Store.freeze`; after what was appended before, as everything."""
        frozen: Deferred[Held | None] = Deferred()
        held: list[Held | None] = []
        self._memory.freeze(fork).addCallback(held.append)

        def write() -> None:
            self._disk.freeze(fork)
            self._node.callLater(0.01, frozen.callback, held[0])

        now = self._node.seconds()
        self._written_at = max(self._written_at, now + self._node.network.random.uniform(0, 0.05))
        self._node.callLater(self._written_at - now, write)
        return frozen

    def check(self, feed: FeedId) -> Deferred[Held | None]:
        """See `Store.check`."""
        return self._memory.check(feed)

    def sizes(self) -> Deferred[Mapping[bytes, int]]:
        """See `Store.sizes`."""
        return self._memory.sizes()

    def know(self, members: Sequence[Known]) -> Deferred[None]:
        """See `Store.know`; written at once."""
        self._disk.members.update({known.id: known for known in members})
        return self._memory.know(members)

    def trim(self, before_ms: int) -> Deferred[dict[FeedId, int]]:
        """See `Store.trim`."""
        return self._memory.trim(before_ms)

    def forget(self, feeds: Sequence[FeedId]) -> Deferred[None]:
        """See `Store.forget`."""
        return self._memory.forget(feeds)

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        return self._memory.page(which, limit, before)

    def notable(self, limit: int, author: bytes | None = None) -> Deferred[Sequence[Batch]]:
        """See `Store.notable`."""
        return self._memory.notable(limit, author)

    def search(self, words: str, which: Which, limit: int, open_private: OpenPrivate) -> Deferred[Sequence[Hit]]:
        """See `Store.search`."""
        return self._memory.search(words, which, limit, open_private)

    def find(self, ids: Sequence[MessageId]) -> Deferred[Sequence[Hit]]:
        """See `Store.find`."""
        return self._memory.find(ids)

    def amended(self, messages: Sequence[Position], reach: int) -> Deferred[Mapping[Position, Amended]]:
        """See `Store.amended`."""
        return self._memory.amended(messages, reach)

    def arrived(self, serial: int, limit: int = PAGE_BYTES) -> Deferred[Arrivals]:
        """See `Store.arrived`."""
        return self._memory.arrived(serial, limit)

    def everything(self, after: Batch | None = None, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.everything`."""
        return self._memory.everything(after, limit)

    def close(self) -> Deferred[None]:
        """See `Store.close`."""
        return self._memory.close()
