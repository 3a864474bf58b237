"""The other end of a peer's wire without a peer behind it: it says what it is told to, and keeps what it hears."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionClosed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from tests.integration.processes import HOST, PATIENCE
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.group import Group
from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.wire.frames import Bye, Digest, Frame, Have, Ping, decode, encode
from twisted_chat.core.wire.opening import Introduction, Opening, Role, Step
from twisted_chat.net.lines import ChunkedLineReceiver

AnyFrame = TypeVar("AnyFrame", bound=Frame)


class Caller(Protocol):
    """A connection to a peer, as `nc` makes it. `heard` is what came, `closed` fires when the peer has hung up."""

    def __init__(self) -> None:
        self.heard = b""
        self.greeted: Deferred[bytes] = Deferred()
        self.closed: Deferred[bytes] = Deferred()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.transport.write(data)

    def dataReceived(self, data: bytes) -> None:
        """Keep what comes."""
        self.heard += data
        if not self.greeted.called and b"\n" in self.heard:
            self.greeted.callback(self.heard)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits."""
        self.closed.callback(self.heard)


class Guest(ChunkedLineReceiver):
    """A connection that has gone through the real opening, as a member that listens nowhere and holds nothing.

    `ready` fires once it is a link; `frames` is all that came since; `bye` the reason the peer gave for closing; `held` what
    the peer has announced to hold durably. With `asks` false it stays silent, and is told of changes alone.
    """

    def __init__(self, name: str = "Zoe", group: Group | None = None, asks: bool = True) -> None:
        self.identity = Identity(secrets.token_bytes(SEED_BYTES))
        self.group = group or Group()
        self.frames: list[Frame] = []
        self.held: dict[FeedId, int] = {}
        self.bye: str | None = None
        self.ready: Deferred[Guest] = Deferred()
        self.closed: Deferred[str | None] = Deferred()
        self._asks = asks
        introduction = Introduction(self.identity, self.group, name, 0, secrets.randbelow(2**53), False)
        self._opening = Opening(introduction, Role.DIALER)
        self._waiting: list[tuple[Callable[[], object], Deferred[None]]] = []

    def send(self, *frames: Frame) -> None:
        """Send frames."""
        self.send_line(b"".join(map(encode, frames)))

    def send_line(self, line: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(line)

    def lineReceived(self, line: bytes) -> None:
        """Open the link, then keep what comes over it."""
        frame = decode(line)
        if isinstance(frame, Bye):
            self.bye = frame.reason
            self.transport.loseConnection()
        elif self._opening.step is not Step.READY:
            self.transport.write(self._opening.receive(line))
            if self._opening.step is Step.READY:
                if self._asks:
                    self.send(Digest({}))
                self.ready.callback(self)
        elif frame is not None:
            self._keep(frame)

    def _keep(self, frame: Frame) -> None:
        self.frames.append(frame)
        if isinstance(frame, Ping):
            self.send_line(b'{"t":"pong","n":%d}\n' % frame.n)
        elif isinstance(frame, Have):
            for author, ranges in frame.feeds.items():
                self.held.update({FeedId(author, told.epoch): told.high for told in ranges})
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            if entry[0]():
                entry[1].callback(None)
            else:
                self._waiting.append(entry)

    def until(self, reactor: Any, condition: Callable[[], object], words: str) -> Deferred[None]:
        """Fire when `condition` holds: it is looked at now, and with every frame. Fails once nothing more can come."""
        done: Deferred[None] = Deferred()

        def explain(why: str) -> None:
            raise AssertionError(f"{words}: {why}; bye {self.bye!r}; the last: {self.frames[-5:]}")

        if condition():
            done.callback(None)
        elif self.closed.called:
            done.errback(connectionDone)
        else:
            self._waiting.append((condition, done))
        done.addTimeout(PATIENCE, reactor, lambda _, timeout: explain(f"in vain for {timeout:g} s"))
        done.addErrback(lambda gone: gone.trap(ConnectionClosed) and explain("the connection is closed"))
        return done

    def of(self, kind: type[AnyFrame]) -> list[AnyFrame]:
        """Return the frames of one kind that came."""
        return [frame for frame in self.frames if isinstance(frame, kind)]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell whoever waits."""
        if not self.ready.called:
            self.ready.errback(reason)
        self.closed.callback(self.bye)
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            done.errback(reason)


async def call(reactor: Any, port: int) -> Caller:
    """Connect to a peer, and no more."""
    return await connectProtocol(TCP4ClientEndpoint(reactor, HOST, port), Caller())


async def visit(reactor: Any, port: int, guest: Guest) -> Guest:
    """Connect to a peer and go through the opening."""
    await connectProtocol(TCP4ClientEndpoint(reactor, HOST, port), guest)
    return await guest.ready
