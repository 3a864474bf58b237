"""Taking connections: one in each turn of the reactor, so that whoever was taken is heard before the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import ServerFactory

from twisted_chat.net.link import Link
from twisted_chat.net.sockets import keep_short

BACKLOG = 1024
"""Connections that wait in the system to be taken."""


class Listener(ServerFactory):
    """Takes connections at one port of one host, from `start` to `stop`; those made before that wait."""

    noisy = False

    def __init__(self, build: Callable[[str], Link | None]) -> None:
        """`build` returns the listening end of a new link with a host, None if there is to be none."""
        self._build = build
        self._port: Any = None

    def listen(self, reactor: Any, host: str, port: int) -> None:
        """Take hold of the port. Raises `twisted.internet.error.CannotListenError`."""
        self._port = reactor.listenTCP(port, self, BACKLOG, interface=host)
        self._port.numberAccepts = 1
        self._port.stopReading()
        keep_short(self._port, host)

    def start(self) -> None:
        """Take connections from now on, if there is a port."""
        if self._port is not None:
            self._port.startReading()

    def stop(self) -> None:
        """Take no more."""
        if self._port is not None:
            self._port.stopListening()

    def buildProtocol(self, addr: Any) -> Link | None:
        """Return the listening end of a new link."""
        self._port.numberAccepts = 0  # so that it stays at 1 a turn
        return self._build(addr.host)
