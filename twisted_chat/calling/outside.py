"""A way to a peer that runs: its socket, or the file that stands in for one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from twisted_chat.calling.awaiting import in_task
from twisted_chat.calling.calls import Calls
from twisted_chat.core.errors import ChatError
from twisted_chat.frontends.json import pass_file
from twisted_chat.frontends.json.pass_file import Pass
from twisted_chat.speech import programs


class Socket:
    """Connects to the socket that a peer has at `path`: by asyncio in its tasks, else by Twisted."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._transport: Any = None

    def start(self, calls: Calls) -> Deferred[None]:
        """See `Way`."""
        connecting: Deferred[Any]
        try:
            known = pass_file.read(Path(self._path)) if os.path.isfile(self._path) else None
        except OSError as error:
            return fail(error).addErrback(self._failed)
        if in_task():
            loop = asyncio.get_running_loop()
            made: Coroutine[Any, Any, Any]
            if known is None:
                made = loop.create_unix_connection(lambda: _InLoop(calls), self._path)
            else:
                made = loop.create_connection(lambda: _InLoop(calls), pass_file.HOST, known.port)
            connecting = Deferred.fromFuture(loop.create_task(made)).addCallback(lambda made: made[0])
        else:
            from twisted.internet import reactor

            endpoint = (
                UNIXClientEndpoint(reactor, self._path)
                if known is None
                else TCP4ClientEndpoint(reactor, pass_file.HOST, known.port)
            )
            connecting = connectProtocol(endpoint, _InReactor(calls)).addCallback(lambda made: made.transport)
        return connecting.addCallbacks(self._connected, self._failed, (known,))

    def _connected(self, transport: Any, known: Pass | None) -> None:
        self._transport = transport
        if known is not None:
            transport.write(known.line)

    def _failed(self, reason: Failure) -> None:
        error = reason.value
        detail = getattr(error, "strerror", None) or str(error)
        raise ChatError(programs.no_peer(self._path, detail)) from None

    def write(self, data: bytes) -> None:
        """See `Way`."""
        self._transport.write(data)

    def stop(self) -> Deferred[None]:
        """See `Way`: the peer goes on."""
        transport, self._transport = self._transport, None
        if isinstance(transport, asyncio.BaseTransport):
            transport.close()
        elif transport is not None:
            transport.loseConnection()
        return succeed(None)


class _InLoop(asyncio.Protocol):
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def data_received(self, data: bytes) -> None:
        self._calls.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._calls.lost()


class _InReactor(Protocol):
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def dataReceived(self, data: bytes) -> None:
        self._calls.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._calls.lost()
