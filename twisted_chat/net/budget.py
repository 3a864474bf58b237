"""How many frames one side of a link may have the other work on: as many as come up in honest use, many times over."""

from __future__ import annotations

from twisted_chat.core.wire.frames import BatchFrame, ForkFrame, Frame

RATE = 2_000.0
"""What is earned in a second."""
BURST = 100_000.0
"""What can be saved up, and is there at the start: enough to list as many feeds as a link may, and to want each of them."""
FORK = 25.0
"""What a `fork` costs: there are two signatures to check."""
USELESS = 1.0
"""What a batch costs that brought nothing."""
BYTES = 512
"""How much of a long line costs as much as a short frame: a dozen entries of a `have`."""


def cost(frame: Frame | None, size: int) -> float:
    """Return what a frame costs that came on a line of `size` bytes; None is one of a later version.

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
        """Take `amount` out; return for how many seconds nothing more is to be spent, 0 if there is something left."""
        self._left = min(BURST, self._left + (now - self._at) * RATE) - amount
        self._at = now
        return max(0.0, -self._left / RATE)
