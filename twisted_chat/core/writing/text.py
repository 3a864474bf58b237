"""The rules for names, rooms and messages, and the ways to make others' text safe to show.

`check_*` and `accept_*` guard the text that enters a feed. `clean`, `clean_text` and `shown_name` guard the text that leaves
for a terminal or a log. Code points alone decide what is accepted from others, so that every peer decides the same, whatever
version of Unicode its Python knows. People may call themselves less than is accepted; a name that has more is shown with the
rest visible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from twisted_chat.core.errors import BadText
from twisted_chat.core.writing.names import LIKE_MARKS, MARKS, is_unseen, pieces
from twisted_chat.core.writing.skeleton import BLANK, IGNORABLE, room_key

MAX_NAME = 32
"""Characters in a name."""
MAX_TEXT = 8192
"""Bytes, as UTF-8, in one message."""
MAX_ROOM = 32
"""Characters in a room's name, its `#` included."""
MAX_REACTION = 32
"""Characters in a reaction."""
DEFAULT_ROOM = "#chat"

_NOT_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_FILLERS = "\u115f\u1160\u3164\uffa0\U00013441\U00013442\U00016fe4\U0001d159"
_ROOM = re.compile(f"#[^\x00-\x20\x7f-\x9f\ud800-\udfff{_SPACES}{_FILLERS}]{{1,{MAX_ROOM - 1}}}")
_TURNING = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Characters that end lines or turn the direction of writing."""
_REACTION = re.compile(f"[^\x00-\x20\x7f-\x9f\ud800-\udfff{_TURNING}{_SPACES}{_FILLERS}]{{1,{MAX_REACTION}}}")
_NOT_IN_NAME = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_TURNING}]")
_SEPARATORS_IN_LOGS = re.compile("[:~]")
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def check_label(name: str) -> str:
    """Return `name` as a group may be called: without the spaces around it, in Unicode's composed form (NFC).

    It has no `:` and no `~`, and nothing that can't be seen but what belongs to emoji. Raises `BadText` with code `name-empty`,
    `name-long`, `name-control` or `name-separator`.
    """
    if any(unicodedata.category(character) in _CONTROL - {"Cf"} for character in name.strip(" \t\r\n")):
        raise BadText("name-control")
    name = accept_name(unicodedata.normalize("NFC", " ".join(name.split())))
    if any(not piece.allowed and is_unseen(piece.text[0]) for piece in pieces(name)):
        raise BadText("name-control")
    return name


def check_name(name: str) -> str:
    """Return `name` as one may call oneself: without the spaces around it, in Unicode's composed form (NFC).

    It is made of letters, marks that belong to them, digits, single spaces, `-_.'` and emoji that this program does not use.
    A `:` or `~` is refused because the log writes `name: text` and the roster `name~key`. Raises `BadText` with code
    `name-empty`, `name-long`, `name-control`, `name-separator`, `name-mark`, `name-other` or `name-bare`.
    """
    name = check_label(name)
    made_of = list(pieces(name))
    for piece in made_of:
        if not piece.allowed:
            raise _fault(piece.text)
    if all(piece.bare for piece in made_of):
        raise BadText("name-bare")
    return name


def _fault(text: str) -> BadText:
    """Return the fault in a part of a name."""
    marks = [character for character in text if character in MARKS or character in LIKE_MARKS]
    if marks:
        return BadText("name-mark", marks[0])
    return BadText("name-other", text)


def accept_name(name: str) -> str:
    """Return `name` unchanged if another member may be called that; else raise `BadText`, with a code as `check_name` does.

    Every Python decides the same. `shown_name` makes it safe to show.
    """
    if not name:
        raise BadText("name-empty")
    if len(name) > MAX_NAME:
        raise BadText("name-long")
    if _NOT_IN_NAME.search(name):
        raise BadText("name-control")
    if _SEPARATORS_IN_LOGS.search(name):
        raise BadText("name-separator")
    if name[0] == " " or name[-1] == " " or "  " in name:
        raise BadText("name-spaces")
    return name


@lru_cache(maxsize=1024)
def shown_name(name: str) -> str:
    """Return an accepted name as it is shown: everything in it that `check_name` would refuse is a visible escape.

    A name that is shown unchanged can be no other name, and no part of a line but a name.
    """
    made_of = pieces(unicodedata.normalize("NFC", name))
    return "".join(piece.text if piece.allowed else "".join(map(_escaped, piece.text)) for piece in made_of)


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


def accept_room(room: str) -> str:
    """Return `room` unchanged if it is `#` and 1 to 31 characters, none a space or as blank as one; else raise `BadText`
    `room-name`. Every Python decides the same. `skeleton.room_key` is what rooms are compared by."""
    if not _ROOM.fullmatch(room):
        raise BadText("room-name")
    return room


def accept_reaction(text: str) -> str:
    """Return `text` unchanged if it is a reaction to a message: 1 to 32 characters, none a space, as blank as one, a control
    character, or one that turns the direction of writing; else raise `BadText` `reaction`. Every Python decides the same."""
    if not _REACTION.fullmatch(text):
        raise BadText("reaction")
    return text


def check_room(room: str) -> str:
    """Return `room` as one may go to it, in Unicode's composed form (NFC), if it can be accepted and seen.

    Else raise `BadText` `room-name`.
    """
    room = accept_room(unicodedata.normalize("NFC", room))
    if not room_key(room).removeprefix("#"):
        raise BadText("room-name")
    return room


_UNSEEN = re.compile(f"[{IGNORABLE}{BLANK[1:]}]")
"""Characters that can't be seen, or whose width terminals disagree on: all but U+2800, which every terminal draws as one
column."""
MAX_STACKED = 8
"""Marks on one letter, of those that are drawn over each other: with more, some terminals draw them over what others said."""
_STACKING = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84\u0f8d-\u0fbc\u1ab0-\u1aff\u1cd0-\u1cd2\u1cd4-\u1ce8\u1ced\u1cf4\u1cf7-\u1cf9"
    "\u1dc0-\u1dff\u20d0-\u20f0\u302a-\u302f\u3099\u309a\ua66f-\ua672\ua674-\ua67d\ua8e0-\ua8f1\ufe20-\ufe2f"
)
_STACKED = re.compile(f"[{_STACKING}]{{{MAX_STACKED + 1},}}")
_TO_CHANGE = re.compile(f"{_UNSEEN.pattern}|{_STACKED.pattern}")
_IN_PLACE = re.compile(
    "(?<=[\u0590-\u180a\u1810-\u1fff\u2100-\u2fff\u3041-\ud7ff\uf900-\ufdff\ufe0f\ufe70-\ufefc\U00010000-\U0003ffff])[\u200c\u200d]"
    "|(?<=[#*0-9©®\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"
    "|(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    "|(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]"
)
"""Kept of that: one of what shapes the letter or the emoji before it. It can't move the text around it."""
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


