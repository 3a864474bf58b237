"""The line below the one being typed: who I am, where, who else is here, and what became of what I said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from twisted_chat.core.events import Event
from twisted_chat.core.messages import Messages, Receiving, WhileAway
from twisted_chat.core.seat import Seat
from twisted_chat.core.writing.text import clean, clean_text
from twisted_chat.frontends.console.graphemes import steady
from twisted_chat.frontends.receipt import LastSaid
from twisted_chat.speech.events import sentences
from twisted_chat.speech.i18n import _, ngettext
from twisted_chat.speech.messages import became

SEPARATOR = " · "
MOST_NAMES = 24
MOST_ROOMS = 6
MOST_TYPING = 3


class Toolbar:
    """The text of the toolbar. It hears every event, and is asked whenever it is drawn."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._last = LastSaid()
        self._receiving: Receiving | None = None
        self.question = ""
        """The question to be answered first: it is shown instead of the rest."""

    def heard(self, event: Event) -> bool:
        """Take an event. Return whether it changed what is shown."""
        self._last.heard(event)
        if isinstance(event, Receiving):
            self._receiving = event if event.received < event.total else None
        elif isinstance(event, WhileAway):
            self._receiving = None
        elif isinstance(event, Messages):
            return event.own
        return True

    def fragments(self, width: int) -> StyleAndTextTuples:
        """Return the line, at most `width` columns wide."""
        if self.question:
            return [("class:question", cut(self.question, width - 1))]
        conversation = self._seat.conversation
        first = [clean(conversation.name), self._room(), *self._unread()]
        last = [*self._receipt(), *self._progress(), *self._typing()]
        line = "── " + SEPARATOR.join([*first, self._here(width - 4, [*first, *last]), *last])
        return [("class:toolbar", cut(steady(line), width - 1))]

    def _room(self) -> str:
        return clean_text(self._seat.room)

    def _unread(self) -> list[str]:
        waiting = islice(self._seat.waiting(), MOST_ROOMS + 1)
        counts = [f"{clean_text(room)} {count}" for room, count in waiting]
        counts[MOST_ROOMS:] = "…" * (len(counts) > MOST_ROOMS)
        return [_("unread: {rooms}").format(rooms=", ".join(counts))] if counts else []

    def _here(self, width: int, others: Sequence[str]) -> str:
        """Return a count of the members here, as many names as fit beside `others`, and the number of links to them."""
        members = self._seat.conversation.here()
        links = sum(member.links for member in members)
        if not members:
            return _("nobody else is here")
        count = ngettext("{n} is here", "{n} are here", len(members)).format(n=len(members))
        if links != len(members):
            count += ngettext(" ({n} link)", " ({n} links)", links).format(n=links)
        room = width - sum(get_cwidth(steady(part)) + len(SEPARATOR) for part in others) - get_cwidth(count) - 2
        names: list[str] = []
        for member in members[:MOST_NAMES]:
            name = steady(clean(member.shown))
            room -= get_cwidth(name) + 2
            if room < (3 if len(names) + 1 < len(members) else 0):
                break
            names.append(name)
        more = "…" if names and len(names) < len(members) else ""
        return f"{count}: {', '.join(names)}{more}" if names else count

    def _receipt(self) -> list[str]:
        """Return the receipt of the last own message, once something was said in this session."""
        receipt = self._last.receipt
        return [became(receipt)] if receipt else []

    def _typing(self) -> list[str]:
        """Who types in this room."""
        names = [clean(member.shown) for member in self._seat.conversation.typing.who(self._seat.room)]
        shown = ", ".join(names[:MOST_TYPING]) + ("…" if len(names) > MOST_TYPING else "")
        return [ngettext("{names} is typing", "{names} are typing", len(names)).format(names=shown)] if names else []

    def _progress(self) -> list[str]:
        return sentences(self._receiving) if self._receiving else []


def cut(text: str, width: int) -> str:
    """Return as much of `text` as fits into `width` columns, with `…` if that is not all."""
    if get_cwidth(text) <= width:
        return text
    used = 1
    for index, character in enumerate(text):
        used += get_cwidth(character)
        if used > width:
            return text[:index] + "…"
    return text
