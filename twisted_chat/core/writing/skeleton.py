"""How texts are compared: as a person would, to whom case, spelling of the same letters and what can't be seen are nothing.

Nothing here decides what may be said or sent: Python's tables of Unicode grow from version to version.
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
"""What need not be drawn at all, for a regular expression's brackets: Unicode's Default_Ignorable_Code_Point."""
BLANK = "\u2800\ufff9-\ufffb\U00013430-\U00013442\U00016fe4\U0001d159"
"""What is drawn as nothing, or as a space, and is none: the same."""

_UNSEEN = re.compile(f"[{IGNORABLE}{BLANK[1:]}]")
_SAME_IN_LATIN = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o", "m": "rn"})
"""What looks alike among the Latin letters and digits themselves: a capital I like a small l, and so on."""
_CACHED = 4096


@lru_cache(maxsize=_CACHED)
def likeness(name: str) -> str:
    """Return what `name` looks like: names with the same likeness are easily taken for each other.

    Case, compatibility forms, what can't be seen, and letters that look alike, in several alphabets or one, don't count;
    accents do.
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
    """Return all by which `name` is compared: of two names that have one of these in common, one is taken for the other.

    Its likeness is one; its letters in small is the other, for in some alphabets a letter looks like one Latin letter and its
    capital like another.
    """
    return likeness(name), f"={folded(name)}"


def folded(text: str) -> str:
    """Return `text` as it is compared where looks don't matter: without case, compatibility forms and what can't be seen."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _seen(text)).casefold())


@lru_cache(maxsize=_CACHED)
def room_key(room: str) -> str:
    """Return what rooms are compared by: two spellings with the same key are one room.

    As in names, letters that look alike in several alphabets don't count; within one they do, for `#p1` is not `#pi`.
    """
    if room.isascii():
        return room.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded(room)).translate(_table()))


def same_room(one: str, other: str) -> bool:
    """Return whether two spellings are one room."""
    return one == other or room_key(one) == room_key(other)


def taken_for(character: str) -> str:
    """Return what one character is taken for; itself for most."""
    return _table().get(ord(character), character)


def _seen(text: str) -> str:
    """Return `text` without what can't be seen, one space for what looks like spaces, none at its ends."""
    return " ".join(_UNSEEN.sub("", text).replace("\u2800", " ").split())


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Return what each character is taken for; made when it is first needed, which takes 2 ms."""
    table: dict[int, str] = {}
    for group in TABLE.split(","):
        target, *sources = group.split()
        text = "".join(chr(int(code, 16)) for code in target.split("+"))
        table.update((int(source, 16), text) for source in sources)
    return table
