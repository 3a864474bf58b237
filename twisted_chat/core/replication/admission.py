"""Whether anything of a feed is to be taken: its author may have used up a quota, or the group its room."""

from __future__ import annotations

from collections.abc import Mapping

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication.audience import Audience
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ownfeed import OwnFeed
from twisted_chat.core.replication.quotas import Quotas


class Admission:
    """Decides whether there is room for a feed. Linked and known members have more."""

    def __init__(
        self,
        inventory: Inventory,
        neighbours: Mapping[Wire, Neighbour],
        quotas: Quotas,
        own: OwnFeed,
        audience: Audience,
    ) -> None:
        self._inventory = inventory
        self._neighbours = neighbours
        self._quotas = quotas
        self._own = own
        self._audience = audience

    def has_room(self, feed: FeedId) -> bool:
        """Whether there is room for something of `feed`; see `Inventory.has_room`."""
        if self._inventory.has_room(feed):
            return True
        linked = any(neighbour.wire.member == feed.author for neighbour in self._neighbours.values())
        return self._inventory.has_room(feed, linked, self._audience.knows(feed.author))

    def refuses(self, feed: FeedId) -> bool:
        """Whether `feed` is wanted from nobody: this process writes it, or nothing of it would be taken."""
        return feed == self._own.feed or not self._quotas.admits(feed.author) or not self.has_room(feed)
