"""Limits for feeds that neighbours list and nobody here holds: all of them may be invented."""

from __future__ import annotations

from collections.abc import Iterable

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.inventory import MAX_FEEDS, MAX_HELD
from twisted_chat.core.replication.neighbour import Neighbour

MAX_HAVE = MAX_HELD + MAX_FEEDS
"""Feeds remembered of what one neighbour lists, not counting those that are held here: a group's, and its own of former times."""
OF_EACH = 4_000
"""Of those, how many there is room for of each neighbour, whatever others list."""
BEYOND = 120_000
"""Of those beyond that, how many there is room for of all neighbours together: so many as two of them may list."""


class Listings:
    """Counts, for each neighbour, the feeds it listed of which nothing was held here, and has not come since."""

    def __init__(self) -> None:
        self._beyond = 0

    def takes(self, neighbour: Neighbour) -> bool:
        """Whether one more such feed of a neighbour's is to be remembered."""
        room = neighbour.strange < OF_EACH or self._beyond < BEYOND
        return room and len(neighbour.have) < MAX_HAVE

    def took(self, neighbour: Neighbour) -> None:
        """One more is remembered."""
        neighbour.strange += 1
        self._beyond += neighbour.strange > OF_EACH

    def came(self, feed: FeedId, neighbours: Iterable[Neighbour]) -> None:
        """Something of a feed has come that was not held."""
        for neighbour in neighbours:
            if neighbour.strange and feed in neighbour.have:
                self._beyond -= neighbour.strange > OF_EACH
                neighbour.strange -= 1

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone."""
        self._beyond -= max(0, neighbour.strange - OF_EACH)
