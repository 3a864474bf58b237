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
from twisted_chat.net.diagnosis import UNKNOWN, unanswered
from twisted_chat.net.dialer_states import DialerMachine, State
from twisted_chat.net.gossip import Word
from twisted_chat.net.link import Link
from twisted_chat.net.machines import trace
from twisted_chat.net.sockets import keep_short

CONNECT_SECONDS = 2.0
"""Seconds that an address has to accept a connection."""
LONGEST_DELAY = 1.5
"""The longest wait, in seconds, between two calls that nobody answers. A network that heals is noticed so soon."""
LATELY = 3 * 24 * 3600.0
"""Seconds for which an address is called after a link with it, even without any reason."""
TRIES = 5
"""Calls in a row to an address without any reason, before it is given up."""
BUSY = {Finding.FULL, Finding.STALLED, Finding.WAIT, Finding.REFUSED}
"""The outcomes at peers that may accept a link another time: such calls do not count as tries."""
BUSY_SECONDS = 600.0
"""Seconds for which they do not count. After that, such an address is given up like one that never answers."""

_log = Logger()


class _Alarm:
    """The clock given to `retry`. It keeps hold of the one delayed call, so that the dialer can cancel it."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: IDelayedCall | None = None

    def callLater(self, seconds: float, call: Callable[..., object], *arguments: object) -> IDelayedCall:
        """Call later, instead of the call that was delayed before."""
        self.cancel()
        self._waiting = self._clock.callLater(seconds, call, *arguments)
        return self._waiting

    def cancel(self) -> None:
        """Cancel the delayed call, if there is one."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.active():
            waiting.cancel()


class _Turn(NamedTuple):
    """The connector given to `retry`, which only calls its `connect`."""

    connect: Callable[[], None]


class Dialer(ReconnectingClientFactory):
    """Calls one address until a link stands, and again when the link is lost. `dialer_states` has its states.

    `expected` is the id that must answer if the address is known only by another's `word`. `reasons` are the other reasons to
    call. Without any, the address is given up after `TRIES` calls, unless there was a link within `LATELY`.
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
        """The connection that the newest call has led to, ready or not. None while a call is made beside a suspect link."""
        self.last_ready = float("-inf")
        self.found = UNKNOWN
        """The outcome of the last call, if that was not a link."""
        self.wrong = b""
        """The process there that did not know the passphrase. It is not tried again until `wrong_until`; another process is."""
        self.wrong_until = float("-inf")
        self.reported: Finding | None = None
        """The outcome that was last reported, so that the same one is not reported again."""
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
        """Call now, even if an earlier call is under way. A dialer that rests calls when the rest is over."""
        self.resetDelay()
        self._due()

    def _due(self) -> None:
        if self._rests:
            self._machine.put_off()
        else:
            self._machine.call()

    def park(self) -> None:
        """Make no call until `dial`. A call under way, or a link that stands, is left alone."""
        self._machine.park()

    def rest(self, seconds: float) -> None:
        """Make no call for so many seconds, whatever happens meanwhile."""
        self._rests_until = max(self._rests_until, self._time() + seconds)

    def wake(self) -> None:
        """Call now if the dialer is waiting or resting."""
        if self.state in (State.WAITING, State.RESTING):
            self.dial()

    def stop(self) -> None:
        """Make no call ever again, and break off a call under way."""
        self._machine.stop()

    def settled(self) -> None:
        """Note that the link is ready: its loss will be followed by a call at once."""
        self.last_ready = self._time()
        self.found = UNKNOWN
        self.reported = None
        self.resetDelay()
        self._machine.ready()

    # What it is asked.

    @property
    def answered(self) -> bool:
        """Whether a call has ever led to a link."""
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
        """Note the connector of the newest call, the only one that is listened to."""
        self.connector = connector

    def buildProtocol(self, addr: IAddress | None) -> Link | None:
        """Return the dialing end of a new link."""
        self.link = self._build(self)
        return self.link

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        """Decide when to call again, if this was the newest call."""
        self._again(connector)

    def clientConnectionFailed(self, connector: IConnector | None, reason: Failure) -> None:
        """Decide when to call again, if this was the newest call. Without a `connector` the call could not be made."""
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
        """Take the new state, and log the change for debugging."""
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
        """Call after a delay that grows each time."""
        self.retry(_Turn(self._due))

    def rest_now(self) -> None:
        """Call when the rest is over. If it has become longer by then, wait on."""
        self._alarm.callLater(self._rests_until - self._time(), self._due)

    def be_forgotten(self) -> None:
        """Tell that the address is given up."""
        self._forget(self)

    def wait_for_dial(self) -> None:
        """Cancel the delayed call, if there is one."""
        self._alarm.cancel()

    def hang_up(self) -> None:
        """Break off a call under way, and cancel the delayed one."""
        self._alarm.cancel()
        self.resetDelay()  # so that Twisted does not cancel what is cancelled
        self.stopTrying()
