"""The members, by key and by name, and the notes of the person here about them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from twisted_chat.core.group import MAX_AUTHORS
from twisted_chat.core.keys import KEY_BYTES, fingerprint
from twisted_chat.core.replication.store import Known
from twisted_chat.core.writing.skeleton import alike, folded, skeleton
from twisted_chat.core.writing.text import shown_name

MAX_MEMBERS = MAX_AUTHORS
"""Members remembered. Beyond it, members are forgotten that never said anything, and that nobody verified or ignored."""
MAX_NAMES = 8
"""Names that one member can own. With one more, its oldest is free again."""

_SUFFIX = re.compile(f"([0-9a-f]{{4}}){{1,{KEY_BYTES // 2}}}")


class Member(Struct):
    """A known id. `name` is the name it claims, `shown` what people are shown, `names` those that are its own, oldest first.

    `links` is how many links lead to it now, `leaving` whether it has said goodbye over one of them. `heard` is the hybrid time
    of the newest it said, `seen` when a link last led to it; 0 for never. `durable` is whether its key outlives its process,
    `warned` how it was shown when people were warned of it last.
    """

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
    durable: bool = True
    verified: bool = False
    ignored: bool = False
    heard: int = 0
    seen: int = 0
    warned: str = ""

    @property
    def suffixed(self) -> bool:
        """Whether another's name is so like this member's that it is shown with a piece of its key."""
        return self.shown != shown_name(self.name)

    @property
    def plain(self) -> str:
        """The name as people are shown it, without the piece of the key."""
        return self.shown.partition("~")[0]

    @property
    def linked(self) -> bool:
        """Whether a link leads to this member now."""
        return self.links > 0

    @property
    def passing(self) -> bool:
        """Whether this member can never come back: it is gone, and its key was not durable."""
        return not (self.durable or self.verified or self.linked)

    @property
    def known(self) -> Known:
        """The facts to keep of this member. A key that went with its process keeps no names."""
        return Known(self.id, self.name, tuple(self.names if self.durable else ()), self.verified, self.ignored)


class Moved(Struct, frozen=True):
    """The name was this member's, and the member is shown by another name now."""

    member: Member


class Several(Struct, frozen=True):
    """The name is not enough to tell these members from each other, or from the one that owned it."""

    members: tuple[Member, ...]


Meaning: TypeAlias = Member | Moved | Several | None
"""The member that a name means; or why it means nobody."""


