"""Tells a person what became of what they said, without a line for every step."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.events import Event
from twisted_chat.core.messages import Delivered, Messages, Receipt

PATIENCE = 2.0
"""Seconds after which it is told what is not yet as it should be."""


class LastSaid:
    """The last own message, and its receipt. Nothing that is known of an earlier one counts for it."""

    def __init__(self) -> None:
        self._message: Messages | None = None
        self._delivered: Delivered | None = None

    def heard(self, event: Event) -> bool:
        """Take an event of the conversation; return whether it was another message.

        What another process says with the same key has its receipt there.
        """
        delivered = self._delivered
        if isinstance(event, Messages) and event.own and not event.missed:
            if delivered is None or event.feed == delivered.feed:
                self._message = event
                return True
        elif isinstance(event, Delivered):
            self._delivered = event
            if self._message is not None and self._message.feed != event.feed:
                self._message = None
        return False

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of that message; None if nothing was said yet."""
        message = self._message
        if message is None:
            return None
        number = message.first + len(message.records) - 1
        return Receipt() if self._delivered is None else self._delivered.receipt(number)


class Awaited:
    """Watches own messages on their way, and calls `tell` with the receipt of the last.

    That is called once all who are here have it, or after `PATIENCE` with how far it has come. If it was not kept by then,
    it is called again once it is; if it was not with all, once it is and somebody has it who had not. What is said meanwhile
    is covered by the same receipt.
    """

    def __init__(self, clock: IReactorTime, tell: Callable[[Receipt], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._last = LastSaid()
        self._waiting = False
        self._told: Receipt | None = None
        self._timer: IDelayedCall | None = None

    def heard(self, event: Event) -> None:
        """Take an event of the conversation."""
        if self._last.heard(event):
            self._waiting = True
            self._told = None
            if self._timer is None:
                self._timer = self._clock.callLater(PATIENCE, self._impatient)
        elif isinstance(event, Delivered) and self._waiting:
            self._look(self._last.receipt)

    def stop(self) -> None:
        """Tell no more."""
        self._waiting = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, receipt: Receipt | None) -> None:
        told = self._told
        if receipt is None:
            self.stop()
        elif receipt.complete and (told is None or not told.kept or receipt.holders - told.holders):
            self.stop()
            self._tell(receipt)
        elif told is not None and receipt.kept and not told.kept:
            self._told = receipt
            self._tell(receipt)

    def _impatient(self) -> None:
        self._timer = None
        self._told = self._last.receipt
        if self._told is not None:
            self._tell(self._told)
