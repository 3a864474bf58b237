"""The door: connections that were taken, and whose other side has not proven an id yet.

They are few, whatever comes. Connections that have said next to nothing are counted apart from those that have gone on, so that
neither can crowd out the other. When there are too many, one is closed: at the address with the most of them, one of the older
half, by chance. With any other rule, an attacker could keep to it, and have the others at its own address closed. A connection
that has shown that it is a known member's stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import SystemRandom

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.net.addresses import place
from twisted_chat.net.link import Link

MAX_OPENING = 32
"""Connections that have not got far in the opening, and as many that have. With more, one is told `bye full`."""
FAR = 3
"""Lines after which a connection has got far. Those before cost no work, and may begin a TLS that never comes."""
MAX_CLOSING = 32
"""Connections refused that are not closed yet. With more, the oldest are dropped."""

_by_chance: Callable[[Sequence[Link]], Link] = SystemRandom().choice


class Door:
    """The connections at the door, oldest first."""

    def __init__(self, choose: Callable[[Sequence[Link]], Link] = _by_chance) -> None:
        """`choose` returns one of several connections; by chance, except in tests."""
        self._choose = choose
        self._waiting: dict[Link, str] = {}

    def enter(self, link: Link, host: str) -> None:
        """Let a connection from `host` in. Another may be closed to make room for it."""
        self._waiting[link] = place(host)
        waiting = [each for each in self._waiting if not each.closing]
        far = [
            each for each in waiting if each is not link and each.progress >= FAR
        ]  # the newest has yet to be connected
        self._make_room(far, link)
        self._make_room([each for each in waiting if each not in far], link)
        closing = [link for link in self._waiting if link.closing]
        for each in closing[:-MAX_CLOSING]:
            each.abort()

    def _make_room(self, waiting: Sequence[Link], newest: Link) -> None:
        others = [link for link in waiting if link is not newest]
        crowd = [link for link in others if link.known is None] or others
        for _ in range(len(waiting) - MAX_OPENING):
            ((busiest, _count),) = Counter(self._waiting[link] for link in crowd).most_common(1)
            there = [link for link in crowd if self._waiting[link] == busiest]
            chosen = self._choose(there[: (len(there) + 1) // 2])
            crowd.remove(chosen)
            chosen.refuse(Refusal(errors.FULL, "too many connections that have not shown who they are"))

    def leave(self, link: Link) -> None:
        """Remove a connection, which is a link now, or gone."""
        self._waiting.pop(link, None)
