"""Long lines in rows as wide as the terminal, broken between words; and no row of one line looks like the start of another."""

from __future__ import annotations

import re
from itertools import pairwise

from twisted_chat.frontends.console.graphemes import starts
from twisted_chat.frontends.console.width import fitting, widest

INDENT = "    "
"""Stands before every row of a line but its first."""
MIN_WIDTH = 20
"""Columns of a terminal too narrow for this: there it breaks lines itself, anywhere."""

BREAKING, UNBROKEN = "\x1b[?7h", "\x1b[?7l"
"""Have the terminal break what is too wide for it, or not."""

JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""What no row ends or goes on with: it would be joined with the first character of the next, or with what it is set in by."""
_WORD = re.compile(" *[^ ]+")
_LINK = re.compile("(https?://|/)[!-Z\\\\^-~]+")
"""What is copied as one piece: a link, or a path. No blanks in it that nobody sees, nor a bracket, with which messages begin."""


def wrapped(text: str, columns: int, before: int = 0) -> list[str]:
    """Return `text` as rows for a terminal of so many `columns`: the first comes after `before` columns, others after `INDENT`.

    A word wider than a row is cut, unless it is a link or a path: that can be copied and clicked as long as it is one piece,
    and the terminal breaks it. No other row is as wide as to be broken by any terminal.
    """
    first, *further = _rows(text, columns, before)
    return [first.rstrip(JOINERS), *(INDENT + row.strip(JOINERS) for row in further)]


def _rows(text: str, columns: int, before: int) -> list[str]:
    room = columns - before
    if columns < MIN_WIDTH or (text.isascii() and len(text) <= room) or widest(text) <= room:
        return [text]
    whole = columns - len(INDENT)
    rows: list[str] = []
    row = ""
    for word in _WORD.findall(text):
        width = widest(word)
        if width > room:
            plain = word.lstrip(" ")
            plain_width = width - len(word) + len(plain)
            link = _LINK.fullmatch(plain) is not None
            if link or plain_width <= whole:
                rows.append(row)
                row, word, width, room = "", plain, plain_width, whole
            while width > room and not link:
                cut = _fitting(word, room) or (fitting(word, room) if room == whole else 0)
                rows.append(row + word[:cut])
                row, word, room = "", word[cut:], whole
                width = widest(word[: 4 * columns])  # so many are wider than a row: few are drawn over others
        row += word
        room -= width
    rows.append(row)
    return rows


def cut(text: str, columns: int) -> list[str]:
    """Return `text` as rows of at most so many `columns`, with every blank in it, broken where they are full."""
    rows: list[str] = []
    while text and columns > 0 and not (text.isascii() and len(text) <= columns) and widest(text) > columns:
        end = _fitting(text, columns) or fitting(text, columns) or 1
        rows.append(text[:end].rstrip(JOINERS))
        text = text[end:].lstrip(JOINERS)
    return [*rows, text]


def _fitting(word: str, room: int) -> int:
    """Return how many code points of a word fit, none of what a reader sees as one character cut in two."""
    piece = word[: max(0, room) * 4]
    ends = [*starts(piece), len(piece)]
    for start, end in pairwise(ends):
        room -= widest(piece[start:end])
        if room < 0:
            return start
    return len(piece)
