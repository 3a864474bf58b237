"""The links of this peer, and the dialing that keeps them up.

Exactly one link stays between two processes, whatever races; see "One link a pair" in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred

from twisted_chat.core import errors
from twisted_chat.core.clock import MICROSECONDS
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import Refusal
from twisted_chat.core.events import Refused, TwoInstances
from twisted_chat.core.frames import Address, Frame, Peers
from twisted_chat.core.opening import Introduction, Role
from twisted_chat.core.replica import Replica
from twisted_chat.core.status import AddressStatus, Finding, Found, LinkStatus
from twisted_chat.net.calls import MAX_LEARNED, Calls
from twisted_chat.net.factories import Dialer, Listener
from twisted_chat.net.findings import answered
from twisted_chat.net.link import Link
from twisted_chat.net.pulse import Verdict

BEAT = 1.0
"""Seconds between two looks at the pulses of all links."""
JUMP = 5.0
"""Seconds by which clocks must disagree, or a beat be late, for this peer to have been suspended."""
MAX_OPENING = 32
"""Connections taken that are not yet ready; the oldest makes room for another."""
QUIET = {errors.SELF, errors.DUPLICATE, errors.LEFT}
"""Reasons for closing a link that are everyday life and not reported."""


class Mesh:
    """Listens, dials, keeps one link a pair, and drops links that are dead."""

    def __init__(
        self,
        reactor: Any,
        wall: Callable[[], float],
        introduction: Introduction,
        replica: Replica,
        conversation: Conversation,
        max_links: int,
    ) -> None:
        """`reactor` makes connections and keeps monotonic time; `wall` is seconds since 1970."""
        self.reactor = reactor
        self.links: list[Link] = []
        """The ready links, oldest first."""
        self.calls = Calls(self._make_dialer)
        self._wall = wall
        self._introduction = introduction
        self._replica = replica
        self._conversation = conversation
        self._max_links = max_links
        self._opening: dict[Link, Dialer | None] = {}
        self._dialed: dict[Link, Dialer] = {}
        self._own = ("", 0)
        self._port: Any = None
        self._stopped: Deferred[None] | None = None
        self._beat_call: Any = None
        self._last_beat = (0.0, 0.0)
        self._reading = True

    # Start and end.

    def listen(self, host: str) -> None:
        """Take hold of the introduced port on `host`; calls wait until `start`.

        Raises `twisted.internet.error.CannotListenError` if the port is taken.
        """
        self._own = (host, self._introduction.port)
        if self._introduction.port:
            self._port = self.reactor.listenTCP(
                self._introduction.port, Listener(lambda: self.build_link(Role.LISTENER)), interface=host
            )
            self._port.stopReading()

    def start(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Take calls, and dial every one of `addresses` but our own."""
        if self._port is not None:
            self._port.startReading()
        self.calls.begin(address for address in addresses if address != self._own)
        self._last_beat = (self.reactor.seconds(), self._wall())
        self._beat_call = self.reactor.callLater(BEAT, self._beat)

    def stop(self) -> Deferred[None]:
        """Say goodbye to all and stop listening and dialing; fires when every connection is closed, within 4 s."""
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        if self._beat_call is not None:
            self._beat_call.cancel()
        self.calls.stop()
        if self._port is not None:
            self._port.stopListening()
        for link in [*self._opening, *self.links]:
            link.farewell() if link.ready else link.abort()
        self._stop_if_done()
        return stopped

    def status(self) -> list[LinkStatus]:
        """Return how each link is doing."""
        return [
            LinkStatus(
                self._conversation.roster.shown(link.member),
                link.peer[0],
                link.hello.port or link.peer[1],
                link.role is Role.DIALER,
                link.pulse.suspect,
                link.writable,
                link.round_trip,
                self._replica.behind(link),
            )
            for link in self.links
        ]

    def survey(self) -> list[AddressStatus]:
        """Return what is at each address that is called, and at our own, by address. Nobody is called for it."""
        absent = {
            (member.host, member.port): member.shown
            for member in self._conversation.roster.everybody()
            if not member.here
        }
        own = [AddressStatus(*self._own, Found(Finding.OURSELVES))] if self._own[1] else []
        found = [self._found(dialer, absent) for dialer in self.calls.values()]
        return sorted([*own, *found], key=lambda status: (status.host, status.port))

    def _found(self, dialer: Dialer, absent: dict[tuple[str, int], str]) -> AddressStatus:
        address = (dialer.host, dialer.port)
        for link in self.links:
            leads_there = dialer is self._dialed.get(link) or self.calls.leads_to(dialer, link.instance)
            if leads_there or address == (link.peer[0], link.hello.port):
                return AddressStatus(*address, Found(Finding.LINKED), self._conversation.roster.shown(link.member))
        return AddressStatus(*address, dialer.found, absent.get(address, ""))

    def flow(self, open: bool) -> None:
        """Read the links, or don't until so much that waits for the store is kept."""
        self._reading = open
        for link in self.links:
            self._set_reading(link)

    def _set_reading(self, link: Link) -> None:
        if self._reading and link.paused:
            link.pulse.heard(self.reactor.seconds())
            link.resumeProducing()
        elif not self._reading and not link.paused:
            link.pauseProducing()

    # What links report.

    def build_link(self, role: Role, dialer: Dialer | None = None) -> Link | None:
        """Return a link for a new connection."""
        if self._stopped is not None:
            return None
        taken = [link for link, its_dialer in self._opening.items() if its_dialer is None and not link.closing]
        if dialer is None and len(taken) >= MAX_OPENING:
            taken[0].refuse(Refusal(errors.FULL, "too many connections that have not shown who they are"))
        link = Link(self, self._introduction, role, self.reactor)
        self._opening[link] = dialer
        return link

    def _make_dialer(self, host: str, port: int, expected: bytes | None) -> Dialer:
        def build(dialer: Dialer) -> Link | None:
            return self.build_link(Role.DIALER, dialer)

        return Dialer(self.reactor, build, self.calls.forget, host, port, expected)

    def link_admitted(self, link: Link) -> None:
        """Raise `Refusal` if a link whose other side has proven who it is can't be taken nevertheless."""
        dialer = self._opening[link]
        if dialer is not None and dialer.expected not in (None, link.member):
            raise Refusal(errors.STRANGER, f"{dialer.host}:{dialer.port} answers as somebody else")
        if len(self.links) >= self._max_links and all(other.member != link.member for other in self.links):
            raise Refusal(errors.FULL, f"{self._max_links} links are kept")

    def link_ready(self, link: Link) -> None:
        """Replicate over a link, and if there are two with one peer, see which stays."""
        dialer = self._opening.pop(link)
        if dialer is not None:
            self._dialed[link] = dialer
            dialer.settled()
        older = [other for other in self.links if other.member == link.member]
        self.links.append(link)
        port = link.hello.port or link.peer[1]
        dialed = link.role is Role.DIALER
        now = int(self._wall() * MICROSECONDS)
        self._conversation.linked(link.member, link.hello.name, link.peer[0], port, dialed, now)
        self._replica.attach(link)
        self._set_reading(link)
        self._tell_addresses(link)
        for other in older:
            self._contest(other, link)

    def link_heard(self, link: Link, frame: Frame) -> None:
        """Take a frame from a ready link."""
        if isinstance(frame, Peers):
            known = {other.member for other in self.links} | {self._introduction.identity.id}
            self.calls.learn(frame.peers, link.peer[0], known)
        elif isinstance(frame, Replica.handles):
            self._replica.receive(link, frame)
        else:
            raise Refusal(errors.PROTOCOL, f"{type(frame).__name__.lower()} after the opening")

    def link_resumed(self, link: Link) -> None:
        """Go on sending."""
        self._replica.resumed(link)

    def link_recovered(self, link: Link) -> None:
        """A suspect link was heard again: nobody needs to be dialed beside it."""
        self.calls.recovered(link)

    def link_closed(self, link: Link, refusal: Refusal | None) -> None:
        """A connection is gone, ready or not."""
        dialer = self._opening.pop(link, None) or self._dialed.pop(link, None)
        if dialer is not None and not link.ready:
            dialer.found = answered(link, refusal)
        if refusal is not None:
            self._report(link, refusal, dialer)
        elif link.ended_by and not link.ready:
            self._report(link, Refusal(link.ended_by, "in the other side's words"), dialer)
        if errors.SELF in (link.ended_by, refusal and refusal.reason) and dialer is not None:
            dialer.park()
        if link in self.links:
            self.links.remove(link)
            self._replica.detach(link)
            others = [other for other in self.links if other.instance == link.instance]
            if dialer is not None and dialer.link is link and others and self._settled(link, refusal):
                self.calls.park(dialer, others[0].instance)
            if self._stopped is None:
                self._conversation.unlinked(link.member, link.ended_by == errors.LEFT)
            if not others:
                self.calls.unpark(link.instance)
        self._stop_if_done()

    @staticmethod
    def _settled(link: Link, refusal: Refusal | None) -> bool:
        return errors.DUPLICATE in (link.ended_by, refusal and refusal.reason)

    def _stop_if_done(self) -> None:
        if self._stopped is not None and not self._stopped.called and not self.links and not self._opening:
            self._stopped.callback(None)

    def _report(self, link: Link, refusal: Refusal, dialer: Dialer | None) -> None:
        if refusal.reason in QUIET:
            return
        if dialer is not None and not link.ready:
            if dialer.reported is dialer.found.finding:
                return
            dialer.reported = dialer.found.finding
        self._conversation.emit(Refused(*link.peer, refusal.reason, refusal.detail))

    # One link a pair.

    def _contest(self, older: Link, newer: Link) -> None:
        """See whether the older of two links with one member still works, and then which stays."""

        def answered(alive: bool) -> None:
            if older not in self.links:
                return
            if not alive:
                older.abort()  # at either end: the other may long have closed its end of it
            elif newer in self.links and (older.instance != newer.instance or self._decides(newer)):
                self._decide(older, newer)

        older.ping(answered)

    def _decides(self, link: Link) -> bool:
        return (self._introduction.identity.id, self._introduction.instance) < link.instance

    def _decide(self, older: Link, newer: Link) -> None:
        if older.instance != newer.instance:
            self._conversation.emit(TwoInstances(self._conversation.roster.shown(newer.member)))
        else:
            newer.refuse(Refusal(errors.DUPLICATE))

    # Addresses passed on.

    def _address(self, link: Link) -> Address | None:
        return Address(link.member, link.peer[0], link.hello.port) if link.hello.port else None

    def _tell_addresses(self, newcomer: Link) -> None:
        others = [link for link in self.links if link.member != newcomer.member]
        known = [address for link in others if (address := self._address(link))]
        if known:
            newcomer.send(Peers(known[:MAX_LEARNED]))
        address = self._address(newcomer)
        if address is not None:
            for link in others:
                link.send(Peers([address]))

    # Pulses.

    def _beat(self) -> None:
        now, wall = self.reactor.seconds(), self._wall()
        passed, passed_wall = now - self._last_beat[0], wall - self._last_beat[1]
        self._last_beat = (now, wall)
        self._beat_call = self.reactor.callLater(BEAT, self._beat)
        if passed > BEAT + JUMP or abs(passed_wall - passed) > JUMP:  # we were suspended, or the whole machine was
            for link in self.links:
                link.pulse.heard(now)
                link.ping()
            return
        for link in list(self.links):
            if not link.paused:
                self._check(link, now)

    def _check(self, link: Link, now: float) -> None:
        suspected = link.pulse.suspect
        verdict = link.pulse.check(now)
        if verdict is Verdict.DEAD:
            link.abort()
        elif verdict is Verdict.PING:
            link.ping()
        elif verdict is Verdict.SUSPECT and not suspected:
            self.calls.beside(link, self._dialed.get(link))
