"""Calls that a store has to carry out in the end: after a failure it is asked again, ever more rarely."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.errors import ChatError

_Answer = TypeVar("_Answer")

FIRST_WAIT = 1.0
"""Seconds after which a call that failed is made again."""
LONGEST_WAIT = 30.0
"""Seconds between two tries, at most: each wait is twice the one before."""

_log = Logger()


def next_wait(wait: float) -> float:
    """Return how many seconds to wait after a wait was in vain."""
    return min(2 * wait, LONGEST_WAIT)


class Insisting:
    """Makes calls of a store until they succeed. What each caller has waiting here is for the caller to bound."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: dict[IDelayedCall, Callable[[], None]] = {}
        self._stopped = False

    def ask(
        self,
        call: Callable[[], Deferred[_Answer]],
        then: Callable[[_Answer], object],
        failed: Callable[[], object] = lambda: None,
    ) -> None:
        """Make `call`, and again until it succeeds; give `then` what it comes to. `failed` is called each time it fails."""
        self._try(call, then, failed, 0.0)

    def stop(self) -> None:
        """Make what waits to be made again one last time: the store is to be closed."""
        self._stopped = True
        waiting, self._waiting = self._waiting, {}
        for timer, again in waiting.items():
            timer.cancel()
            again()

    def _try(
        self,
        call: Callable[[], Deferred[_Answer]],
        then: Callable[[_Answer], object],
        failed: Callable[[], object],
        waited: float,
    ) -> None:
        def later(reason: Failure) -> None:
            if not waited or self._stopped:  # each try says the same
                log_failure(reason)
            failed()
            if not self._stopped:
                wait = next_wait(waited) if waited else FIRST_WAIT
                again = partial(self._try, call, then, failed, wait)
                timer: IDelayedCall = self._clock.callLater(wait, lambda: self._due(timer))
                self._waiting[timer] = again

        call().addCallbacks(then, later).addErrback(log_failure)

    def _due(self, timer: IDelayedCall) -> None:
        self._waiting.pop(timer)()


def log_failure(reason: Failure) -> None:
    """Log what a store failed with, or a mistake in what was done with its answer. The end of a Deferred."""
    if isinstance(reason.value, ChatError):
        _log.error("{error}", error=reason.value)
    else:
        _log.failure("the store, or what was done with its answer:", reason)
