"""Where links come from: one `Listener`, and one `Dialer` for each address a peer may listen at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ReconnectingClientFactory, ServerFactory
from twisted.python.failure import Failure

from twisted_chat.core.status import Finding
from twisted_chat.net.findings import UNKNOWN, unanswered
from twisted_chat.net.gossip import Word
from twisted_chat.net.link import Link
from twisted_chat.net.segments import keep_short

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


class Listener(ServerFactory):
    """Takes calls."""

    noisy = False

    def __init__(self, build: Callable[[str], Link | None]) -> None:
        """`build` returns the listening end of a new link with a host, None if there is to be none."""
        self._build = build

    def buildProtocol(self, addr: Any) -> Link | None:
        """Return the listening end of a new link."""
        return self._build(addr.host)


class Dialer(ReconnectingClientFactory):
    """Calls one address, again and again, until a link stands; starts over when it is lost.

    It is *parked* while calling would be pointless: the peer that answers there has another link with us, or is ourselves.
    `expected` is the id that must answer, if the address is known by another's `word` only. `reasons`
    are what else there is to call it; without any, it is given up when there has been no link for `LATELY`, and `TRIES` calls.
    It *rests* for some seconds where who answers is a peer with which no link came about.
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
        self.clock = reactor  # retry() keeps time with it
        self.link: Link | None = None
        self.last_ready = float("-inf")
        self.found = UNKNOWN
        """What the last call came to, if not to a link."""
        self.wrong = b""
        """What process was there that did not know the passphrase, until `wrong_until`: another one may."""
        self.wrong_until = float("-inf")
        self.reported: Finding | None = None
        """What was found when that was last reported, so that the same is not reported again and again."""
        self._reactor = reactor
        self._build = build
        self._forget = forget
        self._time = reactor.seconds
        self._parked = False
        self._rests_until = float("-inf")
        self._given_up = reactor.seconds() + BUSY_SECONDS

    def dial(self) -> None:
        """Call now, whatever became of earlier calls; or later, if this rests."""
        self._parked = False
        self._cancel()
        if (wait := self._rests_until - self._time()) > 0:
            self._callID = self._reactor.callLater(wait, self.dial)
            return
        self.resetDelay()
        self.connect()

    def connect(self) -> None:
        """Make a call: what `retry` does when the time has come."""
        self.connector = None
        try:
            connector = self._reactor.connectTCP(self.host, self.port, self, timeout=CONNECT_SECONDS)
            keep_short(getattr(connector, "transport", None), self.host)  # it connects in the next turn of the reactor
        except OSError as error:  # a link-local address of an interface that this machine does not have now
            self.clientConnectionFailed(None, Failure(error))

    def park(self) -> None:
        """Call no more until `dial`; a link that stands is left alone."""
        self._parked = True
        self.continueTrying = 0
        self._cancel()

    def rest(self, seconds: float) -> None:
        """Don't call for so long, whatever happens meanwhile."""
        self._rests_until = max(self._rests_until, self._time() + seconds)

    def wake(self) -> None:
        """Call now, if this only waits for the time to call again."""
        if self._callID is not None and self._callID.active():
            self.dial()

    def stop(self) -> None:
        """Call no more, and give up a call under way."""
        self._parked = True
        self._cancel()
        self.stopTrying()

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
        return self._parked

    def settled(self) -> None:
        """The link is ready: the next loss is answered quickly."""
        self.last_ready = self._time()
        self.found = UNKNOWN
        self.reported = None
        self.resetDelay()

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
        if connector is not self.connector or self._parked:
            return
        lately = self._time() - self.last_ready < LATELY
        self.maxRetries = None if self.reasons or lately else TRIES
        if self.found.finding in BUSY and self._time() < self._given_up:
            self.retries = 0
        if self.maxRetries is not None and self.retries >= self.maxRetries:
            self._callID = None
            self._forget(self)
        elif (wait := self._rests_until - self._time()) > 0:
            self.retries += 1
            self._callID = self._reactor.callLater(wait, self.connect)
        else:
            self.retry(self)

    def _cancel(self) -> None:
        if self._callID is not None and self._callID.active():
            self._callID.cancel()
        self._callID = None
