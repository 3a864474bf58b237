"""Peers of the network this machine is on, found by multicast DNS; see "Finding each other" in `docs/protocol.md`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Protocol

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.threads import deferToThreadPool

from twisted_chat.net import mdns
from twisted_chat.net.addresses import numeric
from twisted_chat.net.mdns import ANSWER_MILLISECONDS, MAX_SERVICES, Network, Responder, Seen

LOOK_SECONDS = 2.0
"""Seconds between two looks at the addresses of this machine."""
ASK_SECONDS = 60.0
"""Seconds between two queries: the network may have been away though no address has changed."""
SETTLE_SECONDS = 1.0
"""Seconds between two reports, at least."""
MAX_HOSTS = 4
"""Addresses of one service that are reported."""

Report = Callable[[str, int], None]


class Announcing(Protocol):
    """The interface of `mdns.Responder`. All of it may block."""

    def ask(self) -> None:
        """Send the query again."""
        ...

    def close(self) -> None:
        """Say goodbye."""
        ...


class Discovery:
    """Announces that a peer listens here, and reports the addresses that other peers announce.

    The reactor's thread never waits for the network. Only addresses on networks that this machine is on are reported.
    """

    def __init__(
        self,
        reactor: Any,
        address: tuple[str, int],
        found: Report,
        lost: Report = lambda host, port: None,
        trouble: Callable[[str], None] = lambda detail: None,
        respond: Callable[[int, frozenset[Network], Seen], Announcing] = Responder,
        networks: Callable[[], frozenset[Network]] = mdns.networks,
    ) -> None:
        """`address` is where the peer listens. `found` is called with each address that is announced, and again when it is
        announced anew; `lost` when nobody announces it any more. `trouble` is called with the reason, in English, when
        announcing fails. It is tried again for as long as this runs."""
        self._reactor = reactor
        self._listen_host, self._port = address
        self._found = found
        self._lost = lost
        self._trouble = trouble
        self._respond = respond
        self._networks = networks
        self._responder: Announcing | None = None
        self._hosts: frozenset[Network] = frozenset()
        self._present: frozenset[Network] = frozenset()
        self._complained = ""
        self._asked = 0.0
        self._services: dict[str, list[tuple[str, int]]] = {}
        self._told: set[tuple[str, int]] = set()
        self._again: set[tuple[str, int]] = set()
        """The addresses announced anew since the last report."""
        self._look_call: Any = None
        self._tell_call: Any = None
        self._looking: Deferred[None] = succeed(None)
        self._stopped = False

    def start(self) -> Deferred[None]:
        """Begin. Fires when others can find this peer, or when that has failed for now."""
        self._looking = self._look()
        return _following(self._looking)

    def stop(self) -> Deferred[None]:
        """Say goodbye and end. Fires when that is done, within a few seconds."""
        self._stopped = True
        for call in (self._look_call, self._tell_call):
            if call is not None and call.active():
                call.cancel()
        return _following(self._looking).addCallback(lambda _: self._close())

    def _in_thread(self, call: Callable[..., Any], *arguments: object) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), call, *arguments)

    @inlineCallbacks
    def _look(self) -> Generator[Deferred[Any], Any, None]:
        """Announce this peer at the addresses that this machine has now, if that is not done yet."""
        try:
            self._present = yield self._in_thread(self._networks)
            hosts = mdns.own_hosts(self._listen_host, self._present)
            if self._stopped:
                return
            if hosts != self._hosts or self._responder is None:
                yield self._open(hosts)
            elif self._reactor.seconds() - self._asked >= ASK_SECONDS:
                self._asked = self._reactor.seconds()
                yield self._in_thread(self._responder.ask)
        except Exception as error:  # noqa: BLE001  a chat goes on whatever the network is like
            self._complain(str(error) or type(error).__name__)
        if not self._stopped:
            self._look_call = self._reactor.callLater(LOOK_SECONDS, self._look_again)

    @inlineCallbacks
    def _open(self, hosts: frozenset[Network]) -> Generator[Deferred[Any], Any, None]:
        """Announce this peer at `hosts`, and no longer where it was announced before."""
        yield self._close()
        self._hosts = hosts
        if not hosts:
            raise OSError(f"this machine has no address for others to reach a peer that listens at {self._listen_host}")
        if self._services:
            self._services.clear()  # who is still there will be heard again
            self._settle(ANSWER_MILLISECONDS / 1000)
        self._asked = self._reactor.seconds()
        self._responder = yield self._in_thread(self._respond, self._port, hosts, self._seen)
        self._complained = ""

    def _look_again(self) -> None:
        self._looking = self._look()

    def _complain(self, detail: str) -> None:
        if detail != self._complained:
            self._complained = detail
            self._trouble(detail)

    def _close(self) -> Deferred[None]:
        responder, self._responder = self._responder, None
        return succeed(None) if responder is None else self._in_thread(responder.close).addErrback(lambda _: None)

    # What is found.

    def _seen(self, name: str, hosts: list[str], port: int) -> None:
        """Called in a thread that is not the reactor's."""
        self._reactor.callFromThread(self._heard, name, hosts, port)

    def _heard(self, name: str, hosts: list[str], port: int) -> None:
        if self._stopped or (name not in self._services and len(self._services) >= MAX_SERVICES):
            return
        self._services.pop(name, None)
        near = [host for host in hosts if self._is_near(host)]
        if near:
            self._services[name] = [(host, port) for host in sorted(near, key=_preference)[:MAX_HOSTS]]
            self._again.update(self._services[name])
        if self._tell_call is None:
            self._tell()

    def _is_near(self, host: str) -> bool:
        """Whether an address is on a network that this machine is on. A link-local one must have its scope."""
        address = numeric(host)
        if address is None or (address.version == 6 and address.is_link_local and "%" not in host):
            return False
        return any(address in one.address.network for one in self._present)

    def _tell(self) -> None:
        """Report the changes, and no others for a while."""
        announced = {address for addresses in self._services.values() for address in addresses}
        lost, found = self._told - announced, (announced - self._told) | (announced & self._again)
        self._told, self._again = announced, set()
        for address in sorted(lost):
            self._lost(*address)
        for address in sorted(found):
            self._found(*address)
        self._settle(SETTLE_SECONDS)

    def _settle(self, seconds: float) -> None:
        """Report changes only after so many seconds."""
        if self._tell_call is not None:
            self._tell_call.cancel()
        self._tell_call = self._reactor.callLater(seconds, self._settled)

    def _settled(self) -> None:
        self._tell_call = None
        if self._again or self._told != {address for addresses in self._services.values() for address in addresses}:
            self._tell()


def _preference(host: str) -> tuple[int, bool]:
    """Return the key by which the addresses of one peer are sorted: IPv4 first, link-local ones last."""
    address = numeric(host)
    assert address is not None
    return address.version, address.is_link_local


def _following(deferred: Deferred[None]) -> Deferred[None]:
    """Return a Deferred that fires when another does, and leaves that to its other callbacks."""
    follower: Deferred[None] = Deferred()

    def fire(result: None) -> None:
        follower.callback(None)

    deferred.addBoth(fire)
    return follower
