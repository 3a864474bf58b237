"""What may be said, under which names, and what is made of the rest before it is shown."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import BadText
from twisted_chat.core.text import (
    MAX_NAME,
    MAX_ROOM,
    MAX_TEXT,
    check_name,
    check_room,
    check_text,
    clean,
    clean_all,
    isolated,
)

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"


class CleanTests(SynchronousTestCase):
    """`clean` makes anything safe to show."""

    def test_every_code_point(self) -> None:
        """No control, format, surrogate or separator character of all 1,114,112 passes, but the two joiners."""
        for start in range(0, sys.maxunicode + 1, 0x1000):
            shown = clean("".join(map(chr, range(start, start + 0x1000))))
            passed = [c for c in shown if unicodedata.category(c) in INVISIBLE and c not in JOINERS]
            self.assertEqual(passed, [], hex(start))

    @given(st.text(st.characters()))
    def test_one_line_that_encodes(self, text: str) -> None:
        """The result is one line of valid UTF-8, and cleaning it again changes nothing."""
        shown = clean(text)
        self.assertLessEqual(len(shown.splitlines()), 1)
        shown.encode()
        self.assertEqual(clean(shown), shown)

    def test_escapes(self) -> None:
        """What is hidden is written as in Python's source."""
        self.assertEqual(clean("a\n\r\tb\x1b[2J\u2028\U000e0041\ud800"), "a\\n\\r\\tb\\x1b[2J\\u2028\\U000e0041\\ud800")

    @given(st.lists(st.text(st.sampled_from("ab é😀\n\t\x1b\x7f\x85\u200d\u2028\ud800"))))
    def test_many_at_once(self, texts: list[str]) -> None:
        """Many texts are made what each is made by itself."""
        self.assertEqual(clean_all(texts), [clean(text) for text in texts])

    def test_what_people_write_is_left_alone(self) -> None:
        """Accents, other scripts, emoji and families of emoji stay as they are."""
        for text in ("Olá, José!", "你好", "مرحبا", "🔚", "⚠️", "👨‍👩‍👧", "a\u00a0b"):
            self.assertEqual(clean(text), text)


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
