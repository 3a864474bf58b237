"""Which reactor runs, by which clock, what ends it, and what must not hold it up."""

from __future__ import annotations

import asyncio
import gc
import selectors
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.error import ReactorNotRunning

LEAVING = ("SIGHUP", "SIGQUIT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""Signals that would end a process without a goodbye: what `kill`, `timeout`, `ulimit`, and a closed terminal send."""


def install_reactor(daemon: bool) -> None:
    """Install the asyncio reactor, unless a reactor is installed or was chosen with `twistd --reactor`.

    Its event loop is a selector's, which Windows does not have by default; for a `daemon` it is one that survives `fork`,
    as macOS's default does not.
    """
    if "twisted.internet.reactor" in sys.modules:
        return
    from twisted.internet import asyncioreactor

    loop = asyncio.SelectorEventLoop(selectors.SelectSelector() if daemon else None)
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)


def steady_reactor() -> Any:
    """Return the reactor, its time being one that nobody sets, and its `stop` one that several may call.

    Twisted's default follows the wall clock: set back an hour, and every timer waits an hour. Its `stop` fails when the reactor
    is stopping already: of a line that leaves, a signal and a terminal that is closed, all at once, two would be mistakes.
    """
    from twisted.internet import reactor

    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    reactor.stop = _unless_stopping(reactor.stop)  # type: ignore[method-assign]
    return reactor


def leave_at_signals(reactor: Any) -> None:
    """Have the signals of `LEAVING` stop the reactor as SIGTERM does, but for those that are ignored or somebody else's."""
    for name in LEAVING:
        number = getattr(signal, name, None)  # Windows has none of them
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, reactor.sigTerm)  # which keeps the number it is called with, for twistd to end with


def _unless_stopping(stop: Callable[[], None]) -> Callable[[], None]:
    def stop_once() -> None:
        with suppress(ReactorNotRunning):
            stop()

    return stop_once


def settle_memory() -> None:
    """Let the garbage collector pass over all there is now; called once all is started.

    Going through that takes 20 ms and more, in which nothing else happens, and would find nothing: it stays until the end.
    """
    gc.collect()
    gc.freeze()
