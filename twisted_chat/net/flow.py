"""Whether a link is read: only while there is no reason against it.

A link that is not read loses nothing: what the other side sends waits there, and in the end it can send no more.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.wire.frames import Frame
from twisted_chat.net.budget import Budget, cost

TURN = 0.01
"""Seconds that what one link brought may take before the others have their turn. Reading 64 KiB of small batches, as Twisted
does, can take five times as long: their signatures are what costs."""


class Reason(enum.Enum):
    """Why a link is not read."""

    DISK = "too much waits for the disk"
    COMPUTING = "the opening computes"
    BUDGET = "it brought more frames than anybody needs to send"
    LISTING = "a long list it brought is not yet taken in"
    TURN = "it is the others' turn"


class Source(Protocol):
    """What is read: a link."""

    def pauseProducing(self) -> None:
        """Take no more."""
        ...

    def resumeProducing(self) -> None:
        """Go on, with what is in the buffer first."""
        ...


class Reading:
    """Pauses and resumes one link."""

    def __init__(
        self, link: Source, clock: IReactorTime, later: Callable[..., object], resumed: Callable[[], None]
    ) -> None:
        """`later(seconds, call, argument)` calls unless the link is gone by then; `resumed` is called before reading goes on."""
        self._link = link
        self._clock = clock
        self._later = later
        self._resumed = resumed
        self._against: set[Reason] = set()
        self._budget = Budget(clock.seconds())
        self._turn_began = 0.0

    def begin_turn(self) -> None:
        """Something is about to be taken from the link."""
        self._turn_began = self._clock.seconds()

    def charge(self, amount: float) -> None:
        """What is being taken costs something more."""
        self._budget.spend(self._clock.seconds(), amount)

    def took(self, frame: Frame | None, size: int) -> None:
        """A frame was taken from a line of `size` bytes, None being one of a later version; the link may have to rest for it."""
        now = self._clock.seconds()
        owed = self._budget.spend(now, cost(frame, size))
        if owed:
            self._rest(Reason.BUDGET, owed)
        elif now - self._turn_began > TURN:
            self._rest(Reason.TURN, 0)

    def stop(self, reason: Reason) -> None:
        """Don't read, for one more reason."""
        if not self._against:
            self._link.pauseProducing()
        self._against.add(reason)

    def go_on(self, reason: Reason) -> None:
        """Read again, if this was the last reason not to."""
        if reason in self._against:
            self._against.discard(reason)
            if not self._against:
                self._resumed()
                self._link.resumeProducing()

    def _rest(self, reason: Reason, seconds: float) -> None:
        if reason not in self._against:
            self.stop(reason)
            self._later(seconds, self.go_on, reason)
