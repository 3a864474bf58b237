"""The feed this process writes: what it says is gathered, and signed in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.feeds.batches import Batch, FeedId, sign_batch, split
from twisted_chat.core.feeds.ids import MessageId, Ticket
from twisted_chat.core.feeds.records import KnownRecord
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.inventory import Inventory

EPOCHS_REMEMBERED = 64
"""Epochs of this process whose ids tickets still tell: it has more than one only if others use its key as well."""


class Signer(Struct, frozen=True):
    """The identity that signs, the group it signs for, and its name at first."""

    identity: Identity
    group: Group
    name: str


class Ending(NamedTuple):
    """The end of a process's feed: its last record, and the hash of the batch that has it."""

    feed: FeedId
    high: int
    tip: bytes


class OwnFeed:
    """The current epoch of this peer's author. `begin` comes first; records may be added before.

    `name` is the name that batches bear from now on.

    A record that is gathered has no number yet: if another process turns out to write the same feed, what was gathered is signed
    in a new epoch. So each gets a ticket, which finds out when it is asked.
    """

    feed: FeedId
    holding: Holding

    def __init__(
        self,
        signer: Signer,
        hybrid: HybridClock,
        inventory: Inventory,
        new_epoch: Callable[[], int],
        clock: IReactorTime,
        take: Callable[[Batch], None],
    ) -> None:
        """`new_epoch` returns a random number below 2^53; `take` is given every batch."""
        self.name = signer.name
        self.begun = False
        self.resumed = False
        """Whether `feed` was begun by an earlier process."""
        self._identity = signer.identity
        self._group = signer.group
        self._hybrid = hybrid
        self._inventory = inventory
        self._new_epoch = new_epoch
        self._clock = clock
        self._take = take
        self._prev = b""
        self._outbox: list[KnownRecord] = []
        self._due = False
        self._serials = count()
        """The number of records that were added in this process before one."""
        self._signed = 0
        """The number of records that were signed."""
        self._epochs: deque[tuple[int, FeedId, int]] = deque(maxlen=EPOCHS_REMEMBERED)
        """Which of those was the first in each epoch, and its number there."""

    def begin(self, ending: Ending | None = None) -> None:
        """Open a new epoch, whose first batch names the newest one known of this author; or go on with the newest, if an
        `ending` permits it and it is held as it was left, whole."""
        newest = max(self._inventory.of(self._identity.id), key=lambda holding: holding.tip_lc, default=None)
        self._prev = newest.tip if newest is not None else b""
        self.resumed = newest is not None and ending is not None and _is_left(newest, ending)
        self.feed = newest.feed if newest is not None and self.resumed else FeedId(self._identity.id, self._new_epoch())
        self.holding = self._inventory.hold(self.feed, own=True)
        self.begun = True

    @property
    def ending(self) -> Ending | None:
        """The end of the feed, if this process ended now; None if no process may go on with it."""
        held = self.holding
        if not held.high or held.high != held.kept_high or held.fork is not None or self.waiting:
            return None
        return Ending(self.feed, held.high, held.tip)

    @property
    def waiting(self) -> bool:
        """Whether records wait to be signed."""
        return bool(self._outbox)

    def add(self, record: KnownRecord) -> Ticket:
        """Gather a record, checked before; what is gathered within a reactor turn is signed together at its end."""
        self._outbox.append(record)
        if not self._due:
            self._seal_later()
        return Ticket(self, next(self._serials))

    def find(self, serial: int) -> MessageId | None:
        """Return the id of the record that was added when so many had been; None if it has none yet."""
        for start, feed, first in reversed(self._epochs if serial < self._signed else ()):
            if start <= serial:
                return MessageId(feed.author, feed.epoch, first + serial - start)
        return None

    def flush(self) -> None:
        """Sign all that was gathered, now; before `begin`, nothing."""
        if self.begun:
            records, self._outbox = self._outbox, []
            self._seal(split(records))

    def _seal_later(self) -> None:
        if self.begun:
            self._due = True
            self._clock.callLater(0, self._end_turn)

    def _end_turn(self) -> None:
        """Sign what was gathered; if that is several batches, what does not fill the last waits a turn for more."""
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
            batch = sign_batch(self._identity, self._group, self.feed.epoch, first, prev, at, lc, self.name, run)
            self.holding.extend(batch)
            if not self._epochs or self._epochs[-1][1] != self.feed:
                self._epochs.append((self._signed, self.feed, first))
            self._signed += len(run)
            self._take(batch)


def _is_left(holding: Holding, ending: Ending) -> bool:
    """Whether a feed is held as it was left. One whose beginning was given up is not gone on with: who is new would have to wait
    until it is certain that nobody has that."""
    left = (holding.feed, holding.high, holding.tip) == ending
    return left and holding.low == 1 and holding.fork is None and not holding.cutting
