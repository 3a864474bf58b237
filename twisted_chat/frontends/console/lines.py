"""Input, typed or piped, cut into lines in bounded memory."""

from __future__ import annotations

from collections import deque

from twisted_chat.core.errors import BadText
from twisted_chat.core.writing.text import MAX_TEXT

MAX_LINE = MAX_TEXT + 1
"""Bytes of a line: the longest message, after the `/` that lets a message start with one."""


class Lines:
    """A queue of lines: bytes go in as they come, cut anywhere, and text comes out.

    Of a line over `MAX_LINE` no more is kept than shows that it is too long, however long it goes on.
    """

    def __init__(self) -> None:
        self._whole: deque[bytes] = deque()
        self._tail = b""

    def __len__(self) -> int:
        """The number of whole lines that wait."""
        return len(self._whole)

    def feed(self, data: bytes) -> None:
        """Add bytes."""
        *lines, self._tail = (self._tail + data).split(b"\n")
        self._whole.extend(lines)
        self._tail = self._tail[: MAX_LINE + 2]  # the line break may turn out to be CRLF

    def end(self) -> None:
        """Take what is left as a line: there will be no line break."""
        if self._tail:
            self._whole.append(self._tail)
        self._tail = b""

    def clear(self) -> None:
        """Forget everything."""
        self._whole.clear()
        self._tail = b""

    def take(self) -> str:
        """Remove and return the next line, without its line break.

        Raises `BadText`, the line being gone all the same, with code `text-long` if it is over `MAX_LINE` and
        `text-encoding` if it is not UTF-8.
        """
        line = self._whole.popleft().removesuffix(b"\r")
        if len(line) > MAX_LINE:
            raise BadText("text-long")
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise BadText("text-encoding") from None
