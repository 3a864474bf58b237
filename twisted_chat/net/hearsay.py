"""What a peer is told about where others listen: which addresses may be passed on and believed, and whose word counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network

from twisted_chat.net.addresses import is_nearby, numeric

MEMORY = 600.0
"""Seconds for which an address where the announced member did not answer is remembered, and who announced it."""
MAX_VAIN = 8
"""Such addresses after which a member's word is not taken, until the first of them is forgotten."""
MAX_REMEMBERED = 512
"""Such addresses of all members together; the oldest are forgotten."""

_THIS_NETWORK = ip_network("0.0.0.0/8")


def told(host: str, to: str) -> str | None:
    """Return how the address `host` is written to a peer at `to`; None if it means nothing there.

    A loopback address is told on its own machine only; an IPv6 link-local one on its own network only, without the scope, which
    is another on each machine.
    """
    address, other = numeric(host), numeric(to)
    if address is None or other is None or (address.is_loopback and not other.is_loopback):
        return None
    if isinstance(address, IPv6Address) and address.is_link_local:
        same = isinstance(other, IPv6Address) and other.scope_id == address.scope_id
        return str(IPv6Address(address.packed)) if same else None
    return str(address)


def believed(host: str, teller: str, closed: bool) -> str | None:
    """Return the address to call if a peer at `teller` says that a member is at `host`; None if it is not to be called.

    That is one by which a single machine can be reached from here. In a group that is not `closed`, where anybody may be the
    teller, it and the teller must be nearby besides, lest strangers have this peer call others.
    """
    address, other = numeric(host), numeric(teller)
    if address is None or other is None or not _unicast(address) or (address.is_loopback and not other.is_loopback):
        return None
    if not closed and not (is_nearby(address) and is_nearby(other)):
        return None
    if isinstance(address, IPv6Address) and address.is_link_local:
        scope = other.scope_id if isinstance(other, IPv6Address) else None
        return f"{IPv6Address(address.packed)}%{scope}" if scope else None
    return str(address)


def _unicast(address: IPv4Address | IPv6Address) -> bool:
    if address.is_loopback:
        return True  # which is_reserved says of ::1
    return not (address.is_multicast or address.is_unspecified or address.is_reserved or address in _THIS_NETWORK)


class Hearsay:
    """Whose word was worth nothing lately, and which addresses were. Times are monotonic seconds."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._vain: dict[tuple[str, int], tuple[float, bytes]] = {}

    def takes(self, teller: bytes, address: tuple[str, int]) -> bool:
        """Whether a member's word that somebody is at `address` is to be acted upon."""
        self._forget()
        counts: dict[bytes, int] = defaultdict(int)
        for _since, whose in self._vain.values():
            counts[whose] += 1
        return address not in self._vain and counts[teller] < MAX_VAIN

    def in_vain(self, teller: bytes, address: tuple[str, int]) -> None:
        """At `address` there was not the member that `teller` said is there."""
        self._forget()
        self._vain.pop(address, None)
        self._vain[address] = (self._seconds(), teller)

    def _forget(self) -> None:
        """Forget what is too old or too much; the oldest comes first."""
        now = self._seconds()
        for address, (since, _whose) in list(self._vain.items()):
            if now - since < MEMORY and len(self._vain) <= MAX_REMEMBERED:
                break
            del self._vain[address]
