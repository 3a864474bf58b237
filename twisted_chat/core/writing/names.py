"""The characters of a name. No name looks like another, or like a part of a line of this program.

This is for the names that people give themselves, and for how others' names are shown. It depends on which version of Unicode
Python knows, so `text.accept_name` decides elsewhere which names are accepted from others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from twisted_chat.core.writing.skeleton import BLANK, IGNORABLE, taken_for

MARKS = frozenset("✓✔▶⚠⏳⏬✅❌❓✏⚪👋👤👥💤💬💾📄📋📌🔇🔊🔌🔑🔒🔗🔚🕰🗑🚨🚪🚫🏠👂🌙🤖")
"""The pictures in this program's own lines, on the screen and in the log."""
LIKE_MARKS = frozenset("☑🗸🗹🔏🔐🔓🗝🗨🗩🗪🗫🗬🗭🗮🗯💭⛔❔❕❗❎🔈🔉🔙🔛🔜🔝📍📃🛑")
"""Pictures that are easily taken for one of those."""
PUNCTUATION = "-_.'"
MAX_MARKS = 4
"""Accents and other marks on one letter. More would be drawn over the lines above and below."""

_PLAIN = re.compile(r"[A-Za-z0-9 \-_.']*")
_MISLEADING = frozenset(":~()[]#*,;·→│")
"""Signs that end a name, or stand beside it, in this program's lines. Some letters look like one, such as U+A4FD."""
_UNSEEN = re.compile(f"[{IGNORABLE}{BLANK}]")
_PICTURE = (
    "[⌚⌛⌨⏩-⏬⏰-⏳☀-☄☎☔☕☘☝☠☢☣☦☪☮☯☸-☺♀♂♈-♓♟♠♣♥♦♨♻♾♿⚒-⚗⚙⚛⚜⚠⚡⚧⚪⚫⚰⚱⚽⚾⛄⛅⛈⛎⛏⛑⛓⛔⛩⛪⛰-⛵⛷-⛺⛽✂✅✈-✍✏✒✝✡✨❄❌❎❓-❕❗❣❤"
    "➰➿⬛⬜⭐🀄🃏\U0001f300-\U0001f3fa\U0001f400-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0\U0001f90c-\U0001f9ff"
    "\U0001fa70-\U0001faff]"
)
_ONE = f"{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_EMOJI = re.compile(f"{_ONE}(?:\u200d{_ONE})*|[\U0001f1e6-\U0001f1ff]{{2}}")
"""A picture, one that several make, such as a family, or a flag."""


class Piece(NamedTuple):
    """A part of a name that belongs together, and whether a name may have it."""

    text: str
    allowed: bool

    @property
    def bare(self) -> bool:
        """Whether a name of this piece alone would name nobody."""
        return self.text in PUNCTUATION or self.text == " "


def pieces(name: str) -> Iterator[Piece]:
    """Yield the pieces of `name`, which is in Unicode's composed form (NFC): letters with their marks, emoji, or a character."""
    if _PLAIN.fullmatch(name):
        yield from (Piece(character, True) for character in name)
        return
    position = 0
    while position < len(name):
        emoji = _EMOJI.match(name, position)
        if emoji:
            piece = Piece(emoji[0], _is_picture(emoji[0]))
        elif _is_letter(name[position]):
            piece = Piece(name[position : _end_of_marks(name, position)], True)
        else:
            piece = Piece(name[position], bool(_PLAIN.fullmatch(name[position])) or _is_digit(name[position]))
        yield piece
        position += len(piece.text)


def is_unseen(character: str) -> bool:
    """Return whether the character shows nothing, or moves the text around it."""
    return unicodedata.category(character)[0] in "CZ" or _UNSEEN.match(character) is not None


def _is_picture(emoji: str) -> bool:
    known = all(unicodedata.category(each)[0] == "S" or _UNSEEN.match(each) for each in emoji)
    return known and MARKS.isdisjoint(emoji) and LIKE_MARKS.isdisjoint(emoji)


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L" and not _deceives(character)


def _is_digit(character: str) -> bool:
    return unicodedata.category(character) == "Nd" and not _deceives(character)


def _deceives(character: str) -> bool:
    if _UNSEEN.match(character):
        return True
    return not (
        _MISLEADING.isdisjoint(taken_for(character))
        and _MISLEADING.isdisjoint(unicodedata.normalize("NFKC", character))
    )


def _end_of_marks(name: str, letter: int) -> int:
    """Return the end of the marks that belong to a letter: marks for letters of its alphabet, or of any."""
    alphabets = ("COMBINING", _alphabet(name[letter]))
    end = letter + 1
    while end < len(name) and end - letter <= MAX_MARKS:
        mark = name[end]
        belongs = unicodedata.category(mark) in ("Mn", "Mc") and _alphabet(mark) in alphabets
        if not belongs or _deceives(mark):
            break
        end += 1
    return end


def _alphabet(character: str) -> str:
    """Return the first word of a character's name, which is its alphabet's, or says that it is for all."""
    return unicodedata.name(character, "").partition(" ")[0]
