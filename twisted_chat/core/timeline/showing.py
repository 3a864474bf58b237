"""When batches are shown, and as what: now, late, or missed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.events import Event
from twisted_chat.core.feeds.batches import Batch, Position
from twisted_chat.core.messages import Messages
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.timeline.amending import Amending
from twisted_chat.core.timeline.lateness import Lateness
from twisted_chat.core.timeline.missed import Missed
from twisted_chat.core.timeline.reader import Reader
from twisted_chat.core.timeline.resolving import Resolver

BEYOND = 64
"""Batches that are not shown for the time they bear, and yet may be once more is known. The oldest is dropped."""


class Showing:
    """Tells what batches mean, in their order."""

    def __init__(
        self,
        roster: Roster,
        reader: Reader,
        hybrid: HybridClock,
        resolver: Resolver,
        clock: IReactorTime,
        tell: Callable[[Event], None],
    ) -> None:
        self.beyond: deque[tuple[Batch, bool]] = deque(maxlen=BEYOND)
        """Batches with a time that nobody can have reached, as far as is known here, and so are not shown."""
        self._roster = roster
        self._reader = reader
        self._hybrid = hybrid
        self._tell = tell
        self._missed = Missed(clock, resolver.resolve, tell)
        self._amending = Amending(resolver, reader, clock, tell)
        self._lateness = Lateness(clock.seconds)
        hybrid.allowed = self._show_what_is_near

    def begin(self, position: Position) -> None:
        """All up to `position` was shown long ago."""
        self._lateness.settle(position)

    def stop(self) -> None:
        """Cancel all events that are still to come."""
        self._missed.stop()
        self._amending.stop()

    def sum_up(self) -> None:
        """All that was missed is there."""
        self._missed.sum_up()

    def recovered(self) -> None:
        """What could not be kept is kept."""
        self._amending.again()

    def accepted(self, batch: Batch, missed: bool) -> None:
        """Show a batch, as soon as it is within reach."""
        self.beyond.append((batch, missed))
        self._show_what_is_near()

    def _show_what_is_near(self) -> None:
        """Show the batches within reach, which may bring others within it. The result does not depend on their order."""
        while near := [each for each in self.beyond if each[0].last_lc <= self._hybrid.reach_of(len(each[0].records))]:
            each = min(near, key=lambda each: each[0].last_lc)
            self.beyond.remove(each)
            self._hybrid.observe(each[0].last_lc, len(each[0].records))  # an answer sorts after what is shown
            self._show(*each)

    def _show(self, batch: Batch, missed: bool) -> None:
        ignored = self._roster.ignores(batch.feed.author)
        for event in self._reader.read(batch):
            self._tell(self._placed(event, missed, ignored) if isinstance(event, Messages) else event)
        self._amending.heard(batch, missed)

    def _placed(self, messages: Messages, missed: bool, ignored: bool) -> Messages:
        """Return messages with what their place among the others makes of them."""
        if missed:
            if not ignored:
                self._missed.note(messages)
            return replace(messages, missed=True)
        first = messages.position
        late = self._lateness.show(first, first._replace(lc=first.lc + len(messages.records) - 1))
        return replace(messages, late=True) if late else messages
