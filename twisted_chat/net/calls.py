"""Whom this peer calls, and whom it need not: one `Dialer` for each address where a peer may listen."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted_chat.core.frames import Address
from twisted_chat.net.factories import Dialer, is_loopback
from twisted_chat.net.link import Link

MAX_LEARNED = 64
"""Addresses dialed on another peer's word."""

Instance = tuple[bytes, int]
"""Which process: a peer's id and the number its process drew at its start."""


class Calls(dict[tuple[str, int], Dialer]):
    """The dialers by host and port. One is parked while the peer behind it has a link with us."""

    def __init__(self, make: Callable[[str, int, bytes | None], Dialer]) -> None:
        """`make(host, port, expected)` makes a dialer."""
        super().__init__()
        self._make = make
        self._parked: dict[Dialer, Instance] = {}
        self._stopped = False

    def begin(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Call every one of `addresses` that is not called yet."""
        for host, port in addresses:
            if (host, port) not in self:
                self._dial(host, port, None)

    def learn(self, addresses: Iterable[Address], from_host: str, known: set[bytes]) -> None:
        """Call addresses that a peer at `from_host` told of, unless they are those of `known` members, or too many.

        Nobody has us call another machine: only who is on this one may tell of addresses on it.
        """
        for address in addresses:
            learned = sum(dialer.expected is not None for dialer in self.values())
            near = is_loopback(address.host) and is_loopback(from_host)
            new = address.id not in known and (address.host, address.port) not in self
            if near and new and learned < MAX_LEARNED:
                self._dial(address.host, address.port, address.id)

    def forget(self, dialer: Dialer) -> None:
        """Call an address no more that was learned and did not answer."""
        self.pop((dialer.host, dialer.port), None)

    def park(self, dialer: Dialer, instance: Instance) -> None:
        """Don't call, as long as there is a link with `instance`."""
        dialer.park()
        self._parked[dialer] = instance

    def unpark(self, instance: Instance) -> None:
        """The last link with `instance` is gone: call it at once, wherever it was found."""
        if not self._stopped:
            for dialer in [dialer for dialer, behind in self._parked.items() if behind == instance]:
                del self._parked[dialer]
                dialer.dial()

    def beside(self, link: Link, dialer: Dialer | None) -> None:
        """Call the peer of a suspect link at every address we know it by; `dialer` is what made the link, if we called."""
        dialers = {dialer for dialer, behind in self._parked.items() if behind == link.instance}
        if dialer is not None:
            dialers.add(dialer)
        for each in dialers:
            if each.link is link or each.parked:
                self._parked.pop(each, None)
                each.link = None
                each.dial()

    def recovered(self, link: Link) -> None:
        """A suspect link was heard again: nobody needs to be called beside it."""
        dialer = self.get((link.peer[0], link.hello.port))
        if dialer is not None and dialer.link is not link:
            self.park(dialer, link.instance)

    def leads_to(self, dialer: Dialer, instance: Instance) -> bool:
        """Whether a dialer is parked because of `instance`."""
        return self._parked.get(dialer) == instance

    def stop(self) -> None:
        """Call nobody any more."""
        self._stopped = True
        for dialer in self.values():
            dialer.stop()

    def _dial(self, host: str, port: int, expected: bytes | None) -> None:
        dialer = self[host, port] = self._make(host, port, expected)
        dialer.dial()
