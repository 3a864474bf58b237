"""Records of a feed that were jumped over because nobody offered them, and may yet be filled: the rules that what is held in
memory and every store share.

A feed may be held in several runs. The newest is `[low, high]`; below it lies a hole, below that another run, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twisted_chat.core.feeds.batches import Batch

MAX_HOLES = 16
"""Holes in one feed; with so many, no further record is jumped over."""


class Hole(NamedTuple):
    """Records `[first, last]` are missing. `base` is where the run below begins, `first` itself if there is none.

    What is filled in has to continue the batch before, of that hash and with that last hybrid time, and to lead to the batch
    after, which names that one before it and has that hybrid time. None: that is not known.
    """

    first: int
    last: int
    base: int
    before: bytes | None = None
    before_lc: int = 0
    after: bytes | None = None
    after_lc: int = 0

    def starts(self, batch: Batch) -> bool:
        """Whether `batch` begins where this does, and does not reach beyond it."""
        return batch.first == self.first and batch.last <= self.last

    def follows(self, batch: Batch) -> bool:
        """Whether a batch that starts here continues the batch before."""
        return self.before is None or (batch.prev == self.before and batch.lc > self.before_lc)

    def leads(self, batch: Batch) -> bool:
        """Whether the batch after can still come after a batch that starts here."""
        left = self.last + 1 - batch.last
        return self.after is None or (self.after_lc - batch.last_lc >= left and (left > 1 or self.after == batch.hash))

    def rest(self, batch: Batch) -> Hole:
        """Return what is left once a batch that starts here is taken."""
        return self._replace(first=batch.last + 1, before=batch.hash, before_lc=batch.last_lc)


Holes = tuple[Hole, ...]
"""The highest first."""


def filled(holes: Holes, low: int, batch: Batch) -> tuple[Holes, int] | None:
    """Return the holes, and where the newest run begins, once `batch` is taken; None if it starts none of them."""
    for index, hole in enumerate(holes):
        if hole.starts(batch):
            above, below = holes[:index], holes[index + 1 :]
            if batch.last < hole.last:
                return (*above, hole.rest(batch), *below), low
            if not above:
                return below, hole.base
            return (*above[:-1], above[-1]._replace(base=hole.base), *below), low
    return None


def without(holes: Holes, lowest: int) -> Holes:
    """Return the holes when no record below `lowest` is kept any more: what was given up for its age is not missing."""
    kept = [hole for hole in holes if hole.last + 1 >= lowest]
    if kept:
        kept[-1] = kept[-1]._replace(base=max(kept[-1].base, min(lowest, kept[-1].first)))
    return tuple(kept)


def cut(holes: Holes, low: int, last: int) -> tuple[Holes, int]:
    """Return the holes, and where the newest run begins, when `last` is the newest record that is left."""
    gone: Sequence[Hole] = [hole for hole in holes if hole.first > last]
    return holes[len(gone) :], gone[-1].base if gone else low


Runs = Sequence[tuple[int, int]]
"""Records that are held: the first and the last of each run without a gap, the lowest first."""


def runs(holes: Holes, low: int, high: int) -> Runs:
    """Return what is held, `[low, high]` being the newest run."""
    held = [(hole.base, hole.first - 1) for hole in reversed(holes)]
    return [(first, last) for first, last in [*held, (low, high)] if first <= last]


def missing(before: Runs, now: Runs) -> Runs:
    """Return which records of those in `before` are not among those in `now`."""
    lost: list[tuple[int, int]] = []
    for first, last in before:
        for low, high in now:
            if low <= last and high >= first:
                if first < low:
                    lost.append((first, low - 1))
                first = high + 1
        if first <= last:
            lost.append((first, last))
    return lost
