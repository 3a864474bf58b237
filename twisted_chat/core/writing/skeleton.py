"""Texts compared as a person compares them: case, the spelling of the same letters and invisible characters don't count.

Nothing here decides which text may be said or sent: Python's tables of Unicode grow from version to version.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from twisted_chat.core.writing.lookalikes import TABLE

IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters that need not be drawn at all, for a regular expression's brackets: Unicode's Default_Ignorable_Code_Point."""
BLANK = "\u2800\ufff9-\ufffb\U00013430-\U00013442\U00016fe4\U0001d159"
"""Characters that are drawn as nothing, or as a space, and are not spaces; for the same use."""

_UNSEEN = re.compile(f"[{IGNORABLE}{BLANK[1:]}]")
_SAME_IN_LATIN = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o", "m": "rn"})
"""Latin letters and digits that look alike: a capital I like a small l, and so on."""
_CACHED = 4096


@lru_cache(maxsize=_CACHED)
def skeleton(name: str) -> str:
    """Return the looks of `name`. Names with the same skeleton are easily taken for each other.

    Case, compatibility forms, invisible characters, and letters that look alike, in several alphabets or one, don't count.
    Accents do.
    """
    looks = name
    if not name.isascii():
        table = _table()
        looks = unicodedata.normalize("NFD", _seen(name)).translate(table)
        looks = unicodedata.normalize("NFKD", looks).translate(table)
        looks = unicodedata.normalize("NFKD", looks.casefold()).translate(table)
    return " ".join(looks.split()).casefold().translate(_SAME_IN_LATIN)


@lru_cache(maxsize=_CACHED)
def alike(name: str) -> tuple[str, ...]:
    """Return every form by which `name` is compared. Two names that have a form in common are taken for each other.

    One form is its skeleton. The other one is its letters in small: in some alphabets a letter looks like one Latin letter,
    and its capital like another.
    """
    return skeleton(name), f"={folded(name)}"


def folded(text: str) -> str:
    """Return `text` without case, compatibility forms and invisible characters, for comparisons where looks don't matter."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _seen(text)).casefold())


@lru_cache(maxsize=_CACHED)
def room_key(room: str) -> str:
    """Return the form by which rooms are compared: two spellings with the same key are one room.

    As in names, letters that look alike in several alphabets don't count. Within one alphabet they do, for `#p1` is not `#pi`.
    """
    if room.isascii():
        return room.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded(room)).translate(_table()))


def same_room(one: str, other: str) -> bool:
    """Return whether two spellings are one room."""
    return one == other or room_key(one) == room_key(other)


def taken_for(character: str) -> str:
    """Return the character that one is taken for; for most, the character itself."""
    return _table().get(ord(character), character)


def _seen(text: str) -> str:
    """Return `text` without invisible characters, with one space for everything that looks like spaces, and none at its ends."""
    return " ".join(_UNSEEN.sub("", text).replace("\u2800", " ").split())


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Return the character that each is taken for. The table is made when it is first needed, which takes 2 ms."""
    table: dict[int, str] = {}
    for group in TABLE.split(","):
        target, *sources = group.split()
        text = "".join(chr(int(code, 16)) for code in target.split("+"))
        table.update((int(source, 16), text) for source in sources)
    return table
