"""A connection from its first byte to its last: its lines, its timers, and the ways in which it ends. `opener` has the opening,
`link` what follows it.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IHandshakeListener, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.wire.frames import MAX_LINE, Bye, Hello, encode
from twisted_chat.core.wire.opening import Dismissed, Introduction, Role
from twisted_chat.net.addresses import endpoint, normal, scoped
from twisted_chat.net.flow import Reading
from twisted_chat.net.lines import ChunkedLineReceiver
from twisted_chat.net.link_states import ENDING, OPENING, PARTING, SUSPECT, LinkMachine, State
from twisted_chat.net.machines import trace
from twisted_chat.net.opener import ConnectionOwner, Opener
from twisted_chat.net.pulse import Pulse
from twisted_chat.net.sockets import hold_little
from twisted_chat.net.tls import Encryption

FLUSH_SECONDS = 2.0
"""How long a closing connection may take to get rid of what is in its buffer."""

_log = Logger()
_BYE = encode(Bye(errors.LEFT))[:11]


@implementer(IHandshakeListener)
class Connection(ChunkedLineReceiver):
    """A connection to another peer, up to the point where it is `ready`, and from the point where it ends. `link_states` has
    its states.

    `ended_by` is the reason in the other side's `bye`, empty if none has come.
    """

    opener: Opener
    """Its opening, from when the connection is made."""
    ready = False
    """Whether it has come to be a link; it may be closing since, or gone."""
    ended_by = ""

    def __init__(
        self,
        owner: ConnectionOwner,
        introduction: Introduction,
        encryption: Encryption,
        role: Role,
        clock: IReactorTime,
    ) -> None:
        self.role = role
        self.state = OPENING
        self.pulse = Pulse(clock.seconds())
        self.reading = Reading(self, clock, self.after, self._attended)
        self._owner: ConnectionOwner = owner
        self._clock = clock
        self._introduction = introduction
        self._encryption = encryption
        self._timers: list[IDelayedCall] = []
        self._deadline: IDelayedCall | None = None
        self._refusal: Refusal | None = None
        self._machine = LinkMachine(self, self.state)

    # What follows the opening.

    def opened(self, hello: Hello, answer: bytes) -> None:
        """Become ready: `hello` is proven, and `answer` is to be sent. Raises `Refusal` if the link is not wanted all the
        same."""
        raise NotImplementedError

    def receive(self, line: bytes) -> None:
        """Take a line once ready. May raise `Refusal`."""
        raise NotImplementedError

    # The connection.

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port of the connection's other end."""
        address = self.transport.getPeer()
        return (normal(scoped(address.host, getattr(address, "scopeID", 0))), address.port)

    def connectionMade(self) -> None:
        """Begin the opening."""
        self.transport.setTcpNoDelay(True)
        hold_little(self.transport.getHandle())
        self.opener = Opener(self, self._owner, self._introduction, self._encryption)
        self.opener.begin()

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk. If that takes longer than this link's turn, the rest waits for the next."""
        self.reading.begin_turn()
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        """Take one line. A bad line closes the link and has no other effect."""
        if self.state in ENDING:
            if self.state is PARTING and line.startswith(_BYE):
                self._machine.dismissed()  # both leave, and neither waits for the other
            return
        self.pulse.heard(self._clock.seconds())
        if self.state is SUSPECT:
            self._machine.heard()
        try:
            if self.state is OPENING:
                self.opener.receive(line)
            else:
                self.receive(line)
        except Refusal as refusal:
            self.refuse(refusal)
        except Dismissed as dismissed:
            self._dismissed(dismissed.reason)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Close the link because of a line of over 64 KiB. The rest of the line is not kept."""
        if not self.closing:
            self.refuse(Refusal(errors.PROTOCOL, f"a line of over {MAX_LINE} bytes"))

    def connectionLost(self, reason: Failure | None = None) -> None:
        """End what was to come."""
        if self.state is OPENING and self.opener.securing:
            self._refusal = Refusal(errors.TLS, "the handshake failed, or was given up")
        self._machine.lost()

    def rawDataReceived(self, data: bytes) -> None:
        """Pass on what came in one piece with the last line before TLS."""
        self.transport.protocol.dataReceived(data)

    def handshakeCompleted(self) -> None:
        """Go on with the opening, encrypted."""
        if not self.closing:
            self.setLineMode()
            try:
                self.opener.secured()
            except Refusal as refusal:
                self.refuse(refusal)

    def after(self, seconds: float, call: Callable[..., None], *arguments: object) -> IDelayedCall:
        """Call later, unless the connection is gone by then."""
        timer = self._clock.callLater(seconds, call, *arguments)
        self._timers = [*(timer for timer in self._timers if timer.active()), timer]
        return timer

    def _end_timers(self) -> None:
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self._timers.clear()

    def _attended(self) -> None:
        self.pulse.heard(self._clock.seconds())  # silence while it was not read is our own doing

    # The end.

    def refuse(self, refusal: Refusal) -> None:
        """Close with a `bye` that gives the reason. `refusal` is reported when the connection is gone.

        A dialer that has not been greeted says nothing: the program there may not be a peer at all.
        """
        if self.closing:
            return  # for the reason that was given then
        self._refusal = refusal
        spoken_to = refusal.reason == errors.VERSION or (self.opener.greeted and not self.opener.securing)
        self.close(refusal.reason if spoken_to else "")

    def close(self, reason: str) -> None:
        """Say `bye` with `reason`, unless that is empty, and close once everything is sent, or after 2 s."""
        self._machine.close(reason)

    def farewell(self) -> None:
        """Say `bye left` and let the other side close, so that it reads everything before. After 2 s this side closes."""
        self._machine.leave()

    def abort(self) -> None:
        """Drop the connection now."""
        self._machine.abort()

    def _dismissed(self, reason: str) -> None:
        self.ended_by = reason
        self._machine.dismissed()

    # What it does: see `link_states.Work`.

    def moved(self, state: State, by: str) -> None:
        """Take the new state, and log the change for debugging."""
        trace(_log, f"link with {endpoint(*self.peer)}, this end the {self.role.value}", self.state, by, state)
        self.state = state

    def begin(self) -> None:
        """Cancel the timers of the opening."""
        self._end_timers()

    def recover(self) -> None:
        """Tell that the link works after all: nothing else was suspect."""
        raise NotImplementedError

    def end(self, reason: str) -> None:
        """Say `bye`, if there is a reason, and hang up."""
        if reason:
            self.transport.write(encode(Bye(reason)))
        self.hang_up()

    def hang_up(self) -> None:
        """Close once everything is sent."""
        if self.ready:
            self.transport.unregisterProducer()  # else Twisted waits for it to produce more
        self.transport.loseConnection()
        self._give_time()

    def say_goodbye(self) -> None:
        """Say `bye left`, and let the other side hang up."""
        self.transport.write(encode(Bye(errors.LEFT)))
        self._give_time()

    def _give_time(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = self.after(FLUSH_SECONDS, self._machine.late)

    def drop(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def be_gone(self) -> None:
        """Cancel all timers."""
        self._end_timers()

    # What can be asked of it.

    @property
    def closing(self) -> bool:
        """Whether this end is done with the link. The connection may still stand."""
        return self.state in ENDING

    @property
    def progress(self) -> int:
        """The number of valid lines of the opening so far."""
        return self.opener.progress

    @property
    def known(self) -> bytes | None:
        """The id of the member that the other side has shown to be before it is ready; of a closed group only."""
        return self.opener.known

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.opener.encrypted
