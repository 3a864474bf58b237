"""The records of one feed that this peer holds, and the place of a batch among them."""

from __future__ import annotations

import enum

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.replication import holes
from twisted_chat.core.replication.holes import MAX_HOLES, Hole, Holes, Runs
from twisted_chat.core.replication.store import Held
from twisted_chat.core.wire.frames import Range

TIP_BYTES = 16
"""Bytes of the newest batch's hash that are announced: so many that nobody finds two batches that have it in common."""


class Place(enum.Enum):
    """Where a batch belongs."""

    NEXT = "continues what is held"
    FILLS = "continues into a hole below what is held"
    KNOWN = "is held already, or lies where nothing is missing"
    GAP = "lies beyond a gap"
    CONFLICT = "contradicts the newest batch held"
    FROZEN = "lies at or behind the place of a fork"


class Holding:
    """The records `[low, high]` of one feed, and those of them that are durable.

    `kept_low` and `kept_high` are what may be announced in `have`: durable, and free of gaps. `cutting` is above 0 while the
    store drops what lies behind a fork: until it says what is left nothing more has a place. `closing` is the last record
    that filled the highest hole and is not yet durable; `unkept` has the first record of each batch that the store failed to
    keep.
    """

    __slots__ = (
        "closing", "cutting", "feed", "fork", "high", "holes", "kept_high", "kept_low", "kept_tip", "low", "tip", "tip_first",
        "tip_lc", "unkept",
    )  # fmt: skip

    def __init__(self, feed: FeedId) -> None:
        self.feed = feed
        self.low = 1
        self.high = 0
        self.tip = b""
        self.tip_first = 0
        self.tip_lc = 0
        self.holes: Holes = ()
        self.closing = 0
        self.unkept: set[int] = set()
        self.kept_low = 1
        self.kept_high = 0
        self.kept_tip = b""
        self.fork: Fork | None = None
        self.cutting = 0

    def load(self, held: Held | None) -> None:
        """Take over what a store holds of this feed, all of it durable."""
        held = held or Held(self.feed, 1, 0, b"", 0, 0)
        self.low, self.high, self.tip = held.low, held.high, held.tip
        self.tip_first, self.tip_lc, self.holes = held.tip_first, held.tip_lc, held.holes
        self.closing = 0
        self.unkept.clear()
        self.kept_low, self.kept_high, self.kept_tip = held.low, held.high, held.tip[:TIP_BYTES]

    @property
    def empty(self) -> bool:
        """Whether nothing of this feed ever came: whoever offered it may have made it up."""
        return self.high == 0 and self.fork is None and not self.cutting

    @property
    def spent(self) -> bool:
        """Whether something came of it, and all of that was given up."""
        given_up = 0 < self.high == self.kept_high < self.low and not self.holes
        return given_up and not self.cutting and self.fork is None

    @property
    def runs(self) -> Runs:
        """The records that are held, as runs without a gap."""
        return holes.runs(self.holes, self.low, self.high)

    @property
    def ended(self) -> bool:
        """Whether all is held up to a fork: nothing can follow."""
        return self.fork is not None and self.high >= self.fork.place - 1

    @property
    def may_jump(self) -> bool:
        """Whether there is room for one more hole."""
        return len(self.holes) < MAX_HOLES

    def place(self, batch: Batch) -> Place:
        """Say where `batch`, whose signature need not be known good yet, belongs."""
        if self.cutting or (self.fork is not None and batch.last >= self.fork.place):
            return Place.FROZEN
        if batch.first == self.high + 1:
            return Place.NEXT
        if batch.first > self.high:
            return Place.GAP
        if batch.last >= self.tip_first and batch.hash != self.tip:
            return Place.CONFLICT
        if any(hole.starts(batch) for hole in self.holes):
            return Place.FILLS
        return Place.KNOWN

    def contradicted(self, batch: Batch) -> int:
        """Return a record of the batch held that `batch`, placed NEXT, FILLS or CONFLICT, contradicts; 0 if there is none."""
        if batch.first <= self.high:
            hole = next((hole for hole in self.holes if hole.starts(batch)), None)
            if hole is None:
                return self.tip_first
            return hole.first - 1 if not hole.follows(batch) else 0 if hole.leads(batch) else hole.last + 1
        between = batch.first - self.high
        chained = between > 1 or batch.prev == self.tip
        return 0 if self.high == 0 or (chained and batch.lc - self.tip_lc >= between) else self.tip_first

    def extend(self, batch: Batch) -> None:
        """Add a verified batch that contradicts nothing: one placed NEXT, or in a GAP, which makes a hole if there `may_jump`."""
        if batch.first > self.high + 1:
            before = self.tip if self.high else None
            hole = Hole(self.high + 1, batch.first - 1, self.low, before, self.tip_lc, batch.prev, batch.lc)
            self.holes = (hole, *self.holes)
            self.low = batch.first
        self.high, self.tip = batch.last, batch.hash
        self.tip_first, self.tip_lc = batch.first, batch.last_lc

    def fill(self, batch: Batch) -> None:
        """Add a verified batch placed FILLS that contradicts nothing."""
        after = holes.filled(self.holes, self.low, batch)
        assert after is not None
        if batch.last == self.holes[0].last:
            self.closing = batch.last
        self.holes, self.low = after

    def keep(self, batch: Batch) -> None:
        """Note that `batch`, added before, is durable now."""
        if batch.first > self.kept_high:
            if batch.first != self.kept_high + 1:
                self.kept_low = batch.first
            self.kept_high, self.kept_tip = batch.last, batch.hash[:TIP_BYTES]
        elif batch.last == self.closing:  # and so is all that filled the hole before it
            self.closing = 0
        self.unkept.discard(batch.first)
        if not (self.closing or self.unkept):
            self.kept_low = min(self.kept_low, self.low)

    def miss(self, batch: Batch) -> None:
        """Note that `batch`, added before, is not durable yet, though later ones may be before it is."""
        self.unkept.add(batch.first)

    def range(self) -> Range:
        """Return what may be announced."""
        return Range(self.feed.epoch, self.kept_low, self.kept_high, self.kept_tip)

    def contradicted_by(self, told: Range) -> bool:
        """Whether somebody holds another batch than we do in the place of our newest, by what they announce."""
        newest = told.high == self.kept_high == self.high > 0
        return newest and bool(told.tip) and told.tip != self.kept_tip[: len(told.tip)]

    def trim(self, low: int) -> None:
        """Note that the store gave up the records below `low`."""
        self.low = max(self.low, low)
        self.kept_low = max(self.kept_low, low)
        self.holes = ()
        self.closing = 0
