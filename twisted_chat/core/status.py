"""Who holds what, and how the links are: what `/status` shows, worked out when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from twisted_chat.core.inventory import Inventory
from twisted_chat.core.neighbour import Neighbour
from twisted_chat.core.roster import Roster


@dataclass(frozen=True)
class Lack:
    """Records `[first, last]` of one feed of `author`, a name, that somebody does not hold."""

    author: str
    first: int
    last: int


@dataclass(frozen=True)
class Copy:
    """How a member's copy of the conversation differs from ours. `durable` if it is on a disk."""

    member: str
    durable: bool
    lacks: list[Lack]
    exceeds: int
    """How many records it holds beyond ours."""


@dataclass(frozen=True)
class LinkStatus:
    """One link: where it leads, how it is doing, how long a ping took last (seconds), how many records wait to go out."""

    member: str
    host: str
    port: int
    dialed: bool
    suspect: bool
    writable: bool
    round_trip: float | None
    behind: int


@dataclass(frozen=True)
class Status:
    """How things stand: `records` are held here durably, `unsaved` bytes are not yet on disk."""

    records: int
    unsaved: int
    copies: list[Copy]
    links: list[LinkStatus] = field(default_factory=list)


def compare(inventory: Inventory, neighbours: Iterable[Neighbour], roster: Roster) -> list[Copy]:
    """Return how each neighbour's copy, as far as it has told, differs from what is held here durably."""
    copies = []
    for neighbour in neighbours:
        lacks: list[Lack] = []
        exceeds = 0
        for feed, holding in inventory.items():
            low, high = neighbour.have.get(feed, (1, 0))
            if high < holding.kept_high:
                lacks.append(Lack(roster.shown(feed.author), max(high + 1, holding.kept_low), holding.kept_high))
            exceeds += max(0, high - max(holding.kept_high, low - 1))
        exceeds += sum(high - low + 1 for feed, (low, high) in neighbour.have.items() if feed not in inventory)
        copies.append(Copy(roster.shown(neighbour.wire.member), neighbour.wire.durable, lacks, exceeds))
    return copies
