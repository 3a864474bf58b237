"""A `task.Clock` for many calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.task import Clock

AT_ONCE = 1_000_000
"""Calls of one moment, at most: more of them would never end."""


class ManyCallsClock(Clock):
    """Keeps its calls in a heap; the original sorts all of them for every one that is added or made."""

    def __init__(self) -> None:
        super().__init__()
        self._heap: list[tuple[float, int, DelayedCall]] = []
        self._numbers = count()

    def callLater(self, delay: float, callable: Callable[..., object], *arguments: Any, **named: Any) -> DelayedCall:
        """See `IReactorTime`."""
        call = DelayedCall(
            self.seconds() + delay, callable, arguments, named, lambda call: None, self._enter, self.seconds
        )
        self._enter(call)
        return call

    def getDelayedCalls(self) -> Sequence[DelayedCall]:
        """See `IReactorTime`."""
        return list({call for _, _, call in self._heap if call.active()})

    def advance(self, amount: float) -> None:
        """Let time pass, and make the calls that are due then, those of one time in the order in which they were asked for."""
        self.rightNow += amount
        began, made = 0.0, 0
        while self._heap and self._heap[0][0] <= self.rightNow:
            time, _, call = heappop(self._heap)
            if call.active() and call.getTime() > time:
                self._enter(call)
            elif call.active():
                began, made = (began, made + 1) if time == began else (time, 1)
                assert made < AT_ONCE, f"calls of one moment without an end: {call}"
                call.called = 1
                call.func(*call.args, **call.kw)  # type: ignore[misc]  # None once it was cancelled

    def _enter(self, call: DelayedCall) -> None:
        heappush(self._heap, (call.getTime(), next(self._numbers), call))
