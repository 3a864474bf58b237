"""What has become of this peer's own records: gone out, kept here, held by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted_chat.core.inventory import Inventory
from twisted_chat.core.neighbour import Neighbour, Wire
from twisted_chat.core.own import OwnFeed


class Receipts:
    """Tells how far the own feed has come, from what neighbours say that they hold."""

    def __init__(
        self,
        own: OwnFeed,
        inventory: Inventory,
        neighbours: Mapping[Wire, Neighbour],
        delivered: Callable[[int, bool, set[bytes], set[bytes]], None],
    ) -> None:
        """`delivered` is called as `Audience.delivered` says."""
        self._own = own
        self._inventory = inventory
        self._neighbours = neighbours
        self._delivered = delivered
        self._told: tuple[int, bool, set[bytes], set[bytes]] = (0, True, set(), set())

    def look(self) -> None:
        """Tell how far the newest own record has come, if that has changed."""
        own, number = self._own.feed, self._own.holding.high
        durable = [neighbour for neighbour in self._neighbours.values() if neighbour.wire.durable]
        members = {neighbour.wire.member for neighbour in durable} - {own.author}
        holders = {neighbour.wire.member for neighbour in durable if neighbour.offers(own, number)} & members
        state = (number, self._own.holding.kept_high == number, holders, members)
        if number and state != self._told:
            self._told = state
            self._delivered(*state)

    def sent(self) -> bool:
        """Whether all own records have gone to the transport of every neighbour that wants them.

        A neighbour that has yet to say what it holds may want them.
        """
        return not self._own.waiting and all(map(self._drained, self._neighbours.values()))

    def _drained(self, neighbour: Neighbour) -> bool:
        high = self._own.holding.high
        return not high or (neighbour.synced and neighbour.drained(self._own.feed, high))

    def handed_over(self) -> bool:
        """Whether one neighbour has all that is held here of this identity's, former lives included, on its disk."""
        held = [each for each in self._inventory.of(self._own.feed.author) if each.kept_low <= each.kept_high]
        return not self._own.waiting and any(
            neighbour.wire.durable and all(neighbour.offers(holding.feed, holding.kept_high) for holding in held)
            for neighbour in self._neighbours.values()
        )
