"""`--console json`: one program, at this process's standard input and output. It is the owner."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.python.runtime import platform
from zope.interface import implementer

from twisted_chat.core.errors import ChatError
from twisted_chat.frontends.blocking import blocking_modes
from twisted_chat.frontends.contract import Door, Given
from twisted_chat.frontends.json.client import Client
from twisted_chat.speech import programs

FLUSH_SECONDS = 1.0
"""How long leaving waits for a reader that does not take the last lines."""


@implementer(IHalfCloseableProtocol)
class Pipe(Protocol):
    """Joins standard input and output to one client.

    At the end of the input, once all is answered, the peer leaves; but if the program has subscribed it stays until nobody
    reads its output any more.
    """

    def __init__(self, given: Given) -> None:
        self._given = given
        self._client: Client
        self._unread = False
        self._finished: Deferred[None] = Deferred(lambda finished: finished.callback(None))

    def start(self) -> None:
        """Take requests. Raises `ChatError` where that can't be done."""
        if platform.isWindows():
            raise ChatError(programs.not_on_windows("--console json"))
        from twisted.internet.stdio import StandardIO

        self._given.reactor.addSystemEventTrigger("after", "shutdown", blocking_modes())
        StandardIO(self, reactor=self._given.reactor)

    def stop(self) -> Deferred[None]:
        """Take no more requests and write all that waits. Fires when that is done, or after `FLUSH_SECONDS`."""
        self._client.close()
        if self._unread:
            self._finish()
        return self._finished.addTimeout(FLUSH_SECONDS, self._given.reactor)

    # What the transport reports.

    def connectionMade(self) -> None:
        """The program may ask."""
        wire: Any = self.transport
        self._client = Client(self._given.seat, self._given.reactor, wire, self._given.seat.conversation.leave)

    def dataReceived(self, data: bytes) -> None:
        """Do what is asked."""
        self._client.feed(data)

    def readConnectionLost(self) -> None:
        """Nobody will ask more."""
        self._client.end(self._asked)

    def writeConnectionLost(self) -> None:
        """Nobody reads any more."""
        self._unread = True
        self._client.gone()
        self._given.seat.conversation.leave()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """All is written, or can't be."""
        self._finish()

    def _asked(self) -> None:
        if not self._client.subscribed:
            self._given.seat.conversation.leave()

    def _finish(self) -> None:
        if not self._finished.called:
            self._finished.callback(None)


PIPE = Door("json", ("console",), lambda flags: flags["console"] == "json", Pipe)
