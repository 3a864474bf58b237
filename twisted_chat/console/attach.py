"""Hooks a console to this process's standard input and output, and leaves them as they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.python.runtime import platform

from twisted_chat.console.plain import PlainConsole
from twisted_chat.core.conversation import Conversation

STANDARD = (0, 1, 2)


def start(reactor: Any, conversation: Conversation, port: int, log: str) -> PlainConsole:
    """Start a plain console on standard input and output; end it with its `stop`.

    `port` is where this peer listens and `log` the path of its log, both for the welcome. `reactor` is the one that runs.
    """
    console = PlainConsole(conversation, reactor, port, log, terminal=os.isatty(0))
    if platform.isWindows():
        from twisted_chat.console.windows import ThreadedStdio

        ThreadedStdio(console, reactor)
    else:
        from twisted.internet.stdio import StandardIO

        reactor.addSystemEventTrigger("after", "shutdown", blocking_modes())
        StandardIO(console, reactor=reactor)
    return console


def blocking_modes(descriptors: tuple[int, ...] = STANDARD) -> Callable[[], None]:
    """Return a function that makes each descriptor blocking, or not, as it is now.

    `StandardIO` makes them non-blocking, on a terminal also for the shell and whoever else shares it.
    """
    modes: dict[int, bool] = {}
    for descriptor in descriptors:
        with suppress(OSError):  # closed
            modes[descriptor] = os.get_blocking(descriptor)

    def restore() -> None:
        for descriptor, blocking in modes.items():
            with suppress(OSError):
                os.set_blocking(descriptor, blocking)

    return restore
