"""The state of links and copies, and of addresses that can't be reached, worked out when it is asked for."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from twisted_chat.core.events import Crowded
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.holes import Runs
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour


class Lack(Struct, frozen=True):
    """Records `[first, last]` of one feed of `author`, who is called `name`, that somebody does not hold."""

    author: bytes
    name: str
    first: int
    last: int


class Copy(Struct, frozen=True):
    """The difference between ours and the copy of the conversation that `member`, called `name`, has. `durable` if that is on a
    disk."""

    member: bytes
    name: str
    durable: bool
    lacks: list[Lack]
    exceeds: int
    """The number of records it holds beyond ours."""

    @property
    def lacking(self) -> int:
        """The number of records it lacks."""
        return sum(lack.last - lack.first + 1 for lack in self.lacks)


class LinkStatus(Struct, frozen=True):
    """One link: where it leads, how it is doing, how long a ping took last (seconds), how many records wait to go out. It
    leads to `member`, who is called `name`."""

    member: bytes
    name: str
    host: str
    port: int
    dialed: bool
    suspect: bool
    writable: bool
    round_trip: float | None
    behind: int


class Status(Struct, frozen=True):
    """The state of this peer: `records` are held here durably, `unsaved` bytes are not yet on disk. The quotas of the members
    in `full` are used up. `refused` counts the connections that were refused, by reason."""

    records: int
    unsaved: int
    copies: list[Copy]
    links: list[LinkStatus] = field(default_factory=list)
    full: Sequence[str] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


class Finding(enum.Enum):
    """The kind of thing that answers at an address, or that none does."""

    UNKNOWN = "unknown"
    """No call has come to an end since the start, or since a link there was lost."""
    LINKED = "linked"
    OURSELVES = "ourselves"
    FREE = "free"
    """Nobody listens there."""
    UNREACHABLE = "unreachable"
    """The call is not even refused."""
    SILENT = "silent"
    """The call is taken, and nothing is said: by another program, or a peer that is suspended."""
    FOREIGN = "foreign"
    """The call is taken by something that is no peer."""
    OTHER_GROUP = "other group"
    OTHER_PASSPHRASE = "other passphrase"
    WAIT = "wait"
    """A peer of a closed group that has had too many wrong passphrases from here."""
    OTHER_VERSION = "other version"
    FULL = "full"
    STALLED = "stalled"
    """A peer that has greeted, and from which nothing came in time that takes large packets."""
    STRANGER = "stranger"
    """A peer, but not the one that others said is there."""
    REFUSED = "refused"
    """A peer, with which there is no link for another reason."""


class Found(Struct, frozen=True):
    """The outcome of a call; `detail` is for whoever looks for the cause: English, or what was heard, as it came."""

    finding: Finding
    detail: str = ""


class AddressStatus(Struct, frozen=True):
    """An address, and the outcome of the last call there. `member` is the one linked with there if `LINKED`, else the last one
    that was there; empty if nobody known."""

    host: str
    port: int
    found: Found
    member: str = ""


class Diagnosis(Struct, frozen=True):
    """The faults that may keep a peer from others, or from keeping their messages.

    `listening` is where it takes calls, None if nowhere. `clocks` has by how many seconds members' clocks seem to be ahead of
    ours, `clock` by how many ours is ahead of most others', 0 if it is not off. `data` is the directory where messages are
    kept, None if they are not; `free` the bytes free there, None if that can't be told. `unsaved` bytes are not yet on disk,
    because of `trouble` if that is not empty. `crowds` are the limits that are near. `lost` has which records of each member
    can't be read on the disk any more, and are asked of others.
    """

    listening: tuple[str, int] | None = None
    addresses: Sequence[AddressStatus] = ()
    clocks: Mapping[str, float] = field(default_factory=dict)
    clock: float = 0.0
    data: str | None = None
    free: int | None = None
    unsaved: int = 0
    trouble: str = ""
    crowds: Sequence[Crowded] = ()
    lost: Mapping[str, Runs] = field(default_factory=dict)


def compare(inventory: Inventory, neighbours: Iterable[Neighbour], roster: Roster) -> list[Copy]:
    """Return how the copy of each member that is linked, as far as it has told, differs from what is held here durably: of
    several links to one, what the one says that lacks least."""
    copies: dict[bytes, Copy] = {}
    for neighbour in neighbours:
        lacks: list[Lack] = []
        exceeds = 0
        for feed, holding in inventory.items():
            low, high = neighbour.have.get(feed, (1, 0))
            if high < holding.kept_high:
                lacks.append(
                    Lack(feed.author, roster.shown(feed.author), max(high + 1, holding.kept_low), holding.kept_high)
                )
            exceeds += max(0, high - max(holding.kept_high, low - 1))
        others = ((feed, told) for feed, told in neighbour.have.items() if feed not in inventory)
        exceeds += sum(max(0, high - max(low - 1, inventory.ended(feed))) for feed, (low, high) in others)
        member = neighbour.wire.member
        copy = Copy(member, roster.shown(member), neighbour.wire.durable, lacks, exceeds)
        if member not in copies or copy.lacking < copies[member].lacking:
            copies[member] = copy
    return list(copies.values())
