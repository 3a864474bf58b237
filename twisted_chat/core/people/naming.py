"""The news about names and keys that people are told: a member goes by another name, or by a name that is another key's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twisted_chat.core.events import Event, Impostor, Renamed, Verified
from twisted_chat.core.people.roster import Member, Roster
from twisted_chat.core.writing.text import shown_name


class Naming:
    """Keeps the names of members in a roster, and tells of the changes."""

    def __init__(self, roster: Roster, emit: Callable[[Event], None]) -> None:
        self._roster = roster
        self._emit = emit

    def note(self, id: bytes, name: str, at: int, durable: bool | None = None) -> Member:
        """Note a claim, as `Roster.claim` does; return the member. Warn once for each name that belongs to another member.

        A verified member is warned of as well, since the name is another's. So is one whose name was another's before, though it
        is free by now.
        """
        member = self._roster.get(id)
        if member is self._roster.own:
            return member  # an earlier life may have used another name
        taken = False
        if member is None or member.name != name or durable is not None:
            before = self._roster.owner(name)
            shown = before.shown if before is not None else ""
            with self._telling(before, member):
                member = self._roster.claim(id, name, at, durable)
            if before is not None and before is not member:
                taken = before.shown == shown and self._roster.owner(name) is member  # else `Renamed` tells
        if taken or (member.suffixed and member.shown != member.warned):
            member.warned = member.shown
            owner = self._roster.owner(member.name)
            false = owner is not None and owner is not member and owner.verified
            self._emit(Impostor(shown_name(member.name), member.shown, false, member=id))
        return member

    def rename(self, name: str) -> None:
        """Let this peer go by another name."""
        with self._telling(self._roster.owner(name), self._roster.own):
            self._roster.rename_own(name)

    def verify(self, member: Member, verified: bool) -> None:
        """Note whether the person here knows whose key a member's is, as `Roster.verify` does."""
        with self._telling(self._roster.owner(member.name), member):
            self._roster.verify(member, verified)
        self._emit(Verified(member.shown, verified))

    @contextmanager
    def _telling(self, *concerned: Member | None) -> Iterator[None]:
        """Tell which members are shown by another name after the changes made inside."""
        before = {member.id: (member, member.shown) for member in concerned if member is not None}
        yield
        for member, shown in before.values():
            if member.shown != shown:
                own = member is self._roster.own  # which is told whatever else is
                self._emit(Renamed(shown, member.shown, member=b"" if own else member.id))
