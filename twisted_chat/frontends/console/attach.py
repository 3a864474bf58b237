"""Hooks a console to this process's standard input and output, and leaves them as they were."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.python.runtime import platform

from twisted_chat.core.conversation import Conversation
from twisted_chat.frontends.console.plain import PlainConsole
from twisted_chat.speech import notices

STANDARD = (0, 1, 2)
COLUMNS = 80
"""Of a terminal that does not tell how many it has."""
DUMB = ("", "dumb", "unknown")
"""What `TERM` says of terminals that can't move their cursor."""


class Console(Protocol):
    """What a console is to whoever starts it."""

    def log_failing(self, detail: str) -> None:
        """Say that the log can't be written."""

    def stop(self) -> Deferred[None]:
        """Show what waits, and end; fires when that is done."""


@dataclass(frozen=True)
class Wish:
    """What was asked for: `kind` is `auto`, `rich` or `plain`. The rest is for the rich console: `recall` is the file that
    keeps what was typed, None to keep nothing; `notify` is whether to ring when somebody writes this person's name."""

    kind: str
    recall: Path | None = None
    notify: bool = True


def start(reactor: Any, conversation: Conversation, port: int, log: str, wish: Wish) -> Console:
    """Start a console on standard input and output; end it with its `stop`. `reactor` is the one that runs.

    It is the rich one on a terminal that can be drawn on, unless the wish is for the plain one. `port` is where this peer
    listens and `log` the path of its log, both for the welcome.
    """
    if wish.kind != "plain" and is_capable(reactor, os.environ):
        with suppress(OSError):  # a terminal that this user may not open anew
            return _start_rich(reactor, conversation, port, log, wish)
    console = PlainConsole(conversation, reactor, port, log, os.isatty(0), columns if os.isatty(1) else None)
    if platform.isWindows():
        from twisted_chat.frontends.console.windows import ThreadedStdio

        ThreadedStdio(console, reactor)
    else:
        from twisted.internet.stdio import StandardIO

        reactor.addSystemEventTrigger("after", "shutdown", blocking_modes())
        StandardIO(console, reactor=reactor)
    if wish.kind == "rich":
        console.tell(notices.no_rich_console())
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


def _start_rich(reactor: Any, conversation: Conversation, port: int, log: str, wish: Wish) -> Console:
    from twisted.internet.stdio import StandardIO

    from twisted_chat.frontends.console.rich import RichConsole
    from twisted_chat.frontends.console.terminal import Terminal

    terminal = Terminal()
    console = RichConsole(conversation, reactor, port, log, terminal, os.environ, wish.recall, wish.notify)
    StandardIO(console, terminal.input, terminal.output, reactor)  # type: ignore[call-arg]
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
