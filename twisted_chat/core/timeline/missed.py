"""The messages that were said while this peer was away, gathered as they come, and summed up."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from operator import attrgetter

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from twisted_chat.core.events import Event
from twisted_chat.core.feeds.batches import Position
from twisted_chat.core.messages import Messages, WhileAway
from twisted_chat.core.timeline.resolving import not_told

MISSED = 50
"""Messages shown, the newest ones. The others are counted."""
PATIENCE = 5.0
"""Seconds without another message after which those that have come are summed up, even if a neighbour says that there are
more."""


class Missed:
    """Messages that were missed. One `WhileAway` sums them up once all are here, or no more come."""

    def __init__(
        self,
        clock: IReactorTime,
        resolve: Callable[[Sequence[Messages]], Deferred[Sequence[Messages]]],
        tell: Callable[[Event], None],
    ) -> None:
        """`resolve` returns messages with what has become of them."""
        self._clock = clock
        self._resolve = resolve
        self._tell = tell
        self._count = 0
        self._order = count()
        self._newest: list[tuple[Position, int, Messages]] = []
        """As many events as messages are shown. They are those that end last, so the newest messages are among theirs."""
        self._heard = 0.0
        self._timer: IDelayedCall | None = None

    def note(self, messages: Messages) -> None:
        """Take messages that were missed."""
        self._count += len(messages.records)
        self._heard = self._clock.seconds()
        if self._timer is None:
            self._timer = self._clock.callLater(PATIENCE, self._look)
        last = messages.position._replace(lc=messages.lc + len(messages.records) - 1)
        entry = (last, next(self._order), messages)
        if len(self._newest) < MISSED:
            heapq.heappush(self._newest, entry)
        else:
            heapq.heappushpop(self._newest, entry)

    def sum_up(self) -> None:
        """Tell of the missed messages, if there are any."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell_all()

    def stop(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        now, due = self._clock.seconds(), self._heard + PATIENCE
        if now < due:  # the difference of the two is exact, so the next look is not too early by a rounding
            self._timer = self._clock.callLater(due - now, self._look)
        else:
            self._tell_all()

    def _tell_all(self) -> None:
        self._timer = None
        if self._count:
            messages = sorted((each for *_, run in self._newest for each in run.each()), key=attrgetter("position"))
            shown, count = messages[-MISSED:], self._count
            self._newest.clear()
            self._count = 0
            resolved = self._resolve(shown).addErrback(lambda reason: self._as_said(shown, reason))
            resolved.addCallback(lambda now: self._tell(WhileAway(now, count)))

    @staticmethod
    def _as_said(messages: Sequence[Messages], reason: Failure) -> Sequence[Messages]:
        not_told(reason)
        return messages
