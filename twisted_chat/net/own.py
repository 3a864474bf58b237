"""The addresses by which others on its networks can reach this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from twisted_chat.net.addresses import numeric
from twisted_chat.net.mdns import networks

_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses kept for documentation, which nobody has."""


def own_addresses() -> list[str]:
    """Return the addresses of this machine that others may reach, IPv4 first. Of each kind the first is the one from which it
    speaks to other networks; without the `lan` extra there are no others.

    Nothing is sent: the system tells the address from which it would send.
    """
    found = [*_spoken_from(), *_all()]
    return sorted(dict.fromkeys(found), key=lambda host: ":" in host)


def ways(hosts: Iterable[str]) -> dict[str, str]:
    """Return the address from which this machine now speaks to each of `hosts` that is an address, and to everywhere else. It is
    empty where this machine can't speak to. Nothing is sent, and nothing is waited for."""
    far = {elsewhere: _speaks_from(family, elsewhere) for family, elsewhere in _ELSEWHERE}
    return far | {host: _speaks_from(_family(host), host) for host in hosts if numeric(host) is not None}


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _speaks_from(family: socket.AddressFamily, host: str) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(socket.getaddrinfo(host, 9, family, socket.SOCK_DGRAM, 0, socket.AI_NUMERICHOST)[0][4])
            return str(probe.getsockname()[0])
    except OSError:  # no way there from here
        return ""


def _spoken_from() -> list[str]:
    return [host for host in (_speaks_from(family, elsewhere) for family, elsewhere in _ELSEWHERE) if host]


def link_local_addresses() -> list[str]:
    """Return this machine's IPv6 link-local addresses, each with the interface it is on. Nothing is sent."""
    found = []
    for number, name in socket.if_nameindex():
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.connect(("fe80::1", 9, 0, number))
                found.append(f"{probe.getsockname()[0].partition('%')[0]}%{name}")
        except OSError:  # none leads out there
            continue
    return found


def _all() -> list[str]:
    try:
        addresses = sorted(str(network.address.ip) for network in networks())
    except ImportError:
        return []
    return [host for host in addresses if (address := numeric(host)) and not address.is_link_local]
