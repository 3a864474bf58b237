"""Bytes from a terminal become keys for prompt_toolkit.

`create_pipe_input` would do so through a pipe, which blocks for good when a paste fills it: here the bytes go directly to
its parser. A paste is taken out before, since the parser's time for one grows with the square of its length.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from prompt_toolkit.input.base import Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

PASTE, PASTED = "\x1b[200~", "\x1b[201~"
MAX_PASTE = 256 * 1024
"""Characters kept of a paste: enough to see that it is too long."""


class Keyboard(Input):
    """The input that prompt_toolkit reads from. Bytes are fed as they come, cut anywhere; what is not UTF-8 becomes `�`."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._keys: list[KeyPress] = []
        self._parser = Vt100Parser(self._keys.append)
        self._ready: Callable[[], None] = lambda: None
        self._withheld = ""
        self._pasting = False
        self._pasted: list[str] = []
        self._room = MAX_PASTE

    def feed(self, data: bytes) -> None:
        """Take bytes, and have the keys in them handled at once by whoever is attached."""
        self._feed(self._decoder.decode(data))
        self._ready()  # if it is no key yet, this is when waiting for its rest begins

    def _feed(self, text: str) -> None:
        text = self._withheld + text
        self._withheld = ""
        while text:
            mark = PASTED if self._pasting else PASTE
            before, found, after = text.partition(mark)
            if not found:
                before, self._withheld = _split(before, mark)
            (self._paste if self._pasting else self._parser.feed)(before)
            if found:
                self._toggle()
            text = after

    def _paste(self, text: str) -> None:
        text = text[: self._room]
        self._room -= len(text)
        self._pasted.append(text)

    def _toggle(self) -> None:
        if self._pasting:
            self._keys.append(KeyPress(Keys.BracketedPaste, "".join(self._pasted)))
        self._pasting = not self._pasting
        self._pasted = []
        self._room = MAX_PASTE

    # What prompt_toolkit asks for.

    def read_keys(self) -> list[KeyPress]:
        """Return the keys pressed since last asked."""
        keys = self._keys[:]
        self._keys.clear()
        return keys

    def flush_keys(self) -> list[KeyPress]:
        """Return what stood alone for a while, such as Esc, which also begins other keys."""
        if not self._pasting:
            self._parser.feed(self._withheld)
            self._withheld = ""
            self._parser.flush()
        return self.read_keys()

    @contextmanager
    def attach(self, input_ready_callback: Callable[[], None]) -> Iterator[None]:
        """Call `input_ready_callback` when there are keys."""
        self._ready = input_ready_callback
        try:
            yield
        finally:
            self._ready = lambda: None

    def detach(self) -> AbstractContextManager[None]:
        """Keep the keys meanwhile."""
        return self.attach(lambda: None)

    def raw_mode(self) -> AbstractContextManager[None]:
        """Do nothing: the terminal's modes are `Terminal`'s."""
        return nullcontext()

    def cooked_mode(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

    @property
    def closed(self) -> bool:
        """Return False: that the terminal is gone is told by the transport."""
        return False

    def fileno(self) -> int:
        """Raise `OSError`: there is no descriptor to read from."""
        raise OSError("keys are fed")

    def typeahead_hash(self) -> str:
        """Return what tells this input from others."""
        return f"tcpchat-{id(self)}"


def _split(text: str, mark: str) -> tuple[str, str]:
    """Return `text` without and with what may be the beginning of `mark` at its end."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if mark.startswith(text[-length:]):
            return text[:-length], text[-length:]
    return text, ""
