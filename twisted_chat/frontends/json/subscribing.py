"""What one program wants to be told, and is."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from twisted_chat.core import events
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import Changed, Event
from twisted_chat.core.feeds.ids import MessageId, Place
from twisted_chat.core.messages import Arrived, Delivered, Messages, Past, Receipt, Receiving
from twisted_chat.core.writing.text import check_room
from twisted_chat.frontends.json import notifications, table, vocabulary
from twisted_chat.frontends.json.following import Following
from twisted_chat.frontends.json.receipts import Receipts
from twisted_chat.frontends.json.table import Notification
from twisted_chat.frontends.json.vocabulary import written
from twisted_chat.speech.events import sentences

MAX_WAITING = 256
"""Notifications that wait for a program that does not read; the others are left out, and counted. Messages wait in the store."""

Told = tuple[Notification, vocabulary.Result]

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
_TOLD: dict[type, Callable[[Any], Told]] = {
    events.Joined: lambda event: (
        table.JOINED,
        notifications.Joined(written(event.member), event.name, event.verified, ""),
    ),
    events.Reachable: lambda event: (
        table.JOINED,
        notifications.Joined(written(event.member), event.name, False, event.through),
    ),
    events.Left: lambda event: (table.LEFT, notifications.Gone(written(event.member), event.name)),
    events.Unreachable: lambda event: (table.LEFT, notifications.Gone(written(event.member), event.name)),
    events.Lost: lambda event: (table.LOST, notifications.Gone(written(event.member), event.name)),
    events.Renamed: lambda event: (
        table.RENAMED,
        notifications.Renamed(written(event.member), event.old, event.new),
    ),
    events.WentAway: lambda event: (
        table.WENT_AWAY,
        notifications.WentAway(written(event.member), event.name, event.text),
    ),
    events.Topical: lambda event: (
        table.TOPICAL,
        notifications.Topical(written(event.member), event.name, event.room, event.text),
    ),
    events.Leaving: lambda event: (table.LEAVING, notifications.Leaving()),
}


_CHANGED: dict[type, Notification] = {
    events.Edited: table.EDITED,
    events.Retracted: table.RETRACTED,
    events.Reacted: table.REACTED,
}


class Subscription:
    """Tells one program what it asked to be told. It begins with nothing."""

    def __init__(
        self,
        conversation: Conversation,
        clock: Any,
        message: Callable[[Messages, bool, Place | None], vocabulary.Message],
        tell: Callable[[Notification, vocabulary.Result], object],
    ) -> None:
        """`message` returns a message as programs get it."""
        self._conversation = conversation
        self._clock = clock
        self._message = message
        self._tell = tell
        self._following: Following | None = None
        self._events: frozenset[str] = frozenset()
        self._receipts = Receipts(clock, self._delivered)
        self._paused = False
        self._stopped = False
        self._waiting: deque[Told] = deque()
        self._left_out = 0

    @property
    def active(self) -> bool:
        """Whether anything is told."""
        return self._following is not None

    def begin(self, asked: vocabulary.Subscribe) -> Deferred[vocabulary.Subscribed]:
        """Tell what is asked for, instead of what was asked for before. Raises `BadText` or `UnknownPlace`."""
        rooms = None if asked.rooms is None else [check_room(room) for room in asked.rooms]
        wanted = table.EVENTS if asked.events is None else frozenset[str](asked.events)
        after = Place.parse(asked.after) if asked.after else None

        def begin(now: Arrived) -> vocabulary.Subscribed:
            if self._stopped:
                return vocabulary.Subscribed(str(now.place))  # to nobody
            start = now.place if asked.after is None else after or now.place._replace(serial=0, done=0)
            self.end()
            self._events = wanted
            self._following = Following(self._conversation, self._clock, start, now.place, rooms, self._said)
            if self._paused:
                self._following.pause()
            return vocabulary.Subscribed(str(start))

        return self._conversation.arrived(after, 0).addCallback(begin)

    def end(self) -> None:
        """Tell nothing more."""
        if self._following is not None:
            self._following.stop()
            self._following = None
        self._events = frozenset()

    def stop(self) -> None:
        """Tell nothing more, for good."""
        self._stopped = True
        self.end()
        self._receipts.stop()

    def follow(self, id: MessageId) -> None:
        """Tell what becomes of a message that the program said."""
        self._receipts.follow(id)

    def pause(self) -> None:
        """The program does not read."""
        self._paused = True
        if self._following is not None:
            self._following.pause()

    def resume(self) -> None:
        """It reads again: tell what waits."""
        self._paused = False
        while self._waiting and not self._paused:
            self._tell(*self._waiting.popleft())
        if self._left_out and not self._paused:
            count, self._left_out = self._left_out, 0
            self._say(table.MISSED, notifications.Missed(count))
        if self._following is not None and not self._paused:
            self._following.resume()

    def hear(self, event: Event) -> None:
        """Take an event of the conversation, as the person here is to be shown it."""
        if isinstance(event, Delivered):
            self._receipts.heard(event)
        elif isinstance(event, Messages):
            if self._following is not None:
                self._following.hear(event)
        elif isinstance(event, Changed):
            self._say(_CHANGED[type(event)], self._message(event.message, event.missed, None))
        elif not isinstance(event, (Past, Receiving)) and (told := _told(event)):
            self._say(*told)

    def _said(self, message: Messages, missed: bool, place: Place) -> None:
        self._tell(table.MESSAGE, self._message(message, missed, place))

    def _delivered(self, id: MessageId, receipt: Receipt) -> None:
        held, lacking = len(receipt.holders), list(receipt.lacking)
        told = notifications.Delivered(str(id), receipt.kept, held, held + len(lacking), lacking)
        self._say(table.DELIVERED, told)

    def _say(self, notification: Notification, params: vocabulary.Result) -> None:
        if notification.name not in self._events:
            return
        if not self._paused:
            self._tell(notification, params)
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append((notification, params))
        else:
            self._left_out += 1


def _told(event: Event) -> Told | None:
    """Return what programs are told of an event; None for what is for the log alone."""
    if type(event) in _TOLD:
        return _TOLD[type(event)](event)
    lines = sentences(event)
    return (table.WARNING, notifications.Warned(code(type(event)), "\n".join(lines))) if lines else None


def code(kind: type) -> str:
    """Return the code of an event that is told in a sentence."""
    return _WORDS.sub("-", kind.__name__).lower()
