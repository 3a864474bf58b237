"""A connection from its first byte to its last: the opening, up to the point where both sides know who the other is, and the
ways in which it ends. What is said in between is `link`'s business.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IHandshakeListener, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.wire.frames import MAX_LINE, Bye, Hello, encode
from twisted_chat.core.wire.opening import (
    GREET_SECONDS,
    OPENING_SECONDS,
    Answer,
    Dismissed,
    Introduction,
    Opening,
    Role,
    Slow,
    Step,
)
from twisted_chat.net.addresses import normal, scoped
from twisted_chat.net.flow import Reading, Reason
from twisted_chat.net.lines import ChunkedLineReceiver
from twisted_chat.net.pulse import Pulse
from twisted_chat.net.tls import Encryption, channel, process

FLUSH_SECONDS = 2.0
"""How long a closing connection may take to get rid of what is in its buffer."""
UNSENT = 16 * 1024
"""Bytes that the system is to hold for a connection without having sent them."""
UNREAD = 128 * 1024
"""Bytes that the system is to hold of what has come and has not been read: what is said now waits behind them."""
BEGINNING = 60
"""Bytes kept of the first line heard."""

_log = Logger()
_BYE = encode(Bye(errors.LEFT))[:11]


class ConnectionOwner(Protocol):
    """Who a connection asks while it opens."""

    def link_computes(self, compute: Callable[[], None]) -> Deferred[None]:
        """Call, in a thread, what takes long."""
        ...

    def link_secured(self, connection: Any) -> None:
        """A connection is encrypted now, and its `process` is known; raises `Refusal` if it is not wanted."""
        ...

    def link_risks(self, connection: Any) -> None:
        """The other side, unknown as yet, may find out next whether a passphrase is right; raises `Refusal` if it may not."""
        ...


@implementer(IHandshakeListener)
class Connection(ChunkedLineReceiver):
    """A connection to another peer; `Link` says what happens once it is `ready`: then `hello` is proven.

    `ended_by` is the reason in the other side's `bye`, once it has sent one; `began_with` the beginning of the first line heard.
    """

    hello: Hello
    ended_by = ""
    began_with = b""
    process = b""
    """What tells the process at the other end from every other, once the connection is encrypted."""

    def __init__(
        self,
        owner: ConnectionOwner,
        introduction: Introduction,
        encryption: Encryption,
        role: Role,
        clock: IReactorTime,
    ) -> None:
        self.role = role
        self.ready = False
        self.pulse = Pulse(clock.seconds())
        self.reading = Reading(self, clock, self._later, self._attended)
        self._computes = owner.link_computes
        self._risks = owner.link_risks
        self._secured = owner.link_secured
        self._clock = clock
        self._introduction = introduction
        self._encryption = encryption
        self._timers: list[IDelayedCall] = []
        self._refusal: Refusal | None = None
        self._closing = False
        self._parting = False

    # What follows the opening.

    def _begin(self, answer: bytes) -> None:
        """The other side is who it says; `answer` is to be sent to it. Raises `Refusal` if it is not wanted all the same."""
        raise NotImplementedError

    def _receive(self, line: bytes) -> None:
        """Take a line once ready. May raise `Refusal`."""
        raise NotImplementedError

    def _heard(self) -> None:
        """Something came."""
        self.pulse.heard(self._clock.seconds())

    # The connection.

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port of the connection's other end."""
        address = self.transport.getPeer()
        return (normal(scoped(address.host, getattr(address, "scopeID", 0))), address.port)

    def connectionMade(self) -> None:
        """Begin the opening."""
        self.transport.setTcpNoDelay(True)
        # Else the system holds megabytes, which nothing new overtakes. Not every system can be told so.
        with suppress(AttributeError, OSError):
            self.transport.getHandle().setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        self.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD)
        needed = self._encryption.needed(self.peer[0])
        self._opening = Opening(self._introduction, self.role, needed, lambda: self._risks(self))
        self._later(OPENING_SECONDS, self._not_opened)
        if self.role is Role.DIALER:
            self._later(GREET_SECONDS, self._check_greeted)
        self.transport.write(self._opening.begin())

    def dataReceived(self, data: bytes) -> None:
        """Take what comes, for no longer than is this link's turn."""
        self.reading.begin_turn()
        super().dataReceived(data)

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
        """Note why, and end what was to come."""
        if self._opening.step is Step.SECURED and not self._closing:
            self._refusal = Refusal(errors.TLS, "the handshake failed, or was given up")
        self._closing = True
        self._end_timers()

    # The opening.

    def _open(self, line: bytes) -> None:
        self.began_with = self.began_with or line[:BEGINNING]
        self._go_on(self._opening.receive(line))
        self.reading.took(None, len(line))

    def _go_on(self, answer: Answer) -> None:
        """Do what the opening asks for: compute and go on, turn to TLS, be ready, or just answer."""
        if isinstance(answer, Slow):
            self.reading.stop(Reason.COMPUTING)
            computed = self._computes(self._unless_closing(answer.compute))
            computed.addCallback(self._computed, answer.then).addErrback(self._failed)
        elif self._opening.step is Step.READY:
            self._begin(answer)
        else:
            self.transport.write(answer)
            if self._opening.step is Step.SECURED:
                self.setRawMode()
                self._encryption.start(self.transport)

    def _unless_closing(self, compute: Callable[[], None]) -> Callable[[], None]:
        def computed() -> None:
            if not self._closing:  # while it waited for its turn
                compute()

        return computed

    def _computed(self, result: None, then: Callable[[], bytes]) -> None:
        if not self._closing:
            self._go_on(then())
            self.reading.go_on(Reason.COMPUTING)

    def _failed(self, reason: Failure) -> None:
        if isinstance(reason.value, Refusal):
            self.refuse(reason.value)
        else:
            _log.failure("in the opening of a link:", reason)
            self.abort()

    def rawDataReceived(self, data: bytes) -> None:
        """Pass on what came in one piece with the last line before TLS."""
        self.transport.protocol.dataReceived(data)

    def handshakeCompleted(self) -> None:
        """Go on with the opening, encrypted."""
        if not self._closing:
            self.setLineMode()
            self.process = process(self.transport)
            try:
                self._secured(self)
            except Refusal as refusal:
                self.refuse(refusal)
                return
            self._go_on(self._opening.secured(channel(self.transport)))

    def _attended(self) -> None:
        self.pulse.heard(self._clock.seconds())  # silence while it was not read is our own doing

    def _too_slow(self, what: str) -> None:
        self.refuse(Refusal(errors.TIMEOUT, what))

    def _not_opened(self) -> None:
        self._too_slow(f"no opening: {self._opening.step.value} did not come")

    def _check_greeted(self) -> None:
        if not self.greeted:
            self._too_slow("no greet: another program listens there, or the peer is suspended")

    # The end.

    def refuse(self, refusal: Refusal) -> None:
        """Close it with a `bye` that gives the reason, and report `refusal` when it is closed.

        A dialer that has not been greeted says nothing: what lives there may not be a peer at all.
        """
        if self._closing:
            return  # for the reason that was given then
        self._refusal = refusal
        spoken_to = refusal.reason == errors.VERSION or (self.greeted and self._opening.step is not Step.SECURED)
        self.close(refusal.reason if spoken_to else "")

    def close(self, reason: str) -> None:
        """Say `bye` with `reason`, if any, and close once that is out, within 2 s in any case."""
        if not self._closing:
            if reason:
                self.transport.write(encode(Bye(reason)))
            self._hang_up()

    def farewell(self) -> None:
        """Say `bye left` and let the other side close, so that all sent before is read; after 2 s close in any case."""
        if not self._closing:
            self.transport.write(encode(Bye(errors.LEFT)))
            self._closing = self._parting = True
            self._later(FLUSH_SECONDS, self._hang_up)

    def abort(self) -> None:
        """Drop the connection now."""
        self._closing = True
        self.transport.abortConnection()

    def _dismissed(self, reason: str) -> None:
        self.ended_by = reason
        self.close("")

    def _hang_up(self) -> None:
        self._closing = True
        if self.ready:
            self.transport.unregisterProducer()  # else Twisted waits for it to produce more
        self.transport.loseConnection()
        self._later(FLUSH_SECONDS, self.abort)

    def _later(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self._timers.append(self._clock.callLater(seconds, call, *arguments))

    def _end_timers(self) -> None:
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self._timers.clear()

    # What can be asked of it.

    @property
    def closing(self) -> bool:
        """Whether this end is done with the link, though the connection may still stand."""
        return self._closing

    @property
    def greeted(self) -> bool:
        """Whether the other side has shown itself to be a peer of this protocol version."""
        return self._opening.step is not Step.GREET

    @property
    def progress(self) -> int:
        """How far the opening has come."""
        return self._opening.progress

    @property
    def step(self) -> Step:
        """What the opening waits for, or waited for when the connection ended."""
        return self._opening.step

    @property
    def known(self) -> bytes | None:
        """The id of the member that the other side has shown to be before it is ready; of a closed group only."""
        return self._opening.known

    @property
    def guessing(self) -> bool:
        """Whether this end has heard, or waits for, what shows whether the other side of a closed group's link knows its
        passphrase."""
        return self._opening.step is Step.MAC

    @property
    def encrypted(self) -> bool:
        """Whether what goes over this link can't be read on the way."""
        return self._opening.encrypted

    @property
    def unproven(self) -> bool:
        """Whether the other side of this closed group's link could try a passphrase, and has not shown that it knows ours."""
        return self._opening.guessed and self._opening.step is Step.MAC
