"""A person at a console: where in the conversation they are, and what is shown to them of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.answers import Answer, Entered
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import Event, Messages, OfMember
from twisted_chat.core.refusals import Busy, Failed, Unacceptable, UnclearName
from twisted_chat.core.timeline.rooms import MAX_ROOMS
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import DEFAULT_ROOM
from twisted_chat.frontends.commands import Commands

_log = Logger()

TO_CHANGE = (Unacceptable, Busy, UnclearName)
"""Answers after which the line that was typed stays, to be changed or sent again."""


class Display(Protocol):
    """Where answers are shown: a console."""

    def answer(self, answer: Answer) -> None:
        """Show an answer; `speech.answers` has the words."""


class Session:
    """A person's place in the conversation: the room they are in, what is unread elsewhere, whether they are leaving."""

    def __init__(self, conversation: Conversation, display: Display, log: str) -> None:
        """`log` is the path of the log."""
        self.conversation = conversation
        self._room = DEFAULT_ROOM
        self.unread: Counter[str] = Counter()
        """How many messages wait in each other room."""
        self.leaving = False
        """Whether nothing typed counts any more."""
        self._display = display
        self.last_private: tuple[bytes, str] | None = None
        """Who wrote privately last, and how that was shown then."""
        self._commands = Commands(self, log, self.quit)

    @property
    def room(self) -> str:
        """Where what is typed is said."""
        return self.conversation.room(self._room)

    def for_person(self, event: Event) -> Event | None:
        """Return what a person is to be shown of an event; None if nothing: what is said in other rooms is counted as unread,
        what ignored members say is not even that, nor are their comings and goings shown."""
        if isinstance(event, OfMember):
            return None if self.conversation.roster.ignores(event.member) else event
        if not isinstance(event, Messages):
            return event
        if self.conversation.roster.ignores(event.feed.author):
            return None
        if event.private:
            self.last_private = self.last_private if event.own else (event.feed.author, event.name)
            return event
        here = [record for record in event.records if same_room(record.room, self.room)]
        if len(here) == len(event.records):
            return event
        elsewhere = (record.room for record in event.records if not same_room(record.room, self.room))
        self._count(elsewhere)
        return replace(event, records=here) if here else None

    def _count(self, rooms: Iterable[str]) -> None:
        """Count what is unread in rooms. Of those that are forgotten by now, as many are counted as there can be rooms."""
        self.unread.update(map(self.conversation.room, rooms))
        if len(self.unread) > 2 * MAX_ROOMS:
            known = self.conversation.topics
            self.unread = Counter({room: count for room, count in self.unread.items() if room in known})

    def waiting(self) -> Iterator[tuple[str, int]]:
        """Yield the rooms where something is unread, and how much; first those where this person spoke, or went."""
        for room in dict.fromkeys([*self.conversation.rooms_kept, *self.unread]):
            if self.unread[room]:
                yield room, self.unread[room]

    def say(self, text: str, *, me: bool = False) -> None:
        """Say something in the room where this person is."""
        self.conversation.say(text, self.room, me)

    def whisper(self, member: bytes, text: str) -> None:
        """Say something to one member alone."""
        self.conversation.whisper(member, text)

    def enter(self, room: str) -> str:
        """Go to a room, where nothing is unread then; return what it is about."""
        self._room = room
        topic = self.conversation.enter(room)
        self.unread.pop(self.room, None)
        return topic

    def run(self, line: str) -> bool:
        """Do what a typed line asks for, and have the answer shown once it is there. Return False if the line is to stay, to be
        changed: nothing of it was taken."""
        answer = self._commands.run(line)
        if isinstance(answer, Deferred):
            self._show_later(answer)
            return True
        self._display.answer(answer)
        if isinstance(answer, Entered):
            self._show_later(self._commands.earlier(answer.room))
        return not isinstance(answer, TO_CHANGE)

    def quit(self) -> None:
        """Leave the chat."""
        self.leaving = True
        self.conversation.leave()

    def _show_later(self, answer: Deferred[Answer]) -> None:
        answer.addCallback(self._display.answer).addErrback(self._not_shown)

    def _not_shown(self, reason: Failure) -> None:
        _log.failure("an answer could not be shown:", reason)
        self._display.answer(Failed())
