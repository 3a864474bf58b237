"""Notices that this machine's network has changed: other hosts can be reached from here, or are from another address."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

LOOK_SECONDS = 1.0
"""How often it is looked."""
MAX_HOSTS = 128
"""Hosts whose ways are looked at."""

Ways = Callable[[Iterable[str]], Mapping[str, Hashable]]


class Routes:
    """Looks at how hosts are reached, and tells of which that has changed."""

    def __init__(
        self, clock: Any, ways: Ways, hosts: Callable[[], Iterable[str]], changed: Callable[[set[str]], object]
    ) -> None:
        """`ways` returns for hosts something that differs if the way there does, and may not block. `hosts` are those that
        matter."""
        self._clock = clock
        self._ways = ways
        self._hosts = hosts
        self._changed = changed
        self._known: Mapping[str, Hashable] = {}
        self._next: Any = None

    def start(self) -> None:
        """Begin."""
        self._known = self._look()
        self._next = self._clock.callLater(LOOK_SECONDS, self._again)

    def stop(self) -> None:
        """Look no more."""
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
