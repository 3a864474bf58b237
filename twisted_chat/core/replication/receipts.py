"""The delivery of this peer's own records: gone out, kept here, held by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ownfeed import OwnFeed
from twisted_chat.core.throttle import Throttle

NOTHING = (1, 0)
"""The first and last record of who holds none."""


class Receipts:
    """Tells how far the own feed has come, from what is kept here and what neighbours say that they hold."""

    def __init__(
        self,
        own: OwnFeed,
        inventory: Inventory,
        neighbours: Mapping[Wire, Neighbour],
        delivered: Callable[[FeedId, int, Mapping[bytes, tuple[int, int]]], None],
        clock: IReactorTime,
    ) -> None:
        """`delivered` is called as `Audience.delivered` says."""
        self._own = own
        self._inventory = inventory
        self._neighbours = neighbours
        self._delivered = delivered
        self._rounds = Throttle(clock, lambda: 0.0, self._tell)
        self._told: tuple[FeedId, int, Mapping[bytes, tuple[int, int]]] | None = None

    def begin(self) -> None:
        """Tell at once which feed is written from now on."""
        self._tell()

    def look(self) -> None:
        """Tell how far the own records have come if that has changed, once for all that happens in this reactor turn."""
        self._rounds.ask()

    def stop(self) -> None:
        """Tell no more."""
        self._rounds.stop()

    def _tell(self) -> None:
        state = (self._own.feed, self._own.holding.kept_high, self._held())
        if state != self._told:
            self._told = state
            self._delivered(*state)

    def _held(self) -> dict[bytes, tuple[int, int]]:
        """Return the range of the own feed that each linked member with a disk holds; of two links to one member, the one
        that ends later."""
        held: dict[bytes, tuple[int, int]] = {}
        for neighbour in self._neighbours.values():
            member = neighbour.wire.member
            if neighbour.wire.durable and member != self._own.feed.author:
                told = neighbour.have.get(self._own.feed, NOTHING)
                held[member] = max(held.get(member, NOTHING), told, key=itemgetter(1))
        return held

    def sent(self) -> bool:
        """Whether all own records have gone to the transport of every neighbour that wants them.

        A neighbour that has yet to say what it holds may want them.
        """
        return not self._own.waiting and all(map(self._drained, self._neighbours.values()))

    def _drained(self, neighbour: Neighbour) -> bool:
        high = self._own.holding.high
        return not high or (neighbour.synced and neighbour.drained(self._own.feed, high))

    def handed_over(self) -> bool:
        """Whether one neighbour has all records of this identity on its disk: those of former processes that are kept here,
        and all of this one."""
        own = self._own.holding
        held = [each for each in self._inventory.of(self._own.feed.author) if each.kept_low <= each.kept_high]
        ends = {each.feed: each.kept_high for each in held} | ({own.feed: own.high} if own.high else {})
        return not self._own.waiting and any(
            neighbour.wire.durable and all(neighbour.offers(feed, end) for feed, end in ends.items())
            for neighbour in self._neighbours.values()
        )
