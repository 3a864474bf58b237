"""A host's name, looked up again while nobody is found at its addresses: they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from twisted_chat.net.addresses import normal, scoped

FIRST_WAIT = 5.0
"""Seconds between two lookups of a name where somebody was a moment ago."""
LONGEST_WAIT = 10.0
"""Seconds between two lookups of a name where nobody has been for long."""
FACTOR = 1.5
MAX_ADDRESSES = 8
"""Addresses of one name that are called."""


@implementer(IResolutionReceiver)
class Lookup:
    """Asks the reactor's resolver for the addresses of a name, IPv4 and IPv6, and reports when they have changed."""

    def __init__(
        self, reactor: Any, name: str, changed: Callable[[frozenset[str]], None], satisfied: Callable[[], bool]
    ) -> None:
        """`changed` is called with the addresses. The resolver is not asked while `satisfied` returns true."""
        self.name = name
        self.hosts: frozenset[str] = frozenset()
        """The addresses found last. An empty answer changes nothing: without a network, the resolver finds none."""
        self._reactor = reactor
        self._changed = changed
        self._satisfied = satisfied
        self._wait = FIRST_WAIT
        self._timer: Any = None
        self._asking = False
        self._stopped = False
        self._found: list[str] = []

    def look(self) -> None:
        """Ask now, unless an answer is awaited, and again from time to time."""
        if self._asking or self._stopped:
            return
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._asking = True
        self._reactor.nameResolver.resolveHostName(self, self.name)

    def stop(self) -> None:
        """End. An answer that is still awaited is ignored."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # What the resolver reports.

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """Begin a list of addresses."""
        self._found = []

    def addressResolved(self, address: IAddress) -> None:
        """Take an address, with its scope if it is link-local."""
        host = getattr(address, "host", "")
        self._found.append(normal(scoped(host, getattr(address, "scopeID", 0))) if host else "")

    def resolutionComplete(self) -> None:
        """Report if the addresses have changed, and ask again later."""
        self._asking = False
        if self._stopped:
            return
        hosts = frozenset(list(dict.fromkeys(filter(None, self._found)))[:MAX_ADDRESSES])
        if hosts and hosts != self.hosts:
            self.hosts = hosts
            self._changed(hosts)
        self._later()

    def _later(self) -> None:
        self._timer = self._reactor.callLater(self._wait, self._again)

    def _again(self) -> None:
        if self._satisfied():
            self._wait = FIRST_WAIT
            self._later()
        else:
            self._wait = min(self._wait * FACTOR, LONGEST_WAIT)
            self.look()
