"""The feed this process writes: what it says is gathered, and sealed in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Raw

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.feeds import Batch, FeedId, Group, seal, split
from twisted_chat.core.holding import Holding
from twisted_chat.core.inventory import Inventory
from twisted_chat.core.keys import Identity


class OwnFeed:
    """The current epoch of this peer's author. `begin` comes first; records may be added before.

    `name` is the name that batches bear from now on.
    """

    feed: FeedId
    holding: Holding

    def __init__(
        self,
        identity: Identity,
        group: Group,
        name: str,
        hybrid: HybridClock,
        inventory: Inventory,
        new_epoch: Callable[[], int],
    ) -> None:
        """`new_epoch` returns a random number below 2^53."""
        self.name = name
        self.begun = False
        self._identity = identity
        self._group = group
        self._hybrid = hybrid
        self._inventory = inventory
        self._new_epoch = new_epoch
        self._prev = b""
        self._outbox: list[Raw] = []

    def begin(self) -> None:
        """Open a new epoch, whose first batch names the newest one known of this author."""
        earlier = self._inventory.of(self._identity.id)
        self._prev = max(earlier, key=lambda holding: holding.tip_lc).tip if earlier else b""
        self.feed = FeedId(self._identity.id, self._new_epoch())
        self.holding = self._inventory.hold(self.feed)
        self.begun = True

    @property
    def waiting(self) -> bool:
        """Whether records wait to be sealed."""
        return bool(self._outbox)

    def add(self, record: Raw) -> None:
        """Gather a record."""
        self._outbox.append(record)

    def seal(self) -> Iterator[Batch]:
        """Seal what was gathered, as the feed's next batches."""
        records, self._outbox = self._outbox, []
        for run in split(records):
            lc = self._hybrid.stamp(len(run))
            at = self._hybrid.wall_ms()
            prev = self.holding.tip or self._prev
            first = self.holding.high + 1
            batch = seal(self._identity, self._group, self.feed.epoch, first, prev, at, lc, self.name, run)
            self.holding.extend(batch)
            yield batch
