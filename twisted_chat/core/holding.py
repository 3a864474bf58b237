"""What this peer holds of one feed, and how a batch relates to that."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from twisted_chat.core.errors import FORGED, Refusal
from twisted_chat.core.feeds import Batch, FeedId, Fork
from twisted_chat.core.frames import Range
from twisted_chat.core.store import Held

if TYPE_CHECKING:
    from twisted_chat.core.neighbour import Neighbour


TIP_BYTES = 8
"""How much of the newest batch's hash is announced."""


class Place(enum.Enum):
    """Where a batch belongs."""

    NEXT = "continues what is held"
    FILLS = "continues into the hole below what is held"
    KNOWN = "is held already, or lies where nothing is missing"
    GAP = "lies beyond a gap"
    CONFLICT = "contradicts the newest batch held"
    FROZEN = "lies at or behind the place of a fork"


class Holding:
    """The records `[low, high]` of one feed, those of them that are durable, and where more are coming from.

    `kept_low` and `kept_high` are what may be announced in `have`: durable, and free of gaps. `cutting` is above 0 while the
    store drops what lies behind a fork: until it says what is left nothing more has a place. `closing` is the last record
    that filled a hole and is not yet durable.
    """

    __slots__ = (
        "closing", "cutting", "doubted", "feed", "filler", "floor", "fork", "high", "hole", "jump", "kept_high", "kept_low",
        "kept_tip", "low", "progress", "source", "tip", "tip_first", "tip_lc",
    )  # fmt: skip

    def __init__(self, feed: FeedId) -> None:
        self.feed = feed
        self.low = 1
        self.high = 0
        self.tip = b""
        self.tip_first = 0
        self.tip_lc = 0
        self.hole = (0, 0)
        self.floor = 1
        self.closing = 0
        self.kept_low = 1
        self.kept_high = 0
        self.kept_tip = b""
        self.fork: Fork | None = None
        self.source: Neighbour | None = None
        self.filler: Neighbour | None = None
        self.progress = 0.0
        self.jump = 0
        self.doubted = b""
        self.cutting = 0

    def load(self, held: Held | None) -> None:
        """Take over what a store holds of this feed, all of it durable."""
        held = held or Held(self.feed, 1, 0, b"", 0, 0)
        self.low, self.high, self.tip = held.low, held.high, held.tip
        self.tip_first, self.tip_lc, self.hole = held.tip_first, held.tip_lc, held.hole
        self.floor = held.hole[0]  # what lies below is announced again after the next start
        self.kept_low, self.kept_high, self.kept_tip = held.low, held.high, held.tip[:TIP_BYTES]

    @property
    def has_hole(self) -> bool:
        """Whether records below `low` were jumped over and may yet be filled in."""
        return self.hole[0] > 0

    @property
    def ended(self) -> bool:
        """Whether all is held up to a fork: nothing can follow."""
        return self.fork is not None and self.high >= self.fork.place - 1

    def place(self, batch: Batch) -> Place:
        """Say where `batch`, whose signature need not be known good yet, belongs."""
        if self.cutting or (self.fork is not None and batch.last >= self.fork.place):
            return Place.FROZEN
        if batch.first == self.high + 1 or batch.first == self.jump:
            return Place.NEXT
        if batch.first > self.high:
            return Place.GAP
        if batch.last >= self.tip_first and batch.hash != self.tip:
            return Place.CONFLICT
        if self.has_hole and batch.first == self.hole[0] and batch.last <= self.hole[1]:
            return Place.FILLS
        return Place.KNOWN

    def continues(self, batch: Batch) -> bool:
        """Whether a batch placed NEXT names the newest batch held as the one before it."""
        return self.high == 0 or batch.first != self.high + 1 or batch.prev == self.tip

    def extend(self, batch: Batch) -> None:
        """Add a verified batch placed NEXT. Raises `Refusal(FORGED)` if its hybrid time is not above the last."""
        if batch.lc <= self.tip_lc:
            raise Refusal(FORGED, "a batch whose time is not after that of the batch before it")
        if batch.first > self.high + 1:
            self.hole = (self.high + 1, batch.first - 1)
            self.floor, self.low = self.low, batch.first
        self.high, self.tip = batch.last, batch.hash
        self.tip_first, self.tip_lc = batch.first, batch.last_lc
        self.jump = 0

    def fill(self, batch: Batch) -> None:
        """Add a verified batch placed FILLS."""
        start, end = batch.last + 1, self.hole[1]
        self.hole = (start, end)
        if start > end:
            self.hole = (0, 0)
            self.low = self.floor
            self.closing = batch.last

    def keep(self, batch: Batch) -> None:
        """Note that `batch`, added before, is durable now."""
        if batch.first > self.kept_high:
            if batch.first != self.kept_high + 1:
                self.kept_low = batch.first
            self.kept_high, self.kept_tip = batch.last, batch.hash[:TIP_BYTES]
        elif batch.last == self.closing:  # and so is all that filled the hole before it
            self.kept_low = min(self.kept_low, self.low)

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
        self.hole = (0, 0)
        self.closing = 0
