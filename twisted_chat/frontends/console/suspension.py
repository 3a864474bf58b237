"""Ctrl-Z and `fg`: the terminal is given back to the shell, and taken again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from twisted_chat.frontends.console.above import Above
from twisted_chat.frontends.console.output import Stdio
from twisted_chat.frontends.console.screen import Screen
from twisted_chat.frontends.console.terminal import FOREGROUND_SECONDS, JobControl, Terminal, ask_to_suspend

SETTLE_SECONDS = 0.02
"""What a terminal gets to take what was written to it before the process stops."""


class Suspension:
    """Whether the terminal is ours. While it is not, nothing is read from it or shown on it; what arrives waits.

    A peer that the shell lets go on in the background (`bg`) stays connected, and takes the terminal again when it is
    brought to the front.
    """

    def __init__(self, reactor: Any, terminal: Terminal, screen: Screen, above: Above) -> None:
        """Nothing is taken until `begin`."""
        self._reactor = reactor
        self._terminal = terminal
        self._screen = screen
        self._above = above
        self._jobs = JobControl(reactor, self._suspend, self._resume)
        self._away = False
        self._later: IDelayedCall | None = None

    def begin(self, stdio: Stdio) -> None:
        """Take the signals; `stdio` is the terminal's transport."""
        self._stdio = stdio
        self._jobs.install()

    def end(self) -> None:
        """Let go of the signals."""
        self._jobs.remove()
        self._call(None)
        if self._away:
            self._screen.reveal()

    def ask(self) -> None:
        """Have everything stopped that is in the terminal's foreground, as Ctrl-Z does."""
        ask_to_suspend()

    def _suspend(self) -> None:
        self._give()
        self._call(self._stop, SETTLE_SECONDS)

    def _stop(self) -> None:
        self._later = None
        self._terminal.restore()
        self._jobs.stop()

    def _resume(self) -> None:
        self._later = None
        if not self._terminal.in_front:
            self._give()
            self._call(self._resume, FOREGROUND_SECONDS)
            return
        self._terminal.make_raw()
        self._screen.reveal()
        if self._away:
            self._away = False
            self._stdio.resumeProducing()
            self._above.open()

    def _give(self) -> None:
        if not self._away:
            self._away = True
            self._above.hold()
            self._screen.hide()
            self._stdio.pauseProducing()

    def _call(self, function: Callable[[], None] | None, seconds: float = 0.0) -> None:
        if self._later is not None:
            self._later.cancel()
        self._later = self._reactor.callLater(seconds, function) if function else None
