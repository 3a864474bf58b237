"""The thread that stands in for `StandardIO` on Windows, over pipes."""

from __future__ import annotations

import os
import threading

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.trial.unittest import TestCase

from twisted_chat.frontends.console.windows import ThreadedStdio


class FakeConsole:
    """Notes what it gets; holds up the input after the first chunk."""

    def __init__(self, ended: Deferred[None]) -> None:
        self.got = b""
        self.threads: set[int] = set()
        self._ended = ended
        self.transport: ThreadedStdio

    def makeConnection(self, transport: ThreadedStdio) -> None:
        self.transport = transport
        transport.registerProducer(self, True)  # type: ignore[arg-type]
        transport.write(b"welcome\n")

    def dataReceived(self, data: bytes) -> None:
        self.threads.add(threading.get_ident())
        self.transport.pauseProducing()
        self.got += data
        self.transport.resumeProducing()

    def readConnectionLost(self) -> None:
        self.transport.loseConnection()

    def connectionLost(self) -> None:
        self._ended.callback(None)


class ThreadedStdioTests(TestCase):
    """It does for a console what `StandardIO` does."""

    def test_session(self) -> Deferred[None]:
        """Input comes in order, in the reactor's thread; output goes out; the end of both is reported."""
        from twisted.internet import reactor

        assert IReactorFromThreads.providedBy(reactor)
        stdin, typed = os.pipe()
        shown, stdout = os.pipe()
        ended: Deferred[None] = Deferred()
        console = FakeConsole(ended)
        data = b"".join(b"%d\n" % n for n in range(5000))
        ThreadedStdio(console, reactor, stdin, stdout)  # type: ignore[arg-type]
        os.write(typed, data)
        os.close(typed)

        def check(result: None) -> None:
            self.assertEqual(console.got, data)
            self.assertEqual(console.threads, {threading.get_ident()})
            self.assertEqual(os.read(shown, 100), b"welcome\n")
            for descriptor in (stdin, shown, stdout):
                os.close(descriptor)

        return ended.addCallback(check)
