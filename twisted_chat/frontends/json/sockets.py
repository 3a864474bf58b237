"""`--rpc PATH`: programs of the owner, at a socket beside whatever console there is. Each has a seat of its own."""

from __future__ import annotations

import select
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core.errors import ChatError
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.json import table
from twisted_chat.frontends.json.client import Client, refusal
from twisted_chat.speech import programs

MAX_CLIENTS = 16
"""Programs at a time."""
FLUSH_SECONDS = 1.0
"""How long leaving waits for readers that do not take the last lines."""
LOOK_SECONDS = 1.0
"""How often it is looked whether a program is gone that will ask nothing more and is told what happens."""


@implementer(IHalfCloseableProtocol)
class Connection(Protocol):
    """Joins one connection to one client."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._client: Client | None = None
        self._looking = LoopingCall(self._look)
        self._looking.clock = sockets.given.reactor

    def connectionMade(self) -> None:
        """Take a seat, if there is one."""
        given = self._sockets.given
        wire: Any = self.transport
        if len(self._sockets.connections) >= MAX_CLIENTS:
            wire.write(refusal(table.FULL, programs.full(MAX_CLIENTS)))
            wire.loseConnection()
            return
        self._sockets.connections.add(self)
        self._client = Client(Seat(given.seat.conversation), given.reactor, wire, self.close)

    def close(self) -> None:
        """Take no more, and end once what waits is written."""
        if self._client is not None:
            self._client.close()

    def abort(self) -> None:
        """End now."""
        transport: Any = self.transport
        transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Do what is asked."""
        if self._client is not None:
            self._client.feed(data)

    def readConnectionLost(self) -> None:
        """The program will ask nothing more, or is gone: what shows that is looked at."""
        if self._client is not None:
            self._client.end(self._asked)

    def writeConnectionLost(self) -> None:
        """Nobody reads any more."""
        self.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave the seat."""
        if self._looking.running:
            self._looking.stop()
        if self._client is not None:
            self._client.gone()
        self._sockets.lost(self)

    def _asked(self) -> None:
        if self._client is None or not self._client.subscribed:
            self.close()
        elif hasattr(select, "poll"):  # without it, as on Windows, it shows once something is told
            self._looking.start(LOOK_SECONDS)

    def _look(self) -> None:
        transport: Any = self.transport
        poll = select.poll()
        poll.register(transport.fileno(), 0)
        if poll.poll(0):  # both directions are closed
            self.abort()


class Sockets:
    """Lets programs in at the path that `--rpc` names."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.connections: set[Connection] = set()
        self._ended: Deferred[None] | None = None

    def start(self) -> None:
        """Listen. Raises `ChatError` if that can't be done there."""
        self._port = self.listen()

    def listen(self) -> Any:
        """Return the listening port. Raises `ChatError`."""
        from twisted_chat.frontends.json.place import taken  # POSIX has what it needs

        path = self.given.flags["rpc"]
        with taken(path):
            try:
                return self.given.reactor.listenUNIX(str(path), self.connecting(Connection), mode=0o600)
            except CannotListenError as error:
                raise ChatError(programs.no_socket(str(path), str(error.socketError))) from None

    def connecting(self, kind: type[Connection]) -> Any:
        """Return what makes a connection of everyone who comes."""
        factory: Any = Factory.forProtocol(lambda: kind(self))
        factory.noisy = False
        return factory

    def stop(self) -> Deferred[None]:
        """Take no more connections, and end those that there are; fires when that is done, within `FLUSH_SECONDS`."""
        self._ended = Deferred(lambda ended: None)
        for connection in list(self.connections):
            connection.close()
        late = self.given.reactor.callLater(FLUSH_SECONDS, self._abort)
        self._ended.addCallback(lambda _: late.cancel() if late.active() else None)
        return maybeDeferred(self._port.stopListening).addCallback(self._end)

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self._end()

    def _end(self, _: object = None) -> Deferred[None] | None:
        ended = self._ended
        if ended is not None and not self.connections and not ended.called:
            ended.callback(None)
        return ended

    def _abort(self) -> None:
        for connection in list(self.connections):
            connection.abort()
