"""Telling every neighbour what has become durable: at once, but at most every 50 ms, and never while its link is full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.feeds import FeedId
from twisted_chat.core.frames import encode
from twisted_chat.core.inventory import Inventory
from twisted_chat.core.neighbour import Neighbour, Wire

HAVE_INTERVAL = 0.05
"""Seconds between two announcements of what became durable."""


class Announcer:
    """Sends `have` for feeds that changed."""

    def __init__(self, inventory: Inventory, neighbours: Mapping[Wire, Neighbour], clock: IReactorTime) -> None:
        self._inventory = inventory
        self._neighbours = neighbours
        self._clock = clock
        self._changed: set[FeedId] = set()
        self._due: IDelayedCall | None = None
        self._last = float("-inf")

    def changed(self, feed: FeedId) -> None:
        """What is durable of `feed`, or its fork, is not what it was."""
        self._inventory.changed(feed)
        self._changed.add(feed)
        if self._due is None:
            wait = max(0.0, self._last + HAVE_INTERVAL - self._clock.seconds())
            self._due = self._clock.callLater(wait, self._announce)

    def resumed(self, neighbour: Neighbour) -> None:
        """A link takes more again: tell what it was not told."""
        if neighbour.unsaid:
            unsaid, neighbour.unsaid = neighbour.unsaid, set()
            self._tell([neighbour], unsaid)

    def _announce(self) -> None:
        self._due = None
        self._last = self._clock.seconds()
        changed, self._changed = self._changed, set()
        ready = []
        for neighbour in self._neighbours.values():
            if neighbour.wire.writable:
                ready.append(neighbour)
            else:
                neighbour.unsaid |= changed
        self._tell(ready, changed)

    def _tell(self, neighbours: list[Neighbour], feeds: Iterable[FeedId]) -> None:
        for frame in self._inventory.lines(feeds):
            line = encode(frame)
            for neighbour in neighbours:
                neighbour.wire.send_line(line)
