"""A task that is done at once when it is asked for, but not too often."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Throttle:
    """Calls `go` in the next reactor turn after it was asked to, or else `interval()` seconds after the last time."""

    def __init__(self, clock: IReactorTime, interval: Callable[[], float], go: Callable[[], None]) -> None:
        self._clock = clock
        self._interval = interval
        self._go = go
        self._due: IDelayedCall | None = None
        self._last = float("-inf")

    def ask(self) -> None:
        """Have one more round, unless one is to come anyway."""
        if self._due is None:
            wait = max(0.0, self._last + self._interval() - self._clock.seconds())
            self._due = self._clock.callLater(wait, self._now)

    def stop(self) -> None:
        """Have no more rounds, not even the one that was asked for."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _now(self) -> None:
        self._due = None
        self._last = self._clock.seconds()
        self._go()
