"""A way to a peer of one's own, in this process."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProducer

from twisted_chat.assembly import assemble, fleeting, lasting
from twisted_chat.calling.awaiting import running_reactor
from twisted_chat.calling.calls import Calls
from twisted_chat.cli.settings import HOME, dialed
from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.group import Group
from twisted_chat.core.seat import Seat
from twisted_chat.core.wire.passphrase import check_passphrase
from twisted_chat.core.writing.text import check_label, check_name
from twisted_chat.frontends.json.client import Client
from twisted_chat.peer import NetworkSettings, Parts, Peer, PeerSettings
from twisted_chat.speech.refusals import unusable, wrong
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.folders import DataDirectory, IdentityFolder

PORTS = (5000, 5001, 5002, 5003, 5004)
"""Where peers of this machine are looked for, as `--ports` has it."""


class LocalWire:
    """What a `Client` writes to: lines reach `calls` in the next turn of the reactor."""

    def __init__(self, reactor: Any, calls: Calls) -> None:
        self._reactor = reactor
        self._calls = calls
        self._waiting: list[bytes] = []
        self._closed = False

    def write(self, data: bytes) -> None:
        """See `Wire`."""
        if not self._waiting:
            self._reactor.callLater(0, self._deliver)
        self._waiting.append(data)

    def _deliver(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._calls.received(b"".join(waiting))
        if self._closed:
            self._calls.lost()

    def loseConnection(self) -> None:
        """See `Wire`."""
        self._closed = True
        if not self._waiting:
            self._calls.lost()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """See `Wire`: there is never too much, for `Calls` takes what comes."""

    def unregisterProducer(self) -> None:
        """See `Wire`."""

    def pauseProducing(self) -> None:
        """See `Wire`: what is asked waits in the `Client`."""

    def resumeProducing(self) -> None:
        """See `Wire`."""


@dataclass
class Inside:
    """Makes a peer, which listens at the first free one of `ports` and looks for others at all of them and at `peers`.

    It keeps what it has in the folder that `data` has for `name`, that of `tcpchat` if `data` is None; with `fleeting` it keeps
    nothing, and is somebody new each time.

    >>> Inside("echo", ports=[5010, 5011]).group
    'chat'
    """

    name: str
    group: str = "chat"
    data: str | os.PathLike[str] | None = None
    passphrase: str | None = field(default=None, repr=False)
    fleeting: bool = False
    ports: Sequence[int] = PORTS
    peers: Sequence[tuple[str, int | None]] = ()
    reactor: Any = None
    """The reactor; that which runs here if it is None."""

    _peer: Peer | None = field(default=None, init=False, repr=False)
    _folder: IdentityFolder | None = field(default=None, init=False, repr=False)
    _client: Client | None = field(default=None, init=False, repr=False)
    _own: bool = field(default=False, init=False, repr=False)

    def start(self, calls: Calls) -> Deferred[None]:
        """See `Way`."""
        return self._start(calls)

    @inlineCallbacks
    def _start(self, calls: Calls) -> Generator[Deferred[Any], Any, None]:
        try:
            self._settle()
            peer = self._peer = self._made()
            yield peer.start()
        except BaseException as error:  # noqa: BLE001 - whatever it is, nothing is left behind
            yield self.stop()
            raise _explained(error) from None
        wire = LocalWire(self.reactor, calls)
        self._client = Client(Seat(peer.conversation), self.reactor, wire, lambda: calls.lost())

    def _settle(self) -> None:
        self.name, self.group = check_name(self.name), check_label(self.group)
        if self.passphrase is not None:
            self.passphrase = check_passphrase(self.passphrase)
        if self.reactor is None:
            self.reactor, self._own = running_reactor()
        if not self.fleeting:
            root = None if self.data is None else Path(self.data)
            folder = DataDirectory(root).identity(self.name)
            folder.lock(f"{self.name}, process {os.getpid()}")
            self._folder = folder

    def _made(self) -> Peer:
        """Return a peer that listens, if any port is free."""
        parts: Parts | None = None
        for port in (*self.ports, 0):
            settings = PeerSettings(
                self.name,
                Group(self.group, self.passphrase is not None),
                NetworkSettings(HOME, port, dialed(HOME, self.ports, tuple(self.peers))),
                passphrase=self.passphrase,
            )
            if parts is None:
                parts = fleeting() if self._folder is None else lasting(self.reactor, settings, self._folder)
            peer = assemble(self.reactor, settings, parts)
            try:
                peer.listen()
            except CannotListenError:
                continue
            return peer
        raise AssertionError("port 0 is listened at by nobody")

    def write(self, data: bytes) -> None:
        """See `Way`."""
        assert self._client is not None
        self._client.feed(data)

    def stop(self) -> Deferred[None]:
        """See `Way`: what was said gets out, within 5 s, and is kept."""
        return self._stop()

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        client, self._client = self._client, None
        peer, self._peer = self._peer, None
        folder, self._folder = self._folder, None
        try:
            if peer is not None:
                yield peer.stop()
        except StorageError as error:
            raise _explained(error) from None
        finally:
            if client is not None:
                client.close()
            if folder is not None:
                folder.unlock()
            if self._own and self.reactor.threadpool is not None:
                self.reactor._stopThreadPool()  # else its threads keep the process from ending; another is made if need be


def _explained(error: BaseException) -> BaseException:
    """Return an error whose text people understand."""
    if isinstance(error, BadText):
        return ChatError(wrong(error))
    return ChatError(unusable(error)) if isinstance(error, StorageError) else error
