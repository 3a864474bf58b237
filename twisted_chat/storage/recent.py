"""The batches that were appended last, in memory. A link that is a moment behind need not wait for the disk."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.wire.frames import MAX_INT
from twisted_chat.storage.history import page
from twisted_chat.storage.memory import cost

LIMIT = 2 * 1024 * 1024
"""Bytes of memory for these batches."""


class Recent:
    """The newest batches of each feed, in runs without a gap. It must hear of every call of the store, in their order."""

    def __init__(self, highs: Mapping[FeedId, int], limit: int = LIMIT) -> None:
        """`highs` has the last record stored of each feed."""
        self._highs = dict(highs)
        self._limit = limit
        self._runs: dict[FeedId, list[Batch]] = {}
        self._arrivals: deque[FeedId] = deque()  # as often as the feed has batches here
        self._size = 0

    def append(self, batch: Batch) -> None:
        """Note a batch, if it is the newest of its feed."""
        feed = batch.feed
        high = self._highs.get(feed, 0)
        if batch.first <= high:
            return  # held already, or it fills a hole
        if batch.first > high + 1:
            self._forget(feed)
        self._highs[feed] = batch.last
        self._runs.setdefault(feed, []).append(batch)
        self._arrivals.append(feed)
        self._size += cost(batch)
        while self._size > self._limit:
            self._size -= cost(self._runs[self._arrivals.popleft()].pop(0))

    def read(self, feed: FeedId, first: int, limit: int) -> list[Batch] | None:
        """Do what `Store.read` does; return None if the batch that holds record `first` is not here."""
        run = self._runs.get(feed)
        if not run or not run[0].first <= first <= run[-1].last:
            return None
        start = bisect_left(run, first, key=lambda batch: batch.last)
        return page(run[start:], limit)

    def freeze(self, fork: Fork) -> None:
        """Forget a feed that ends at a fork, and take no more of it."""
        self.forget(fork.feed)

    def forget(self, feed: FeedId) -> None:
        """Forget a feed, and take no more of it until `begin`."""
        self._forget(feed)
        self._highs[feed] = MAX_INT

    def begin(self, feed: FeedId, high: int) -> None:
        """Take the batches that follow the last record stored of a feed."""
        self._highs[feed] = high

    def trim(self) -> None:
        """Forget every batch: some may have been given up."""
        self._runs.clear()
        self._arrivals.clear()
        self._size = 0

    def _forget(self, feed: FeedId) -> None:
        self._size -= sum(map(cost, self._runs.pop(feed, ())))
        self._arrivals = deque(arrival for arrival in self._arrivals if arrival != feed)
