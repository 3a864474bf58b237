"""The columns that a text takes on a terminal, at most: terminals disagree, and where rows end must not depend on which it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MARKS_DRAWN = 2
"""Accents on one letter that every terminal draws over it; some give those that follow a column."""


def widest(text: str) -> int:
    """Return how many columns `text`, as `clean` leaves it, takes on the terminal that draws it widest.

    Counted as wide is what is of ambiguous width but letters, pictures, and what is not yet assigned; each part of an emoji by
    itself; what joins or varies, and marks that are new to Unicode or many on one letter, as a column.
    """
    return len(text) if text.isascii() else sum(_widths(text))


def fitting(text: str, room: int) -> int:
    """Return how many code points of `text`, from its beginning, fit into so many columns on any terminal."""
    for index, width in enumerate(_widths(text)):
        room -= width
        if room < 0:
            return index
    return len(text)


def _widths(text: str) -> Iterator[int]:
    """Yield the most columns that each code point takes where it stands."""
    marks = 0
    for character in text:
        width = _width(character)
        marks = marks + 1 if width == 0 else 0
        yield width or int(marks > MARKS_DRAWN)


@lru_cache(maxsize=8192)
def _width(character: str) -> int:
    """Return the most columns of one character; 0 for a mark that every terminal draws over what stands before it."""
    category = unicodedata.category(character)
    width = unicodedata.east_asian_width(character)
    if width in "WF":
        return 2
    if category in ("Mn", "Me"):
        return (
            0 if unicodedata.ucd_3_2_0.category(character) == category and not "\ufe00" <= character <= "\ufe0f" else 1
        )
    if "\u2800" <= character <= "\u28ff":  # Braille, of which pictures are made
        return 1
    if category in ("So", "No", "Cn", "Co") or (width == "A" and category[0] != "L"):
        return 2
    return 1
