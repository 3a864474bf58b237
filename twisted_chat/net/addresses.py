"""Addresses of hosts: their kinds, and the one form in which they are compared and written."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@lru_cache(maxsize=1024)
def numeric(host: str) -> IPv4Address | IPv6Address | None:
    """Return `host` as an address, None if it is a name. IPv4 written as IPv6 (`::ffff:10.0.0.1`) is IPv4."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def place(host: str) -> str:
    """Return the part of an address that counts as one place: all of an IPv4 address, or the /64 of an IPv6 address."""
    address = numeric(host)
    return str(ip_network((int(address), 64), strict=False) if isinstance(address, IPv6Address) else address or host)


def is_loopback(host: str) -> bool:
    """Whether `host`, an address or `localhost`, is this machine talking to itself."""
    address = numeric(host)
    return address.is_loopback if address is not None else host == "localhost"


@lru_cache(maxsize=1024)
def normal(host: str) -> str:
    """Return `host` in the one form in which hosts are compared. The scope of a link-local address is kept: `fe80::1%eth0`."""
    address = numeric(host)
    return str(address) if address is not None else host.lower()


def scoped(host: str, interface: int = 0) -> str:
    """Return `host` with the name of the interface that leads to it, if it has its number: behind a `%`, or else as `interface`.

    Systems tell either; what is compared and shown is the name.
    """
    address, percent, scope = host.partition("%")
    number = int(scope[:9]) if scope.isdecimal() else 0 if percent else interface
    try:
        return f"{address}%{socket.if_indextoname(number)}" if number else host
    except OSError:  # no interface has it, or has it any more
        return host if percent else f"{address}%{number}"


def needs_scope(host: str) -> bool:
    """Whether `host` is an IPv6 link-local address that does not say which interface leads to it, and so leads nowhere."""
    address = numeric(host)
    return isinstance(address, IPv6Address) and address.is_link_local and not address.scope_id


def endpoint(host: str, port: int | str) -> str:
    """Return an address with a port as it is written everywhere: an IPv6 address in brackets, `[::1]:5000`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


NEARBY = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
"""Addresses of which each network has its own: private, shared behind a provider's NAT, link-local, unique local."""


def is_nearby(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is on this machine, or leads no further than the networks it is on and those joined to them."""
    return address.is_loopback or any(address in network for network in NEARBY)
