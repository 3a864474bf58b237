"""A store that keeps the newest batches in memory, for peers that leave no trace."""

from __future__ import annotations

import secrets
import time
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed

from twisted_chat.core.feeds.amendments import Amended
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.replication.store import (
    NOTABLE_BYTES,
    PAGE_BYTES,
    Arrivals,
    Held,
    Hit,
    Known,
    Loaded,
    OpenPrivate,
    Which,
)
from twisted_chat.storage.heads import Head, sizes
from twisted_chat.storage.history import in_order, newest, page, saying, saying_privately, words_of
from twisted_chat.storage.references import MemoryReferences, said_in

LIMIT = 64 * 1024 * 1024
"""Bytes kept by default."""


def cost(batch: Batch) -> int:
    """Return the bytes of memory that `batch` takes: measured, its line on the wire and its records included."""
    return 2 * batch.size + 1024 + 112 * len(batch.records) + 400 * len(batch.amending)


class _Kept(NamedTuple):
    batch: Batch
    received: int

    @property
    def first(self) -> int:
        return self.batch.first


_first: Callable[[_Kept], int] = attrgetter("first")


class MemoryStore:
    """Implements `core.store.Store`. Every Deferred has fired when it is returned.

    The oldest batches are given up first, from the low end of their feed. A feed that was given up completely is still known
    by its head.
    """

    durable = False

    def __init__(self, limit: int = LIMIT, wall: Callable[[], float] = time.time) -> None:
        """Keep batches that take at most `limit` bytes of memory. `wall` returns seconds since 1970."""
        self.trouble: Callable[[str | None], None] = lambda words: None
        self.damaged: Callable[[FeedId], None] = lambda feed: None
        self._limit = limit
        self._wall = wall
        self._size = 0
        self._heads: dict[FeedId, Head] = {}
        self._kept: dict[FeedId, list[_Kept]] = {}
        self._arrivals: deque[FeedId] = deque()  # as often as the feed has batches
        self._copy = secrets.token_hex(8)
        self._serial = 0
        self._in_order: deque[tuple[int, Batch]] = deque()
        """What was kept, in that order, the oldest that was given up only in part."""
        self._references = MemoryReferences()
        self._forks: dict[FeedId, Fork] = {}
        self._members: dict[bytes, Known] = {}

    def load(self) -> Deferred[Loaded]:
        """Return the batches held now: none, at the start."""
        held = [head.held(feed) for feed, head in self._heads.items()]
        return succeed(Loaded(held, list(self._forks.values()), list(self._members.values())))

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """See `Store.append`."""
        lows: dict[FeedId, int] = {}
        before = self._heads.get(batch.feed)
        head = before.add(batch) if before else Head.begin(batch)
        if head is None:
            return succeed(lows)
        self._heads[batch.feed] = head
        insort(self._kept.setdefault(batch.feed, []), _Kept(batch, self._now_ms()), key=_first)
        self._arrivals.append(batch.feed)
        self._serial += 1
        self._in_order.append((self._serial, batch))
        self._size += cost(batch)
        self._references.add(batch)
        while self._size > self._limit:
            feed = self._arrivals.popleft()
            lows.update(self._drop_lowest(feed, 1))
        self._forget_order()
        return succeed(lows)

    def read(self, feed: FeedId, first: int, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.read`."""
        kept = self._kept.get(feed, [])
        start = bisect_right(kept, first, key=_first)
        if start and kept[start - 1].batch.last >= first:
            start -= 1
        return succeed(page(_batches_from(kept, start), limit))

    def check(self, feed: FeedId) -> Deferred[Held | None]:
        """See `Store.check`."""
        head = self._heads.get(feed)
        return succeed(head.held(feed) if head else None)

    def freeze(self, fork: Fork) -> Deferred[Held | None]:
        """See `Store.freeze`."""
        feed = fork.feed
        known = self._forks.get(feed)
        if known is None or fork.place < known.place:
            self._forks[feed] = fork
        head = self._heads.get(feed)
        if head is None:
            return succeed(None)
        kept = self._kept[feed]
        end = bisect_left(kept, fork.place, key=lambda each: each.batch.last)
        freed = _bytes(kept[end:])
        self._discard(feed, kept[end:])
        del kept[end:]
        left = head.cut(fork.place, (each.batch for each in reversed(kept)), freed)
        if left is None:
            del self._heads[feed], self._kept[feed]
            return succeed(None)
        self._heads[feed] = left
        return succeed(left.held(feed))

    def know(self, members: Sequence[Known]) -> Deferred[None]:
        """See `Store.know`."""
        for known in members:
            if known.nothing:
                self._members.pop(known.id, None)
            else:
                self._members[known.id] = known
        return succeed(None)

    def trim(self, before_ms: int) -> Deferred[dict[FeedId, int]]:
        """See `Store.trim`."""
        lows: dict[FeedId, int] = {}
        for feed, kept in self._kept.items():
            end = next((i for i, each in enumerate(kept) if each.received >= before_ms), len(kept))
            if end:
                self._forget_arrivals(feed, end)
                lows.update(self._drop_lowest(feed, end))
        return succeed(lows)

    def forget(self, feeds: Sequence[FeedId]) -> Deferred[None]:
        """See `Store.forget`."""
        for feed in feeds:
            if not self._kept.get(feed, True):
                del self._heads[feed], self._kept[feed]
        return succeed(None)

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        return succeed(newest(self._newest_first(), which.of, limit, before))

    def notable(self, limit: int, author: bytes | None = None) -> Deferred[Sequence[Batch]]:
        """See `Store.notable`."""
        told = (each for each in self._newest_first() if each.notable and author in (None, each.feed.author))
        return succeed(sorted(page(islice(told, limit), NOTABLE_BYTES, gaps=True), key=in_order))

    def search(self, words: str, which: Which, limit: int, open_private: OpenPrivate) -> Deferred[Sequence[Hit]]:
        """See `Store.search`."""
        wanted = words_of(words)
        if not wanted:
            return succeed([])
        public = saying(wanted, which, self._references.of)
        private = saying_privately(wanted, which, open_private)
        return succeed(newest(self._newest_first(), lambda batch: [*public(batch), *private(batch)], limit))

    def find(self, ids: Sequence[MessageId]) -> Deferred[Sequence[Hit]]:
        """See `Store.find`."""
        found = ((id, self._holding(FeedId(id.author, id.epoch), id.number)) for id in ids)
        hits = (said_in(batch, id.number) for id, batch in found if batch is not None)
        return succeed([hit for hit in hits if hit is not None])

    def amended(self, messages: Sequence[Position], reach: int) -> Deferred[Mapping[Position, Amended]]:
        """See `Store.amended`."""
        return succeed(self._references.amended(messages, reach))

    def arrived(self, serial: int, limit: int = PAGE_BYTES) -> Deferred[Arrivals]:
        """See `Store.arrived`."""
        self._forget_order()
        skipped = max(0, serial - self._in_order[0][0]) if self._in_order else 0
        rest = islice(self._in_order, min(skipped, len(self._in_order)), None)
        found: list[tuple[int, Batch]] = []
        for number, batch in rest if limit else ():
            if not self._holds(batch):
                continue
            limit -= batch.size
            if found and limit < 0:
                return succeed(Arrivals(self._copy, found[-1][0], found, True))
            found.append((number, batch))
        return succeed(Arrivals(self._copy, self._serial, found, False))

    def everything(self, after: Batch | None = None, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.everything`."""
        for feed in sorted(self._kept):
            if after and feed < after.feed:
                continue
            kept = self._kept[feed]
            start = bisect_right(kept, after.first, key=_first) if after and feed == after.feed else 0
            if start < len(kept):
                return succeed(page(_batches_from(kept, start), limit, gaps=True))
        return succeed([])

    def sizes(self) -> Deferred[Mapping[bytes, int]]:
        """See `Store.sizes`."""
        return succeed(sizes(self._heads.items()))

    def close(self) -> Deferred[None]:
        """See `Store.close`."""
        return succeed(None)

    def _now_ms(self) -> int:
        return int(self._wall() * 1000)

    def _holds(self, batch: Batch) -> bool:
        return self._holding(batch.feed, batch.first) is batch

    def _holding(self, feed: FeedId, number: int) -> Batch | None:
        """Return the batch that ends last of those that begin at a record or before."""
        kept = self._kept.get(feed, [])
        place = bisect_right(kept, number, key=_first)
        return kept[place - 1].batch if place else None

    def _forget_order(self) -> None:
        while self._in_order and not self._holds(self._in_order[0][1]):
            self._in_order.popleft()

    def _newest_first(self) -> list[Batch]:
        batches = [each.batch for kept in self._kept.values() for each in kept]
        batches.sort(key=attrgetter("last_lc", "feed", "last"), reverse=True)
        return batches

    def _drop_lowest(self, feed: FeedId, count: int) -> dict[FeedId, int]:
        """Delete the lowest batches of a feed, whose arrivals are forgotten already. Return the feed's low if it rose."""
        kept = self._kept[feed]
        self._gone(kept[:count])
        freed = _bytes(kept[:count])
        del kept[:count]
        before = self._heads[feed]
        head = self._heads[feed] = before.drop_below(kept[0].first if kept else before.high + 1, freed)
        return {feed: head.low} if head.low > before.low else {}

    def _discard(self, feed: FeedId, kept: Sequence[_Kept]) -> None:
        self._gone(kept)
        self._forget_arrivals(feed, len(kept))

    def _gone(self, kept: Sequence[_Kept]) -> None:
        self._size -= sum(cost(each.batch) for each in kept)
        for each in kept:
            self._references.drop(each.batch)

    def _forget_arrivals(self, feed: FeedId, count: int) -> None:
        left: deque[FeedId] = deque()
        for arrival in self._arrivals:
            if arrival == feed and count:
                count -= 1
            else:
                left.append(arrival)
        self._arrivals = left


def _bytes(kept: Sequence[_Kept]) -> int:
    return sum(each.batch.size for each in kept)


def _batches_from(kept: Sequence[_Kept], start: int) -> Iterable[Batch]:
    return (kept[i].batch for i in range(start, len(kept)))
