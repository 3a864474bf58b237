"""Hybrid logical time: close to the wall clock, never before anything already known.

After Kulkarni et al., "Logical Physical Clocks" (2014), flattened to one number of microseconds. Every stamp that is seen is
followed, however far ahead it is: an answer sorts after what it answers, whatever the clocks say.
"""

from __future__ import annotations

from collections.abc import Callable

MAX_WALL_MS = 32_503_680_000_000
"""The year 3000: no later time can be displayed everywhere."""
MICROSECONDS = 1_000_000
COUNTED = 2**52
"""Where stamps stop being times (the year 2112): from here on they only count. No wall clock leads here."""
LEAD = 2**12
"""The most by which one record leads, from `COUNTED` on: who signs enormous numbers uses none of them up for others."""
SPARE = 2**30
"""The rise above `COUNTED` that everybody follows for each feed that proves to be forked: others may have been led on by what
was dropped."""


class HybridClock:
    """Gives stamps (`lc`, in microseconds since 1970) that only grow and follow everything observed."""

    def __init__(self, wall: Callable[[], float]) -> None:
        """`wall` returns seconds since 1970, as `time.time` does; it may jump in either direction, before 1970 too."""
        self._seconds = wall
        self.newest = 0
        """The highest stamp given or followed."""
        self.allowed: Callable[[], object] = lambda: None
        """Called when `reach` has grown, though nothing was observed; set by who shows what is within it."""
        self._allowed = COUNTED

    def wall_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970, for display; at most what a batch may bear."""
        return min(int(max(0.0, self._seconds()) * 1000), MAX_WALL_MS)

    def stamp(self, count: int = 1) -> int:
        """Reserve `count` consecutive stamps and return the first: above all followed, never below the wall clock."""
        wall = min(max(0.0, self._seconds()) * MICROSECONDS, COUNTED - 1)
        first = max(int(wall), self.newest + 1)
        self.newest = first + count - 1
        return first

    @property
    def reach(self) -> int:
        """The highest stamp to which one more record can lead. A record with a higher stamp is not to be shown."""
        return self.reach_of(1)

    def reach_of(self, count: int) -> int:
        """The highest stamp to which so many more records lead."""
        return max(max(self.newest, COUNTED) + LEAD * count, self._allowed)

    def observe(self, stamp: int, count: int = 1) -> None:
        """Let later stamps be above `stamp`, that of the last of `count` records, or as near to it as these lead."""
        self.newest = max(self.newest, min(stamp, self.reach_of(count)))

    def allow(self) -> None:
        """One more feed is forked: before that was known, others may have been led on by what it had."""
        self._allowed += SPARE
        self.allowed()

    def follow(self, stamp: int) -> None:
        """Let later stamps be above `stamp`, however high: for this author's own earlier records."""
        self.newest = max(self.newest, stamp)
