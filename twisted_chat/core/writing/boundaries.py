"""Where words begin and end: in scripts with spaces between words, and in scripts without."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from twisted_chat.core.writing.skeleton import IGNORABLE, folded

_WORD, _SIGN, _MARK, _GAP = "wsm "
"""Kinds of characters: part of a word, a word by itself, part of the one before, and between words."""
_WITHOUT_SPACES = re.compile(
    "[\u0e01-\u0e4e\u0e81-\u0ecf\u0edc-\u0edf"  # Thai and Lao, but not their digits
    "\u1000-\u103f\u1050-\u108f\u109a-\u109f\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17d3\u17dc\u17dd\u1950-\u19cf\u1a20-\u1a7c\uaa80-\uaadf"  # Khmer, Tai
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\ua4cf\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]"  # Han, kana, Yi
)
_NEEDLESS = re.compile(
    f"[{IGNORABLE}\U0001f3fb-\U0001f3ff\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8"
    "\u06ea-\u06ed\u0711\u0730-\u074a\u0898-\u089f\u08ca-\u08e1\u08e3-\u08ff]"
)
"""Characters that a search ignores: accents, the vowels of Hebrew and Arabic, the colour of a hand, and everything that can't
be seen."""
_NON_JOINER = "\u200c"
"""It can't be seen, but it parts words."""
_HANGUL = re.compile("[\uac00-\ud7a3]")
_TOKENS = re.compile(f"{_WORD}[{_WORD}{_MARK}]*|{_SIGN}{_MARK}*")
_PLAIN = re.compile("[a-z0-9]+")
_REMEMBERED = 8192


class _Kinds(dict[int, str]):
    """The kind of each character, as a table for `str.translate`. It is computed by character, and keeps a bounded number."""

    def __missing__(self, code: int) -> str:
        kind = _kind(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = kind
        return kind


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "M":
        return _MARK
    if category == "So" or _WITHOUT_SPACES.match(character):
        return _SIGN
    return _WORD if category[0] in "LN" else _GAP


_KINDS = _Kinds()


class Token(NamedTuple):
    """A word, or one character that is a word by itself: an emoji, or a letter of a script without spaces, with its marks.
    `joined` if another token ends where it begins."""

    text: str
    joined: bool


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`, without case, accents and everything else that a search ignores."""
    plain = text.lower() if text.isascii() else _simplified(text)
    if plain.isascii():
        yield from (Token(word, False) for word in _PLAIN.findall(plain))
        return
    end = -1
    for match in _TOKENS.finditer(plain.translate(_KINDS)):
        yield Token(plain[match.start() : match.end()], match.start() == end)
        end = match.end()


def _simplified(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace(_NON_JOINER, " ")).casefold()
    plain = _NEEDLESS.sub("", plain)
    return plain if plain.isascii() else _NEEDLESS.sub("", unicodedata.normalize("NFKD", plain))


def mentions(text: str, name: str) -> bool:
    """Whether `text` has `name` in it: as whole words, or, in scripts without spaces, anywhere."""
    name, text = folded(name), folded(text)
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if _parted(text, start) and (_parted(text, end) or (_HANGUL.match(text[end - 1]) and _HANGUL.match(text[end]))):
            return True
        start = text.find(name, start + 1)
    return False


def _parted(text: str, position: int) -> bool:
    """Return whether a word may end, or begin, at `position`."""
    if position in (0, len(text)):
        return True
    after = _KINDS[ord(text[position])]
    if after == _MARK:
        return False
    before = position - 1
    while before and _KINDS[ord(text[before])] == _MARK:
        before -= 1
    kinds = {_KINDS[ord(text[before])], after}
    return _SIGN in kinds or (_GAP in kinds and "_" not in (text[before], text[position]))
