"""Standard input and output on Windows, where Twisted's `StandardIO` can't read a console: a thread reads. Not tried there."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IProducer
from twisted.internet.threads import blockingCallFromThread

from twisted_chat.frontends.console.plain import PlainConsole

CHUNK = 8192


class ThreadedStdio:
    """The part of `StandardIO` that a console uses: `output.Stdio`. Writing blocks, so there is never more output than taken.

    The thread reads without a buffer, whose lock it would hold when the process ends.
    """

    def __init__(self, console: PlainConsole, reactor: Any, stdin: int = 0, stdout: int = 1) -> None:
        """Connect `console` to two descriptors."""
        self._console = console
        self._reactor = reactor
        self._stdin = open(stdin, "rb", buffering=0, closefd=False)  # noqa: SIM115
        self._stdout = open(stdout, "wb", closefd=False)  # noqa: SIM115
        self._may_read = threading.Event()
        self._may_read.set()
        console.makeConnection(self)  # type: ignore[no-untyped-call]
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):  # as good as its end
            while self._may_read.wait() and (data := self._stdin.read(CHUNK)):
                blockingCallFromThread(self._reactor, self._console.dataReceived, data)
        blockingCallFromThread(self._reactor, self._console.readConnectionLost)

    def write(self, data: bytes) -> None:
        """Show `data`, or end the output if nobody takes it."""
        try:
            self._stdout.write(data)
            self._stdout.flush()
        except OSError:
            self._producer.stopProducing()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Remember whom to tell that the output is closed."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Nothing is left to be written, and nothing more will come."""

    def pauseProducing(self) -> None:
        """Read no more after the chunk that is under way."""
        self._may_read.clear()

    def resumeProducing(self) -> None:
        """Read on."""
        self._may_read.set()

    def loseConnection(self) -> None:
        """End; the thread ends with the process."""
        self._reactor.callLater(0, self._console.connectionLost)
