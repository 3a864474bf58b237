"""What may be said, under which names, and what is made of the rest before it is shown."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.characters import CHARACTERS
from twisted_chat.core.errors import BadText
from twisted_chat.core.writing.skeleton import BLANK, IGNORABLE
from twisted_chat.core.writing.text import (
    MAX_NAME,
    MAX_ROOM,
    MAX_STACKED,
    MAX_TEXT,
    check_name,
    check_room,
    check_text,
    clean,
    clean_text,
    clean_texts,
    isolated,
)

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
UNSEEN = re.compile(f"[{IGNORABLE}{BLANK.replace(chr(0x2800), '')}]")
SHORT = {"n": "\n", "t": "\t", "r": "\r"}
ESCAPED = re.compile(r"(\\+)([ntr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[xuU])?")


def written(shown: str) -> str:
    """What was written, from what `clean_text` makes of it."""

    def one(match: re.Match[str]) -> str:
        backslashes, rest = match[1], match[2]
        if rest is None:
            return backslashes
        literal = "\\" * (len(backslashes) // 2)
        if len(backslashes) % 2 == 0:
            return literal + rest
        return literal + (SHORT.get(rest) or chr(int(rest[1:], 16)))

    return ESCAPED.sub(one, shown)


class CleanTests(SynchronousTestCase):
    """`clean` makes anything safe to show."""

    def test_every_code_point(self) -> None:
        """Of all code points no control, format, surrogate or separator character passes, nor what can't be seen, behind a
        letter to which it does nothing."""
        for start in range(0, len(CHARACTERS), 0x1000):
            shown = clean("a".join(CHARACTERS[start : start + 0x1000]))
            passed = [c for c in shown if unicodedata.category(c) in INVISIBLE or UNSEEN.match(c)]
            self.assertEqual(passed, [], ascii(CHARACTERS[start]))

    @given(st.text(st.characters()))
    def test_one_line_that_encodes(self, text: str) -> None:
        """The result is one line of valid UTF-8, and cleaning it again changes nothing."""
        shown = clean(text)
        self.assertLessEqual(len(shown.splitlines()), 1)
        shown.encode()
        self.assertEqual(clean(shown), shown)

    def test_one_unseen_at_a_time(self) -> None:
        """After what shapes a Mongolian letter nothing unseen is left, such as a joiner."""
        self.assertEqual(clean("\u1820\u180b\u200c"), "\u1820\u180b\\u200c")
        self.assertEqual(clean("\u1820\u180f\u200d"), "\u1820\u180f\\u200d")

    @given(
        st.text(st.sampled_from("a1é漢😀ᠠक\\n\n\t\x1b\u200c\u200d\ufe0f\ufe00\u180b\u3164\u2800\U000e0100\u202e\ud800"))
    )
    def test_unseen_in_place(self, text: str) -> None:
        """Cleaning what was cleaned changes nothing, and of what can't be seen one at a time is left, after what it shapes."""
        shown = clean(text)
        self.assertEqual(clean(shown), shown)
        for match in UNSEEN.finditer(shown):
            self.assertRegex(shown[: match.start()], "[0-9漢😀ᠠक\u2800]\ufe0f?$")

    @given(
        st.text(st.characters(), max_size=20)
        | st.text(st.sampled_from("\\\\\\ntrxuU0a1é漢😀\n\t\x1b\u200d\ufe0f\u3164\ud800"), max_size=20)
    )
    def test_no_two_texts_become_one(self, text: str) -> None:
        """What was written can be told from what is shown: a line break is no backslash and n."""
        self.assertEqual(written(clean_text(text)), text)

    def test_stacked_marks(self) -> None:
        """So many marks on a letter that they are drawn over what others said are escapes; what languages need is left."""
        for mark in "\u0300\u0489\u05b0\u064b\u0e47\u0fb7\u1dff\u20dd\u3099\ufe2f":
            stack = f"a{mark * MAX_STACKED}"
            self.assertEqual(clean_text(stack), stack)
            self.assertEqual(clean_text(f"{stack}{mark * 2}b"), f"{stack}\\u{ord(mark):04x}\\u{ord(mark):04x}b")
            self.assertEqual(clean_texts(["x", stack + mark]), ["x", clean_text(stack + mark)])
            self.assertNotEqual(clean_text(stack + mark), clean_text(f"{stack}\\u{ord(mark):04x}"))

    def test_escapes(self) -> None:
        """What is hidden is written as in Python's source."""
        self.assertEqual(clean("a\n\r\tb\x1b[2J\u2028\U000e0041\ud800"), "a\\n\\r\\tb\\x1b[2J\\u2028\\U000e0041\\ud800")

    @given(st.lists(st.text(st.sampled_from("ab é😀\\\n\t\x1b\x7f\x85\u200d\u2028\ud800"))))
    def test_many_at_once(self, texts: list[str]) -> None:
        """Many texts are made what each is made by itself."""
        self.assertEqual(clean_texts(texts), [clean_text(text) for text in texts])

    def test_what_people_write_is_left_alone(self) -> None:
        """Accents, other scripts, emoji and families of emoji stay as they are."""
        for text in (
            "Olá, José!", "你好", "مرحبا", "🔚", "⚠️", "👨‍👩‍👧", "a\u00a0b", "🏳️‍🌈", "❤️‍🔥", "1️⃣", "👩🏽‍🚀",
            "می\u200cخواهم", "क्\u200dष", "葛\U000e0100", "⠓⠑⠇⠇⠕⠀⠺", "\\o/", "C:\\docs", "한국어", "שָׁלוֹם", "สวัสดี",
        ):  # fmt: skip
            self.assertEqual(clean_text(text), text)

    def test_fillers(self) -> None:
        """What is drawn as nothing, or as blank columns, is visible: U+3164 counts as none and is drawn as two."""
        self.assertEqual(clean("a\u3164\u115f\ufe0fb\u034f\u200d"), "a\\u3164\\u115f\\ufe0fb\\u034f\\u200d")


