"""Completion with Tab: commands, the names of who is here, and rooms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from twisted_chat.core.addressing import begun
from twisted_chat.core.commands import COMMANDS, Run, parse
from twisted_chat.core.writing.skeleton import folded
from twisted_chat.core.writing.text import MAX_NAME, clean
from twisted_chat.frontends.console.graphemes import steady
from twisted_chat.speech.i18n import _

_MAX_WORDS = MAX_NAME // 2
"""Words in a name."""
_MAX_MESSAGES = 9
"""Messages that are offered."""


class Words(Completer):
    """Completes the word before the cursor: after `/` at the beginning a command, after `#` a room, after a command for a
    message its number, else a name.

    A name may have any number of words, so what begins one is looked for from each word on, the longest beginning first.
    At the beginning of a message a name is followed by a colon, for that addresses it. After a command that is for one member
    it is written so that nobody else can be meant.
    """

    def __init__(
        self,
        names: Callable[[], Iterable[str]],
        rooms: Callable[[], Iterable[str]],
        addresses: Callable[[], Iterable[tuple[str, str]]],
        messages: Callable[[], Iterable[str]],
    ) -> None:
        """All are asked at every completion; `addresses` returns names, and how they are written after a command; `messages` what
        was shown, the newest first, safe to show."""
        self._messages = messages
        self._names = names
        self._rooms = rooms
        self._addresses = addresses

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what could stand at the cursor, in the order in which it is to be offered."""
        before = document.text_before_cursor
        word = before.split()[-1] if before and not before[-1].isspace() else ""
        if word.startswith("/") and word == before.lstrip():
            yield from _commands(word)
        elif word.startswith("#"):
            yield from _completions(word, self._pairs(self._rooms), " ")
        else:
            yield from list(self._addressed(before)) or list(self._counted(before)) or self._named(before)

    def _addressed(self, before: str) -> Iterable[Completion]:
        """Yield the names that could begin the argument of a command for one member, if that is where the cursor is."""
        typed = parse(before)
        if not isinstance(typed, Run) or not typed.command.addressed:
            return
        argument = before[len(before.rstrip()) - len(typed.argument) :] if typed.argument else ""
        name = begun(argument)
        if name is not None:
            yield from _completions(name, self._addresses(), " ", len(argument))

    def _counted(self, before: str) -> Iterable[Completion]:
        """Yield the numbers that the argument of a command for a message could begin with, each with the message."""
        typed = parse(before)
        if not isinstance(typed, Run) or not typed.command.referring or not before[-1:].isspace() or typed.argument:
            return
        for number, message in enumerate(islice(self._messages(), _MAX_MESSAGES), 1):
            yield Completion(f"{number} ", display=f"{number}", display_meta=steady(message))

    def _named(self, before: str) -> Iterable[Completion]:
        names = list(self._pairs(self._names))
        starts = [match.start() for match in re.finditer(r"(?<!\S)\S", before)][-_MAX_WORDS:]
        for start in starts if before and not before[-1].isspace() else [*starts, len(before)]:
            after = ": " if not before[:start].strip() else " "
            found = list(_completions(before[start:], names, after))
            yield from found
            if found:
                return

    @staticmethod
    def _pairs(candidates: Callable[[], Iterable[str]]) -> Iterable[tuple[str, str]]:
        return ((each, each) for each in candidates())


def _commands(word: str) -> Iterable[Completion]:
    """The first word of each command that fits, and what it does."""
    begun = word.removeprefix("/").casefold()
    for command in COMMANDS:
        fitting = [each for each in command.words if each.startswith(begun)]
        if fitting:
            yield Completion(f"/{fitting[0]} ", -len(word), display=f"/{fitting[0]}", display_meta=_(command.help))


def _completions(
    begun: str, candidates: Iterable[tuple[str, str]], after: str, length: int | None = None
) -> Iterable[Completion]:
    """Yield those that begin with `begun`, as they are written, in place of the last `length` characters: those of `begun`."""
    wanted = _beginning(begun)
    for name, written in candidates:
        if folded(name).startswith(wanted):
            replaced = len(begun) if length is None else length
            yield Completion(clean(written) + after, -replaced, display=steady(clean(name)))


def _beginning(begun: str) -> str:
    """Return the beginning of a name as it is compared, with a space at its end if it has one."""
    return folded(" ".join(begun.split())) + " " * begun[-1:].isspace()
