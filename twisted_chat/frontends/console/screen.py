"""The few rows at the bottom of a terminal that are redrawn: the line being typed, and the toolbar.

Everything above them is the terminal's own scrollback, written once and left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input.base import Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import (
    BufferControl,
    CompletionsMenu,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.screen import Char
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import SearchToolbar

from twisted_chat.frontends.console.graphemes import steady_character
from twisted_chat.frontends.console.transcript import CONTINUED
from twisted_chat.frontends.console.wrapping import BREAKING, UNBROKEN

MENU_ROWS = 8
"""Rows that the menu of completions needs."""
STYLE = Style([("toolbar", "dim"), ("question", "bold reverse"), ("prompt", "bold"), ("continued", "dim")])


class Steady(Processor):
    """Shows emoji that terminals draw differently wide as parts that all draw alike."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Return the line as it is drawn, and which place in it is which of what was typed."""
        places = [0]
        fragments: StyleAndTextTuples = []
        for style, character, *_ in explode_text_fragments(transformation_input.fragments):
            drawn = "    " if character == "\t" else steady_character(character)
            fragments.append((style, drawn))
            places.append(places[-1] + len(drawn))
        if places[-1] == len(places) - 1:
            return Transformation(transformation_input.fragments)
        typed = {drawn: index for index, drawn in reversed(list(enumerate(places)))}

        def display_to_source(place: int) -> int:
            while place not in typed and place > 0:
                place -= 1
            return typed[place] if place else 0

        return Transformation(fragments, lambda place: places[min(place, len(places) - 1)], display_to_source)


class Screen(Application[None]):
    """The rows that are redrawn, and what is printed above them. Run it with `run_async`."""

    def __init__(
        self,
        buffer: Buffer,
        toolbar: Callable[[int], StyleAndTextTuples],
        prompt: Callable[[], str],
        bindings: KeyBindings,
        keyboard: Input,
        output: Vt100_Output,
    ) -> None:
        """`toolbar` is asked for what fits into so many columns, `prompt` for what stands before the line."""
        search = SearchToolbar()
        control = BufferControl(buffer, input_processors=[Steady()], search_buffer_control=search.control)
        self._prompt = prompt
        line = Window(
            control, height=self._height, wrap_lines=True, get_line_prefix=self._prefix, dont_extend_height=True
        )
        bar = FormattedTextControl(lambda: toolbar(output.get_size().columns))
        menu = CompletionsMenu(MENU_ROWS, scroll_offset=1)
        rows = HSplit(
            [
                line,
                ConditionalContainer(Window(height=MENU_ROWS), has_completions),
                search,
                ConditionalContainer(Window(bar, height=1), ~Condition(lambda: self.is_done)),
            ]
        )
        super().__init__(
            Layout(FloatContainer(rows, [Float(menu, xcursor=True, ycursor=True)]), line),
            style=STYLE,
            key_bindings=bindings,
            input=keyboard,
            output=output,
            erase_when_done=True,
            terminal_size_polling_interval=None,
        )
        self.ttimeoutlen = 0.1  # seconds until an Esc is one, and not the beginning of another key
        self.timeoutlen = 0.3
        self._hidden = False

    def _height(self) -> Dimension:
        """The line being typed may take half of the terminal, and scrolls beyond."""
        return Dimension(min=1, max=max(1, self.output.get_size().rows // 2))

    def _prefix(self, line: int, wrapped: int) -> StyleAndTextTuples:
        if wrapped:
            return []
        return [("class:continued", CONTINUED)] if line else [("class:prompt", self._prompt())]

    def print_above(self, lines: Sequence[str]) -> None:
        """Print lines, which may hold escape sequences, above the rows that are redrawn, and redraw them."""
        # Else a row might begin where somebody wants it to, with what it wants.
        printed = "".join([UNBROKEN, *(f"{line}\r\n" for line in lines), BREAKING])
        if not self.is_running:
            self.output.write_raw(printed)
            self.output.flush()
            return
        if lines:
            self.renderer.erase()
            self.output.write_raw(printed)
        self._redraw()

    def hide(self) -> None:
        """Take the rows away that are redrawn, and draw nothing until `reveal`."""
        if self.is_running and not self._hidden:
            self.renderer.erase()
        self._hidden = True

    def reveal(self) -> None:
        """Draw the rows anew, in the row where the cursor is now.

        Who was stopped without having been asked has not hidden them: what is left of them in this row and below is erased.
        """
        self._hidden = False
        if self.is_running:
            self.output.write_raw("\r")
            self.output.erase_down()
            self.renderer.reset()
            self._redraw()

    def _redraw(self, render_as_done: bool = False) -> None:
        if not self._hidden:
            super()._redraw(render_as_done)

    def _on_resize(self) -> None:
        """Redraw at the terminal's new size, from where the first row is now.

        A terminal that became narrower has cut rows that were longer in two, which prompt_toolkit does not reckon with.
        """
        screen = self.renderer.last_rendered_screen
        if screen is not None and not self._hidden:
            width = self.output.get_size().columns
            cursor = screen.get_cursor_position(self.layout.current_window)
            above = (_length(screen.data_buffer[row]) for row in range(cursor.y))
            pushed = sum(max(0, ceil(length / width) - 1) for length in above) + cursor.x // width
            if pushed:
                self.output.cursor_up(pushed)
        if not self._hidden:
            super()._on_resize()


class _Written:
    """The part of a text file that `Vt100_Output` needs."""

    encoding = "utf-8"

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        """Hand `text` on."""
        self._write(text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


def vt100(write: Callable[[bytes], object], size: Callable[[], tuple[int, int]], term: str) -> Vt100_Output:
    """Return an output that writes to `write`; `size` is columns and lines. It asks the terminal for nothing."""

    def get_size() -> Size:
        columns, rows = size()
        return Size(rows=rows, columns=columns)

    return Vt100_Output(_Written(write), get_size, term=term, enable_cpr=False)  # type: ignore[arg-type]


def _length(row: Mapping[int, Char]) -> int:
    """Return the number of columns of a rendered row up to the last that holds something."""
    return max((column + cell.width for column, cell in row.items() if cell.char not in (" ", "")), default=0)
