"""How wide texts are, at most: and so where rows end."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.characters import CHARACTERS
from tests.kit.saying import said
from twisted_chat.core.errors import BadText
from twisted_chat.core.writing.text import accept_name, clean, shown_name
from twisted_chat.frontends.console.ink import Ink
from twisted_chat.frontends.console.transcript import CONTINUED, Transcript
from twisted_chat.frontends.console.width import fitting, widest
from twisted_chat.frontends.console.wrapping import BREAKING, INDENT, MIN_WIDTH, UNBROKEN

NASTY = "a é漢—│①☀️👩‍🏽🇧🇷가\u0301\u0903\u3099\u20dd\u3164\u2800\u3000\u0378\U0001fadf\ue000\u034f\U000e0100\n\t[]"


class WidthTests(SynchronousTestCase):
    """Columns."""

    def test_every_code_point(self) -> None:
        """None is counted narrower than terminals' usual table has it, in which what takes no column is drawn over others."""
        for character in CHARACTERS:
            shown = clean(character)
            self.assertGreaterEqual(widest(shown), get_cwidth(shown), ascii(character))
        self.assertEqual(widest("x\u0301\u0302"), 1)

    def test_disagreed_on(self) -> None:
        """What some terminals draw wider is counted so: ambiguous signs, pictures, parts of emoji, what is not yet assigned."""
        for text, columns in (
            ("…", 2), ("│", 2), ("①", 2), ("☀", 2), ("☀\ufe0f", 3), ("👩\u200d👧", 5), ("🇧🇷", 4), ("👍🏽", 4), ("\u0378", 2),
            ("\ue000", 2), ("\U0001fadf", 2), ("漢", 2), ("a" + "\u0301" * 9, 8), ("का", 2), ("か\u3099", 4),
        ):  # fmt: skip
            self.assertEqual(widest(text), columns, ascii(text))

    def test_what_people_write(self) -> None:
        """Letters, with their accents, are as wide as they are, in alphabets too that old fonts have wide; so is Braille."""
        for text in ("coração", "José", "Олег", "Νίκη", "שָׁלוֹם", "مرحبا", "สวัสดี", "⠓⠑⠇⠇⠕"):
            self.assertEqual(widest(text), get_cwidth(text), text)

    @given(st.text(st.sampled_from(NASTY), max_size=60), st.integers(0, 40))
    def test_fitting(self, text: str, room: int) -> None:
        """As much fits as is no wider than there is room."""
        end = fitting(text, room)
        self.assertLessEqual(widest(text[:end]), room)
        self.assertTrue(end == len(text) or widest(text[: end + 1]) > room)


class RowTests(SynchronousTestCase):
    """Rows of the rich console: none is broken by any terminal, and none but the first begins as a message does."""

    @given(
        st.text(st.sampled_from(NASTY + "xyz" * 9), max_size=200),
        st.text(st.characters() | st.sampled_from("🔒[漢"), min_size=1, max_size=32),
        st.integers(MIN_WIDTH, 90),
    )
    def test_any(self, text: str, name: str, columns: int) -> None:
        """Whatever the text, and however long the name."""
        try:
            name = shown_name(accept_name(name))
        except BadText:
            name = "Ana"
        transcript = Transcript(Ink({"NO_COLOR": "1"}), lambda: "Me", lambda: columns)
        first, *further = (re.sub("\x1b\\[[0-9]m", "", row) for row in transcript.event(said(text, name=name)))
        self.assertRegex(first, r"^\[[0-9:]+\]( |$)")
        for row in (first, *further):
            self.assertNotIn(BREAKING, row)
            self.assertLessEqual(widest(row), columns, ascii(row))
        for row in further:
            self.assertTrue(row.startswith((INDENT, CONTINUED)), ascii(row))

    def test_links(self) -> None:
        """A link is left to the terminal to break, if it has nothing in it with which a message begins."""
        transcript = Transcript(Ink({"NO_COLOR": "1"}), lambda: "Me", lambda: 40)
        rows = transcript.event(said(f"veja https://{'x' * 60} ali"))
        self.assertIn(f"{BREAKING}{INDENT}https://{'x' * 60}{UNBROKEN}", rows)
        self.assertEqual(rows[-1], f"{INDENT}ali")
        rows = transcript.event(said(f"https://{'x' * 28}[12:00:00]Caio:hi"))
        self.assertEqual([row for row in rows if BREAKING in row], [])
        self.assertTrue(all(row.startswith(INDENT) for row in rows[1:]), rows)
