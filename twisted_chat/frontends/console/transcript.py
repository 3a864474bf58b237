"""Events as a terminal's scrollback gets them: coloured, each on lines of its own that nobody can forge."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from twisted_chat.core.events import Changed, Event, Impostor
from twisted_chat.core.messages import Delivered, Earlier, Messages, Past, Receiving, WhileAway
from twisted_chat.core.writing.boundaries import mentions
from twisted_chat.frontends.console.ink import Ink
from twisted_chat.frontends.console.width import widest
from twisted_chat.frontends.console.wrapping import BREAKING, MIN_WIDTH, UNBROKEN, cut, wrapped
from twisted_chat.speech.events import sentences
from twisted_chat.speech.messages import END, heading, how_to_vote, parts, reactions

CONTINUED = "  │ "
"""Stands before every further line of a message of several lines: no line of a message looks like the start of one."""
CODE, CODE_GOES_ON = "  ┃ ", "  ┊ "
"""Stands before every row of code: one that begins a line, and one that goes on with it."""
_STYLED = re.compile(r"(?<![\w`*])(?:`[^`]+`|\*(?=\S)[^*]+(?<=\S)\*)(?![\w`*])")
_SPARED = (Delivered, Receiving)


class Transcript:
    """Turns what is to be shown into lines with escape sequences, which no part of a name or a message ever becomes.

    They are as wide as the terminal at most, and lines that were longer are broken between words. They are for a terminal that
    breaks nothing itself; what it is to break, such as a long link, says so.
    """

    def __init__(self, ink: Ink, name: Callable[[], str], columns: Callable[[], int], styled: bool = True) -> None:
        """`name` returns one's own: messages with it are set forth; `columns` the width of the terminal. `styled` if `code` and
        *emphasis* are drawn otherwise than the rest; they keep their signs."""
        self._styled = styled
        self._ink = ink
        self._name = name
        self._columns = columns

    def event(self, event: Event) -> list[str]:
        """Return the lines of an event: none for what is summed up later, or is in the toolbar."""
        if isinstance(event, Messages):
            return [] if event.missed else [*self.messages(event), *self.notice(how_to_vote(event))]
        if isinstance(event, (Earlier, WhileAway)):
            return self.past(event)
        if isinstance(event, Changed) and event.missed:
            return []
        if isinstance(event, Impostor):
            return [self._ink.strong(row) for row in self.answer(sentences(event))]
        return [] if isinstance(event, _SPARED) else self.notice(sentences(event))

    def messages(self, event: Messages) -> list[str]:
        """Return the lines of messages."""
        lines = []
        for part in parts(event):
            first, *further = part.lines
            codes = part.code[1:]
            start = f"{self._ink.faint(part.stamp)} {self._ink.member(event.feed.author, part.author)}"
            before = widest(part.stamp) + 1 + widest(part.author)
            if before > self._columns():
                lines += self._text("", 0, f"{part.stamp} {part.author}{first}", event.own)
            else:
                lines += self._text(start, before, first, event.own)
            for line, code in zip(further, codes, strict=True):
                if code:
                    lines += self._code(line)
                    continue
                lines += self._text(self._ink.faint(CONTINUED), widest(CONTINUED), line, event.own)
        lines += self.notice(reactions(event))
        return lines

    def past(self, past: Past) -> list[str]:
        """Return the lines of messages of former times, and what stands above and below them."""
        messages = [line for message in past.messages for line in self.messages(message)]
        return [*self.notice(heading(past)), *messages, *self.notice([END])]

    def notice(self, lines: Sequence[str]) -> list[str]:
        """Return lines that nobody said."""
        return [self._ink.faint(row) for row in self.answer(lines)]

    def answer(self, lines: Sequence[str]) -> list[str]:
        """Return lines that answer what was asked."""
        return [row for line in lines for row in self._rows(line)]

    def rings(self, event: Event) -> bool:
        """Return whether an event should get the person's attention: a message to them, with their name or in answer to theirs, a
        false name."""
        if isinstance(event, Messages) and not event.own and event.quote is not None and event.quote.own:
            return True
        if isinstance(event, Messages):
            return not event.own and (bool(event.private) or any(self._named(record.text) for record in event.records))
        return isinstance(event, Impostor)

    def _drawn(self, found: re.Match[str]) -> str:
        return self._ink.strong(found[0]) if found[0][0] == "`" else self._ink.underlined(found[0])

    def _code(self, line: str) -> list[str]:
        """Return the rows of a line of code: as it is, set apart. What does not fit goes on in another row of that kind."""
        if self._columns() < MIN_WIDTH:
            return self._rows(CODE + line)
        first, *further = cut(line, self._columns() - widest(CODE))
        return [self._ink.faint(CODE) + first, *(self._ink.faint(CODE_GOES_ON) + row for row in further)]

    def _text(self, start: str, before: int, line: str, own: bool) -> list[str]:
        first, *further = self._rows(line, before)
        if not own and self._named(line):
            first, *further = map(self._ink.strong, (first, *further))
        elif self._styled:
            first, *further = (_STYLED.sub(self._drawn, row) for row in (first, *further))
        return [start + first, *further]

    def _rows(self, line: str, before: int = 0) -> list[str]:
        columns = self._columns()
        first, *further = wrapped(line, columns, before)
        rows = [first if before + widest(first) <= columns else f"{BREAKING}{first}{UNBROKEN}"]
        return rows + [row if widest(row) <= columns else f"{BREAKING}{row}{UNBROKEN}" for row in further]

    def _named(self, text: str) -> bool:
        return mentions(text, self._name())
