"""One connection between two peers: the opening, then frames both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.frames import MAX_LINE, Bye, Frame, Hello, Peers, Ping, Pong, decode, encode
from twisted_chat.core.opening import (
    GREET_SECONDS,
    OPENING_SECONDS,
    Dismissed,
    Introduction,
    Opening,
    Role,
    Step,
)
from twisted_chat.net.lines import ChunkedLineReceiver
from twisted_chat.net.pulse import Pulse

FLUSH_SECONDS = 2.0
"""How long a closing link may take to get rid of what is in its buffer."""
PROBE_SECONDS = 2.0
"""How long a link has to answer a probe."""
BEGINNING = 60
"""Bytes kept of the first line heard."""


_BYE = encode(Bye(errors.LEFT))[:11]


class LinkOwner(Protocol):
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


class Link(ChunkedLineReceiver):
    """A connection to another peer. After `LinkOwner.link_ready`, `member` and `hello` are proven.

    `ended_by` is the reason in the other side's `bye`, once it has sent one; `round_trip` how many seconds the last ping
    took; `began_with` the beginning of the first line heard.
    """

    hello: Hello
    writable = False
    ended_by = ""
    round_trip: float | None = None
    began_with = b""

    def __init__(self, owner: LinkOwner, introduction: Introduction, role: Role, clock: IReactorTime) -> None:
        self.role = role
        self.ready = False
        self.pulse = Pulse(clock.seconds())
        self._owner = owner
        self._clock = clock
        self._opening = Opening(introduction, role)
        self._timers: list[IDelayedCall] = []
        self._refusal: Refusal | None = None
        self._closing = False
        self._parting = False
        self._unsent: dict[type[Frame], Frame] = {}
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

    def send(self, frame: Frame) -> None:
        """Send a frame; while the transport is paused, of `pong` and `peers` only the newest is kept for later."""
        if isinstance(frame, (Pong, Peers)) and not self.writable:
            self._unsent[type(frame)] = frame
        else:
            self.send_line(encode(frame))

    def send_line(self, line: bytes) -> None:
        """Send an encoded frame."""
        if not self._closing:
            self.transport.write(line)

    # The connection.

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port of the connection's other end."""
        address = self.transport.getPeer()
        return (address.host, address.port)

    @property
    def instance(self) -> tuple[bytes, int]:
        """Which process is at the other end: its id and the number it drew when it started."""
        return (self.hello.id, self.hello.instance)

    def connectionMade(self) -> None:
        """Begin the opening."""
        self.transport.setTcpNoDelay(True)
        self._later(OPENING_SECONDS, self._too_slow, "no opening")
        if self.role is Role.DIALER:
            self._later(GREET_SECONDS, self._check_greeted)
        self.transport.write(self._opening.begin())

    def lineReceived(self, line: bytes) -> None:
        """Take one line, whatever is on it: nothing but a closed link comes of a bad one."""
        if self._closing:
            if self._parting and line.startswith(_BYE):
                self._hang_up()  # both leave, and neither waits for the other
            return
        self._heard()
        try:
            if self.ready:
                self._receive(line)
            else:
                self._open(line)
        except Refusal as refusal:
            self.refuse(refusal)
        except Dismissed as dismissed:
            self._dismissed(dismissed.reason)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a line of over 64 KiB; the rest of it is not read."""
        if not self._closing:
            self.refuse(Refusal(errors.PROTOCOL, f"a line of over {MAX_LINE} bytes"))

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Tell the owner."""
        self._closing = True
        self.writable = False
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        probes, self._probes = self._probes, {}
        for answered in probes.values():
            answered(False)
        self._owner.link_closed(self, self._refusal)

    def refuse(self, refusal: Refusal) -> None:
        """Close the link with a `bye` that gives the reason, and report `refusal` when it is closed.

        A dialer that has not been greeted says nothing: what lives there may not be a peer at all.
        """
        if self.closing:
            return  # for the reason that was given then
        self._refusal = refusal
        spoken_to = self.greeted or refusal.reason == errors.VERSION
        self.close(refusal.reason if spoken_to else "")

    def close(self, reason: str) -> None:
        """Say `bye` with `reason`, if any, and close once that is out, within 2 s in any case."""
        if not self._closing:
            if reason:
                self.send_line(encode(Bye(reason)))
            self._hang_up()

    def farewell(self) -> None:
        """Say `bye left` and let the other side close, so that all sent before is read; after 2 s close in any case."""
        if not self._closing:
            self.send_line(encode(Bye(errors.LEFT)))
            self._closing = self._parting = True
            self._later(FLUSH_SECONDS, self._hang_up)

    def abort(self) -> None:
        """Drop the connection now."""
        self._closing = True
        self.transport.abortConnection()

    @property
    def closing(self) -> bool:
        """Whether this end is done with the link, though the connection may still stand."""
        return self._closing

    @property
    def greeted(self) -> bool:
        """Whether the other side has shown itself to be a peer of this protocol version."""
        return self._opening.step is not Step.GREET

    # Once ready.

    def ping(self, answered: Callable[[bool], None] | None = None) -> None:
        """Send a ping; `answered` is told within 2 s whether the pong has come."""
        self._pings += 1
        if answered is not None:
            self._probes[self._pings] = answered
            self._later(PROBE_SECONDS, self._probed, self._pings, False)
        self._pinged_at = self._clock.seconds()
        self.pulse.pinged(self._pinged_at)
        self.send(Ping(self._pings))

    def _open(self, line: bytes) -> None:
        self.began_with = self.began_with or line[:BEGINNING]
        answer = self._opening.receive(line)
        if self._opening.step is not Step.READY:
            self.transport.write(answer)
            return
        assert self._opening.other is not None
        self.hello = self._opening.other
        self._owner.link_admitted(self)
        self.transport.write(answer)
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self._timers.clear()
        self.ready = True
        self.writable = True
        self.transport.registerProducer(_Valve(self._flow), True)
        self._owner.link_ready(self)
        self.ping()

    def _receive(self, line: bytes) -> None:
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

    def _heard(self) -> None:
        suspect = self.pulse.suspect
        self.pulse.heard(self._clock.seconds())
        if suspect:
            self._owner.link_recovered(self)

    def _flow(self, writable: bool) -> None:
        self.writable = writable and not self._closing
        if self.writable:
            unsent, self._unsent = self._unsent, {}
            for frame in unsent.values():
                self.send(frame)
            self._owner.link_resumed(self)

    def _probed(self, n: int, answer: bool) -> None:
        answered = self._probes.pop(n, None)
        if answered is not None:
            answered(answer)

    def _dismissed(self, reason: str) -> None:
        self.ended_by = reason
        self.close("")

    def _hang_up(self) -> None:
        self._closing = True
        if self.ready:
            self.transport.unregisterProducer()  # else Twisted waits for it to produce more
        self.transport.loseConnection()
        self._later(FLUSH_SECONDS, self.abort)

    def _too_slow(self, what: str) -> None:
        self.refuse(Refusal(errors.TIMEOUT, what))

    def _check_greeted(self) -> None:
        if not self.greeted:
            self._too_slow("no greet: another program listens there, or the peer is suspended")

    def _later(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self._timers.append(self._clock.callLater(seconds, call, *arguments))
