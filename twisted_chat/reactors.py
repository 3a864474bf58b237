"""Which reactor runs, by which clock, and what must not hold it up."""

from __future__ import annotations

import asyncio
import gc
import selectors
import sys
import time
from typing import Any


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
    """Return the reactor, its time being one that nobody sets.

    Twisted's default follows the wall clock: set back an hour, and every timer waits an hour.
    """
    from twisted.internet import reactor

    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    return reactor


def settle_memory() -> None:
    """Let the garbage collector pass over all there is now; called once all is started.

    Going through that takes 20 ms and more, in which nothing else happens, and would find nothing: it stays until the end.
    """
    gc.collect()
    gc.freeze()
