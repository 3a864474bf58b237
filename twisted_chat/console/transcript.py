"""Events as a terminal's scrollback gets them: coloured, each on lines of its own that nobody can forge."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from twisted_chat import words
from twisted_chat.console.ink import Ink
from twisted_chat.core.events import Delivered, Earlier, Event, Impostor, Messages, Past, Receiving, WhileAway

CONTINUED = "  │ "
"""Stands before every further line of a message of several lines: no line of a message looks like the start of one."""
_SPARED = (Delivered, Receiving)


class Transcript:
    """Turns what is to be shown into lines with escape sequences, which no part of a name or a message ever becomes."""

    def __init__(self, ink: Ink, name: Callable[[], str]) -> None:
        """`name` returns one's own: messages with it are set forth."""
        self._ink = ink
        self._name = name

    def event(self, event: Event) -> list[str]:
        """Return the lines of an event: none for what is summed up later, or is in the toolbar."""
        if isinstance(event, Messages):
            return [] if event.missed else self.messages(event)
        if isinstance(event, (Earlier, WhileAway)):
            return self.past(event)
        if isinstance(event, Impostor):
            return [self._ink.strong(line) for line in words.sentences(event)]
        return [] if isinstance(event, _SPARED) else self.notice(words.sentences(event))

    def messages(self, event: Messages) -> list[str]:
        """Return the lines of messages."""
        lines = []
        for part in words.parts(event):
            first, *further = part.lines
            start = f"{self._ink.faint(part.stamp)} {self._ink.member(event.feed.author, part.author)}"
            lines.append(start + self._text(first, event.own))
            lines += [self._ink.faint(CONTINUED) + self._text(line, event.own) for line in further]
        return lines

    def past(self, past: Past) -> list[str]:
        """Return the lines of messages of former times, and what stands above and below them."""
        messages = [line for message in past.messages for line in self.messages(message)]
        return [*self.notice(words.heading(past)), *messages, *self.notice([words.END])]

    def notice(self, lines: Sequence[str]) -> list[str]:
        """Return lines that nobody said."""
        return [self._ink.faint(line) for line in lines]

    def rings(self, event: Event) -> bool:
        """Return whether an event should get the person's attention: a message to them or with their name, a false name."""
        if isinstance(event, Messages):
            return not event.own and (bool(event.private) or any(self._named(record.text) for record in event.records))
        return isinstance(event, Impostor)

    def _text(self, line: str, own: bool) -> str:
        return self._ink.strong(line) if not own and self._named(line) else line

    def _named(self, text: str) -> bool:
        name = self._name().casefold()
        folded = text.casefold()
        return name in folded and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", folded) is not None
