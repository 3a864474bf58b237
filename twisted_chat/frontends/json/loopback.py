"""`--rpc PATH` on Windows: a port of loopback, and a file at the path. Tried on Linux, not on Windows."""

from __future__ import annotations

from collections import deque
from hmac import compare_digest
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.json import pass_file
from twisted_chat.frontends.json.pass_file import HOST, Pass
from twisted_chat.frontends.json.sockets import Connection, Sockets

KNOCK_SECONDS = 5.0
"""How long a connection may take to send the secret."""
MAX_KNOCKING = 32
"""Connections that have not sent it, at most. With one more the oldest is closed."""


class Knocking(Connection):
    """A connection whose first line is to be the secret: until then it is nobody's. A wrong one is told nothing."""

    _early: bytes | None = b""
    _late: IDelayedCall | None = None

    def __init__(self, sockets: Loopback) -> None:
        super().__init__(sockets)
        self._loopback = sockets

    def connectionMade(self) -> None:
        """Wait for the secret."""
        self._late = self._loopback.given.reactor.callLater(KNOCK_SECONDS, self.abort)
        self._loopback.knocks(self)

    def dataReceived(self, data: bytes) -> None:
        """Look for the secret, then do what is asked."""
        if self._early is None:
            super().dataReceived(data)
            return
        self._early += data
        first, end, rest = self._early.partition(b"\n")
        if end and compare_digest(first + end, self._loopback.own.line):
            self._early = None
            self._settle()
            super().connectionMade()
            super().dataReceived(rest)
        elif end or len(self._early) > pass_file.MAX_BYTES:
            self.abort()

    def readConnectionLost(self) -> None:
        """Nothing more is asked, or not even the secret has come."""
        if self._early is None:
            super().readConnectionLost()
        else:
            self.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Leave the seat, if there was one."""
        self._settle()
        super().connectionLost(reason)

    def _settle(self) -> None:
        self._loopback.settled(self)
        if self._late is not None and self._late.active():
            self._late.cancel()


class Loopback(Sockets):
    """Lets programs in that have read the file at the path that `--rpc` names."""

    own: Pass

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self._path: Path = given.flags["rpc"]
        self._knocking: deque[Knocking] = deque()

    def listen(self) -> Any:
        """See `Sockets`."""
        port = self.given.reactor.listenTCP(0, self.connecting(Knocking), interface=HOST)
        try:
            self.own = pass_file.write(self._path, port.getHost().port)
        except BaseException:
            port.stopListening()
            raise
        return port

    def stop(self) -> Deferred[None]:
        """See `Sockets`; the file is removed."""
        pass_file.remove(self._path, self.own)
        for one in list(self._knocking):
            one.abort()
        return super().stop()

    def knocks(self, one: Knocking) -> None:
        """One more has yet to send the secret."""
        self._knocking.append(one)
        if len(self._knocking) > MAX_KNOCKING:
            self._knocking.popleft().abort()

    def settled(self, one: Knocking) -> None:
        """One has sent the secret, or is gone."""
        if one in self._knocking:
            self._knocking.remove(one)
