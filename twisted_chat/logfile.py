"""A file that lines are appended to, that others append to as well and may move away, and that may be full."""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted_chat.core.errors import ChatError

CHECK_SECONDS = 1.0
"""Seconds for which a log that was moved away may still be written to."""


class LogUnwritable(ChatError):
    """The log at `path` can't be opened for writing; `detail` is the operating system's word."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail


class LogFile:
    """Appends whole lines with one write. Nothing raises: lines that can't be written are counted, the next ones are preceded by
    how many are missing, and the file is made anew within `CHECK_SECONDS` if it was moved or removed."""

    def __init__(
        self,
        path: str,
        seconds: Callable[[], float],
        lacking: Callable[[int], str],
        trouble: Callable[[str], None],
    ) -> None:
        """Open the file, making it if need be. `seconds` runs steadily; `lacking` gives the line that says how many are missing;
        `trouble` is called with the operating system's words when lines begin to be lost, once until they can be written again.

        Raises `LogUnwritable`.
        """
        self._path = path
        self._seconds = seconds
        self._lacking = lacking
        self._trouble = trouble
        self._checked = seconds()
        self._missing = 0
        self._torn = False
        try:
            self._fd: int | None = _open(path)
        except OSError as error:
            raise LogUnwritable(path, _reason(error)) from None

    @property
    def closed(self) -> bool:
        """Whether nothing is written any more."""
        return self._fd is None

    def append(self, lines: str) -> None:
        """Write lines, or none, and before them what is to be said of those that are missing. Comes before `close`."""
        assert self._fd is not None
        before = ""
        if self._missing:
            before = ("\n" if self._torn else "") + self._lacking(self._missing)
        rest = data = (before + lines).encode()
        try:
            self._follow()
            while rest:  # once, unless the disk has become full
                rest = rest[os.write(self._fd, rest) :]
            self._missing, self._torn = 0, False
        except OSError as error:
            self._lost(data, rest, lines.count("\n"), error)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None

    def _lost(self, data: bytes, rest: bytes, count: int, error: OSError) -> None:
        """Note that of `data`, which ends with `count` lines, `rest` could not be written."""
        beginning = not self._missing
        unwritten = rest.count(b"\n")
        self._missing = self._missing + count if unwritten > count else unwritten
        if len(rest) < len(data):
            self._torn = not data.removesuffix(rest).endswith(b"\n")
        if beginning and self._missing:
            self._trouble(_reason(error))

    def _follow(self) -> None:
        """Open the path again if another file, or none, is there now."""
        now = self._seconds()
        if self._fd is None or now - self._checked < CHECK_SECONDS:
            return
        try:
            moved = not os.path.samestat(os.stat(self._path), os.fstat(self._fd))
        except FileNotFoundError:
            moved = True
        if moved:
            fd = _open(self._path)
            os.close(self._fd)
            self._fd, self._torn = fd, False
        self._checked = now


def _open(path: str) -> int:
    """Open a log to append to; make it, for its owner only, if it is not there."""
    # Non-blocking, so that a named pipe nobody reads is an error at once and never holds up the reactor.
    how = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(path, how)
    except FileNotFoundError:  # asked for first, for Linux lets nobody make what is another user's already, in /tmp say
        return os.open(path, how | os.O_CREAT, 0o600)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
