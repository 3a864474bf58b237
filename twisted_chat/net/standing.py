"""The standing of members where there is not room for all: known ones come first, so that no crowd of strangers keeps one out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.people.roster import Roster
from twisted_chat.net.addresses import place
from twisted_chat.net.link import Link

SOON = 600.0
"""Seconds after its first link, from which a member that has said something is no stranger any more."""
MAX_REMEMBERED = 800
"""Members whose first link is remembered. With more, those are forgotten that the roster does not know."""

STRANGER, KNOWN, VERIFIED = range(3)


class Standing:
    """The standing of the members in a roster."""

    def __init__(self, roster: Roster, seconds: Callable[[], float]) -> None:
        self._roster = roster
        self._seconds = seconds
        self._since: dict[bytes, float] = {}
        self._before: frozenset[bytes] = frozenset()

    def begin(self) -> None:
        """Count as known every member that has said something before now."""
        self._before = frozenset(member.id for member in self._roster.others() if member.heard)

    def note(self, member: bytes) -> None:
        """Note the time of the first link with a member."""
        if len(self._since) >= MAX_REMEMBERED:
            self._since = {each: since for each, since in self._since.items() if self._roster.get(each) is not None}
        self._since.setdefault(member, self._seconds())

    def of(self, member: bytes) -> int:
        """Return `VERIFIED`, `KNOWN` or `STRANGER`."""
        known = self._roster.get(member)
        if known is None:
            return STRANGER
        if known.verified:
            return VERIFIED
        stayed = self._seconds() - self._since.get(member, self._seconds()) >= SOON
        return KNOWN if member in self._before or (known.heard and stayed) else STRANGER

    def _rank(self, member: bytes) -> tuple[int, float]:
        """Return a number that is higher the more a member counts. Of strangers that have said something, the first to come
        counts most."""
        standing, known = self.of(member), self._roster.get(member)
        if standing != STRANGER or known is None or not known.heard:
            return standing, float("-inf")
        return standing, -self._since.get(member, self._seconds())

    def make_room(self, newcomer: Link, links: Sequence[Link], most: int) -> None:
        """Make room for a new link, so that there are at most `most`: the link of a member who counts less is refused. Raises
        `Refusal` if nobody counts less."""
        lasting = [link for link in links if not link.closing]
        if len(lasting) < most or any(link.instance == newcomer.instance for link in lasting):
            return
        least = self.least(lasting, newcomer.member)
        if least is None:
            raise Refusal(errors.FULL, f"{most} links are kept")
        least.refuse(Refusal(errors.FULL, f"{most} links are kept, and a member known before has come"))

    def least(self, links: Sequence[Link], member: bytes) -> Link | None:
        """Return the link that has to make room for a member; None if no other counts less. Of those of the lowest standing, it
        is the newest at the address with the most of them."""
        own = self._rank(member)
        lesser = [link for link in links if self._rank(link.member) < own]
        if not lesser:
            return None
        lowest = min(self.of(link.member) for link in lesser)
        lesser = [link for link in lesser if self.of(link.member) == lowest]
        ((busiest, _count),) = Counter(place(link.peer[0]) for link in lesser).most_common(1)
        return next(link for link in reversed(lesser) if place(link.peer[0]) == busiest)
