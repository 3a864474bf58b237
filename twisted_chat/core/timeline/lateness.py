"""Messages that come late: after messages that come later in the order were shown for a while."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted_chat.core.feeds.batches import Position

LATE = 10.0
"""Seconds for which a later message must have been shown."""
STEP = 1.0
"""Seconds whose messages are noted together."""


class Lateness:
    """Compares positions, and the times at which they were shown here. No wall clock, ours or another's, makes a message late."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` runs steadily."""
        self._seconds = seconds
        self._shown: deque[tuple[float, Position]] = deque()
        """When the farthest positions of the last `LATE` seconds were shown."""
        self._settled: Position | None = None
        """The farthest position shown before those."""

    def settle(self, position: Position) -> None:
        """Note that all up to `position` was shown long ago."""
        self._settled = position

    def show(self, first: Position, last: Position) -> bool:
        """Note that messages from `first` to `last` are shown now; return whether they are late."""
        now = self._seconds()
        while self._shown and self._shown[0][0] <= now - LATE:
            self._settled = self._shown.popleft()[1]
        newest = self._shown[-1][1] if self._shown else self._settled
        if newest is None or last > newest:
            if self._shown and now - self._shown[-1][0] < STEP:
                self._shown[-1] = (self._shown[-1][0], last)
            else:
                self._shown.append((now, last))
        return self._settled is not None and first < self._settled
