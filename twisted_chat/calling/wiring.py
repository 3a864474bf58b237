"""Connections in memory: what peers of one process see as their network. Bytes arrive whole, in order, and at once."""

from __future__ import annotations

from itertools import count
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.base import BaseConnector
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

BUFFERED = 64 * 1024
"""Bytes that are on their way before a writer is asked to pause."""


class Wiring:
    """A reactor for peers that reach each other and nobody else. Time, and all but connections, is another reactor's."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._listening: dict[tuple[str, int], Any] = {}
        self._ports = count(40_000)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Listening:
        """See `IReactorTCP`."""
        if (interface, port) in self._listening:
            raise error.CannotListenError(interface, port, OSError("address in use"))
        factory.doStart()
        self._listening[interface, port] = factory
        return Listening(self._listening, (interface, port))

    def connectTCP(self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None) -> Any:
        """See `IReactorTCP`."""
        connector = _Connector(self, (host, port), factory, timeout)
        connector.connect()
        return connector

    def join(self, connector: _Connector) -> None:
        """Connect who calls with who listens there."""
        listening = self._listening.get(connector.address)
        here, there = IPv4Address("TCP", "127.0.0.1", next(self._ports)), IPv4Address("TCP", *connector.address)
        taking = listening.buildProtocol(here) if listening is not None else None
        calling: Any = connector.buildProtocol(there) if taking is not None else None
        if taking is None or calling is None:
            connector.connectionFailed(Failure(error.ConnectionRefusedError()))
            return
        one, other = End(self, here, there, calling, connector), End(self, there, here, taking)
        one.other, other.other = other, one
        taking.makeConnection(other)
        calling.makeConnection(one)


class Listening:
    """See `IListeningPort`."""

    def __init__(self, listening: dict[tuple[str, int], Any], address: tuple[str, int]) -> None:
        self._listening = listening
        self._address = address

    def stopReading(self) -> None:
        """Calls are taken all the same: they wait at the other end."""

    def startReading(self) -> None:
        """See `stopReading`."""

    def stopListening(self) -> Deferred[None]:
        """See `IListeningPort`."""
        self._listening.pop(self._address, None)
        return succeed(None)


class _Connector(BaseConnector):
    def __init__(self, wiring: Wiring, address: tuple[str, int], factory: Any, timeout: float) -> None:
        self._wiring = wiring
        self.address = address
        BaseConnector.__init__(self, factory, timeout, wiring)  # type: ignore[arg-type]

    def getDestination(self) -> IPv4Address:
        return IPv4Address("TCP", *self.address)

    def _makeTransport(self) -> _Connector:  # type: ignore[override]
        self._wiring.callLater(0, self._wiring.join, self)
        return self

    def failIfNotConnected(self, reason: Any) -> None:
        self.connectionFailed(Failure(reason))


class End:
    """One end of a connection."""

    disconnecting = False

    def __init__(
        self, wiring: Wiring, host: IPv4Address, peer: IPv4Address, protocol: Any, connector: _Connector | None = None
    ) -> None:
        self.other: End
        self._wiring = wiring
        self._host, self._peer = host, peer
        self._protocol = protocol
        self._connector = connector
        self._out = bytearray()
        self._producer: Any = None
        self._reading = True
        self._paused = self._due = self._over = False

    def getPeer(self) -> IPv4Address:
        """See `ITransport`."""
        return self._peer

    def getHost(self) -> IPv4Address:
        """See `ITransport`."""
        return self._host

    def getHandle(self) -> End:
        """Return what plays the socket."""
        return self

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Accept: there is no buffer."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Accept: nothing is delayed."""

    def write(self, data: bytes) -> None:
        """See `ITransport`."""
        if not self._over and not self.disconnecting:
            self._out += data
            if self._producer is not None and not self._paused and len(self._out) > BUFFERED:
                self._paused = True
                self._producer.pauseProducing()
            self.move()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """See `IConsumer`."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """See `IConsumer`."""
        self._producer = None

    def pauseProducing(self) -> None:
        """See `IPushProducer`."""
        self._reading = False

    def resumeProducing(self) -> None:
        """See `IPushProducer`."""
        self._reading = True
        self.other.move()

    def loseConnection(self) -> None:
        """See `ITransport`."""
        self.disconnecting = True
        self.move()

    def abortConnection(self) -> None:
        """See `ITransport`."""
        self._out.clear()
        self.lose(error.ConnectionAborted())
        self._wiring.callLater(0, self.other.lose, error.ConnectionLost())

    def move(self) -> None:
        """See to it that what was written arrives."""
        if not self._due and not self._over and (self._out or self.disconnecting):
            self._due = True
            self._wiring.callLater(0, self._arrive)

    def lose(self, reason: Exception) -> None:
        """This end is closed."""
        if not self._over:
            self._over = True
            self._protocol.connectionLost(Failure(reason))
            if self._connector is not None:
                self._connector.connectionLost(Failure(reason))

    def _arrive(self) -> None:
        self._due = False
        if self._over or (self._out and not self.other._reading):
            return
        data, self._out = bytes(self._out), bytearray()
        if data and not self.other._over:
            self.other._protocol.dataReceived(data)
        if self._paused and self._producer is not None and not self._out:
            self._paused = False
            self._producer.resumeProducing()
        if self.disconnecting and not self._out:
            self.lose(error.ConnectionDone())
            self.other.lose(error.ConnectionDone())
