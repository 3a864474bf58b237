"""What became of what one program said."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Delivered, Receipt
from twisted_chat.core.throttle import Throttle

MAX_FOLLOWED = 1_000
"""Messages of one program of which it is told how they fare: the newest."""
LOOK_SECONDS = 0.02
"""Seconds between two looks at them."""


class Receipts:
    """Follows messages until all who are linked have them; `tell` is called with each that has come further.

    It looks at those messages only that something can have become of: a program may say many, to members that keep none.
    """

    def __init__(self, clock: IReactorTime, tell: Callable[[MessageId, Receipt], object]) -> None:
        self._tell = tell
        self._feed: tuple[bytes, int] | None = None
        self._told: dict[int, Receipt] = {}
        """What was told last of each message that is followed, by its number in the feed."""
        self._new: list[int] = []
        self._delivered: Delivered | None = None
        self._looked: Delivered | None = None
        self._rounds = Throttle(clock, lambda: LOOK_SECONDS, self._look)

    def follow(self, id: MessageId) -> None:
        """Follow one more message."""
        if self._feed != (id.author, id.epoch):
            self._feed = id.author, id.epoch
            self._told.clear()
            self._new.clear()
        self._told[id.number] = Receipt()
        self._new.append(id.number)
        if len(self._told) > MAX_FOLLOWED:
            del self._told[next(iter(self._told))]
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
        new, self._new = self._new, []
        if delivered is None or delivered.feed != self._feed:
            self._new = new
            return
        numbers = self._changed(delivered)
        self._looked = delivered
        author, epoch = delivered.feed
        for number in sorted({*new, *numbers} & self._told.keys()):
            receipt = delivered.receipt(number)
            if receipt != self._told[number]:
                self._told[number] = receipt
                self._tell(MessageId(author, epoch, number), receipt)
            if receipt.complete:
                del self._told[number]

    def _changed(self, now: Delivered) -> Iterable[int]:
        """Return the numbers of messages that something can have become of since it was looked last."""
        before = self._looked
        if before is None or before.feed != now.feed or before.names != now.names:
            return list(self._told)
        ends = [(before.kept, now.kept)]
        for member, (low, high) in now.held.items():
            old_low, old_high = before.held[member]
            if low != old_low:
                return list(self._told)
            ends.append((old_high, high))
        moved = [pair for pair in ends if pair[0] != pair[1]]
        if not moved:
            return ()
        first, last = min(map(min, moved)) + 1, max(map(max, moved))
        return range(first, last + 1) if last - first < len(self._told) else list(self._told)
