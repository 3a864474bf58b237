"""Lines for a terminal or a pipe, which may be slow, stopped or gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from twisted.internet.interfaces import IProducer, IPushProducer
from zope.interface import implementer

from twisted_chat.speech import notices

MAX_QUEUED = 4 * 1024 * 1024
"""Bytes that wait for a reader before more are dropped."""


class Stdio(Protocol):
    """The part of `stdio.StandardIO` that a console needs: it takes output, it yields input, either can be held up."""

    def write(self, data: bytes) -> None:
        """Take output. Ignored once the other end is closed."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Tell `producer` when too much output waits, and when no longer."""

    def unregisterProducer(self) -> None:
        """Forget the producer."""

    def pauseProducing(self) -> None:
        """Hold up the input."""

    def resumeProducing(self) -> None:
        """Let the input come."""

    def loseConnection(self) -> None:
        """Write what waits, then end."""


@implementer(IPushProducer)
class Output:
    """Writes lines to a transport at the pace at which they are read.

    While nobody reads, up to `MAX_QUEUED` bytes wait here. Once that is not enough, lines are dropped until those that
    wait have been read, and then a line says how many. After the other end is closed everything is dropped.
    """

    def __init__(self, transport: Stdio) -> None:
        self.closed = False
        self._transport = transport
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._dropped = 0
        self._paused = False
        transport.registerProducer(self, True)

    def write(self, lines: Sequence[str]) -> None:
        """Show `lines`, all or none of them, with one write."""
        data = _encode(lines)
        if self.closed or not data:
            return
        if not self._paused:
            self._transport.write(data)
        elif self._dropped or self._queued + len(data) > MAX_QUEUED:
            self._dropped += len(lines)
        else:
            self._queue.append(data)
            self._queued += len(data)

    def finish(self) -> None:
        """Hand everything that waits to the transport, and end it."""
        for data in (*self._queue, self._not_shown()):
            self._transport.write(data)
        self._transport.unregisterProducer()
        self._transport.loseConnection()
        self._queue.clear()

    def pauseProducing(self) -> None:
        """Keep what is written: the transport holds as much as it should."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Hand over what was kept, until told to pause again."""
        self._paused = False
        while self._queue and not self._paused:
            data = self._queue.popleft()
            self._queued -= len(data)
            self._transport.write(data)
        if not self._paused:
            self._transport.write(self._not_shown())

    def stopProducing(self) -> None:
        """Nobody will ever read again."""
        self.closed = True
        self._queue.clear()

    def _not_shown(self) -> bytes:
        count, self._dropped = self._dropped, 0
        return _encode([notices.not_shown(count)] if count else [])


def _encode(lines: Sequence[str]) -> bytes:
    return "".join([f"{line}\n" for line in lines]).encode("utf-8", "replace")
