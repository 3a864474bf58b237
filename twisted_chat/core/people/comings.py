"""Whose comings, goings and other names people are told of: everybody's in a class that starts at once, and not those of a crowd
of keys that somebody made, nor of one that comes and goes, or calls itself something else, all the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.events import (
    Event,
    Impostor,
    Joined,
    Left,
    Lost,
    NoLink,
    Reachable,
    Renamed,
    TwoInstances,
    Unreachable,
    Untold,
)

PERIOD = 60.0
"""Seconds for which is counted."""
OF_MEMBER = 10
"""Comings of one member told in that time, whoever it is; so many more of what others say of its coming, of its names, and
warnings of it."""
OF_PLACE = 64
"""Comings, names and warnings told in that time of new keys at one address: as many as links are kept."""
OF_STRANGERS = 128
"""The same for all addresses."""


class Comings:
    """Passes events on, or counts them; a going is told if the coming was.

    A member whose links break soon is told of only once a link has lasted.
    """

    def __init__(self, emit: Callable[[Event], None], clock: IReactorTime | None) -> None:
        """Without a `clock` everything is told."""
        self.place: Callable[[str], str] = str
        """Returns what counts as one address; set by whoever knows addresses."""
        self.is_new: Callable[[bytes], bool] = lambda member: True
        """Whether a member was not known before; set by whoever knows that."""
        self.is_doubted: Callable[[bytes], bool] = lambda member: False
        """Whether a member's links don't last; set by whoever knows that, who also says when one has."""
        self._emit = emit
        self._clock = clock
        self._counts: Counter[object] = Counter()
        self._untold: dict[bytes, Event] = {}
        """The comings that were not told, of members that are here."""
        self._left_out = 0
        self._began = float("-inf")
        self._due: IDelayedCall | None = None

    def tell(self, event: Event) -> None:
        """Pass an event on, unless it is a coming, a going, a name or a warning too many."""
        match event:
            case Joined() | Reachable():
                self._come(event, event.host if isinstance(event, Joined) else "")
            case Left() | Lost() | Unreachable() if event.member in self._untold:
                del self._untold[event.member]
                if not self.is_doubted(event.member):
                    self._leave_out()
            case Impostor() | NoLink() | TwoInstances() | Renamed() if event.member:
                kind = "renamed" if isinstance(event, Renamed) else "warned of"
                if self._granted(event.member, most={(kind, event.member): OF_MEMBER}):
                    self._emit(event)
                else:
                    self._leave_out()
            case _:
                self._emit(event)

    def _come(self, event: Joined | Reachable, host: str) -> None:
        if self.is_doubted(event.member):
            self._untold[event.member] = event
        elif self._granted(event.member, self.place(host), {(type(event), event.member): OF_MEMBER}):
            self._untold.pop(event.member, None)
            self._emit(event)
        else:
            self._untold[event.member] = event
            self._leave_out()

    def _granted(self, member: bytes, place: str = "", most: Mapping[object, int] = MappingProxyType({})) -> bool:
        """Whether one more may be told in this period. `most` has the counts that apply besides, each with its limit."""
        if self._clock is None:
            return True
        if (now := self._clock.seconds()) - self._began >= PERIOD:
            self._began = now
            self._counts.clear()
        keys = dict(most)
        if self.is_new(member):
            keys |= {("at", place): OF_PLACE, "in all": OF_STRANGERS}
        granted = all(self._counts[key] < most for key, most in keys.items())
        if granted:
            self._counts.update(keys.keys())
        return granted

    def trust(self, member: bytes) -> None:
        """A link with a member has lasted."""
        if (event := self._untold.pop(member, None)) is not None:
            self.tell(event)

    def stop(self) -> None:
        """Tell now what was counted, and nothing later."""
        self._clock = None
        if self._due is not None:
            self._due.cancel()
            self._tell_count()

    def _leave_out(self) -> None:
        """Count an event that is not told. Within a minute, people are told the number."""
        self._left_out += 1
        if self._due is None and self._clock is not None:
            self._due = self._clock.callLater(PERIOD, self._tell_count)

    def _tell_count(self) -> None:
        self._due = None
        count, self._left_out = self._left_out, 0
        self._emit(Untold(count))
