"""Tells what becomes of messages while people look: gathered, so that a flood of reactions is a line now and then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core.events import Changed, Edited, Event, Reacted, Retracted
from twisted_chat.core.feeds.amendments import marks
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Edit, Retract
from twisted_chat.core.messages import Messages
from twisted_chat.core.timeline.reader import Reader
from twisted_chat.core.timeline.resolving import Resolver, not_told

GATHER = 0.2
"""Seconds in which what comes is gathered before it is told."""
PAUSE = 3.0
"""Seconds between two times that something is told of one message."""
MAX_AT_ONCE = 64
"""Messages of which something is told at a time."""
MAX_WAITING = 4_096
"""Messages of which something is to be told. Of more, what has become of them is seen where they are shown again."""
MAX_TOLD = 1_024
"""Messages of which it is known what was told last, and those that are awaited since something refers to them."""


class Awaited:
    """Messages that are not here, and what refers to them. With too many, those of the feed noted first are forgotten."""

    def __init__(self) -> None:
        self._feeds: OrderedDict[FeedId, dict[int, frozenset[type[Changed]]]] = OrderedDict()
        self._count = 0

    def note(self, id: MessageId, kinds: frozenset[type[Changed]]) -> None:
        """Something refers to a message."""
        numbers = self._feeds.setdefault(FeedId(id.author, id.epoch), {})
        self._count += id.number not in numbers
        numbers[id.number] = numbers.get(id.number, frozenset()) | kinds
        while self._count > MAX_TOLD:
            self._count -= len(self._feeds.popitem(last=False)[1])

    def take(self, batch: Batch) -> list[tuple[MessageId, frozenset[type[Changed]]]]:
        """Return what refers to the messages of a batch, and forget it."""
        numbers = self._feeds.get(batch.feed)
        if numbers is None:
            return []
        found = [number for number in range(batch.first, batch.last + 1) if number in numbers]
        taken = [(MessageId(*batch.feed, number), numbers.pop(number)) for number in found]
        self._count -= len(taken)
        if not numbers:
            del self._feeds[batch.feed]
        return taken


class Amending:
    """Hears every batch that is shown, and tells what changes by it. What is told depends on what is kept, not on the order in
    which it came."""

    def __init__(
        self, resolver: Resolver, reader: Reader, clock: IReactorTime, tell: Callable[[Event], object]
    ) -> None:
        self._resolver = resolver
        self._reader = reader
        self._clock = clock
        self._tell = tell
        self._waiting: OrderedDict[MessageId, tuple[float, frozenset[type[Changed]], bool]] = OrderedDict()
        """When something is to be told of a message, at the earliest; what at least; and whether it came while nobody was
        here."""
        self._told: OrderedDict[MessageId, tuple[float, Messages]] = OrderedDict()
        self._awaited = Awaited()
        self._timer: IDelayedCall | None = None
        self._asking = False

    def heard(self, batch: Batch, missed: bool) -> None:
        """A batch is shown."""
        for mark in marks(batch):
            kind = {Edit: Edited, Retract: Retracted}.get(type(mark.record), Reacted)
            self._wait(mark.record.to, frozenset([kind]), missed)
        for id, kinds in self._awaited.take(batch):
            self._wait(id, kinds, missed)

    def again(self) -> None:
        """What could not be kept is kept now: look once more at what was told last."""
        for id in self._told:
            self._wait(id, frozenset([Reacted]), False)

    def stop(self) -> None:
        """Tell nothing more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, id: MessageId, kinds: frozenset[type[Changed]], missed: bool) -> None:
        waits = self._waiting.get(id)
        if waits is None and len(self._waiting) >= MAX_WAITING:
            return
        told = self._told.get(id)
        due = self._clock.seconds() + GATHER if told is None or kinds != {Reacted} else told[0] + PAUSE
        due = max(due, self._clock.seconds() + GATHER)
        if waits is not None:
            due, missed = min(due, waits[0]), missed and waits[2]
            kinds |= waits[1]
        self._waiting[id] = due, kinds, missed
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and self._waiting and not self._asking:
            self._timer = self._clock.callLater(GATHER, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        due = [id for id, (at, _, _) in self._waiting.items() if at <= now + GATHER / 2][:MAX_AT_ONCE]
        asked = {id: self._waiting.pop(id)[1:] for id in due}
        if not asked:
            self._schedule()
            return
        self._asking = True
        self._ask(asked).addErrback(not_told).addBoth(self._asked)

    def _asked(self, result: object) -> None:
        self._asking = False
        self._schedule()

    @inlineCallbacks
    def _ask(
        self, asked: dict[MessageId, tuple[frozenset[type[Changed]], bool]]
    ) -> Generator[Deferred[Any], Any, None]:
        found = yield from self._resolver.messages(list(asked))
        for id, (kinds, _) in asked.items():
            if id not in found:
                self._awaited.note(id, kinds)
        now = yield self._resolver.resolve(found.values())
        for before, message in zip(found.values(), now, strict=True):
            self._compare(before, message, *asked[message.id])

    def _compare(self, said: Messages, now: Messages, asked: frozenset[type[Changed]], missed: bool) -> None:
        """Tell what is new of a message since it was told last; if it never was, what was asked for."""
        id = now.id
        told = self._told.get(id)
        before = said if told is None else told[1]
        self._told[id] = self._clock.seconds(), now
        self._told.move_to_end(id)
        if len(self._told) > MAX_TOLD:
            self._told.popitem(last=False)
        self._reader.recent.note(now)
        kinds: list[type[Edited | Retracted | Reacted]]
        if now.retracted:
            kinds = [Retracted] if not before.retracted and (told or Retracted in asked) else []
        else:
            kinds = [Edited] if now.records != before.records and (told or Edited in asked) else []
            kinds += [Reacted] if (now.tally, now.closed) != (before.tally, before.closed) else []
        for each in kinds:
            self._tell(each(now, missed, member=id.author))
