"""The work that one side of a link may give the other: many times as much as comes up in honest use."""

from __future__ import annotations

from twisted_chat.core.wire.frames import BatchFrame, ForkFrame, Frame

RATE = 2_000.0
"""Added to the bucket in a second."""
BURST = 100_000.0
"""In the bucket at the start, and at most: enough to list as many feeds as a link may, and to want each of them."""
FORK = 25.0
"""The cost of a `fork`: there are two signatures to check."""
USELESS = 1.0
"""The cost of a batch that brought nothing."""
BYTES = 512
"""The bytes of a long line that cost as much as a short frame: a dozen entries of a `have`."""


def cost(frame: Frame | None, size: int) -> float:
    """Return the cost of a frame on a line of `size` bytes; None is a frame of a later version.

    Batches cost nothing by themselves: for what is new there are quotas. See `USELESS`.
    """
    if isinstance(frame, BatchFrame):
        return 0
    return (FORK if isinstance(frame, ForkFrame) else 1) + size / BYTES


class Budget:
    """A token bucket. Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._left = BURST
        self._at = now

    def spend(self, now: float, amount: float) -> float:
        """Take `amount` out. Return the seconds until the bucket is no longer overdrawn, 0 if it is not."""
        self._left = min(BURST, self._left + (now - self._at) * RATE) - amount
        self._at = now
        return max(0.0, -self._left / RATE)
