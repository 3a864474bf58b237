"""Telling the linked peers about each other: the members linked with this one, and the addresses where they listen."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.replication.neighbour import Wire
from twisted_chat.core.throttle import Throttle
from twisted_chat.core.wire.frames import MAX_LINKED, Address, Linked, Peers
from twisted_chat.net.dialing import MAX_LEARNED
from twisted_chat.net.gossip import told
from twisted_chat.net.link import Link

LINKED_INTERVAL = 1.0
"""Seconds between two announcements."""


class Company:
    """Sends `linked` when the linked members have changed, at most once a second. No link is sent the same list twice in a
    row."""

    def __init__(self, wires: Collection[Wire], clock: IReactorTime) -> None:
        """`wires` are the ready links, at any time."""
        self._wires = wires
        self._told: dict[Wire, list[bytes]] = {}
        self._rounds = Throttle(clock, lambda: LINKED_INTERVAL, self._tell)

    def changed(self) -> None:
        """Send `linked` soon: a link has come or gone."""
        self._rounds.ask()

    def stop(self) -> None:
        """Send no more `linked`."""
        self._rounds.stop()

    def _tell(self) -> None:
        members = sorted({wire.member for wire in self._wires})[:MAX_LINKED]
        for wire in list(self._wires):
            if self._told.get(wire) != members:
                wire.send(Linked(members))
        self._told = dict.fromkeys(self._wires, members)


def introduce(newcomer: Link, links: Iterable[Link]) -> None:
    """Send `peers` to a newcomer with the addresses of the others, and to the others with its address, as far as each may be
    told."""
    others = [link for link in links if link.member != newcomer.member]
    known = [address for link in others if (address := _address(link, newcomer))]
    if known:
        newcomer.send(Peers(known[:MAX_LEARNED]))
    for link in others:
        if address := _address(newcomer, link):
            link.send(Peers([address]))


def _address(link: Link, to: Link) -> Address | None:
    """Return the address where the peer of a link listens, as it is written to the peer `to`; None if it means nothing there."""
    host = told(link.peer[0], to.peer[0]) if link.hello.port else None
    return Address(link.member, host, link.hello.port) if host else None
