"""Rows for above the line being typed. They are gathered, so that a flood costs no more than a few prints a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

from twisted_chat.speech import notices

INTERVAL = 0.05
"""Seconds between two prints: there are at most 20 a second."""
MAX_PRINT = 64 * 1024
"""Characters that one print has at most, unless a single line has more: a terminal takes them in a few milliseconds."""
MAX_WAITING = 1024 * 1024
"""Characters, of up to four bytes each, that wait before more are dropped."""


@implementer(IPushProducer)
class Above:
    """Lines on their way into the scrollback, in order, in bounded memory.

    The first line after a pause is printed at once, the rest at most every `INTERVAL`. While the terminal takes nothing
    they wait. Once `MAX_WAITING` is not enough, lines are dropped until those that wait are printed, and then a line
    says how many. The transport of the terminal is to be told that this is its producer.
    """

    def __init__(self, clock: IReactorTime, show: Callable[[Sequence[str]], None]) -> None:
        """`show` prints lines; it may be given none, and then brings the toolbar up to date."""
        self.closed = False
        """Whether nobody will ever read again."""
        self._clock = clock
        self._show = show
        self._lines: deque[str] = deque()
        self._size = 0
        self._dropped = 0
        self._open = False
        self._paused = False
        self._next: IDelayedCall | None = None
        self._last = clock.seconds() - INTERVAL

    def add(self, lines: Sequence[str]) -> None:
        """Have `lines` printed, all or none of them. Without lines the toolbar is brought up to date."""
        if self.closed:
            return
        size = sum(map(len, lines))
        if self._dropped or self._size + size > MAX_WAITING:
            self._dropped += len(lines)
            return
        self._lines.extend(lines)
        self._size += size
        self._schedule()

    def open(self) -> None:
        """The terminal is there to be printed on; before that, and after `hold`, everything waits."""
        self._open = True
        self._schedule()

    def hold(self) -> None:
        """Print nothing until `open`."""
        self._open = False

    def rest(self) -> list[str]:
        """Remove and return everything that waits."""
        self._open = False
        lines = [*self._lines, *self._not_shown()]
        self._lines.clear()
        self._size = 0
        return lines

    def pauseProducing(self) -> None:
        """Print nothing until `resumeProducing`: the transport, which may say so many times, holds as much as it should."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The transport can take more."""
        self._paused = False
        self._schedule()

    def stopProducing(self) -> None:
        """Nobody will ever read again."""
        self.closed = True
        self.rest()

    def _schedule(self) -> None:
        if self._next is None and self._open and not self._paused:
            delay = self._last + INTERVAL - self._clock.seconds()
            self._next = self._clock.callLater(max(0.0, delay), self._print)

    def _print(self) -> None:
        self._next = None
        if not self._open or self._paused:
            return
        self._last = self._clock.seconds()
        lines: list[str] = []
        length = 0
        while self._lines and length < MAX_PRINT:
            lines.append(self._lines.popleft())
            length += len(lines[-1])
        self._size -= length
        if not self._lines:
            lines += self._not_shown()
        self._show(lines)
        if self._lines:
            self._schedule()

    def _not_shown(self) -> list[str]:
        count, self._dropped = self._dropped, 0
        return [notices.not_shown(count)] if count else []
