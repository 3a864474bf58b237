"""What happens to a feed's `[low, high]`, tip and hole when batches come and go: the rules that every store shares.

A feed may be stored in several runs. The newest is `[low, high]`; below it, beyond the `hole`, lies the run that starts at
`base`; what lies below that is kept, but nobody is asked for what is missing between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from twisted_chat.core.feeds import Batch, FeedId
from twisted_chat.core.store import Held

NO_HOLE = (0, 0)


@dataclass(frozen=True)
class Head:
    """`core.store.Held` and `base`: what `low` will be once the hole is filled; `low` itself if there is no hole. `bytes` is
    how much is stored of the feed."""

    low: int
    high: int
    base: int
    hole: tuple[int, int]
    tip: bytes
    tip_first: int
    tip_lc: int
    bytes: int

    @classmethod
    def begin(cls, batch: Batch) -> Head:
        """Return the head of a feed of which only `batch` is stored."""
        hole = NO_HOLE if batch.first == 1 else (1, batch.first - 1)
        return cls(batch.first, batch.last, 1, hole, batch.hash, batch.first, batch.last_lc, batch.size)

    def add(self, batch: Batch) -> Head | None:
        """Return the head with `batch` stored too, or None if it neither goes on, nor jumps ahead, nor fills the hole."""
        head = self._with(batch)
        return head and replace(head, bytes=self.bytes + batch.size)

    def _with(self, batch: Batch) -> Head | None:
        if batch.first == self.high + 1:
            return self._topped(batch)
        if batch.first > self.high:
            hole = (self.high + 1, batch.first - 1)
            return replace(self._topped(batch), low=batch.first, base=self.low, hole=hole)
        start, end = self.hole
        if batch.first != start or batch.last > end:
            return None
        if batch.last < end:
            return replace(self, hole=(batch.last + 1, end))
        return replace(self, low=self.base, hole=NO_HOLE)

    def drop_below(self, lowest: int, freed: int) -> Head:
        """Return the head when `freed` bytes are gone and the lowest batch still stored starts at `lowest`, `high + 1` if none.

        Once `low` itself rises the hole is forgotten: what was given up for its age is not asked for again.
        """
        if lowest > self.low:
            return replace(self, low=lowest, base=lowest, hole=NO_HOLE, bytes=self.bytes - freed)
        return replace(self, base=max(self.base, min(lowest, self.hole[0] or self.low)), bytes=self.bytes - freed)

    def cut(self, place: int, left: Iterable[Batch], freed: int) -> Head | None:
        """Return the head when all batches that reach `place`, of `freed` bytes, are gone; None if nothing is left.

        `left` gives the feed's other batches, newest first; no more are taken from it than are needed.
        """
        if place > self.high:
            return self
        remaining = iter(left)
        newest = next(remaining, None)
        if newest is None:
            return None
        topped = replace(self._topped(newest), bytes=self.bytes - freed)
        if newest.first >= self.low:
            return topped
        low = newest.first
        if low >= self.base:
            low = self.base
        else:
            for batch in remaining:
                if batch.last + 1 != low:
                    break
                low = batch.first
        return replace(topped, low=low, base=low, hole=NO_HOLE)

    def held(self, feed: FeedId) -> Held:
        """Return what the rest of the program is told."""
        return Held(feed, self.low, self.high, self.tip, self.tip_first, self.tip_lc, self.hole)

    def _topped(self, batch: Batch) -> Head:
        return replace(self, high=batch.last, tip=batch.hash, tip_first=batch.first, tip_lc=batch.last_lc)


def sizes(heads: Iterable[tuple[FeedId, Head]]) -> Mapping[bytes, int]:
    """Return how many bytes are stored of each author."""
    found: Counter[bytes] = Counter()
    for feed, head in heads:
        found[feed.author] += head.bytes
    return found
