"""Hybrid logical time: close to the wall clock, never before anything already known.

After Kulkarni et al., "Logical Physical Clocks" (2014), flattened to one number of microseconds.
"""

from __future__ import annotations

from collections.abc import Callable

MICROSECONDS = 1_000_000
MAX_AHEAD = 24 * 3600 * MICROSECONDS
"""How far ahead of our wall clock, in microseconds, another's stamp may pull ours."""


class HybridClock:
    """Gives stamps (`lc`, in microseconds since 1970) that only grow and follow everything observed."""

    def __init__(self, wall: Callable[[], float]) -> None:
        """`wall` returns seconds since 1970, as `time.time` does; it may jump in either direction, before 1970 too."""
        self._seconds = wall
        self._last = 0

    def _wall(self) -> float:
        return max(0.0, self._seconds())

    def wall_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970, for display."""
        return int(self._wall() * 1000)

    def stamp(self, count: int = 1) -> int:
        """Reserve `count` consecutive stamps and return the first: above all observed, never below the wall clock."""
        first = max(int(self._wall() * MICROSECONDS), self._last + 1)
        self._last = first + count - 1
        return first

    def observe(self, stamp: int) -> None:
        """Let later stamps be above `stamp`, unless it is over 24 h ahead of the wall clock: such a clock is wrong."""
        if stamp > self._last and stamp <= int(self._wall() * MICROSECONDS) + MAX_AHEAD:
            self._last = stamp

    def follow(self, stamp: int) -> None:
        """Let later stamps be above `stamp`, however far ahead: for this author's own earlier records."""
        self._last = max(self._last, stamp)
