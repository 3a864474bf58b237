"""A host's name, looked up again while nobody is found where it leads: addresses change."""

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
    """Asks the reactor's resolver, for IPv4 and IPv6, and tells when other addresses come than the last time."""

    def __init__(
        self, reactor: Any, name: str, changed: Callable[[frozenset[str]], None], satisfied: Callable[[], bool]
    ) -> None:
        """`changed` gets the addresses; nobody is asked while `satisfied` says that one of them is as it should be."""
        self.name = name
        self.hosts: frozenset[str] = frozenset()
        """What was found last; the resolver finding nothing, as without a network, changes nothing."""
        self._reactor = reactor
        self._changed = changed
        self._satisfied = satisfied
        self._wait = FIRST_WAIT
        self._timer: Any = None
        self._asking = False
        self._stopped = False
        self._found: list[str] = []

    def look(self) -> None:
        """Ask now, unless that is being done, and again from time to time."""
        if self._asking or self._stopped:
            return
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._asking = True
        self._reactor.nameResolver.resolveHostName(self, self.name)

    def stop(self) -> None:
        """Ask no more; an answer under way is not heard."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # What the resolver reports.

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """Get ready for answers."""
        self._found = []

    def addressResolved(self, address: IAddress) -> None:
        """Take an address, the scope of a link-local one included."""
        host = getattr(address, "host", "")
        self._found.append(normal(scoped(host, getattr(address, "scopeID", 0))) if host else "")

    def resolutionComplete(self) -> None:
        """Tell if something has changed; look again later."""
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
