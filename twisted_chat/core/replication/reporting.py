"""The progress of catching up, told now and then while it takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.behind import Behind
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour

REPORTED_ON = 2_000
"""Feeds that count in a report of progress: as many as can be gone through in a moment."""
PROGRESS = 1.0
"""Seconds between two reports of how far catching up has come."""


class Report:
    """Counts the records `received` since this peer has been behind, and those that are still lacking."""

    def __init__(self, inventory: Inventory, behind: Behind, tell: Callable[[int, int], None]) -> None:
        """`tell(received, total)` is called every second."""
        self.received = 0
        self._inventory = inventory
        self._behind = behind
        self._tell = tell
        self._told = 0.0

    def begin(self, now: float) -> None:
        """Something is lacking from now on."""
        self._told = now

    def tell(self, behind: bool, going: Iterable[Neighbour], now: float) -> None:
        """Tell the progress, once a second, if this peer is `behind`. Lacking records count if one in `going` has them."""
        if not behind:
            self.received = 0
            self._told = now
        elif now - self._told >= PROGRESS:
            self._told = now
            lacking = (self._lacking(feed, going) for feed in islice(self._behind, REPORTED_ON))
            self._tell(self.received, self.received + sum(lacking))

    def _lacking(self, feed: FeedId, going: Iterable[Neighbour]) -> int:
        holding = self._inventory.known(feed)
        held = (neighbour.holds(feed) for neighbour in going)
        return max((max(0, high - max(holding.high, low - 1)) for low, high in held), default=0)
