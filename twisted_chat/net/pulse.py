"""The signs of life of a link, told from the times at which the other end was heard and pinged."""

from __future__ import annotations

import enum

PING_AFTER = 5.0
"""Seconds of silence after which a ping is due."""
SUSPECT_AFTER = 2.0
"""Seconds without an answer to a ping after which a link is suspect."""
DEAD_AFTER = 45.0
"""Seconds of silence after which a link is given up."""


class Verdict(enum.Enum):
    """The results of `Pulse.check`."""

    FINE = "heard recently, or asked recently"
    PING = "a ping is due"
    SUSPECT = "a ping was not answered in time"
    DEAD = "silent for too long"


class Pulse:
    """The pulse of one link. Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._heard = now
        self._pinged: float | None = None

    def heard(self, now: float) -> None:
        """Note that something has come, or that silence until now was our own doing."""
        self._heard = now
        self._pinged = None

    def pinged(self, now: float) -> None:
        """Note that a ping was sent."""
        if self._pinged is None:
            self._pinged = now

    def check(self, now: float) -> Verdict:
        """Return what is to be done now."""
        if now - self._heard >= DEAD_AFTER:
            return Verdict.DEAD
        if self._pinged is not None:
            return Verdict.SUSPECT if now - self._pinged >= SUSPECT_AFTER else Verdict.FINE
        return Verdict.PING if now - self._heard >= PING_AFTER else Verdict.FINE
