"""What Tab completes: commands, the names of who is here, and rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from twisted_chat.console.graphemes import steady
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.text import clean
from twisted_chat.i18n import _


class Words(Completer):
    """Completes the word before the cursor: after `/` at the beginning a command, after `#` a room, else a name.

    A name may have spaces in it, so what begins a name is looked for from each word of the line on. At the beginning of a
    message a name is followed by a colon, for that addresses it.
    """

    def __init__(self, names: Callable[[], Iterable[str]], rooms: Callable[[], Iterable[str]]) -> None:
        """`names` and `rooms` are asked at every completion."""
        self._names = names
        self._rooms = rooms

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what could stand at the cursor, in the order in which it is to be offered."""
        before = document.text_before_cursor
        word = before.split()[-1] if before and not before[-1].isspace() else ""
        if before.startswith("/") and word == before:
            yield from _commands(word)
        elif word.startswith("#"):
            yield from _completions(word, self._rooms(), " ")
        else:
            yield from self._named(before, word)

    def _named(self, before: str, word: str) -> Iterable[Completion]:
        for length in dict.fromkeys((_since_second_last(before), len(word))):
            begun = before[len(before) - length :]
            after = ": " if length == len(before) else " "
            found = list(_completions(begun, self._names(), after))
            yield from found
            if found:
                return


def _commands(word: str) -> Iterable[Completion]:
    """The first word of each command that fits, and what it does."""
    begun = word.removeprefix("/").casefold()
    for command in COMMANDS:
        fitting = [each for each in command.words if each.startswith(begun)]
        if fitting:
            yield Completion(f"/{fitting[0]} ", -len(word), display=f"/{fitting[0]}", display_meta=_(command.help))


def _completions(begun: str, candidates: Iterable[str], after: str) -> Iterable[Completion]:
    for each in candidates:
        if each.casefold().startswith(begun.casefold()):
            yield Completion(clean(each) + after, -len(begun), display=steady(clean(each)))


def _since_second_last(before: str) -> int:
    """How many characters the last two words of the line have."""
    words = before.split(" ")
    return len(" ".join(words[-2:]))
