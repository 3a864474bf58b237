"""A person at a console: what they type is done, and the answers are shown."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.answers import Answer, Entered
from twisted_chat.core.refusals import Busy, Failed, Unacceptable, UnclearName
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.commands import Commands
from twisted_chat.frontends.shown import Shown

_log = Logger()

TO_CHANGE = (Unacceptable, Busy, UnclearName)
"""Answers after which the line that was typed stays, to be changed or sent again."""


class Display(Protocol):
    """Where answers are shown: a console."""

    def answer(self, answer: Answer) -> None:
        """Show an answer; `speech.answers` has the words."""


class Session:
    """Takes the lines of the owner at a console, until they leave."""

    def __init__(self, seat: Seat, display: Display, log: str) -> None:
        """`log` is the path of the log."""
        self.leaving = False
        """Whether nothing typed counts any more."""
        self._conversation = seat.conversation
        self._display = display
        self._commands = Commands(seat, log, self.quit)

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

    @property
    def shown(self) -> Shown:
        """The messages that were shown last."""
        return self._commands.shown

    def quit(self) -> None:
        """Leave the chat: the owner does, so the peer ends."""
        self.leaving = True
        self._conversation.leave()

    def _show_later(self, answer: Deferred[Answer]) -> None:
        answer.addCallback(self._display.answer).addErrback(self._not_shown)

    def _not_shown(self, reason: Failure) -> None:
        _log.failure("an answer could not be shown:", reason)
        self._display.answer(Failed())