class Roster:
    """The members of the group, this peer included. Nobody but this peer owns this peer's name.

    The first durable key seen under a name owns it, until the person here verifies another key. Every other member that goes by
    the name is shown with a suffix. A key that is not durable owns a name while it is linked, or until a durable key comes.
    """

    def __init__(self, own: bytes, name: str) -> None:
        self.keep: Callable[[Known], object] = lambda known: None
        """Called with the facts to keep of a member whenever they have changed; the owner sets it once `load` is done."""
        self._members: dict[bytes, Member] = {}
        self._owners: dict[str, bytes] = {}
        self.own = self.claim(own, name)

    def __len__(self) -> int:
        return len(self._members)

    def load(self, members: Iterable[Known], heard: Mapping[bytes, int]) -> None:
        """Begin with `members` as they were kept. `heard` has, for each author, the hybrid time of its newest record."""
        for known in members:
            member = self._members.get(known.id)
            if member is None:
                member = self._members[known.id] = Member(known.id, known.name, "", named_at=heard.get(known.id, 0))
            member.verified, member.ignored = known.verified, known.ignored
            mine = [name for name in known.names if self._own(name, known.id)]
            member.names = [*mine, *(name for name in member.names if name not in mine)]
        for member in self._members.values():
            member.heard = heard.get(member.id, 0)
            self._show(member)

    # Names.

    def claim(self, id: bytes, name: str, at: int = 0, durable: bool | None = None) -> Member:
        """Note that the member `id` went by `name` at the hybrid time `at`; return it, `shown` as it is to be shown from now on.

        An older claim changes nothing. `durable` is whether its key outlives its process, None where that can't be told.
        """
        member = self._members.get(id)
        if member is None:
            self._make_room()
            member = self._members[id] = Member(id, name, "", named_at=at)
        elif durable is None and (name == member.name or at < member.named_at):
            return member
        before = member.known
        member.durable = member.durable if durable is None else durable
        if at >= member.named_at:
            member.name, member.named_at = name, at
        if all(
            rival.passing or (member.durable and not (rival.durable or rival.verified))
            for rival in self._rivals(member)
        ):
            self._give(member)
        self._show(member)
        if member.known != before:
            self.keep(member.known)
        return member

    def rename_own(self, name: str) -> Member:
        """Let this peer go by another name."""
        self.own.named_at = 0
        return self.claim(self.own.id, name)

    def owner(self, name: str) -> Member | None:
        """Return the member that owns `name`, or one that is taken for it, if any does."""
        owners = (self._members.get(self._owners.get(key, b"")) for key in alike(name))
        return next((owner for owner in owners if owner is not None), None)

    def _rivals(self, member: Member) -> list[Member]:
        """Return the other members that own a name like that of `member`: two at most."""
        owners = {self._owners.get(key, member.id) for key in alike(member.name)} - {member.id}
        return [self._members[owner] for owner in owners if owner in self._members]

    def _own(self, name: str, id: bytes) -> bool:
        """Let the member `id` own a name, unless another owns it or one like it; return whether it does."""
        if any(self._owners.get(key, id) != id for key in alike(name)):
            return False
        self._owners.update(dict.fromkeys(alike(name), id))
        return True

    def _release(self, member: Member, names: Iterable[str]) -> None:
        """Let others own `names`, which `member` owns no longer."""
        kept = {key for name in member.names for key in alike(name)}
        for key in {key for name in names for key in alike(name)} - kept:
            if self._owners.get(key) == member.id:
                del self._owners[key]

    def _give(self, member: Member) -> None:
        """Let `member` own the name that it goes by, whichever member owned it before."""
        keys = alike(member.name)
        if all(self._owners.get(key) == member.id for key in keys):
            return
        rivals = self._rivals(member)
        for rival in rivals:
            lost = [name for name in rival.names if not set(keys).isdisjoint(alike(name))]
            rival.names = [name for name in rival.names if name not in lost]
            self._release(rival, lost)
        self._owners.update(dict.fromkeys(keys, member.id))
        member.names.append(member.name)
        if len(member.names) > MAX_NAMES:
            self._release(member, [member.names.pop(0)])
        for rival in rivals:
            self._show(rival)
            self.keep(rival.known)

    def _show(self, member: Member) -> None:
        member.shown = name = shown_name(member.name)
        if self._rivals(member) or self.owner(member.name) is not member:
            others = {skeleton(other.shown) for other in self._members.values() if other is not member}
            for groups in range(1, KEY_BYTES // 2 + 1):  # a key whose fingerprint begins like another's is easily made
                member.shown = f"{name}~{fingerprint(member.id, groups)}"
                if skeleton(member.shown) not in others:
                    break

    def _make_room(self) -> None:
        if len(self._members) < MAX_MEMBERS:
            return
        passing = [
            member
            for member in self._members.values()
            if member is not self.own and not (member.linked or member.heard or member.verified or member.ignored)
        ]
        if passing:
            member = min(passing, key=lambda each: each.seen)
            del self._members[member.id]
            names, member.names = member.names, []
            self._release(member, names)
            self.keep(Known(member.id, ""))

    # What the person here thinks of them.

    def verify(self, member: Member, verified: bool) -> None:
        """Note whether the person here knows whose key this is. If so, the key owns the name it goes by, unless that is this
        peer's name."""
        member.verified = verified
        if verified and self.owner(member.name) is not self.own:
            self._give(member)
            self._show(member)
        self.keep(member.known)

    def ignore(self, member: Member, ignored: bool) -> None:
        """Note whether the person here ignores a member."""
        member.ignored = ignored
        self.keep(member.known)

    # Looking.

    def get(self, member: bytes) -> Member | None:
        """Return the member with this id, if known."""
        return self._members.get(member)

    def ignores(self, member: bytes) -> bool:
        """Whether the person here ignores the member."""
        known = self._members.get(member)
        return known is not None and known.ignored

    @property
    def ignored(self) -> list[bytes]:
        """The ids of the ignored members."""
        return [member.id for member in self._members.values() if member.ignored]

    def shown(self, member: bytes) -> str:
        """Return the name that people are shown for `member`, known or not."""
        known = self._members.get(member)
        return known.shown if known else f"~{fingerprint(member)}"

    def find(self, name: str) -> Meaning:
        """Return the member that a person means by `name`. Names are compared by their looks.

        A plain name means the member that owns it and is shown by it, never one that is shown with a suffix. A name with a
        suffix means the member of that name if no other known key begins so. Whether they are here makes no difference.
        """
        wanted, owner = skeleton(name), self.owner(name)
        start, _, suffix = unicodedata.normalize("NFKC", name).casefold().rpartition("~")
        if _SUFFIX.fullmatch(suffix):
            keys = [member for member in self._members.values() if member.id.startswith(bytes.fromhex(suffix))]
            named = [member for member in keys if skeleton(member.plain) == skeleton(start)]
            if len(keys) == 1 and owner is None:
                return keys[0] if named else Moved(keys[0])
            if keys:  # an owner too: some signs only look like the one before a suffix
                return Several((*(named or keys), *([owner] if owner else [])))
        shown = [member for member in self._members.values() if skeleton(member.shown) == wanted]
        if owner is not None and owner not in shown:
            return Several((*shown, owner)) if shown else Moved(owner)
        if len(shown) == 1:
            return shown[0]
        several = shown or [member for member in self._members.values() if skeleton(member.name) == wanted]
        return Several(tuple(several)) if several else None

    def meant(self) -> set[str]:
        """Return the skeleton of every name, without suffixes, for which `find` finds somebody."""
        members = self._members.values()
        return {skeleton(name) for member in members for name in (member.name, member.plain, *member.names)}

    def everybody(self) -> list[Member]:
        """Return all known members, this peer included, by name."""
        return by_name(self._members.values())

    def others(self) -> list[Member]:
        """Return all known members but this peer, in no particular order."""
        return [member for member in self._members.values() if member is not self.own]


def by_name(members: Iterable[Member]) -> list[Member]:
    """Return `members` in the order in which people are shown them."""
    return sorted(members, key=lambda member: folded(member.shown))
