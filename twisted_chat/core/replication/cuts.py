"""Feeds that end before where they did: at a fork, or at what the disk has lost. Others are told and asked, and if it is the own
feed, it is gone on with in another epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.replication.announcing import Announcer
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ownfeed import OwnFeed
from twisted_chat.core.replication.receipts import Receipts
from twisted_chat.core.replication.sources import Sources
from twisted_chat.core.wire.frames import Want


class Cuts:
    """Does what follows when a feed was cut."""

    def __init__(
        self,
        own: OwnFeed,
        inventory: Inventory,
        neighbours: Mapping[Wire, Neighbour],
        sources: Sources,
        announcer: Announcer,
        receipts: Receipts,
        forked: Callable[[bytes], None],
    ) -> None:
        """`forked` is called with the author when a feed of that author is cut at a fork for the first time."""
        self._own = own
        self._inventory = inventory
        self._neighbours = neighbours
        self._sources = sources
        self._announcer = announcer
        self._receipts = receipts
        self._forked = forked

    def doubted(self, feed: FeedId) -> None:
        """A feed is going to be checked, since records of it can't be read."""
        if self._own.begun and feed == self._own.feed:
            self.begin_anew()  # which number comes next can't be told from what is held

    def checked(self, holding: Holding) -> None:
        """A feed was checked: lost records are announced no more, and asked of others."""
        self._sources.cut(holding)
        self._announcer.changed(holding.feed)

    def frozen(self, fork: Fork, first: bool) -> None:
        """A feed was cut at a fork: pass the proof on. If the records before the fork are in doubt too, ask for them."""
        holding = self._inventory[fork.feed]
        self._sources.cut(holding)
        self._announcer.changed(fork.feed)
        self._announcer.prove(self._neighbours.values(), [fork.feed])
        for neighbour in self._neighbours.values():
            if fork.deeper and holding.high == fork.place - 1 > 0:
                neighbour.wire.send(Want(fork.feed, holding.tip_first))
        if fork.feed == self._own.feed:  # another process has this one's key and epoch: a copied virtual machine
            self.begin_anew()
        if first:
            self._forked(fork.feed.author)

    def begin_anew(self) -> None:
        """Write a new epoch from now on, and push it to everybody."""
        self._own.begin()
        self._receipts.begin()
        for neighbour in self._neighbours.values():
            neighbour.follow(self._own.feed, 1, 0)
