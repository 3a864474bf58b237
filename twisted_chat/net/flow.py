"""Reading of links, and the reasons against it. A link is read while there is none.

A link that is not read loses nothing: the data waits at the other side, which in the end can send no more.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.wire.frames import Frame
from twisted_chat.net.budget import Budget, cost

TURN = 0.01
"""Seconds of work that one link may bring before the others have their turn. Reading 64 KiB of small batches, as Twisted does,
can take five times as long, because of their signatures."""


class Reason(enum.Enum):
    """The reasons not to read a link."""

    DISK = "too much waits for the disk"
    COMPUTING = "the opening computes"
    BUDGET = "it brought more frames than anybody needs to send"
    LISTING = "a long list it brought is not yet taken in"
    TURN = "it is the others' turn"


class Source(Protocol):
    """The link, as far as it is read."""

    def pauseProducing(self) -> None:
        """Deliver nothing more."""
        ...

    def resumeProducing(self) -> None:
        """Deliver again, first the data that has come before."""
        ...


class Reading:
    """Pauses and resumes one link."""

    def __init__(
        self, link: Source, clock: IReactorTime, later: Callable[..., object], resumed: Callable[[], None]
    ) -> None:
        """`later(seconds, call, argument)` calls, unless the link is gone by then. `resumed` is called before reading goes on."""
        self._link = link
        self._clock = clock
        self._later = later
        self._resumed = resumed
        self._against: set[Reason] = set()
        self._budget = Budget(clock.seconds())
        self._turn_began = 0.0

    def begin_turn(self) -> None:
        """Start the time of a turn: data has come."""
        self._turn_began = self._clock.seconds()

    def charge(self, amount: float) -> None:
        """Charge for a frame that has turned out to cost more."""
        self._budget.spend(self._clock.seconds(), amount)

    def took(self, frame: Frame | None, size: int) -> None:
        """Charge for a frame on a line of `size` bytes; None is a frame of a later version. Reading may stop for it."""
        now = self._clock.seconds()
        owed = self._budget.spend(now, cost(frame, size))
        if owed:
            self._rest(Reason.BUDGET, owed)
        elif now - self._turn_began > TURN:
            self._rest(Reason.TURN, 0)

    def stop(self, reason: Reason) -> None:
        """Add a reason not to read."""
        if not self._against:
            self._link.pauseProducing()
        self._against.add(reason)

    def go_on(self, reason: Reason) -> None:
        """Remove a reason not to read. Reading goes on when none is left."""
        if reason in self._against:
            self._against.discard(reason)
            if not self._against:
                self._resumed()
                self._link.resumeProducing()

    def _rest(self, reason: Reason, seconds: float) -> None:
        if reason not in self._against:
            self.stop(reason)
            self._later(seconds, self.go_on, reason)
