"""Changes of this machine's network, noticed by the address from which it speaks to each host."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

LOOK_SECONDS = 1.0
"""Seconds between two looks."""
MAX_HOSTS = 128
"""Hosts whose routes are looked at."""

Ways = Callable[[Iterable[str]], Mapping[str, Hashable]]


class Routes:
    """Looks at the routes to hosts every second, and reports the hosts whose route has changed."""

    def __init__(
        self, clock: Any, ways: Ways, hosts: Callable[[], Iterable[str]], changed: Callable[[set[str]], object]
    ) -> None:
        """`ways` returns, for each host, something that differs when the route there does. It may not block. `hosts` returns
        the hosts that matter. `changed` is called with those whose route has changed."""
        self._clock = clock
        self._ways = ways
        self._hosts = hosts
        self._changed = changed
        self._known: Mapping[str, Hashable] = {}
        self._next: Any = None

    def start(self) -> None:
        """Begin to look."""
        self._known = self._look()
        self._next = self._clock.callLater(LOOK_SECONDS, self._again)

    def stop(self) -> None:
        """End."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self) -> Mapping[str, Hashable]:
        return self._ways(sorted(self._hosts())[:MAX_HOSTS])

    def _again(self) -> None:
        self._next = self._clock.callLater(LOOK_SECONDS, self._again)
        before, self._known = self._known, self._look()
        changed = {host for host, way in self._known.items() if host in before and before[host] != way}
        if changed:
            self._changed(changed)
