"""Which limits are near: told to people long before anything is refused."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

from msgspec import Struct

from twisted_chat.core.replication.inventory import KEPT, MAX_FEEDS, MAX_STRANGERS, POOL, Inventory

NEAR = 0.8
"""The part of a limit from which on it is near."""


class Limit(enum.Enum):
    """A thing of which there may be too many."""

    AUTHORS = "those who have said something in the group"
    FEEDS = "feeds in the group"
    OWN = "starts of this identity's programs"
    STARTS = "starts of somebody's programs"


class Crowd(Struct, frozen=True):
    """A limit that is near: `count` of at most `most`. `author` is empty unless the limit is per author."""

    limit: Limit
    count: int
    most: int
    author: bytes = b""


class Crowding:
    """Tells of each limit once when it is near."""

    def __init__(self, inventory: Inventory, own: bytes, tell: Callable[[Crowd], None]) -> None:
        """`own` is this peer's id."""
        self._inventory = inventory
        self._own = own
        self._tell = tell
        self._told: set[tuple[Limit, bytes]] = set()

    def check(self, author: bytes) -> None:
        """Look at the limits again: one more feed of `author` is held."""
        for crowd in self._near(author):
            key = (crowd.limit, crowd.author)
            if key not in self._told:
                self._told.add(key)
                self._tell(crowd)

    def near(self) -> list[Crowd]:
        """Return the limits that are near now."""
        return list(dict.fromkeys(crowd for author in self._inventory.authors for crowd in self._near(author)))

    def _near(self, author: bytes) -> Iterable[Crowd]:
        authors, beyond = self._inventory.taken
        if authors >= NEAR * MAX_STRANGERS:
            yield Crowd(Limit.AUTHORS, authors, MAX_STRANGERS)
        if beyond >= NEAR * (POOL - KEPT):
            yield Crowd(Limit.FEEDS, beyond, POOL - KEPT)
        feeds = self._inventory.feeds_of(author)
        if feeds >= NEAR * MAX_FEEDS:
            yield Crowd(Limit.OWN if author == self._own else Limit.STARTS, feeds, MAX_FEEDS, author)
