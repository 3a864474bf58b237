"""Multicast DNS (RFC 6762) and service discovery over it (RFC 6763), by the `zeroconf` package, which need not be there.

Everything here may block, and belongs in a thread. Announcements of others prove nothing.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any

from twisted_chat.net.addresses import numeric, scoped

SERVICE = "_tcpchat._tcp.local."
ANSWER_MILLISECONDS = 3000
"""Milliseconds that the announcer of a service has to tell its address."""
MAX_SERVICES = 64
"""Services of others that are known at a time. Further ones are ignored."""

Seen = Callable[[str, list[str], int], None]
"""Called with a service's name, the hosts that are said to have it, and its port: none if it is gone."""


@dataclass(frozen=True)
class Network:
    """An address of this machine and the network it is on, by the number of the interface that leads there."""

    interface: int
    address: IPv4Interface | IPv6Interface


def networks() -> frozenset[Network]:
    """Return the addresses of this machine that others may reach, those of loopback left out."""
    import ifaddr  # which zeroconf brings

    found = set()
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            host = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            address = ip_interface(f"{host.partition('%')[0]}/{ip.network_prefix}")
            if not address.ip.is_loopback:
                found.add(Network(adapter.index or 0, address))
    return frozenset(found)


def own_hosts(listen_host: str, present: frozenset[Network]) -> frozenset[Network]:
    """Return those of the addresses `present` at which a peer that listens at `listen_host` can be reached."""
    listen = numeric(listen_host)
    if listen is None:
        return frozenset()
    if listen.is_unspecified:
        return frozenset(one for one in present if one.address.version <= listen.version)  # with IPv6 comes IPv4
    return frozenset(one for one in present if one.address.ip.packed == listen.packed)


def announced(hosts: frozenset[Network]) -> list[Network]:
    """Return, in order, those of `hosts` that are worth a call: link-local ones only where an interface has no others."""
    routed = {host.interface for host in hosts if not host.address.is_link_local}
    worth = [host for host in hosts if not host.address.is_link_local or host.interface not in routed]
    return sorted(worth, key=_order)


def _order(host: Network) -> tuple[int, int, bytes]:
    return host.interface, host.address.version, host.address.ip.packed


class Responder:
    """Announces this peer's service while it is open, and reports those of others.

    An announcement has addresses, a port and two random names, and nothing of the person, the group or the machine.
    """

    def __init__(self, port: int, hosts: frozenset[Network], seen: Seen) -> None:
        """Open on the networks that `hosts` are on, and announce `port` there. `seen` is called in a thread.

        Takes about a second. Raises `OSError`, or what zeroconf has for it, if the network won't have it.
        """
        import zeroconf

        logging.getLogger("zeroconf").addHandler(logging.NullHandler())  # else its warnings go to the terminal
        self._zeroconf: Any = zeroconf
        self._seen = seen
        self._names: set[str] = set()
        self._own = f"{secrets.token_hex(8)}.{SERVICE}"
        self._browser: Any = None
        self._engine: Any = zeroconf.Zeroconf(self._interfaces(sorted(hosts, key=_order)))
        with ExitStack() as undo:
            undo.callback(self.close)  # whatever fails, the engine has sockets and a thread by now
            info = zeroconf.ServiceInfo(
                SERVICE,
                self._own,
                port,
                addresses=[host.address.ip.packed for host in announced(hosts)],
                server=f"{secrets.token_hex(8)}.local.",
                properties={"v": "1"},
            )
            self.ask()
            self._engine.register_service(info)
            undo.pop_all()

    @staticmethod
    def _interfaces(hosts: Sequence[Network]) -> list[str | int]:
        """Return each IPv4 address, and the number of each interface that has IPv6: what zeroconf asks for."""
        ipv4 = [str(host.address.ip) for host in hosts if host.address.version == 4]
        return [*ipv4, *{host.interface: None for host in hosts if host.address.version == 6}]

    def ask(self) -> None:
        """Send a query for services, now and later at growing intervals."""
        if self._browser is not None:
            self._browser.cancel()
        self._browser = self._zeroconf.ServiceBrowser(self._engine, SERVICE, handlers=[self._heard])

    def close(self) -> None:
        """Say goodbye, and close. Takes about half a second."""
        if self._browser is not None:
            self._browser.cancel()
        self._engine.close()

    def _heard(self, zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        if name == self._own:
            return
        if state_change is self._zeroconf.ServiceStateChange.Removed:
            self._names.discard(name)
            self._seen(name, [], 0)
        elif name in self._names or len(self._names) < MAX_SERVICES:
            self._names.add(name)
            asyncio.run_coroutine_threadsafe(self._resolve(name), self._engine.loop)

    async def _resolve(self, name: str) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        info = AsyncServiceInfo(SERVICE, name)
        if await info.async_request(self._engine, ANSWER_MILLISECONDS) and info.port:
            self._seen(name, [scoped(host) for host in info.parsed_scoped_addresses()], info.port)
