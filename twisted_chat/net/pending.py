"""Who waits at the door: connections that were taken, and whose other side has not yet shown who it is.

They are few, whatever comes. Those that have said next to nothing are counted apart from those that have gone on, lest either
crowd out the other. Of too many, one of the address that has most of them goes, of its older half, and chance says which:
whatever rule there were, somebody could keep to it, and have those go who come from the same address. Who has shown to be a
known member stays.
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
"""Connections taken that have not got far in the opening, and as many that have; beyond it one is told `bye full`."""
FAR = 3
"""Lines said with which a connection has got far: those before cost no work, and may begin a TLS that never comes."""
MAX_CLOSING = 32
"""Connections refused that are not yet closed; beyond it the oldest are cut off."""

_by_chance: Callable[[Sequence[Link]], Link] = SystemRandom().choice


class Door:
    """The connections that wait, oldest first."""

    def __init__(self, choose: Callable[[Sequence[Link]], Link] = _by_chance) -> None:
        """`choose` returns one of several: by chance, in earnest."""
        self._choose = choose
        self._waiting: dict[Link, str] = {}

    def enter(self, link: Link, host: str) -> None:
        """A connection from `host` was taken; somebody may have to make room for it."""
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
        """A connection is a link now, or gone."""
        self._waiting.pop(link, None)
