"""Which names, rooms and messages are acceptable, and how what others wrote is made safe to show.

`check_*` guard what enters a feed; `clean` guards what leaves for a terminal or a log. A peer checks what it hears as
strictly as what it says, but only `clean` is relied on for safety: a newer peer may allow what this one has never heard of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from twisted_chat.core.errors import BadText

MAX_NAME = 32
"""Characters in a name."""
MAX_TEXT = 8192
"""Bytes, as UTF-8, in one message."""
MAX_ROOM = 32
"""Characters in a room's name, its `#` included."""
DEFAULT_ROOM = "#chat"

_NOT_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ROOM = re.compile(f"#[^\\s\x00-\x20\x7f-\x9f\ud800-\udfff]{{1,{MAX_ROOM - 1}}}")
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_SEPARATORS_IN_LOGS = ":~"
_MARKS = frozenset("✓✔✅☑🗸")


def check_name(name: str) -> str:
    """Return `name` without the spaces around it, in Unicode's composed form (NFC).

    A `:` or `~` is refused because the log writes `name: text` and the roster `name~key`, a check mark because
    members whose keys were compared bear one. Raises `BadText` with code `name-empty`, `name-long`, `name-control`,
    `name-separator` or `name-mark`.
    """
    if any(unicodedata.category(character) in _INVISIBLE for character in name.strip(" \t\r\n")):
        raise BadText("name-control")
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name:
        raise BadText("name-empty")
    if len(name) > MAX_NAME:
        raise BadText("name-long")
    if any(character in _SEPARATORS_IN_LOGS for character in name):
        raise BadText("name-separator")
    if not _MARKS.isdisjoint(name):
        raise BadText("name-mark")
    return name


def check_text(text: str) -> str:
    """Return `text` unchanged if one message may hold it.

    Newlines and tabs are the only control characters allowed.
    Raises `BadText` with code `text-empty`, `text-long` or `text-control`.
    """
    if not text:
        raise BadText("text-empty")
    if not text.isprintable() and _NOT_IN_TEXT.search(text):
        raise BadText("text-control")
    if len(text) > MAX_TEXT // 4 and len(text.encode()) > MAX_TEXT:
        raise BadText("text-long")
    return text


def may_hide_control(encoded: bytes) -> bool:
    """Whether a string in this JSON may hold a control character: it stands there escaped, or is DEL or U+0080–009F.

    Another escape, and a few signs such as `°`, count too: then each text is to be looked at.
    """
    return b"\\" in encoded or b"\x7f" in encoded or b"\xc2" in encoded


def check_room(room: str) -> str:
    """Return `room` unchanged if it is `#` and 1 to 31 characters without spaces; else raise `BadText` `room-name`."""
    if not _ROOM.fullmatch(room):
        raise BadText("room-name")
    return room


_JOINERS = {0x200C, 0x200D}
"""Kept: they shape emoji and several scripts, and can't move the text around them."""
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


class _Visible:
    """The table for `str.translate` that `clean` uses; computed by character, since the full one has a million rows."""

    def __getitem__(self, code: int) -> str | int:
        character = chr(code)
        if code in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
            return code
        escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
        return _SHORT.get(character, escape)


_VISIBLE = _Visible()


def clean(text: str) -> str:
    """Return `text` with every control, format, surrogate and separator character written as a visible escape.

    The result is one line, moves no cursor, starts no escape sequence and overrides no writing direction.
    """
    return text if text.isprintable() else text.translate(_VISIBLE)


_PLAIN = bytes(range(0x20, 0x7F))


def clean_all(texts: Sequence[str]) -> Sequence[str]:
    """Return each of `texts` as `clean` does: themselves, if one look at them all shows that nothing is to be done."""
    joined = "".join(texts)
    if joined.isascii() and not joined.encode().translate(None, delete=_PLAIN):  # seven times as fast as what follows
        return texts
    return texts if joined.isprintable() else [clean(text) for text in texts]


_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def isolated(text: str) -> str:
    """Return `text`, as `clean` leaves it, so that its writing direction can't move what stands before or after it.

    Text without right-to-left characters is returned as it is; other text between FIRST STRONG ISOLATE and its end.
    """
    if text.isascii() or not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return text
    return f"{_ISOLATE}{text}{_END_ISOLATE}"


_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧавеѕіјкмнорстухԁԛԝӏһԍʋɡαβγεζηικμνορτυχω",
    "abesijkmhopctyxabezhikmnoptyxabesijkmhopctyxdqwlhgvgabyeznikmvoptuxw",
)
"""Cyrillic, Greek and phonetic letters by the Latin ones they are taken for, after Unicode's confusables (UTS 39)."""


def likeness(name: str) -> str:
    """Return what `name` looks like: names with the same likeness are easily taken for each other.

    Case, compatibility forms and letters that look alike in several alphabets don't count; accents do.
    """
    plain = unicodedata.normalize("NFKC", name).translate(_LOOK_ALIKES)
    return unicodedata.normalize("NFKC", plain.casefold())
