"""Waiting, the same in asyncio's tasks and in coroutines that Twisted runs."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred

from twisted_chat.core.errors import ChatError
from twisted_chat.reactors import steady_reactor
from twisted_chat.speech import programs

_Value = TypeVar("_Value")


class Later(Generic[_Value]):
    """What a Deferred comes to, for whichever kind of coroutine awaits it. It is awaited once."""

    def __init__(self, deferred: Deferred[_Value]) -> None:
        self._deferred = deferred

    def __await__(self) -> Generator[Any, Any, _Value]:
        loop = running_loop()
        if loop is not None and asyncio.current_task(loop) is not None:
            return self._deferred.asFuture(loop).__await__()
        return self._deferred.__await__()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return asyncio's loop that runs now, None if none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def in_task() -> bool:
    """Whether a task of asyncio is what calls."""
    loop = running_loop()
    return loop is not None and asyncio.current_task(loop) is not None


class LoopClock:
    """A loop of asyncio as a clock, as far as time-outs need one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def seconds(self) -> float:
        """Return monotonic time."""
        return time.monotonic()

    def callLater(self, delay: float, call: Callable[..., object], *arguments: Any) -> LoopCall:
        """Call later."""
        return LoopCall(self._loop, delay, call, arguments)


class LoopCall:
    """What `LoopClock.callLater` returns: as much of an `IDelayedCall` as time-outs need."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, delay: float, call: Callable[..., object], arguments: tuple[Any, ...]
    ) -> None:
        self._called = False

        def due() -> None:
            self._called = True
            call(*arguments)

        self._handle = loop.call_later(delay, due)

    def active(self) -> bool:
        """Whether it is still to come."""
        return not self._called and not self._handle.cancelled()

    def cancel(self) -> None:
        """Don't call."""
        self._handle.cancel()


def clock() -> Any:
    """Return what keeps time for who calls."""
    loop = running_loop()
    if loop is not None:
        return LoopClock(loop)
    from twisted.internet import reactor

    return reactor


def reactor_installed() -> Any:
    """Return the reactor that is installed, None if none is."""
    return sys.modules.get("twisted.internet.reactor")


_ours: Any = None
"""The reactor that was installed for a loop of asyncio, if one was."""


def running_reactor() -> tuple[Any, bool]:
    """Return the reactor that runs here, and whether it was made here, for asyncio's loop: then it runs as long as that does.

    Raises `ChatError` if there is one that does not run in this loop.
    """
    global _ours
    loop = running_loop()
    made: Any = _ours
    if made is not None and made is reactor_installed():
        if loop is made._asyncioEventloop:
            return made, True
        if loop is not None and made._asyncioEventloop.is_closed():
            del sys.modules["twisted.internet.reactor"]  # asyncio.run was called again
    if "twisted.internet.reactor" in sys.modules:
        from twisted.internet import reactor

        if loop is not None and getattr(reactor, "_asyncioEventloop", None) is not loop:
            raise ChatError(programs.other_reactor())
        return reactor, False
    if loop is None:
        raise ChatError(programs.no_loop())
    from twisted.internet import asyncioreactor

    asyncioreactor.install(loop)
    _ours = steady_reactor()
    _ours.startRunning(installSignalHandlers=False)
    return _ours, True
