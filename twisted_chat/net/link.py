"""One link between two peers: frames both ways, over a `Connection` that has opened."""

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
from twisted_chat.net.link_states import ENDING, SUSPECT
from twisted_chat.net.opener import ConnectionOwner
from twisted_chat.net.tls import Encryption

MAX_UNTAKEN = 16 * 1024 * 1024
"""Bytes of answers that wait for a link whose other side reads nothing; beyond it the link is cut off."""
PROBE_SECONDS = 2.0
"""How long a link has to answer a probe."""


class LinkOwner(ConnectionOwner, Protocol):
    """What a link reports to: the mesh."""

    def link_admitted(self, link: Link) -> None:
        """The other side has proven who it is; raises `Refusal` if it is not wanted all the same."""
        ...

    def link_ready(self, link: Link) -> None:
        """The link carries frames from now on."""
        ...

    def link_heard(self, link: Link, frame: Frame) -> None:
        """A ready link brought a frame that is not the link's own business. May raise `Refusal`."""
        ...

    def link_resumed(self, link: Link) -> None:
        """A ready link can be written to again."""
        ...

    def link_recovered(self, link: Link) -> None:
        """A suspect link was heard again."""
        ...

    def link_closed(self, link: Link, refusal: Refusal | None) -> None:
        """The connection is gone; `refusal` says why if it was this side that would not have it."""
        ...


@implementer(IPushProducer)
class _Valve:
    """Tells a link when its transport's buffer is full and when it is empty again."""

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
        """Whether what the other side says it holds is on a disk."""
        return self.hello.durable

    def hold(self, held: bool) -> None:
        """Read no more until it is no longer `held`."""
        if held:
            self.reading.stop(Reason.LISTING)
        else:
            self.reading.go_on(Reason.LISTING)

    def send(self, frame: Frame) -> None:
        """Send a frame; while the transport is paused, of `pong`, `peers` and `linked` only the newest is kept for later."""
        if isinstance(frame, (Pong, Peers, Linked)) and not self.writable:
            self._unsent[type(frame)] = frame
        else:
            self.send_line(encode(frame))

    def send_line(self, line: bytes) -> None:
        """Send an encoded frame."""
        if self.state not in ENDING:
            self.transport.write(line)
            if self.ready and not self.writable:
                self._untaken += len(line)
                if self._untaken > MAX_UNTAKEN:
                    self._refusal = Refusal(errors.LIMIT, f"asks, and in {MAX_UNTAKEN} bytes takes no answer")
                    self.abort()

    @property
    def instance(self) -> tuple[bytes, int]:
        """Which process is at the other end: its id and the number it drew when it started."""
        return (self.hello.id, self.hello.instance)

    # Liveness.

    def ping(self, answered: Callable[[bool], None] | None = None) -> None:
        """Send a ping; `answered` is told within 2 s whether the pong has come."""
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
        """Why it has ended, in the word of the side that ended it; nothing if it was lost."""
        return self._refusal.reason if self._refusal is not None else self.ended_by

    def doubt(self) -> None:
        """A ping was not answered in time."""
        self._machine.unanswered()

    @property
    def probing(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self._probes)

    def _probed(self, n: int, answer: bool) -> None:
        answered = self._probes.pop(n, None)
        if answered is not None:
            answered(answer)

    # From the end of the opening to the end of the connection.

    def opened(self, hello: Hello, answer: bytes) -> None:
        """Be a link, if the owner takes it."""
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
        """Tell the owner."""
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
        """Let nothing of it be left, and tell the owner."""
        super().be_gone()
        self.writable = False
        probes, self._probes = self._probes, {}
        for answered in probes.values():
            answered(False)
        self._owner.link_closed(self, self._refusal)
