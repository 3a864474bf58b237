"""Whether the other end of a link is still there, told from when it was last heard."""

from __future__ import annotations

import enum

PING_AFTER = 5.0
"""Seconds of silence after which a ping is due."""
SUSPECT_AFTER = 2.0
"""Seconds without an answer to a ping after which a link is suspect."""
DEAD_AFTER = 45.0
"""Seconds of silence after which a link is given up."""


class Verdict(enum.Enum):
    """What `Pulse.check` finds."""

    FINE = "heard recently, or asked recently"
    PING = "a ping is due"
    SUSPECT = "a ping was not answered in time"
    DEAD = "silent for too long"


class Pulse:
    """One link's signs of life. Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._heard = now
        self._pinged: float | None = None

    def heard(self, now: float) -> None:
        """Something arrived, or silence until now is our own doing."""
        self._heard = now
        self._pinged = None

    def pinged(self, now: float) -> None:
        """A ping was sent."""
        if self._pinged is None:
            self._pinged = now

    def check(self, now: float) -> Verdict:
        """Say what is to be done now."""
        if now - self._heard >= DEAD_AFTER:
            return Verdict.DEAD
        if self._pinged is not None:
            return Verdict.SUSPECT if now - self._pinged >= SUSPECT_AFTER else Verdict.FINE
        return Verdict.PING if now - self._heard >= PING_AFTER else Verdict.FINE
