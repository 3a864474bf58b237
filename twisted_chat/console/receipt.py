"""Tells a person what became of what they said, without a line for every step."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.events import Delivered, Event, Messages

PATIENCE = 2.0
"""Seconds after which those who do not have it yet are named."""


class Receipt:
    """Watches own messages on their way: `tell` is called once all who are here have them, or after `PATIENCE`.

    What is said meanwhile is covered by the same receipt.
    """

    def __init__(self, clock: IReactorTime, tell: Callable[[Delivered], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._latest: Delivered | None = None
        self._awaited = 0
        self._told_lacking = False
        self._timer: IDelayedCall | None = None

    def heard(self, event: Event) -> None:
        """Take an event of the conversation."""
        if isinstance(event, Messages) and event.own and not event.missed:
            self._awaited = event.first + len(event.records) - 1
            self._told_lacking = False
            if self._timer is None:
                self._timer = self._clock.callLater(PATIENCE, self._impatient)
        elif isinstance(event, Delivered):
            self._latest = event
            complete = event.kept and event.members and event.holders == event.members
            if complete and self._awaited and event.number >= self._awaited:
                self._told(event)

    def stop(self) -> None:
        """Tell no more."""
        self._awaited = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _told(self, event: Delivered) -> None:
        self.stop()
        self._tell(event)

    def _impatient(self) -> None:
        self._timer = None
        if self._latest is not None and not self._told_lacking:
            self._told_lacking = True
            self._tell(self._latest)
