"""Batches that the store has kept or given up. The ranges that may be announced change with them."""

from __future__ import annotations

from collections.abc import Iterable

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.announcing import Announcer
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.losses import Losses
from twisted_chat.core.replication.ownfeed import OwnFeed
from twisted_chat.core.replication.quotas import Quotas
from twisted_chat.core.replication.receipts import Receipts
from twisted_chat.core.replication.store import Store


class Keeping:
    """Notes what becomes of batches in the store."""

    def __init__(
        self,
        inventory: Inventory,
        store: Store,
        own: OwnFeed,
        losses: Losses,
        announcer: Announcer,
        quotas: Quotas,
        receipts: Receipts,
    ) -> None:
        self._inventory = inventory
        self._store = store
        self._own = own
        self._losses = losses
        self._announcer = announcer
        self._quotas = quotas
        self._receipts = receipts

    def unkept(self, batch: Batch) -> None:
        """The store failed to keep a batch; it is asked again."""
        self._inventory[batch.feed].miss(batch)

    def kept(self, batch: Batch, own: bool, lows: dict[FeedId, int]) -> None:
        """A batch is durable, and for it the store gave up the records of each feed below its number in `lows`."""
        holding = self._inventory[batch.feed]
        holding.keep(batch)
        self._losses.look(holding)
        self._announcer.changed(batch.feed)
        self.trimmed(lows)
        if own:
            self._receipts.look()

    def trimmed(self, lows: dict[FeedId, int]) -> None:
        """Note that the store gave up the records of each feed below its number in `lows`."""
        for feed, low in lows.items():
            holding = self._inventory.get(feed)
            if holding is not None:
                holding.trim(low)
                self._losses.look(holding)
                self._announcer.changed(feed)
        if lows:
            self._quotas.given_up()
            self.retire({feed.author for feed in lows})

    def retire(self, authors: Iterable[bytes]) -> None:
        """Let feeds of these authors that were given up and superseded take no more room."""
        forgotten = self._inventory.retire(authors, self._own.feed if self._own.begun else None)
        if forgotten:
            self._store.forget(forgotten)
