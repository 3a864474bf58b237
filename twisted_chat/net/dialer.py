"""Calling one address where a peer may listen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from twisted.internet.interfaces import IAddress, IConnector, IDelayedCall, IReactorTime
from twisted.internet.protocol import ReconnectingClientFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.status import Finding
from twisted_chat.net.addresses import endpoint
from twisted_chat.net.dialer_states import DialerMachine, State
from twisted_chat.net.findings import UNKNOWN, unanswered
from twisted_chat.net.gossip import Word
from twisted_chat.net.link import Link
from twisted_chat.net.machines import trace
from twisted_chat.net.sockets import keep_short

CONNECT_SECONDS = 2.0
"""How long an address has to accept a connection."""
LONGEST_DELAY = 1.5
"""The longest wait, in seconds, between two calls to where nobody answers: what was cut off is whole again within seconds."""
LATELY = 3 * 24 * 3600.0
"""Seconds for which an address is called where a member was, though nothing else speaks for it."""
TRIES = 5
"""Calls in a row to an address that nothing speaks for any more, before it is forgotten."""
BUSY = {Finding.FULL, Finding.STALLED, Finding.WAIT, Finding.REFUSED}
"""What is found where a peer answers that may have a link to give another time: such calls don't count among those."""
BUSY_SECONDS = 600.0
"""Seconds for which they don't: who leads others there has as much to say as an address that answers nobody."""

_log = Logger()


class _Alarm:
    """The clock of a dialer's `retry`, which keeps hold of the one call that waits: so it can be called off."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: IDelayedCall | None = None

    def callLater(self, seconds: float, call: Callable[..., object], *arguments: object) -> IDelayedCall:
        """Call later, in the place of what was to be called before."""
        self.cancel()
        self._waiting = self._clock.callLater(seconds, call, *arguments)
        return self._waiting

    def cancel(self) -> None:
        """Call nothing."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.active():
            waiting.cancel()


class _Turn(NamedTuple):
    """What `retry` is given for a connector: it asks nothing of it but to connect."""

    connect: Callable[[], None]


