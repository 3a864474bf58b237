"""The messages that one person was shown last, in that order: what counting back counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from twisted_chat.core.events import Changed, Event
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Messages, Past
from twisted_chat.core.seat import Seat
from twisted_chat.core.writing.skeleton import folded

MAX_SHOWN = 200
"""Messages that can be meant."""
_QUOTES = '"“”„'
_NUMBER = re.compile(r"(\d{1,3})(?=\s|$)", re.ASCII)
_WORDS = re.compile(f"[{_QUOTES}]([^{_QUOTES}]+)[{_QUOTES}](?=\\s|$)")


class Shown:
    """What was shown at a seat. A message that is shown again is the newest."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._messages: dict[MessageId, Messages] = {}
        seat.watch(self.note)

    def note(self, event: Event) -> None:
        """Something happens."""
        shown = self._seat.for_person(event)
        if isinstance(shown, Changed):
            if shown.message.id in self._messages:
                self._messages[shown.message.id] = shown.message
        elif isinstance(shown, Past):
            self.past(shown)
        elif isinstance(shown, Messages) and not shown.missed:
            for each in shown.each() if len(shown.records) > 1 else [shown]:
                self._add(each)

    def past(self, past: Past) -> None:
        """Messages of former times are shown."""
        for each in past.messages:
            self._add(each)

    def newest_first(self) -> Iterator[Messages]:
        """Yield what was shown, none of those who are ignored by now."""
        yield from (each for each in reversed(self._messages.values()) if not self._seat.ignores(each.feed.author))

    def newest(self, fits: Callable[[Messages], bool]) -> Messages | None:
        """Return the newest message that fits."""
        return next(filter(fits, self.newest_first()), None)

    def find(self, typed: str) -> Messages | None:
        """Return the message that is meant by what `which` took: a number, or words."""
        if typed.isdecimal():
            return next((each for n, each in enumerate(self.newest_first(), 1) if n == int(typed)), None)
        return self.newest(lambda each: folded(typed) in folded(each.records[0].text))

    def _add(self, message: Messages) -> None:
        self._messages.pop(message.id, None)
        self._messages[message.id] = message
        if len(self._messages) > MAX_SHOWN:
            del self._messages[next(iter(self._messages))]


def which(argument: str) -> tuple[str, str]:
    """Return what tells which message is meant at the beginning of a command's argument, empty if nothing does, and the rest."""
    found = _NUMBER.match(argument) or _WORDS.match(argument)
    return (found[1], argument[found.end() :].strip()) if found else ("", argument)
