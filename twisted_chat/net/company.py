"""Telling every linked peer whom this one is linked with, whenever that has changed, but at most once a second."""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.replication.neighbour import Wire
from twisted_chat.core.throttle import Throttle
from twisted_chat.core.wire.frames import MAX_LINKED, Linked

LINKED_INTERVAL = 1.0
"""Seconds between two announcements."""


class Company:
    """Sends `linked`. Each link is told only what it was not told before."""

    def __init__(self, wires: Collection[Wire], clock: IReactorTime) -> None:
        """`wires` are the ready links, at any time."""
        self._wires = wires
        self._told: dict[Wire, list[bytes]] = {}
        self._rounds = Throttle(clock, lambda: LINKED_INTERVAL, self._tell)

    def changed(self) -> None:
        """There is a link more, or one less."""
        self._rounds.ask()

    def stop(self) -> None:
        """Tell nothing more."""
        self._rounds.stop()

    def _tell(self) -> None:
        members = sorted({wire.member for wire in self._wires})[:MAX_LINKED]
        for wire in list(self._wires):
            if self._told.get(wire) != members:
                wire.send(Linked(members))
        self._told = dict.fromkeys(self._wires, members)