class _Visible:
    """The table for `str.translate` that `clean` uses; computed by character, since the full one has a million rows."""

    def __getitem__(self, code: int) -> str | int:
        character = chr(code)
        if unicodedata.category(character) not in _CONTROL and not _UNSEEN.match(character):
            return code
        return _SHORT.get(character) or _escaped(character)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_VISIBLE = _Visible()


def clean(text: str) -> str:
    """Return `text` with each control, format, surrogate or separator character, what can't be seen, and whatever marks are too
    many on one letter, as a visible escape.

    Of what can't be seen only what shapes the letter or emoji before it stays. The result is one line, moves no cursor, starts
    no escape sequence and overrides no writing direction.
    """
    if text.isprintable() and (text.isascii() or not _TO_CHANGE.search(text)):
        return text
    text = _STACKED.sub(_unstacked, text)
    done: list[str] = []
    end = 0
    for found in _IN_PLACE.finditer(text):
        before = text[end : found.start()]
        visible = before.translate(_VISIBLE)
        if visible[-1:] == before[-1:]:  # else what it would belong to is an escape itself
            done += visible, found[0]
            end = found.end()
    return "".join(done) + text[end:].translate(_VISIBLE)


def _unstacked(marks: re.Match[str]) -> str:
    return marks[0][:MAX_STACKED] + "".join(map(_escaped, marks[0][MAX_STACKED:]))


_BACKSLASHES = re.compile(r"(\\+)(?=(.?))", re.DOTALL)
_LIKE_ESCAPES = frozenset("ntrxuU")


def clean_text(text: str) -> str:
    """Return what somebody wrote, a message say, as `clean` does, and so that no two texts become one.

    Backslashes are doubled where they would be taken for the beginning of an escape, or stand before one.
    """
    return clean(_BACKSLASHES.sub(_doubled, text) if "\\" in text else text)


def _doubled(found: re.Match[str]) -> str:
    backslashes, after = found.groups()
    return backslashes * 2 if after in _LIKE_ESCAPES or clean(after) != after else backslashes


_PLAIN = bytes(code for code in range(0x20, 0x7F) if code != ord("\\"))


def clean_texts(texts: Sequence[str]) -> Sequence[str]:
    """Return each of `texts` as `clean_text` does: themselves, if one look at them all shows that nothing is to be done."""
    joined = "".join(texts)
    if joined.isascii() and not joined.encode().translate(None, delete=_PLAIN):  # seven times as fast as what follows
        return texts
    if joined.isprintable() and "\\" not in joined and not _TO_CHANGE.search(joined):
        return texts
    return [clean_text(text) for text in texts]


_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def isolated(text: str) -> str:
    """Return `text`, as `clean` leaves it, so that its writing direction can't move what stands before or after it.

    Text without right-to-left characters is returned as it is; other text between FIRST STRONG ISOLATE and its end.
    """
    if text.isascii() or not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return text
    return f"{_ISOLATE}{text}{_END_ISOLATE}"
