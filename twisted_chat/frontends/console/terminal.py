"""The terminal of this process: its modes, changed and put back, and what its signals ask for."""

from __future__ import annotations

import atexit
import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

RESTORE = b"\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[0m"
"""No bracketed paste, lines wrap, the cursor is seen, nothing is coloured."""
DEFAULT_SIZE = os.terminal_size((80, 24))
FOREGROUND_SECONDS = 0.25
"""Seconds between two looks of a peer in the background whether it was brought back."""


class Terminal:
    """The terminal that standard input is, opened anew: what is set on it here is not set for the shell behind it.

    Modes are as they were found from `restore` on, and whenever this process ends in any way but a `kill -9`.
    """

    def __init__(self, descriptor: int = 0) -> None:
        """Raises `OSError` if `descriptor` is no terminal, or one that this user may not open."""
        path = os.ttyname(descriptor)
        flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
        self.input = os.open(path, flags)
        self.output = os.open(path, flags)
        self._own = os.dup(self.input)  # the other two are closed by whoever reads and writes
        self._found = termios.tcgetattr(self._own)
        self.raw = False

    def size(self) -> os.terminal_size:
        """Return how many columns and lines there are."""
        try:
            size = os.get_terminal_size(self._own)
        except OSError:
            return DEFAULT_SIZE
        return size if size.columns and size.lines else DEFAULT_SIZE

    @property
    def in_front(self) -> bool:
        """Whether this process is the one the terminal listens to."""
        try:
            return os.tcgetpgrp(self._own) == os.getpgrp()
        except OSError:  # not the terminal that controls this process: nobody else is in front
            return True

    def make_raw(self) -> None:
        """Have every key come as it is pressed, unseen and unchanged. Does nothing if the terminal is gone: a read will tell."""
        with suppress(termios.error):
            modes = termios.tcgetattr(self._own)
            modes[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
            modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
            modes[6][termios.VMIN] = 1
            modes[6][termios.VTIME] = 0
            if not self.raw:
                self.raw = True
                atexit.register(self.restore)
            termios.tcsetattr(self._own, termios.TCSANOW, modes)

    def restore(self) -> None:
        """Put the modes back as they were found. What was typed and not read is gone: it was not meant for the shell."""
        if not self.raw:
            return
        self.raw = False
        atexit.unregister(self.restore)
        with suppress(OSError, termios.error):  # hung up
            os.set_blocking(self._own, False)
            with suppress(BlockingIOError):
                os.write(self._own, RESTORE)
            termios.tcflush(self._own, termios.TCIFLUSH)
            termios.tcsetattr(self._own, termios.TCSANOW, self._found)


class JobControl:
    """Signals about the terminal, passed on in the reactor: stop, and go on."""

    def __init__(self, reactor: Any, suspend: Callable[[], object], resume: Callable[[], object]) -> None:
        """`suspend` is to give the terminal back and then call `stop`; `resume` to take it again."""
        self._found: dict[int, Any] = {}
        calls = {signal.SIGTSTP: suspend, signal.SIGCONT: resume}
        self._handlers = {number: self._handler(reactor, call) for number, call in calls.items()}

    def install(self) -> None:
        """Take the signals, but for those that are to be ignored."""
        for number, handler in self._handlers.items():
            if signal.getsignal(number) != signal.SIG_IGN:
                self._found[number] = signal.signal(number, handler)

    def remove(self) -> None:
        """Put back what was found."""
        for number, handler in self._found.items():
            signal.signal(number, handler)
        self._found.clear()

    def stop(self) -> None:
        """Stop this process, as its shell expects it. Returns when it goes on."""
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._handlers[signal.SIGTSTP])

    @staticmethod
    def _handler(reactor: Any, call: Callable[[], object]) -> Callable[[int, FrameType | None], None]:
        return lambda _number, _frame: reactor.callFromThread(call)


def ask_to_suspend() -> None:
    """Do what Ctrl-Z does at a terminal that is not raw: everything in the foreground is asked to stop."""
    os.kill(0, signal.SIGTSTP)
