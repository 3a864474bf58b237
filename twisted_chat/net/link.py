"""A link: frames both ways, over a `Connection` that has opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.wire.frames import Bye, Frame, Hello, Linked, Peers, Ping, Pong, decode, encode
from twisted_chat.core.wire.opening import Introduction, Role
from twisted_chat.net.connection import Connection
from twisted_chat.net.flow import Reason
from twisted_chat.net.link_states import READY, SUSPECT
from twisted_chat.net.opener import ConnectionOwner
from twisted_chat.net.tls import Encryption

MAX_UNTAKEN = 16 * 1024 * 1024
"""Bytes of answers that wait for a link whose other side reads nothing. With more, the link is dropped."""
PROBE_SECONDS = 2.0
"""Seconds that a link has to answer a probe."""


class LinkOwner(ConnectionOwner, Protocol):
    """The mesh, as far as links report to it."""

    def link_admitted(self, link: Link) -> None:
        """The other side has proven its id. Raises `Refusal` if the link is not wanted all the same."""
        ...

    def link_ready(self, link: Link) -> None:
        """The link is ready for frames."""
        ...

    def link_heard(self, link: Link, frame: Frame) -> None:
        """A frame has come that is not the link's own business. May raise `Refusal`."""
        ...

    def link_resumed(self, link: Link) -> None:
        """A ready link can be written to again."""
        ...

    def link_recovered(self, link: Link) -> None:
        """A suspect link was heard again."""
        ...

    def link_closed(self, link: Link, refusal: Refusal | None) -> None:
        """The connection is gone. `refusal` is the reason if this side ended it."""
        ...


@implementer(IPushProducer)
class _Valve:
    """Tells a link when the buffer of its transport is full, and when it is empty again."""

    def __init__(self, changed: Callable[[bool], None]) -> None:
        self._changed = changed

    def pauseProducing(self) -> None:
        self._changed(False)

    def resumeProducing(self) -> None:
        self._changed(True)

    def stopProducing(self) -> None:
        self._changed(False)


class Link(Connection):
    """A connection to another peer. After `LinkOwner.link_ready`, `member` and `hello` are proven.

    `round_trip` is how many seconds the last ping took.
    """

    hello: Hello
    writable = False
    round_trip: float | None = None

    def __init__(
        self,
        owner: LinkOwner,
        introduction: Introduction,
        encryption: Encryption,
        role: Role,
        clock: IReactorTime,
    ) -> None:
        super().__init__(owner, introduction, encryption, role, clock)
        self._owner: LinkOwner = owner
        self._unsent: dict[type[Frame], Frame] = {}
        self._untaken = 0
        self._probes: dict[int, Callable[[bool], None]] = {}
        self._pings = 0
        self._pinged_at = 0.0

    # What the replica needs.

    @property
    def member(self) -> bytes:
        """The other side's id."""
        return self.hello.id

    @property
    def durable(self) -> bool:
        """Whether the other side keeps what it holds on a disk."""
        return self.hello.durable

    def hold(self, held: bool) -> None:
        """Stop reading while `held`: a long list is being taken in."""
        if held:
            self.reading.stop(Reason.LISTING)
        else:
            self.reading.go_on(Reason.LISTING)

    def send(self, frame: Frame) -> None:
        """Send a frame. While the transport is paused, only the newest `pong`, `peers` and `linked` are kept for later."""
        if isinstance(frame, (Pong, Peers, Linked)) and not self.writable:
            self._unsent[type(frame)] = frame
        else:
            self.send_line(encode(frame))

    def send_line(self, line: bytes) -> None:
        """Send an encoded frame, if the link is ready."""
        if self.state is READY or self.state is SUSPECT:
            self.transport.write(line)
            if not self.writable:
                self._untaken += len(line)
                if self._untaken > MAX_UNTAKEN:
                    self._refusal = Refusal(errors.LIMIT, f"asks, and in {MAX_UNTAKEN} bytes takes no answer")
                    self.abort()

    @property
    def instance(self) -> tuple[bytes, int]:
        """The process at the other end: its id, and the number it drew at its start."""
        return (self.hello.id, self.hello.instance)

    # Liveness.

    def ping(self, answered: Callable[[bool], None] | None = None) -> None:
        """Send a ping. `answered` is called within 2 s, with whether the pong has come."""
        self._pings += 1
        if answered is not None:
            self._probes[self._pings] = answered
            self.after(PROBE_SECONDS, self._probed, self._pings, False)
        self._pinged_at = self._clock.seconds()
        self.pulse.pinged(self._pinged_at)
        self.send(Ping(self._pings))

    @property
    def suspect(self) -> bool:
        """Whether a ping was not answered in time, and nothing has come since."""
        return self.state is SUSPECT

    @property
    def reason(self) -> str:
        """The reason for which it has ended, of whichever side ended it; empty if the connection was lost."""
        return self._refusal.reason if self._refusal is not None else self.ended_by

    def doubt(self) -> None:
        """Become suspect: a ping was not answered in time."""
        self._machine.unanswered()

    @property
    def probing(self) -> bool:
        """Whether a probe waits for its answer."""
        return bool(self._probes)

    def _probed(self, n: int, answer: bool) -> None:
        answered = self._probes.pop(n, None)
        if answered is not None:
            answered(answer)

    # From the end of the opening to the end of the connection.

    def opened(self, hello: Hello, answer: bytes) -> None:
        """Become a link, if the owner admits it."""
        self.hello = hello
        self._owner.link_admitted(self)
        self.transport.write(answer)
        self._machine.proven()
        self._owner.link_ready(self)
        self.ping()

    def begin(self) -> None:
        """Get ready for frames."""
        super().begin()
        self.ready = True
        self.writable = True
        self.transport.registerProducer(_Valve(self._flow), True)

    def recover(self) -> None:
        """Tell the owner that the link is no longer suspect."""
        self._owner.link_recovered(self)

    def receive(self, line: bytes) -> None:
        """Take a frame, and answer what is the link's own business."""
        frame = decode(line)
        if isinstance(frame, Ping):
            self.send(Pong(frame.n))
        elif isinstance(frame, Pong):
            if frame.n == self._pings:
                self.round_trip = self._clock.seconds() - self._pinged_at
            self._probed(frame.n, True)
        elif isinstance(frame, Bye):
            self._dismissed(frame.reason)
        elif frame is not None:
            self._owner.link_heard(self, frame)
        self.reading.took(frame, len(line))

    def _flow(self, writable: bool) -> None:
        self.writable = writable and not self.closing
        if self.writable:
            self._untaken = 0
            unsent, self._unsent = self._unsent, {}
            for frame in unsent.values():
                self.send(frame)
            self._owner.link_resumed(self)

    def be_gone(self) -> None:
        """Answer the probes, cancel all timers, and tell the owner."""
        super().be_gone()
        self.writable = False
        probes, self._probes = self._probes, {}
        for answered in probes.values():
            answered(False)
        self._owner.link_closed(self, self._refusal)
