"""The feed this process writes: what it says is gathered, and sealed in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.feeds import Batch, FeedId, Group, seal, split
from twisted_chat.core.holding import Holding
from twisted_chat.core.inventory import Inventory
from twisted_chat.core.keys import Identity
from twisted_chat.core.records import KnownRecord


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
        clock: IReactorTime,
        take: Callable[[Batch], None],
    ) -> None:
        """`new_epoch` returns a random number below 2^53; `take` is given every batch."""
        self.name = name
        self.begun = False
        self._identity = identity
        self._group = group
        self._hybrid = hybrid
        self._inventory = inventory
        self._new_epoch = new_epoch
        self._clock = clock
        self._take = take
        self._prev = b""
        self._outbox: list[KnownRecord] = []
        self._due = False

    def begin(self) -> None:
        """Open a new epoch, whose first batch names the newest one known of this author."""
        earlier = self._inventory.of(self._identity.id)
        self._prev = max(earlier, key=lambda holding: holding.tip_lc).tip if earlier else b""
        self.feed = FeedId(self._identity.id, self._new_epoch())
        self.holding = self._inventory.hold(self.feed, own=True)
        self.begun = True

    @property
    def waiting(self) -> bool:
        """Whether records wait to be sealed."""
        return bool(self._outbox)

    def add(self, record: KnownRecord) -> None:
        """Gather a record, checked before; what is gathered within a reactor turn is sealed together at its end."""
        self._outbox.append(record)
        if not self._due:
            self._seal_later()

    def flush(self) -> None:
        """Seal all that was gathered, now; before `begin`, nothing."""
        if self.begun:
            records, self._outbox = self._outbox, []
            self._seal(split(records))

    def _seal_later(self) -> None:
        if self.begun:
            self._due = True
            self._clock.callLater(0, self._end_turn)

    def _end_turn(self) -> None:
        """Seal what was gathered; if that is several batches, what does not fill the last waits a turn for more."""
        self._due = False
        runs = list(split(self._outbox))
        self._outbox = runs.pop() if len(runs) > 1 else []
        if self._outbox:
            self._seal_later()
        self._seal(runs)

    def _seal(self, runs: Iterable[list[KnownRecord]]) -> None:
        for run in runs:
            lc = self._hybrid.stamp(len(run))
            at = self._hybrid.wall_ms()
            prev = self.holding.tip or self._prev
            first = self.holding.high + 1
            batch = seal(self._identity, self._group, self.feed.epoch, first, prev, at, lc, self.name, run)
            self.holding.extend(batch)
            self._take(batch)
