"""A conversation without a peer around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed

from twisted_chat.core.status import Diagnosis, Status


class StillHost:
    """What a conversation needs of a peer, and nothing behind it."""

    def __init__(
        self,
        outlet: Any,
        leave: Callable[[], object] = lambda: None,
        renamed: Callable[[str], object] = lambda name: None,
    ) -> None:
        """`outlet` takes what is said; the rest is called when it is asked for."""
        self.outlet = outlet
        self.leave = leave
        self._renamed = renamed

    def rename(self, name: str) -> None:
        """See `Host`."""
        self._renamed(name)

    def status(self) -> Status:
        """See `Host`."""
        return Status(0, 0, [])

    def diagnose(self) -> Deferred[Diagnosis]:
        """See `Host`."""
        return succeed(Diagnosis())
