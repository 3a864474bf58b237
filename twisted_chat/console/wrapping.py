"""Long lines in rows as wide as the terminal, broken between words; and no row of one line looks like the start of another."""

from __future__ import annotations

import re
from itertools import pairwise

from prompt_toolkit.utils import get_cwidth

from twisted_chat.console.graphemes import next_start, starts

INDENT = "    "
"""Stands before every row of a line but its first."""
MIN_WIDTH = 20
"""Columns of a terminal too narrow for this: there it breaks lines itself, anywhere."""

_WORD = re.compile(" *[^ ]+")
_LINK = re.compile("(https?://|/)[!-~]+")
"""What is copied as one piece: a link, or a path. No blanks in it that nobody sees."""


def wrapped(text: str, columns: int, before: int = 0) -> list[str]:
    """Return `text` as rows for a terminal of so many `columns`: the first comes after `before` columns, others after `INDENT`.

    A word wider than a row is cut, unless it is a link or a path: that can be copied and clicked as long as it is one piece,
    and the terminal breaks it.
    """
    room = columns - before
    if columns < MIN_WIDTH or (text.isascii() and len(text) <= room) or get_cwidth(text) <= room:
        return [text]
    whole = columns - len(INDENT)
    rows: list[str] = []
    row = ""
    for word in _WORD.findall(text):
        width = get_cwidth(word)
        if width > room:
            plain = word.lstrip(" ")
            plain_width = width - len(word) + len(plain)
            link = _LINK.fullmatch(plain) is not None
            if link or plain_width <= whole:
                rows.append(row)
                row, word, width, room = "", plain, plain_width, whole
            while width > room and not link:
                cut = _fitting(word, room) or (next_start(word, 0) if room == whole else 0)
                rows.append(row + word[:cut])
                width -= get_cwidth(word[:cut])
                row, word, room = "", word[cut:], whole
        row += word
        room -= width
    rows.append(row)
    return [rows[0], *(INDENT + row for row in rows[1:])]


def _fitting(word: str, room: int) -> int:
    """Return how many characters of a word fit, none of what a reader sees as one cut in two."""
    piece = word[: max(0, room) * 4]
    ends = [*starts(piece), len(piece)]
    for start, end in pairwise(ends):
        room -= get_cwidth(piece[start:end])
        if room < 0:
            return start
    return len(piece)
