"""One link as the replica sees it: what the other side holds, and how far it has been sent what it follows.

What is sent is never queued: for each feed the other side follows there is a cursor, the next record to send. A batch that
arrives where the cursor stands goes out at once; while the transport is paused nothing does, and once it resumes the cursor
catches up from the store. Live and catch-up are this one mechanism.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.insisting import FIRST_WAIT, log_failure, next_wait
from twisted_chat.core.wire.frames import Frame, Stop

MAX_PASSED_OVER = 10_000
"""Feeds passed over on one link, that is remembered; with one more the first is forgotten."""
MAX_VAIN = 64
"""Requests in vain that are counted of a neighbour, at most: so few that it can soon make them good."""

ReadPage = Callable[[FeedId, int], Deferred[Sequence[Batch]]]


class Wire(Protocol):
    """The part of a link that the replica needs."""

    @property
    def member(self) -> bytes:
        """The id the other side has proven."""
        ...

    @property
    def durable(self) -> bool:
        """Whether what the other side says it holds is on a disk."""
        ...

    @property
    def writable(self) -> bool:
        """Whether the transport takes more without growing its buffer; `Replica.resumed` is called when it does again."""
        ...

    def hold(self, held: bool) -> None:
        """Bring nothing more until it is no longer `held`."""
        ...

    def send(self, frame: Frame) -> None:
        """Send a frame."""
        ...

    def send_line(self, line: bytes) -> None:
        """Send an encoded frame, its newline included."""
        ...


class Neighbour:
    """The replication state of one link."""

    def __init__(self, wire: Wire, read: ReadPage, clock: IReactorTime) -> None:
        """`clock` is monotonic."""
        self.wire = wire
        self.have: dict[FeedId, tuple[int, int]] = {}
        """The records that the other side holds durably, as far as known."""
        self.strange = 0
        """The number of feeds it listed of which nothing was held here, and has not come since."""
        self.listing: Iterator[None] | None = None
        """The rest of a long list that it has sent, yet to be taken in."""
        self.synced = False
        """Whether the other side's first list of what it holds is complete."""
        self.told: dict[bytes, bytes] | None = {}
        """The digests it was sent; None once it has sent its own."""
        self.unsaid: dict[FeedId, None] = {}
        """Feeds of which it is yet to be told what we hold now."""
        self.unproven: dict[FeedId, None] = {}
        """Feeds of which it is yet to be sent the proof that they are forked."""
        self.lacking: dict[FeedId, None] = {}
        """Feeds of which it holds something that we lack; those looked at longest ago first."""
        self.passed_over: dict[FeedId, None] = {}
        """Feeds of which it has sent what can't be taken: nothing more of them is taken from it."""
        self.asked: set[FeedId] = set()
        """Feeds wanted from it of which it still has more than we do."""
        self.failed: dict[FeedId, float] = {}
        """When it last failed as the source of a feed."""
        self.vain = 0
        """The number of requests in vain, less those that it has answered since."""
        self.progress = clock.seconds()
        """When it last sent a batch that was new; at first, when the link became ready."""
        self._read = read
        self._clock = clock
        self._cursors: dict[FeedId, int] = {}
        self._behind: dict[FeedId, int] = {}
        self._resting: dict[FeedId, int] = {}
        """The feeds that are behind, and could not be read just now."""
        self._waking: IDelayedCall | None = None
        self._wait = FIRST_WAIT
        self._reading = False
        self._pumping = False

    def holds(self, feed: FeedId) -> tuple[int, int]:
        """Return what the other side holds of `feed`, as far as it is of use: the lowest and the highest record."""
        return (1, 0) if feed in self.passed_over else self.have.get(feed, (1, 0))

    def offers(self, feed: FeedId, number: int) -> bool:
        """Whether the other side holds record `number` of `feed`."""
        low, high = self.holds(feed)
        return low <= number <= high

    def pass_over(self, feed: FeedId, reason: str = "") -> None:
        """Take nothing more of `feed` from the other side, and tell it so, once, and why."""
        if feed not in self.passed_over:
            if len(self.passed_over) >= MAX_PASSED_OVER:
                del self.passed_over[next(iter(self.passed_over))]
            self.passed_over[feed] = None
            self.wire.send(Stop(feed, reason))

    def failed_at(self, feed: FeedId, now: float) -> None:
        """It was asked for `feed`, and sent nothing."""
        self.failed[feed] = now
        self.vain = min(self.vain + 1, MAX_VAIN)

    def served(self) -> None:
        """It sent something that it was asked for."""
        self.vain = max(0, self.vain - 1)

    def next_lacking(self, count: int) -> list[FeedId]:
        """Return the first few feeds of which it has something that we lack; they come last from now on, so each has its turn."""
        feeds = list(islice(self.lacking, count))
        for feed in feeds:
            del self.lacking[feed]
            self.lacking[feed] = None
        return feeds

    def follow(self, feed: FeedId, start: int, high: int) -> None:
        """Send `feed` from record `start` on; `high` is the newest held now."""
        self._cursors[feed] = start
        self._resting.pop(feed, None)
        if start <= high:
            self._behind[feed] = high
            self.pump()
        else:
            self._behind.pop(feed, None)

    def unfollow(self, feed: FeedId) -> None:
        """Send no more of `feed`."""
        self._cursors.pop(feed, None)
        self._behind.pop(feed, None)
        self._resting.pop(feed, None)

    def offer(self, batch: Batch) -> None:
        """Pass on a batch just accepted, if it is followed."""
        cursor = self._cursors.get(batch.feed)
        if cursor is None or cursor > batch.last:
            return
        if cursor >= batch.first and batch.feed not in self._behind and self.wire.writable:
            self._cursors[batch.feed] = batch.last + 1
            self.wire.send_line(batch.line)
        else:
            waiting = self._resting if batch.feed in self._resting else self._behind
            waiting[batch.feed] = batch.last

    def passed(self, batch: Batch) -> None:
        """Note that the other side sent this batch, and so needs it from nobody."""
        if batch.feed in self._cursors and self._cursors[batch.feed] <= batch.last:
            self._cursors[batch.feed] = max(self._cursors[batch.feed], batch.last + 1)

    def drained(self, feed: FeedId, high: int) -> bool:
        """Whether all up to `high` of a feed that is followed has gone to the transport."""
        return feed not in self._cursors or self._cursors[feed] > high

    @property
    def behind(self) -> int:
        """The number of records that the other side follows and has not been sent yet."""
        waiting = self._behind | self._resting
        return sum(high - self._cursors[feed] + 1 for feed, high in waiting.items())

    def close(self) -> None:
        """Send nothing any more: the link is gone."""
        self._behind.clear()
        self._resting.clear()
        self._cursors.clear()
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None

    def pump(self) -> None:
        """Go on with what is behind, a page at a time and feed by feed, while the transport takes it.

        A feed of which a page can't be read rests for a while, ever longer until one can.
        """
        if self._pumping:
            return
        self._pumping = True
        while self._behind and self.wire.writable and not self._reading:
            feed = next(iter(self._behind))
            self._reading = True
            start = self._cursors[feed]
            page = self._read(feed, start)
            page.addCallbacks(self._page, self._unread, (feed, start), errbackArgs=(feed,)).addErrback(log_failure)
        self._pumping = False

    def _unread(self, reason: Failure, feed: FeedId) -> None:
        self._reading = False
        if feed in self._behind:
            self._resting[feed] = self._behind.pop(feed)
            if self._waking is None:
                log_failure(reason)
                self._waking = self._clock.callLater(self._wait, self._wake)
                self._wait = next_wait(self._wait)
        self.pump()

    def _wake(self) -> None:
        self._waking = None
        self._behind.update(self._resting)
        self._resting.clear()
        self.pump()

    def _page(self, batches: Sequence[Batch], feed: FeedId, start: int) -> None:
        self._reading = False
        self._wait = FIRST_WAIT
        high = self._behind.pop(feed, 0)
        cursor = self._cursors.get(feed)
        if cursor is not None and cursor < start:
            self._behind[feed] = high  # followed anew meanwhile, from before this page
        elif cursor is not None:
            cursor = self._send(batches, cursor)
            self._cursors[feed] = cursor
            if batches and cursor <= high:
                self._behind[feed] = high  # at the end: every feed gets its turn
        self.pump()

    def _send(self, batches: Sequence[Batch], cursor: int) -> int:
        for batch in batches:
            if batch.last >= cursor:
                self.wire.send_line(batch.line)
                cursor = batch.last + 1
        return cursor
