"""Who is typing, right now. It is told to those who are linked, in a frame that nobody keeps or passes on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.people.roster import Member, Roster
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import accept_room

PAUSE = 3.0
"""Seconds between two times that one says to be typing."""
LASTS = 6.0
"""Seconds for which who said so is typing."""
MAX_TYPING = 64
"""Members who are typing at a time, as far as is remembered."""


class Typing:
    """Says that the person here types, and knows who of the others does."""

    def __init__(self, roster: Roster, clock: IReactorTime) -> None:
        self.send: Callable[[str], object] = lambda room: None
        """Tells those who are linked; set by whoever has the links."""
        self._roster = roster
        self._clock = clock
        self._typing: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        """By member: until when, and in which room."""
        self._told_at = -PAUSE
        self._watchers: list[Callable[[], object]] = []
        self._timer: IDelayedCall | None = None

    def watch(self, changed: Callable[[], object]) -> Callable[[], None]:
        """Call `changed` whenever others type than before, and when who types is no longer certain; return what ends that."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def say(self, room: str) -> None:
        """The person here types what is for a room. Others are told once in `PAUSE`."""
        now = self._clock.seconds()
        if now - self._told_at >= PAUSE:
            self._told_at = now
            self.send(room)

    def heard(self, member: bytes, room: str) -> None:
        """A member says that it types. Raises `BadText` if that is no room."""
        accept_room(room)
        self._typing[member] = self._clock.seconds() + LASTS, room
        self._typing.move_to_end(member)
        if len(self._typing) > MAX_TYPING:
            self._typing.popitem(last=False)
        self._changed()

    def done(self, member: bytes) -> None:
        """A member said something, or is gone."""
        if self._typing.pop(member, None):
            self._changed()

    def who(self, room: str) -> list[Member]:
        """Return the members who type in a room, none of those who are ignored."""
        now = self._clock.seconds()
        there = [id for id, (until, where) in self._typing.items() if until > now and same_room(where, room)]
        members = (self._roster.get(id) for id in there if not self._roster.ignores(id))
        return [member for member in members if member is not None and member is not self._roster.own]

    def stop(self) -> None:
        """Tell nothing more."""
        self._typing.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self) -> None:
        for changed in list(self._watchers):
            changed()
        self._wait()

    def _wait(self) -> None:
        if self._timer is None and self._typing:
            until = min(until for until, _ in self._typing.values())
            self._timer = self._clock.callLater(max(0.0, until - self._clock.seconds()), self._forget)

    def _forget(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        for member in [member for member, (until, _) in self._typing.items() if until <= now + 0.01]:
            del self._typing[member]
        self._changed()
