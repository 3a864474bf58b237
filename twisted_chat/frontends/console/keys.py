"""The keys that do more than plain line editing."""

from __future__ import annotations

from typing import Protocol

from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_completions, is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from twisted_chat.frontends.console.graphemes import next_start, previous_start


class Typist(Protocol):
    """Carries out what the keys ask for."""

    def submit(self) -> None:
        """Send the line."""

    def interrupt(self) -> None:
        """Ctrl-C where there is nothing to clear."""

    def end(self) -> None:
        """Ctrl-D on an empty line."""

    def suspend(self) -> None:
        """Ctrl-Z."""

    def ask(self, count: int) -> None:
        """A message of `count` lines, pasted, waits for Enter or Esc; 0: it no longer does."""


def bindings(buffer: Buffer, typist: Typist) -> KeyBindings:
    """Return the bindings for the line in `buffer`."""
    keys = KeyBindings()
    before_paste: list[Document] = []
    asking = Condition(lambda: bool(before_paste))
    editing = ~is_searching

    def answered() -> None:
        before_paste.clear()
        typist.ask(0)

    @keys.add("enter", filter=editing)
    @keys.add("c-j", filter=editing)
    def _enter(event: KeyPressEvent) -> None:
        if has_completions() and buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None  # the choice is made; the line is not sent yet
            return
        answered()
        typist.submit()

    @keys.add("escape", "enter", filter=editing)
    def _newline(event: KeyPressEvent) -> None:
        buffer.insert_text("\n")

    @keys.add("escape", filter=asking)
    def _take_back(event: KeyPressEvent) -> None:
        buffer.document = before_paste[0]
        answered()

    @keys.add(Keys.BracketedPaste, filter=editing)
    def _paste(event: KeyPressEvent) -> None:
        text = event.data.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        before = buffer.document
        buffer.insert_text(text)
        if "\n" in text:
            before_paste[:] = before_paste or [before]
            typist.ask(buffer.document.line_count)

    @keys.add("c-c")
    def _clear(event: KeyPressEvent) -> None:
        if is_searching():
            get_app().layout.focus(buffer)
        elif buffer.text:
            answered()
            buffer.reset()
        else:
            typist.interrupt()

    @keys.add("c-d", filter=editing & Condition(lambda: not buffer.text))
    def _end(event: KeyPressEvent) -> None:
        typist.end()

    @keys.add("c-z")
    def _suspend(event: KeyPressEvent) -> None:
        typist.suspend()

    @keys.add("tab", filter=editing)
    def _complete(event: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_next()
            return
        possible = list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
        if len(possible) == 1:
            buffer.apply_completion(possible[0])
        else:
            buffer.start_completion(insert_common_part=True)

    _characters(keys, buffer)
    return keys


def _characters(keys: KeyBindings, buffer: Buffer) -> None:
    """Have the cursor move, and delete, by characters as a reader sees them."""
    editing = ~is_searching

    @keys.add("left", filter=editing)
    @keys.add("c-b", filter=editing)
    def _left(event: KeyPressEvent) -> None:
        buffer.cursor_position = previous_start(buffer.text, buffer.cursor_position)

    @keys.add("right", filter=editing)
    @keys.add("c-f", filter=editing)
    def _right(event: KeyPressEvent) -> None:
        buffer.cursor_position = next_start(buffer.text, buffer.cursor_position)

    @keys.add("backspace", filter=editing)
    def _backspace(event: KeyPressEvent) -> None:
        buffer.delete_before_cursor(buffer.cursor_position - previous_start(buffer.text, buffer.cursor_position))

    @keys.add("delete", filter=editing)
    @keys.add("c-d", filter=editing & Condition(lambda: bool(buffer.text)))
    def _delete(event: KeyPressEvent) -> None:
        buffer.delete(next_start(buffer.text, buffer.cursor_position) - buffer.cursor_position)