class Dialer(ReconnectingClientFactory):
    """Calls one address, again and again, until a link stands; starts over when the link is lost. `dialer_states` has its states.

    `expected` is the id that must answer, if the address is known by another's `word` only. `reasons` are what else there is to
    call it. Without any, the address is given up when there has been no link for `LATELY`, and `TRIES` calls.
    """

    noisy = False
    maxDelay = LONGEST_DELAY  # type: ignore[assignment]  # an int by Twisted's annotations, which follow its default
    maxRetries: int | None  # type: ignore[assignment]
    initialDelay = 0.5
    factor = 1.5

    def __init__(
        self,
        reactor: Any,
        build: Callable[[Dialer], Link | None],
        forget: Callable[[Dialer], None],
        host: str,
        port: int,
        expected: bytes | None = None,
    ) -> None:
        """`build` returns the dialing end of a new link, None if there are to be no more; `forget` is called when the address
        is given up."""
        self.host = host
        self.port = port
        self.expected = expected
        self.word: Word | None = None
        self.reasons: set[object] = set()
        self.state = State.IDLE
        self.link: Link | None = None
        """What the last call that was answered has led to, ready or not; None while another call is made beside it."""
        self.last_ready = float("-inf")
        self.found = UNKNOWN
        """What the last call came to, if not to a link."""
        self.wrong = b""
        """What process was there that did not know the passphrase, until `wrong_until`: another one may."""
        self.wrong_until = float("-inf")
        self.reported: Finding | None = None
        """What was found when that was last reported, so that the same is not reported again and again."""
        self._alarm = _Alarm(reactor)
        self.clock = self._alarm  # type: ignore[assignment]  # of it, retry() uses callLater alone
        self._reactor = reactor
        self._build = build
        self._forget = forget
        self._time = reactor.seconds
        self._machine = DialerMachine(self, self.state)
        self._rests_until = float("-inf")
        self._given_up = reactor.seconds() + BUSY_SECONDS

    # What it is told.

    def dial(self) -> None:
        """Call now, whatever became of earlier calls; or later, if this rests."""
        self.resetDelay()
        self._due()

    def _due(self) -> None:
        if self._rests:
            self._machine.put_off()
        else:
            self._machine.call()

    def park(self) -> None:
        """Call no more until `dial`; a call under way, or a link that stands, is left alone."""
        self._machine.park()

    def rest(self, seconds: float) -> None:
        """Don't call for so long, whatever happens meanwhile."""
        self._rests_until = max(self._rests_until, self._time() + seconds)

    def wake(self) -> None:
        """Call now, if this only waits for the time to call again."""
        if self.state in (State.WAITING, State.RESTING):
            self.dial()

    def stop(self) -> None:
        """Call no more, and give up a call under way."""
        self._machine.stop()

    def settled(self) -> None:
        """The link is ready: the next loss is answered quickly."""
        self.last_ready = self._time()
        self.found = UNKNOWN
        self.reported = None
        self.resetDelay()
        self._machine.ready()

    # What it is asked.

    @property
    def answered(self) -> bool:
        """Whether there has ever been a link with who is there."""
        return self.last_ready > float("-inf")

    @property
    def linked(self) -> bool:
        """Whether the last call has led to a link that stands."""
        return self.link is not None and self.link.ready and not self.link.closing

    @property
    def parked(self) -> bool:
        """Whether calling would be pointless now."""
        return self.state in (State.PARKED, State.STOPPED)

    @property
    def _rests(self) -> bool:
        return bool(self._time() < self._rests_until)

    # What Twisted reports.

    def startedConnecting(self, connector: IConnector) -> None:
        """Remember which of our connectors counts."""
        self.connector = connector

    def buildProtocol(self, addr: IAddress | None) -> Link | None:
        """Return the dialing end of a new link."""
        self.link = self._build(self)
        return self.link

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        """Call again after a while, unless parked."""
        self._again(connector)

    def clientConnectionFailed(self, connector: IConnector | None, reason: Failure) -> None:
        """Call again after a while, unless parked. Without a `connector` there was not even a call."""
        self.found = unanswered(reason)
        self._again(connector)

    def _again(self, connector: IConnector | None) -> None:
        if connector is not self.connector:
            return  # another call has been made since
        lately = self._time() - self.last_ready < LATELY
        self.maxRetries = None if self.reasons or lately else TRIES
        if self.found.finding in BUSY and self._time() < self._given_up:
            self.retries = 0
        if self.maxRetries is not None and self.retries >= self.maxRetries:
            self._machine.give_up()
        elif self._rests:
            self.retries += 1
            self._machine.rest()
        else:
            self._machine.retry()

    # What it does: see `dialer_states.Work`.

    def moved(self, state: State, by: str) -> None:
        """Be in another state, and let that be seen where mistakes are looked for."""
        trace(_log, f"dialer of {endpoint(self.host, self.port)}", self.state, by, state)
        self.state = state

    def connect(self) -> None:
        """Make a call."""
        self._alarm.cancel()
        self.connector = None
        try:
            connector = self._reactor.connectTCP(self.host, self.port, self, timeout=CONNECT_SECONDS)
            keep_short(getattr(connector, "transport", None), self.host)  # it connects in the next turn of the reactor
        except OSError as error:  # a link-local address of an interface that this machine does not have now
            self.clientConnectionFailed(None, Failure(error))

    def retry_later(self) -> None:
        """Call when the delay is over, which grows."""
        self.retry(_Turn(self._due))

    def rest_now(self) -> None:
        """Call when the rest is over, which may be longer by then."""
        self._alarm.callLater(self._rests_until - self._time(), self._due)

    def be_forgotten(self) -> None:
        """Tell that the address is given up."""
        self._forget(self)

    def wait_for_dial(self) -> None:
        """Let no call wait for its time."""
        self._alarm.cancel()

    def hang_up(self) -> None:
        """Break off a call under way, and let none wait."""
        self._alarm.cancel()
        self.resetDelay()  # so that Twisted does not cancel what is cancelled
        self.stopTrying()
