"""Our clock, compared with other members'."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted_chat.core.events import ClockOff, Event
from twisted_chat.core.people.belief import Belief
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.people.skew import Skews


class Clocks:
    """Compares clocks by what comes at once, and tells people of one that is far off."""

    def __init__(
        self,
        seconds: Callable[[], float],
        wall: Callable[[], float],
        roster: Roster,
        tell: Callable[[Event], None],
    ) -> None:
        """`seconds` runs steadily, `wall` since 1970."""
        self.compared: Callable[[], object] = lambda: None
        """Called after another's clock was compared with ours; set by who waits for somebody's to agree."""
        self._seconds = seconds
        self._wall = wall
        self._roster = roster
        self._tell = tell
        self._skews = Skews(seconds)
        self._belief = Belief()

    def note(self, member: bytes, said: float) -> None:
        """Note something that a member said at `said` by its clock, in seconds since 1970, and that came at once."""
        if self._skews.note(member, said, self._wall()) and (alarm := self._skews.alarm()) is not None:
            whose, ahead = alarm
            self._tell(ClockOff(ahead, "" if whose is None else self._roster.shown(whose)))
        self._belief.note(member, said, self._seconds())
        self.compared()

    def agree(self) -> bool:
        """Whether somebody's clock agrees with ours, and not more disagree."""
        return self._belief.holds(self._wall(), self._seconds())

    def notable(self) -> Mapping[str, float]:
        """Return the names of members whose clocks are off, and by how many seconds they are ahead."""
        return {self._roster.shown(member): ahead for member, ahead in self._skews.notable().items()}

    def ours(self) -> float:
        """See `Skews.ours`."""
        return self._skews.ours()
