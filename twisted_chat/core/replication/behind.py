"""Which feeds this peer lacks something of that a neighbour holds, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour, Wire

MAX_ASKED = 64
"""Feeds wanted from one neighbour at a time."""
TURN = 2.0
"""Seconds after which a source makes way for another, though it sends: it may do so as slowly as it can. Once all have had a turn
each next one is twice as long."""
LONGEST_TURN = 60.0


class Lag:
    """A feed of which a neighbour holds more than we do.

    `since` is when we learned it. `offered` is when the next record was last offered by a neighbour that has not failed to send
    it. `lacking` counts the neighbours that hold more. `asked` is when the source was asked, `turn` is the length of its turn,
    and `had` are those that had a turn of that length before."""

    __slots__ = ("asked", "had", "lacking", "offered", "since", "turn")

    def __init__(self, now: float) -> None:
        self.since = now
        self.offered = now
        self.lacking = 0
        self.asked = now
        self.turn = TURN
        self.had: tuple[Neighbour, ...] = ()

    def turn_is_over(self, feed: FeedId, source: Neighbour, offers: Iterable[Neighbour], now: float) -> bool:
        """Whether a source has had its turn and another has not. If so, that is noted. The author never makes way."""
        if source.wire.member == feed.author or now - self.asked < self.turn:
            return False
        others = [each for each in offers if each is not source and each.wire.writable and not each.vain]
        others = [each for each in others if len(each.asked) < MAX_ASKED]
        if not others:
            return False
        if all(each in self.had for each in others):
            self.had = ()
            self.turn = min(2 * self.turn, LONGEST_TURN)
        else:
            self.had = (*self.had, source)
        return True


class Behind(dict[FeedId, Lag]):
    """The feeds that are behind, and for each neighbour those of which it holds more."""

    def __init__(self, inventory: Inventory, neighbours: Mapping[Wire, Neighbour]) -> None:
        super().__init__()
        self._inventory = inventory
        self._neighbours = neighbours

    def add(self, feed: FeedId, neighbour: Neighbour, now: float) -> None:
        """Note that a neighbour holds records of `feed` that are lacking here."""
        neighbour.lacking[feed] = None
        self.setdefault(feed, Lag(now)).lacking += 1

    def lacks(self, feed: FeedId, neighbour: Neighbour) -> bool:
        """Whether a neighbour holds something of `feed` that is not held here."""
        low, high = neighbour.holds(feed)
        holding = self._inventory.get(feed)
        if holding is None:
            return high > self._inventory.ended(feed)
        return high > holding.high or any(low <= hole.first <= high for hole in holding.holes)

    def lacks_no_more(self, feed: FeedId, neighbour: Neighbour) -> None:
        """Note that a neighbour holds nothing of `feed` that is lacking here."""
        if feed in neighbour.lacking:
            del neighbour.lacking[feed]
            self[feed].lacking -= 1

    def lost(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: what it alone offered is no longer behind."""
        for feed in list(neighbour.lacking):
            self.lacks_no_more(feed, neighbour)
            if not self[feed].lacking:
                del self[feed]

    def forget(self, feed: FeedId) -> None:
        """Nothing of `feed` is wanted from anybody."""
        self.pop(feed, None)
        for neighbour in self._neighbours.values():
            neighbour.lacking.pop(feed, None)
