"""The members that are here: linked with this peer, or reachable through a member that is. People are told when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.events import Event, Joined, Left, Lost, Reachable, Unreachable
from twisted_chat.core.people.comings import Comings
from twisted_chat.core.people.roster import Member, Roster, by_name
from twisted_chat.core.replication.neighbour import Wire
from twisted_chat.core.writing.skeleton import folded

SETTLE_SECONDS = 2.0
"""How long what others say of their links must hold before people are told: of who comes or goes, all hear at about the same
time, and each tells the others."""


class Whereabouts(NamedTuple):
    """The other members: those that are linked, those that are reachable and through whom, those that are gone, the last seen
    first, and how many are said to be reachable of whom nothing was heard yet."""

    linked: Sequence[Member]
    reachable: Sequence[tuple[Member, Sequence[str]]]
    gone: Sequence[Member]
    nameless: int


class Presence:
    """Follows the links of this peer, and what those at their other ends say of theirs.

    A member that gets a link, says goodbye or was reachable in no other way is told of at once. A member without a link is told
    of once it has been reachable through others, or unreachable, for `SETTLE_SECONDS`.
    """

    def __init__(self, roster: Roster, emit: Callable[[Event], None], clock: IReactorTime | None = None) -> None:
        """Without a `clock` people are not told of members without a link. They are listed when asked for."""
        self.comings = Comings(emit, clock)
        self._roster = roster
        self._emit = self.comings.tell
        self._clock = clock
        self._claims: dict[Wire, frozenset[bytes]] = {}
        self._reachable: set[bytes] = set()
        """Those who are not linked and of whom people were told that they are reachable."""
        self._lost: set[bytes] = set()
        """Those whose last link broke, of which people are to be told."""
        self._settling: dict[bytes, IDelayedCall] = {}
        self._linked = 0

    # What can be asked.

    @property
    def alone(self) -> bool:
        """Whether no link leads to anybody else."""
        return not self._linked

    def here(self) -> list[Member]:
        """Return the other members that are linked or reachable, by name."""
        reachable = self._claimed()
        return by_name(member for member in self._roster.others() if member.linked or member.id in reachable)

    def whereabouts(self) -> Whereabouts:
        """Return where everybody is."""
        reachable = self._claimed()
        others = self._roster.others()
        distant = by_name(member for member in others if not member.linked and member.id in reachable)
        gone = [member for member in others if not member.linked and member.id not in reachable]
        gone.sort(key=lambda member: max(member.seen, member.heard), reverse=True)
        return Whereabouts(
            by_name(member for member in others if member.linked),
            [(member, self._names_between(member)) for member in distant],
            gone,
            sum(self._roster.get(id) is None for id in reachable),
        )

    def _claimed(self) -> frozenset[bytes]:
        return frozenset().union(*self._claims.values())

    def _names_between(self, member: Member) -> list[str]:
        """Return the names of those that say they are linked with `member`."""
        return sorted(map(self._roster.shown, self._witnesses(member)), key=folded)

    def _through(self, member: Member) -> str:
        return ", ".join(self._names_between(member))

    def _witnesses(self, member: Member) -> set[bytes]:
        return {wire.member for wire, claimed in self._claims.items() if member.id in claimed}

    # What the mesh reports.

    def linked(self, member: Member, dialed: bool) -> None:
        """One more link leads to `member`."""
        member.links += 1
        if member.links > 1:
            return
        member.leaving = False
        self._linked += member is not self._roster.own
        self._stop_settling(member.id)
        self._reachable.discard(member.id)
        if member.id in self._lost:
            self._lost.remove(member.id)
            self._emit(Lost(member.shown, member=member.id))
        self._emit(Joined(member.shown, member.host, member.port, dialed, member.verified, member=member.id))

    def unlinked(self, member: Member, left: bool) -> None:
        """A link to `member` has ended; `left` if the member said goodbye."""
        member.links -= 1
        member.leaving |= left  # of two links the one without a goodbye may be the last to close
        if member.links:
            return
        self._linked -= member is not self._roster.own
        if member.leaving:
            for wire, claimed in self._claims.items():
                self._claims[wire] = claimed - {member.id}  # what they say of it is older than its goodbye
            self._emit(Left(member.shown, member=member.id))
        elif self._clock is not None and self._through(member):
            self._lost.add(member.id)
            self._settle(member.id)
        else:
            self._emit(Lost(member.shown, member=member.id))

    def met(self, member: Member) -> None:
        """`member` is heard for the first time."""
        self._settle(member.id)

    def told(self, wire: Wire, members: Iterable[bytes]) -> None:
        """A linked member says that it is linked with these."""
        before = self._claims.get(wire, frozenset())
        now = self._claims[wire] = frozenset(members)
        for id in sorted(before ^ now):
            self._settle(id)

    def forget(self, wire: Wire) -> None:
        """Forget what was told over a link that is gone."""
        for id in self._claims.pop(wire, frozenset()):
            self._settle(id)

    def stop(self) -> None:
        """Tell nothing more."""
        self.comings.stop()
        self._clock = None
        for id in list(self._settling):
            self._stop_settling(id)

    # What has held for a while.

    def _settle(self, id: bytes) -> None:
        member = self._roster.get(id)
        if self._clock is None or member is None or member.linked or member is self._roster.own:
            return
        if id not in self._settling:
            self._settling[id] = self._clock.callLater(SETTLE_SECONDS, self._settled, member)

    def _stop_settling(self, id: bytes) -> None:
        if id in self._settling:
            self._settling.pop(id).cancel()

    def _settled(self, member: Member) -> None:
        del self._settling[member.id]
        was_reachable = member.id in self._reachable
        reachable = not all(map(self._roster.ignores, self._witnesses(member)))  # else /ignore would not silence a liar
        if member.id in self._lost:
            self._lost.remove(member.id)
            self._emit(Lost(member.shown, self._through(member), member=member.id))
        elif reachable and not was_reachable:
            self._emit(Reachable(member.shown, self._through(member), member=member.id))
        elif was_reachable and not reachable:
            self._emit(Unreachable(member.shown, member=member.id))
        (self._reachable.add if reachable else self._reachable.discard)(member.id)
