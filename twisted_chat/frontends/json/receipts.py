"""What became of what one program said."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Delivered, Receipt
from twisted_chat.core.throttle import Throttle

MAX_FOLLOWED = 1_000
"""Messages of one program of which it is told how they fare: the newest."""
LOOK_SECONDS = 0.02
"""Seconds between two looks at them."""


class Receipts:
    """Follows messages until all who are linked have them; `tell` is called with each that has come further."""

    def __init__(self, clock: IReactorTime, tell: Callable[[MessageId, Receipt], object]) -> None:
        self._tell = tell
        self._told: dict[MessageId, Receipt] = {}
        self._delivered: Delivered | None = None
        self._rounds = Throttle(clock, lambda: LOOK_SECONDS, self._look)

    def follow(self, id: MessageId) -> None:
        """Follow one more message."""
        self._told[id] = Receipt()
        if len(self._told) > MAX_FOLLOWED:
            del self._told[next(iter(self._told))]
        if self._delivered is not None:
            self._rounds.ask()

    def heard(self, delivered: Delivered) -> None:
        """Take how far what is said here has come."""
        self._delivered = delivered
        if self._told:
            self._rounds.ask()

    def stop(self) -> None:
        """Follow nothing more."""
        self._rounds.stop()
        self._told.clear()

    def _look(self) -> None:
        delivered = self._delivered
        if delivered is None:
            return
        for id, told in list(self._told.items()):
            if (id.author, id.epoch) != delivered.feed:
                continue
            receipt = delivered.receipt(id.number)
            if receipt != told:
                self._told[id] = receipt
                self._tell(id, receipt)
            if receipt.complete:
                del self._told[id]
