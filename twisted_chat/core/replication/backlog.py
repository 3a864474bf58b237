"""Which records were said while this peer was not there, told by when they were listed and not by any clock."""

from __future__ import annotations

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.inventory import MAX_HELD


class Backlog:
    """Records were missed if a neighbour listed them when its link began, and this peer heard nothing of their feed as it was
    said: what comes late of a feed that was heard live is late, not missed."""

    def __init__(self) -> None:
        self._highs: dict[FeedId, int] = {}
        self._live: set[FeedId] = set()

    def listed(self, feed: FeedId, high: int) -> None:
        """A neighbour whose link begins holds records of `feed` up to `high`, which are lacking here."""
        if feed in self._highs or len(self._highs) < MAX_HELD:
            self._highs[feed] = max(high, self._highs.get(feed, 0))

    def holds(self, batch: Batch) -> bool:
        """Whether a batch that has come was missed; if not, its feed is heard live from now on."""
        high = self._highs.get(batch.feed, 0)
        if batch.last >= high:
            self._highs.pop(batch.feed, None)
        if batch.first > high:
            self._live.add(batch.feed)
        return batch.feed not in self._live

    def clear(self) -> None:
        """All that was listed has come."""
        self._highs.clear()
