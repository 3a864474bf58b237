"""The links of this peer, and the dialing that keeps them up.

Exactly one link stays between two processes, whatever races; see "One link a pair" in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThreadPool

from twisted_chat.core import errors
from twisted_chat.core.clock import MICROSECONDS
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import BadText, Refusal
from twisted_chat.core.events import TwoInstances
from twisted_chat.core.replication.replica import Replica
from twisted_chat.core.status import AddressStatus, LinkStatus
from twisted_chat.core.wire.frames import Frame, Linked, Peers, TypingFrame
from twisted_chat.core.wire.opening import Introduction, Role
from twisted_chat.net.addresses import place
from twisted_chat.net.budget import USELESS
from twisted_chat.net.company import Company, introduce
from twisted_chat.net.dialer import Dialer
from twisted_chat.net.dialing import Calls
from twisted_chat.net.flow import Reason
from twisted_chat.net.heartbeat import Heartbeat
from twisted_chat.net.link import Link
from twisted_chat.net.listening import Listener
from twisted_chat.net.outcomes import Outcomes
from twisted_chat.net.pairs import Pairs
from twisted_chat.net.pending import Door
from twisted_chat.net.routes import Routes
from twisted_chat.net.setbacks import STEADY
from twisted_chat.net.standing import STRANGER, Standing
from twisted_chat.net.survey import link_status, survey
from twisted_chat.net.tls import Encryption

MAX_COMPUTING = 2
"""Threads that compute for openings at a time. Further openings wait."""


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
        routes: Callable[[Iterable[str]], Mapping[str, Hashable]] | None = None,
    ) -> None:
        """`reactor` makes connections and keeps monotonic time; `wall` is seconds since 1970. `routes` says how hosts are reached
        from here; without it a network that changes is not noticed by itself."""
        self.reactor = reactor
        self.links: list[Link] = []
        """The ready links, oldest first."""
        self.outcomes = Outcomes(reactor.seconds, conversation.presence.comings.tell)
        self.standing = Standing(conversation.roster, reactor.seconds)
        self.calls = Calls(reactor, self._make_dialer, introduction.group.closed)
        self._wall = wall
        self._introduction = introduction
        self._encryption = Encryption(introduction.group.closed)
        self._door = Door()
        self._listener = Listener(lambda host: self.build_link(Role.LISTENER, host))
        self._computing = DeferredSemaphore(MAX_COMPUTING)
        self._replica = replica
        self._conversation = conversation
        comings = conversation.presence.comings
        comings.place, comings.is_new = place, lambda member: self.standing.of(member) == STRANGER
        comings.is_doubted = self.outcomes.setbacks.had
        conversation.typing.send = self._tell_typing
        self._company = Company(self.links, reactor)
        self._heartbeat = Heartbeat(reactor, wall, self.links, self._suspected)
        own = (introduction.identity.id, introduction.instance)
        self._pairs = Pairs(own, self.links, reactor.seconds, self._twins)
        self._routes = Routes(reactor, routes, self._hosts, self._rerouted) if routes is not None else None
        self._max_links = max_links
        self._opening: dict[Link, Dialer | None] = {}
        self._stopped: Deferred[None] | None = None
        self._reading = True

    # Start and end.

    def listen(self, host: str) -> None:
        """Take hold of the introduced port on `host`; calls wait until `start`.

        Raises `twisted.internet.error.CannotListenError` if the port is taken.
        """
        self.calls.own = (host, self._introduction.port)
        if self._introduction.port:
            self._listener.listen(self.reactor, host, self._introduction.port)

    def start(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Take calls, and dial every one of `addresses` but our own. Their hosts may be names."""
        self._listener.start()
        self.standing.begin()
        self.calls.begin(addresses)
        self._heartbeat.start()
        if self._routes is not None:
            self._routes.start()

    def stop(self) -> Deferred[None]:
        """Say goodbye to all, and stop listening and dialing. Fires when every connection is closed, within 4 s."""
        stopped: Deferred[None] = Deferred()
        self._stopped = stopped
        self._heartbeat.stop()
        if self._routes is not None:
            self._routes.stop()
        self.calls.stop()
        self._company.stop()
        self._conversation.stop()
        self._listener.stop()
        for link in [*self._opening, *self.links]:
            link.farewell() if link.ready else link.abort()
        self._stop_if_done()
        return stopped

    def status(self) -> list[LinkStatus]:
        """Return the state of each link."""
        return [link_status(link, self._conversation.roster, self._replica.behind(link)) for link in self.links]

    def survey(self) -> list[AddressStatus]:
        """Return what was found at each address that is called, and our own, sorted by address. No call is made for it."""
        return survey(self.calls, self.links, self._conversation.roster)

    def flow(self, open: bool) -> None:
        """Read the links, or stop reading them until the store has caught up."""
        self._reading = open
        for link in self.links:
            self._set_reading(link)

    def _set_reading(self, link: Link) -> None:
        if self._reading:
            link.reading.go_on(Reason.DISK)
        else:
            link.reading.stop(Reason.DISK)

    # What links report.

    def build_link(self, role: Role, host: str, dialer: Dialer | None = None) -> Link | None:
        """Return a link for a new connection with `host`; None while this mesh stops."""
        if self._stopped is not None:
            return None
        link = Link(self, self._introduction, self._encryption, role, self.reactor)
        self._opening[link] = dialer
        if dialer is None:
            self._door.enter(link, host)
        return link

    def _make_dialer(self, host: str, port: int, expected: bytes | None) -> Dialer:
        def build(dialer: Dialer) -> Link | None:
            return self.build_link(Role.DIALER, host, dialer)

        return Dialer(self.reactor, build, self.calls.forget, host, port, expected)

    def link_computes(self, compute: Callable[[], None]) -> Deferred[None]:
        """Call `compute` in a thread, for at most `MAX_COMPUTING` links at a time."""
        pool = self.reactor.getThreadPool()
        return self._computing.run(deferToThreadPool, self.reactor, pool, compute)

    def link_secured(self, link: Link) -> None:
        """Raise `Refusal` if the process at the other end is known not to know the passphrase."""
        self.outcomes.secured(link, self._opening[link])

    def link_risks(self, link: Link) -> None:
        """Raise `Refusal` if the other end has used up its guesses at the passphrase."""
        self.outcomes.risk(link, self._opening[link])

    def link_admitted(self, link: Link) -> None:
        """Raise `Refusal` if there can be no link with this member now."""
        self.outcomes.admit(link, self._opening[link])
        self._pairs.admit(link)
        self.standing.make_room(link, self.links, self._max_links)

    def link_ready(self, link: Link) -> None:
        """Replicate over a link, and if there are two with one peer, see which stays."""
        dialer = self._opening.pop(link)
        self._door.leave(link)
        if self.outcomes.setbacks.had(link.member):
            link.after(STEADY, self._steady, link)
        self.outcomes.proven(link, dialer)
        self.standing.note(link.member)
        self.links.append(link)
        port = link.hello.port or link.peer[1]
        dialed = link.role is Role.DIALER
        self._conversation.linked(link.member, link.hello.name, link.peer[0], port, dialed, self._now(), link.durable)
        self._replica.attach(link)
        self._company.changed()
        self._set_reading(link)
        introduce(link, self.links)
        self.calls.reached(link, dialer)
        self._pairs.ready(link)

    def _steady(self, link: Link) -> None:
        """A link has stood for a while: forget that earlier ones with that member did not."""
        self.outcomes.setbacks.forget(link.member)
        self._conversation.presence.comings.trust(link.member)

    def link_heard(self, link: Link, frame: Frame) -> None:
        """Take a frame from a ready link."""
        if isinstance(frame, Peers):
            sound = {other.member for other in self.links if not other.suspect}
            stranger = self.standing.of(link.member) == STRANGER
            self.calls.learn(frame.peers, link, sound | {self._introduction.identity.id}, stranger)
        elif isinstance(frame, Linked):
            self._conversation.presence.told(link, frame.members)
        elif isinstance(frame, TypingFrame):
            try:
                self._conversation.typing.heard(link.member, frame.room)
            except BadText as error:
                raise Refusal(errors.PROTOCOL, f"typing: {error.code}") from None
        elif isinstance(frame, Replica.handles):
            if not self._replica.receive(link, frame):
                link.reading.charge(USELESS)
        else:
            raise Refusal(errors.PROTOCOL, f"{type(frame).__name__.lower()} after the opening")

    def _tell_typing(self, room: str) -> None:
        """Tell all who read."""
        for link in self.links:
            if link.writable:
                link.send(TypingFrame(room))

    def link_resumed(self, link: Link) -> None:
        """Go on sending: the buffer of the link is empty."""
        self._replica.resumed(link)

    def _suspected(self, link: Link) -> None:
        self.calls.beside(link)

    def link_recovered(self, link: Link) -> None:
        """Stop calling beside a link that was suspect."""
        self.calls.recovered(link)

    def link_closed(self, link: Link, refusal: Refusal | None) -> None:
        """Forget a connection that is gone, and deal with the reason."""
        self._door.leave(link)
        if link in self._opening:
            self.outcomes.failed(link, self._opening.pop(link), refusal)
        elif link in self.links:
            self._ended(link, refusal)
        self._stop_if_done()

    def _ended(self, link: Link, refusal: Refusal | None) -> None:
        self.links.remove(link)
        self._replica.detach(link)
        wait = self.outcomes.ended(link, self._conversation.roster.shown(link.member), refusal)
        self.calls.ended(link, [other for other in self.links if other.instance == link.instance], wait)
        if self._stopped is None:
            self._company.changed()
            self._conversation.presence.forget(link)
            self._conversation.typing.done(link.member)
            self._conversation.unlinked(link.member, link.reason == errors.LEFT, self._now())

    def _now(self) -> int:
        return int(self._wall() * MICROSECONDS)

    def _stop_if_done(self) -> None:
        if self._stopped is not None and not self._stopped.called and not self.links and not self._opening:
            self._stopped.callback(None)

    def _twins(self, member: bytes) -> None:
        self._conversation.presence.comings.tell(TwoInstances(self._conversation.roster.shown(member), member=member))

    # A network that changes.

    def _hosts(self) -> set[str]:
        return {host for host, _port in self.calls} | {link.peer[0] for link in self.links}

    def _rerouted(self, hosts: set[str]) -> None:
        """Look after the links with these hosts, and call every address: the routes there have changed."""
        self.calls.wake()
        for link in self.links:
            if link.peer[0] in hosts:
                link.ping()
                self._suspected(link)
