"""Colours and weights for a terminal, as the escape sequences that stand around text which is safe to show."""

from __future__ import annotations

from collections.abc import Mapping

RESET = "\x1b[0m"
_FAINT = "\x1b[2m"
_STRONG = "\x1b[1m"
_UNDERLINED = "\x1b[4m"

PALETTE = (131, 160, 166, 130, 94, 64, 28, 29, 30, 31, 33, 67, 27, 61, 63, 98, 135, 129, 127, 163, 162, 168)
"""Of the 256 colours those that can be read on black and on white: a contrast of 3.4 at least to both."""
FEW = (1, 2, 4, 5, 6)
"""For terminals with 16 colours, whose owner decides what they look like; yellow is seldom legible on white."""


class Ink:
    """The colours of the terminal that an environment describes. `NO_COLOR` leaves no colour, only weights."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        term = environment.get("TERM", "")
        many = "256color" in term or "COLORTERM" in environment or term.startswith(("xterm-kitty", "foot", "alacritty"))
        self.coloured = not environment.get("NO_COLOR")
        self._start = "\x1b[38;5;{}m" if many else "\x1b[3{}m"
        self._palette = PALETTE if many else FEW

    def member(self, key: bytes, text: str) -> str:
        """Return `text` in the colour of the member with this id: always the same."""
        if not self.coloured:
            return text
        return f"{self._start.format(self._palette[int.from_bytes(key[:4], 'big') % len(self._palette)])}{text}{RESET}"

    def faint(self, text: str) -> str:
        """Return `text` set back."""
        return f"{_FAINT}{text}{RESET}"

    def underlined(self, text: str) -> str:
        """Return `text` underlined."""
        return f"{_UNDERLINED}{text}{RESET}"

    def strong(self, text: str) -> str:
        """Return `text` set forth."""
        return f"{_STRONG}{text}{RESET}"
