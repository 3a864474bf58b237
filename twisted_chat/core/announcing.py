"""Telling neighbours what has become durable: at once, but not too often, and never while their link is full.

An author hears first what is held of its own feeds, for that is its receipt. All tell all, so that the rest grows with the
square of the members: the more links there are, the rarer it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.feeds import FeedId
from twisted_chat.core.frames import encode
from twisted_chat.core.inventory import Inventory
from twisted_chat.core.neighbour import Neighbour, Wire

HAVE_INTERVAL = 0.05
"""Seconds between two announcements of what became durable, at least."""
RECEIPT_A_LINK = 0.00625
"""For each link, seconds between two announcements to an author of what is held of its feeds."""
HAVE_A_LINK = 0.025
"""The same, to all others."""
LINKS_COUNTED = 40
"""Links that count for that, at most."""


class Announcer:
    """Sends `have` for feeds that changed."""

    def __init__(self, inventory: Inventory, neighbours: Mapping[Wire, Neighbour], clock: IReactorTime) -> None:
        self._inventory = inventory
        self._neighbours = neighbours
        self._receipts = _Rounds(clock, lambda: self._interval(RECEIPT_A_LINK), self._acknowledge)
        self._rounds = _Rounds(clock, lambda: self._interval(HAVE_A_LINK), self._announce)

    def changed(self, feed: FeedId) -> None:
        """What is durable of `feed`, or its fork, is not what it was."""
        self._inventory.changed(feed)
        if self._neighbours:  # who is linked later is told of everything
            self._receipts.add(feed)
            self._rounds.add(feed)

    def resumed(self, neighbour: Neighbour) -> None:
        """A link takes more again: tell what it was not told."""
        if neighbour.unsaid:
            unsaid, neighbour.unsaid = neighbour.unsaid, set()
            self._tell([neighbour], unsaid)

    def stop(self) -> None:
        """Tell nothing any more."""
        self._receipts.stop()
        self._rounds.stop()

    def _interval(self, a_link: float) -> float:
        return max(HAVE_INTERVAL, a_link * min(len(self._neighbours), LINKS_COUNTED))

    def _acknowledge(self, feeds: Collection[FeedId]) -> None:
        for neighbour in self._neighbours.values():
            self._tell([neighbour], [feed for feed in feeds if feed.author == neighbour.wire.member])

    def _announce(self, feeds: Collection[FeedId]) -> None:
        neighbours = self._neighbours.values()
        self._tell([each for each in neighbours if any(feed.author != each.wire.member for feed in feeds)], feeds)

    def _tell(self, neighbours: Iterable[Neighbour], feeds: Iterable[FeedId]) -> None:
        lines = [encode(frame) for frame in self._inventory.lines(feeds)]
        for neighbour in neighbours:
            if neighbour.wire.writable:
                for line in lines:
                    neighbour.wire.send_line(line)
            else:
                neighbour.unsaid.update(feeds)


class _Rounds:
    """Feeds gathered to be told together: at once, but only so long after the last time."""

    def __init__(
        self, clock: IReactorTime, interval: Callable[[], float], tell: Callable[[Collection[FeedId]], None]
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._tell = tell
        self._feeds: set[FeedId] = set()
        self._due: IDelayedCall | None = None
        self._last = float("-inf")

    def add(self, feed: FeedId) -> None:
        """Tell of `feed` in the next round."""
        self._feeds.add(feed)
        if self._due is None:
            wait = max(0.0, self._last + self._interval() - self._clock.seconds())
            self._due = self._clock.callLater(wait, self._go)

    def stop(self) -> None:
        """Hold no more rounds; what was to be told stays untold."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _go(self) -> None:
        self._due = None
        self._last = self._clock.seconds()
        feeds, self._feeds = self._feeds, set()
        self._tell(feeds)
