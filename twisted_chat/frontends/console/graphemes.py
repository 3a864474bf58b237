"""Graphemes, each one character to a reader, and a form of each that every terminal draws equally wide.

Terminals disagree on how wide an emoji of several code points is: a family is 2 columns in one and 8 in the next. A
line that is edited must not depend on it, so there the parts of such an emoji are shown side by side; it is said whole.
"""

from __future__ import annotations

import re
import unicodedata

_JOINER = "\u200d"
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_UNSTEADY = re.compile(
    "[\u200b-\u200f\u2060\u20e3\ufe00-\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef]"
)
"""Characters that join, vary or colour the one before, and the letters of flags."""


def starts(text: str) -> list[int]:
    """Return where each character as a reader sees it begins; the first is 0."""
    found: list[int] = []
    flags = 0
    for index, character in enumerate(text):
        flag = _FLAG.match(character) is not None
        joined = index > 0 and (
            text[index - 1] == _JOINER or character == _JOINER or _extends(character) or (flag and flags % 2 == 1)
        )
        flags = flags + 1 if flag else 0
        if not joined:
            found.append(index)
    return found


def previous_start(text: str, position: int) -> int:
    """Return where the character before `position` begins, 0 at the beginning."""
    begin = max(0, position - 64)
    found = starts(text[begin:position])
    return begin + found[-1] if found else 0


def next_start(text: str, position: int) -> int:
    """Return where the character at `position` ends."""
    found = starts(text[position : position + 64])
    return position + found[1] if len(found) > 1 else min(len(text), position + 64)


def steady(text: str) -> str:
    """Return `text` as every terminal draws it equally wide. No character becomes more than one."""
    return _UNSTEADY.sub(lambda match: steady_character(match[0]), text)


def steady_character(character: str) -> str:
    """Return what is drawn of one code point: itself, the letter of a flag, or nothing."""
    if _FLAG.match(character):
        return chr(ord(character) - 0x1F1E6 + ord("A"))
    return "" if _UNSTEADY.match(character) else character


def _extends(character: str) -> bool:
    """Whether `character` belongs to the one before it."""
    if character < "\u0300":
        return False
    return (
        unicodedata.category(character) in ("Mn", "Me")
        or _SKIN.match(character) is not None
        or character >= "\U000e0000"
    )
