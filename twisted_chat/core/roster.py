"""Who the members are, by key and by name, and who is here."""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted_chat.core.keys import fingerprint
from twisted_chat.core.text import likeness


@dataclass
class Member:
    """A known id. `name` is the name it claims, `shown` what people are shown; `links` how many links lead to it now,
    `leaving` whether it has said goodbye over one of them."""

    id: bytes
    name: str
    shown: str
    links: int = 0
    host: str = ""
    port: int = 0
    named_at: int = 0
    away: str = ""
    away_at: int = 0
    leaving: bool = False
    names: list[str] = field(default_factory=list)

    @property
    def here(self) -> bool:
        """Whether a link leads to this member now."""
        return self.links > 0


class Roster:
    """The members of the group, this peer included. The first key seen under a name keeps it; others get a suffix."""

    def __init__(self, own: bytes, name: str) -> None:
        self._members: dict[bytes, Member] = {}
        self._owners: dict[str, bytes] = {}
        self.own = self.claim(own, name)

    def __len__(self) -> int:
        return len(self._members)

    def get(self, member: bytes) -> Member | None:
        """Return the member with this id, if known."""
        return self._members.get(member)

    def claim(self, member: bytes, name: str, at: int = 0) -> Member:
        """Note that `member` went by `name` at the hybrid time `at`; return it, `shown` as it is to be shown from now on.

        An older claim changes nothing.
        """
        known = self._members.get(member)
        if known is not None:
            if known.name == name or at < known.named_at:
                return known
            known.named_at = at
        owner = self._owners.setdefault(likeness(name), member)
        shown = name if owner == member else f"{name}~{fingerprint(member)}"
        if known is None:
            known = self._members[member] = Member(member, name, shown, named_at=at)
        known.name, known.shown = name, shown
        if name not in known.names:
            known.names = [*known.names[-7:], name]
        return known

    def rename_own(self, name: str) -> Member:
        """Let this peer go by another name."""
        self.own.named_at = 0
        return self.claim(self.own.id, name)

    def shown(self, member: bytes) -> str:
        """Return how people are shown `member`, known or not."""
        known = self._members.get(member)
        return known.shown if known else f"~{fingerprint(member)}"

    def find(self, name: str) -> Member | None:
        """Return the member that people are shown, or that goes, by `name`, in any case; who is here comes first."""
        found = [
            member
            for member in self._members.values()
            if likeness(name) in (likeness(member.shown), likeness(member.name))
        ]
        found.sort(key=lambda member: (likeness(member.shown) != likeness(name), not member.here))
        return found[0] if found else None

    def everybody(self) -> list[Member]:
        """Return all known members, this peer included, by name."""
        return sorted(self._members.values(), key=lambda member: likeness(member.shown))

    def here(self) -> list[Member]:
        """Return the others that are here, by name."""
        present = (member for member in self._members.values() if member.here and member is not self.own)
        return sorted(present, key=lambda member: likeness(member.shown))