class CheckTests(SynchronousTestCase):
    """`check_*` accept what can be said and say why about the rest."""

    def refuses(self, check: object, text: str, code: str) -> None:
        error = self.assertRaises(BadText, check, text)
        self.assertEqual(error.code, code, repr(text))

    def test_names(self) -> None:
        """A name is 1 to 32 visible characters without `:` and `~`, composed, without spaces around or doubled."""
        self.assertEqual(check_name("  Jose\u0301   da Silva\n"), "José da Silva")
        self.assertEqual(check_name("x" * MAX_NAME), "x" * MAX_NAME)
        for name, code in (
            ("", "name-empty"),
            (" \t ", "name-empty"),
            ("x" * (MAX_NAME + 1), "name-long"),
            ("a\nb", "name-control"),
            ("a\u202eb", "name-control"),
            ("a:b", "name-separator"),
            ("Ana~3f2a", "name-separator"),
            ("...", "name-bare"),
            ("- '", "name-bare"),
        ):
            self.refuses(check_name, name, code)

    def test_texts(self) -> None:
        """A text is 1 to 8,192 bytes; newline and tab are its only control characters."""
        for text in ("a\n\tb", "x" * MAX_TEXT, "é" * (MAX_TEXT // 2)):
            self.assertEqual(check_text(text), text)
        for text, code in (
            ("", "text-empty"),
            ("x" * (MAX_TEXT + 1), "text-long"),
            ("é" * (MAX_TEXT // 2) + "x", "text-long"),
            ("a\rb", "text-control"),
            ("a\x1bb", "text-control"),
            ("a\ud800b", "text-control"),
        ):
            self.refuses(check_text, text, code)

    def test_rooms(self) -> None:
        """A room is `#` and 1 to 31 characters without spaces."""
        for room in ("#chat", "#" + "x" * (MAX_ROOM - 1)):
            self.assertEqual(check_room(room), room)
        for room in ("", "#", "chat", "#a b", "#a\n", "#" + "x" * MAX_ROOM):
            self.refuses(check_room, room, "room-name")


class IsolationTests(SynchronousTestCase):
    """Text written from right to left stays where it is put."""

    def test_right_to_left(self) -> None:
        """Hebrew and Arabic are isolated; what is written from left to right is left alone."""
        self.assertEqual(isolated("שלום"), "\u2068שלום\u2069")
        self.assertEqual(isolated("abc مرحبا"), "\u2068abc مرحبا\u2069")
        self.assertEqual(isolated("olá, 世界 👋"), "olá, 世界 👋")

    def test_no_way_out(self) -> None:
        """Nobody ends an isolate from within: its end is a format character, which `clean` makes visible."""
        self.assertEqual(isolated(clean("ש\u2069x")), "\u2068ש\\u2069x\u2069")
