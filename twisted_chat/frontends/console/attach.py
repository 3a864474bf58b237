"""Hooks a console to this process's standard input and output, and leaves them as they were."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.runtime import platform

from twisted_chat.frontends.blocking import blocking_modes
from twisted_chat.frontends.console.plain import PlainConsole
from twisted_chat.frontends.contract import Door, Given
from twisted_chat.speech import notices

if TYPE_CHECKING:
    from twisted_chat.frontends.console.rich import RichConsole

COLUMNS = 80
"""Of a terminal that does not tell how many it has."""
DUMB = ("", "dumb", "unknown")
"""The values of `TERM` for terminals that can't move their cursor."""


FLAGS = ("console", "no-notify", "no-style", "no-typing")


class Attached:
    """A console on standard input and output: the rich one on a terminal that can be drawn on, unless the plain one is asked
    for."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._console: PlainConsole | RichConsole

    def start(self) -> None:
        """Greet, and take lines."""
        kind = self._given.flags["console"]
        if kind != "plain" and is_capable(self._given.reactor, os.environ):
            with suppress(OSError):  # a terminal that this user may not open anew
                self._console = _start_rich(self._given)
                return
        self._console = console = _start_plain(self._given)
        if kind == "rich":
            console.tell(notices.no_rich_console())

    def stop(self) -> Deferred[None]:
        """Show what waits, and leave the terminal as it was."""
        return self._console.stop()


CONSOLE = Door("console", FLAGS, lambda flags: flags["console"] not in ("none", "json"), Attached)


def _start_plain(given: Given) -> PlainConsole:
    console = PlainConsole(given, os.isatty(0), columns if os.isatty(1) else None)
    if platform.isWindows():
        from twisted_chat.frontends.console.windows import ThreadedStdio

        ThreadedStdio(console, given.reactor)
    else:
        from twisted.internet.stdio import StandardIO

        given.reactor.addSystemEventTrigger("after", "shutdown", blocking_modes())
        StandardIO(console, reactor=given.reactor)
    return console


def columns() -> int:
    """Return how wide the terminal is on which standard output is shown."""
    try:
        return os.get_terminal_size(1).columns or COLUMNS
    except OSError:  # gone
        return COLUMNS


def is_capable(reactor: Any, environment: Mapping[str, str]) -> bool:
    """Return whether the rich console can run: on a terminal whose cursor moves, on the asyncio reactor."""
    if platform.isWindows() or environment.get("TERM", "") in DUMB or not (os.isatty(0) and os.isatty(1)):
        return False
    asyncioreactor = sys.modules.get("twisted.internet.asyncioreactor")
    return asyncioreactor is not None and isinstance(reactor, asyncioreactor.AsyncioSelectorReactor)


def _start_rich(given: Given) -> RichConsole:
    from twisted.internet.stdio import StandardIO

    from twisted_chat.frontends.console.rich import RichConsole
    from twisted_chat.frontends.console.terminal import Terminal

    terminal = Terminal()
    console = RichConsole(given, terminal, os.environ)
    StandardIO(console, terminal.input, terminal.output, given.reactor)  # type: ignore[call-arg]
    return console
