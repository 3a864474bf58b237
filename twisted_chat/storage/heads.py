"""The changes of a feed's `[low, high]`, tip and holes when batches come and go. Every store shares these rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication import holes
from twisted_chat.core.replication.holes import MAX_HOLES, Hole, Holes, Runs
from twisted_chat.core.replication.store import Held


class Head(Struct, frozen=True):
    """`core.store.Held`, and how many `bytes` are stored of the feed."""

    low: int
    high: int
    holes: Holes
    tip: bytes
    tip_first: int
    tip_lc: int
    bytes: int

    @classmethod
    def begin(cls, batch: Batch) -> Head:
        """Return the head of a feed of which only `batch` is stored."""
        hole = () if batch.first == 1 else (Hole(1, batch.first - 1, 1, None, 0, batch.prev, batch.lc),)
        return cls(batch.first, batch.last, hole, batch.hash, batch.first, batch.last_lc, batch.size)

    def add(self, batch: Batch) -> Head | None:
        """Return the head with `batch` stored too, or None if it neither goes on, nor jumps ahead, nor fills a hole."""
        head = self._with(batch)
        return head and replace(head, bytes=self.bytes + batch.size)

    def _with(self, batch: Batch) -> Head | None:
        if batch.first == self.high + 1:
            return self._topped(batch)
        if batch.first > self.high:
            if len(self.holes) == MAX_HOLES:
                return None
            hole = Hole(self.high + 1, batch.first - 1, self.low, self.tip, self.tip_lc, batch.prev, batch.lc)
            return replace(self._topped(batch), low=batch.first, holes=(hole, *self.holes))
        after = holes.filled(self.holes, self.low, batch)
        return after and replace(self, holes=after[0], low=after[1])

    def drop_below(self, lowest: int, freed: int) -> Head:
        """Return the head when `freed` bytes are gone and the lowest batch still stored starts at `lowest`, `high + 1` if
        none.

        Once `low` itself rises, the holes are forgotten: nobody asks again for records that were given up for their age.
        """
        low = max(self.low, lowest)
        left = () if lowest > self.low else holes.without(self.holes, lowest)
        return replace(self, low=low, holes=left, bytes=self.bytes - freed)

    def cut(self, place: int, left: Iterable[Batch], freed: int) -> Head | None:
        """Return the head when all batches that reach `place`, of `freed` bytes, are gone; None if nothing is left.

        `left` gives the feed's other batches, newest first; no more are taken from it than are needed.
        """
        if place > self.high:
            return self
        newest = next(iter(left), None)
        if newest is None:
            return None
        below, low = holes.cut(self.holes, self.low, newest.last)
        return replace(self._topped(newest), holes=below, low=low, bytes=self.bytes - freed)

    def found(self, ends: Sequence[tuple[Batch, Batch]], bytes: int) -> Head | None:
        """Return the head when only these runs of it are still there, the lowest first, with so many bytes in all.

        The gaps between them become holes, except where records had been given up. None if nothing is left.
        """
        if not ends:
            return self if self.low > self.high else None
        wanted = self.holes[-1].base if self.holes else self.low
        below: list[Hole] = []
        before: Batch | None = None
        base = wanted
        for first, last in ends:
            start = before.last + 1 if before else wanted
            if first.first > start:
                known = next((hole for hole in self.holes if hole.first == start and before is None), None)
                left = (
                    (before.hash, before.last_lc) if before else (known.before, known.before_lc) if known else (None, 0)
                )
                below.insert(0, Hole(start, first.first - 1, base, *left, first.prev, first.lc))
            base, before = first.first, last
        left_out = below[MAX_HOLES - 1 :]
        if len(left_out) > 1:  # what lies between these is not claimed any more
            highest = left_out[0]
            below[MAX_HOLES - 1 :] = [highest._replace(first=wanted, base=wanted, before=None, before_lc=0)]
        top = ends[-1][0].first
        return replace(self._topped(ends[-1][1]), low=top, holes=tuple(below), bytes=bytes)

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first records of the lowest and of the newest batch stored; None if none is."""
        held = self.runs
        return (held[0][0], self.tip_first) if held else None

    def begins(self, page: Sequence[Batch], first: int) -> bool:
        """Whether a page read from record `first` on begins with what is stored there, or next above it."""
        run = next(((low, high) for low, high in self.runs if high >= first), None)
        if run is None:
            return not page
        wanted = max(first, run[0])
        return bool(page) and page[0].first <= wanted <= page[0].last

    @property
    def runs(self) -> Runs:
        """The runs of records that are stored."""
        return holes.runs(self.holes, self.low, self.high)

    def held(self, feed: FeedId) -> Held:
        """The same for the rest of the program."""
        return Held(feed, self.low, self.high, self.tip, self.tip_first, self.tip_lc, self.holes)

    def _topped(self, batch: Batch) -> Head:
        return replace(self, high=batch.last, tip=batch.hash, tip_first=batch.first, tip_lc=batch.last_lc)


def sizes(heads: Iterable[tuple[FeedId, Head]]) -> Mapping[bytes, int]:
    """Return how many bytes are stored of each author."""
    found: Counter[bytes] = Counter()
    for feed, head in heads:
        found[feed.author] += head.bytes
    return found
