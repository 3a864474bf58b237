"""Somebody who stands between two peers: takes the dialer's call, calls the listener, and passes on what it can read."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from twisted_chat.net.tls import Encryption


class Half(Protocol):
    """One of the relay's two connections. `heard` is all that came over it, decrypted."""

    transport: Any

    def __init__(self, meddles: bool) -> None:
        self.other: Half | None = None
        self.heard = b""
        self._meddles = meddles

    def join(self, other: Half) -> None:
        """Pass on to `other` what has come, and what will."""
        self.other = other
        other.take(self.heard)

    def take(self, data: bytes) -> None:
        """Send what came over the other half; where that says `tls`, turn both halves to TLS, each with its own keys."""
        before, tls, handshake = data.partition(b'{"t":"tls"}\n')
        if not (tls and self._meddles):
            self.transport.write(data)
            return
        assert self.other is not None
        self.transport.write(before + tls)
        for half in (self, self.other):
            Encryption(True).start(half.transport)
        self.other.transport.protocol.dataReceived(handshake)

    def dataReceived(self, data: bytes) -> None:
        """Keep what came, and pass it on."""
        self.heard += data
        if self.other is not None:
            self.other.take(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Hang up at the other side too."""
        if self.other is not None:
            self.other.transport.loseConnection()


class Relay(Factory):
    """Stands between whoever calls `port` and the listener at `target`, and if it `meddles`, between their TLS as well."""

    noisy = False

    def __init__(self, reactor: Any, target: int, meddles: bool = True) -> None:
        self._meddles = meddles
        self.halves: list[Half] = []
        self._reactor = reactor
        self._target = target
        self._port = reactor.listenTCP(0, self, interface="127.0.0.1")

    @property
    def port(self) -> int:
        """Where it takes calls."""
        port: int = self._port.getHost().port
        return port

    @property
    def read(self) -> bytes:
        """All that it could read, of both sides."""
        return b"".join(half.heard for half in self.halves)

    def buildProtocol(self, addr: object) -> Half:
        """Take a call, and call the listener."""
        taken, made = Half(self._meddles), Half(self._meddles)
        self.halves += [taken, made]

        def connected(half: Half) -> None:
            taken.join(half)
            half.join(taken)

        endpoint = TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._target)
        connectProtocol(endpoint, made).addCallback(connected)
        return taken

    def stop(self) -> Deferred[None]:
        """Take no more calls, and end those there are."""
        for half in self.halves:
            if half.transport is not None:
                half.transport.abortConnection()
        stopped: Deferred[None] = self._port.stopListening()
        return stopped
