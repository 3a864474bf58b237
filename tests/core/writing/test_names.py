"""What names are made of: one's own, others', and how those are shown."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from tests.kit.characters import CHARACTERS, EVERY
from twisted_chat.core.errors import BadText
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.writing.names import MARKS, pieces
from twisted_chat.core.writing.skeleton import IGNORABLE, skeleton
from twisted_chat.core.writing.text import (
    MAX_NAME,
    accept_name,
    accept_room,
    check_label,
    check_name,
    check_room,
    check_text,
    clean,
    shown_name,
)
from twisted_chat.speech.refusals import refused

PACKAGE = Path(twisted_chat.__file__).parent
ACCEPTED = {
    True: "bcd105c28e21cac09acfe72989745c1e63d5981a9af971211dcc8a89f832420d",
    False: "a42b59441125f6e18cecf18441bb7480c3d3b01990a3936d7bddb3edbef13e63",
}
"""SHA-256 of what is accepted from others, of all code points or of those looked at: the same in every version of Python and of
Unicode."""

FORGING = (
    "🔒 Ana", "(You) 💬", "Ana (privado para Bia)", "#tea Ana", "* Ana", "⚠️ Ana", "Ana\ua789 I owe Eve", "(You → Bia) 🔒",
    "— earlier —", "[08.50.37] Ana", "Ana, Bia", "Ana · Bia", "✔ verified", "Ana\uff1a hi", "Ana\u02d0 hi", "राम\u0903 hi",
    "Ana\ua4fd hi", "│ Ana", "Ana\u3000hi\u3000", "Ana\x85", "…", "\u200fAna", "🔐 Ana", "Ana <3", "/quit", "a\\u0061",
)  # fmt: skip
"""Names that would pass for a part of this program's lines."""
FINE = (
    "Ana", "José da Silva", "D'Ávila", "Anne-Marie", "J. R.", "bot_17", "-x-", "小明",
    "สมชาย", "राम", "हिन्दी", "علي", "שָׁלוֹם", "Олег", "Νίκη",
    "민수", "かな", "ルーク", "ノア", "Nguyễn", "٣", "Zoë 🦜", "👨‍👩‍👧", "👩🏽‍🚀", "❤️ Ana", "🏳️‍🌈", "🇧🇷", "Mary ⭐", "И́горь",
)  # fmt: skip


def taken(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except BadText:
        return False
    return True


class WireTests(SynchronousTestCase):
    """What is accepted from others."""

    def test_every_code_point(self) -> None:
        """Whether a name, a room or a message with it is accepted depends on the code point alone: every peer must agree."""
        digest = sha256()
        for character in CHARACTERS:
            digest.update(
                bytes(
                    [
                        taken(accept_name, character),
                        taken(accept_name, f"a{character}b"),
                        taken(accept_room, f"#{character}"),
                        taken(check_text, character),
                    ]
                )
            )
        self.assertEqual(digest.hexdigest(), ACCEPTED[EVERY])

    def test_no_tables_of_unicode(self) -> None:
        """What Python's versions disagree on is accepted, and so is what is not composed."""
        for name in ("a\U00013439b", "Jose\u0301", "a\U0001fae9", "a\u0378", "a\u200d", "🔒 Ana"):
            self.assertEqual(accept_name(name), name)

    def test_refused(self) -> None:
        """Control characters, line breaks, `:`, `~`, and spaces that would not be seen are refused."""
        for name, code in (
            ("", "name-empty"), ("x" * 33, "name-long"), ("a\nb", "name-control"), ("a\x9bb", "name-control"),
            ("a\ud800b", "name-control"), ("a\u2028b", "name-control"), ("\u202ea", "name-control"),
            ("a:b", "name-separator"), ("a~b", "name-separator"),
            (" a", "name-spaces"), ("a ", "name-spaces"), ("a  b", "name-spaces"),
        ):  # fmt: skip
            self.assertEqual(self.assertRaises(BadText, accept_name, name).code, code, repr(name))

    @given(st.text(st.characters(), max_size=20))
    def test_own_are_accepted(self, name: str) -> None:
        """Whatever one may call oneself, or a room, others accept, and show as it is."""
        if taken(check_name, name):
            own = check_name(name)
            self.assertEqual(accept_name(own), own)
            self.assertEqual(shown_name(own), own)
            self.assertEqual(check_label(own), own)
        if taken(check_room, f"#{name}"):
            self.assertTrue(accept_room(check_room(f"#{name}")))


class OwnTests(SynchronousTestCase):
    """What people may call themselves."""

    def test_fine(self) -> None:
        """Letters of any alphabet with their marks, digits, single spaces, `-_.'` and most emoji, families too."""
        for name in FINE:
            self.assertEqual(check_name(name), unicodedata.normalize("NFC", name))

    def test_forging(self) -> None:
        """Nothing that stands in this program's lines, or looks like it, can be part of a name."""
        for name in FORGING:
            self.assertFalse(taken(check_name, name) and check_name(name) == name, name)

    def test_in_words(self) -> None:
        """Who typed it is told what is wrong in it."""
        for name, character in (("Ana (x)", "("), ("#tea", "#"), ("🔒 Ana", "🔒"), ("a\ua789", "\ua789"), ("½", "½")):
            error = self.assertRaises(BadText, check_name, name)
            self.assertIn(f" no '{character}'", refused(error))

    def test_marks(self) -> None:
        """A mark needs a letter of its alphabet, and a letter bears a few at most."""
        for name in ("\u0301a", "1\u0301", "A\u17d2", "A\u0bcd", "a" + "\u0316" * 5, "😀\u0301"):
            self.assertFalse(taken(check_name, name), ascii(name))
        self.assertTrue(taken(check_name, "a" + "\u0316" * 4))

    def test_ignorable(self) -> None:
        """No code point that need not be drawn can be in one's own name, but within emoji."""
        found = re.findall(f"[{IGNORABLE}]", CHARACTERS)
        self.assertEqual(len(found), 4174)
        for character in found:
            self.assertFalse(taken(check_name, f"A{character}na"), hex(ord(character)))
            self.assertFalse(taken(check_name, f"Ana{character}"), hex(ord(character)))

    def test_marks_of_lines(self) -> None:
        """No picture or sign in any sentence of this program, in any language, can be in a name; `MARKS` has no others."""
        used = {c for text in _sentences() for c in text if not (c.isalnum() or c in " -_.'\n" or "\x00" <= c < "\x20")}
        used -= {"\ufe0f", "👍"}  # the second is an example of what people type
        self.assertEqual(sorted(MARKS - used), [])
        for character in used:
            self.assertFalse(taken(check_name, f"A{character}a"), character)
            self.assertIn("\\", shown_name(f"A{character}a"))


def _sentences() -> Iterator[str]:
    """Yield what may be shown: the texts in the code that tells things, and the translations."""
    for path in [*PACKAGE.glob("*.py"), *(PACKAGE / "speech").glob("*.py")]:
        if path.name == "graphemes.py":
            continue  # characters that are looked for, not shown
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield node.value
    for path in PACKAGE.rglob("*.po"):
        yield from re.findall('"(.*)"', path.read_text(encoding="utf-8"))


class ShownTests(SynchronousTestCase):
    """How others' names are shown."""

    def test_plain(self) -> None:
        """A name that one might have is shown as it is, in composed form."""
        for name in FINE:
            self.assertEqual(shown_name(name), unicodedata.normalize("NFC", name))

    def test_escapes(self) -> None:
        """The rest is visible, and can't be confused with what somebody wrote."""
        self.assertEqual(shown_name("🔒 Ana"), "\\U0001f512 Ana")
        self.assertEqual(shown_name("Ana (privado para Bia)"), "Ana \\x28privado para Bia\\x29")
        self.assertEqual(shown_name("A\u034fna"), "A\\u034fna")
        self.assertEqual(shown_name("a\\x28"), "a\\x5cx28")
        self.assertEqual(shown_name("Jose\u0301"), "José")

    def test_forging(self) -> None:
        """No name forges a part of a line: what is shown is made of what one may call oneself, and backslashes."""
        for name in FORGING:
            shown = shown_name(name)
            self.assertIn("\\", shown)
            self.assertTrue(all(piece.allowed for piece in pieces(shown.replace("\\", ""))), shown)

    @given(st.text(st.characters(), min_size=1, max_size=20))
    def test_any(self, name: str) -> None:
        """Whatever is accepted, only what one may call oneself is shown as it is."""
        if taken(accept_name, name):
            shown = shown_name(name)
            self.assertTrue(all(piece.allowed for piece in pieces(shown.replace("\\", ""))), shown)

    def test_every_code_point(self) -> None:
        """With any code point in it, a name has nothing by which it is known in a line where a name ends, and hides nothing."""
        assigned = (c for c in CHARACTERS if unicodedata.category(c) not in ("Cn", "Co") or ord(c) % 50 == 0)
        accepted = [character for character in assigned if taken(accept_name, f"a{character}a")]
        for start in range(0, len(accepted), MAX_NAME - 2):
            shown = shown_name(f"a{''.join(accepted[start : start + MAX_NAME - 2])}a")
            self.assertNotRegex(shown, r"[:~()\[\],;#*|“”…·→│—\u2066-\u2069]|^ |  | $")
            self.assertEqual(clean(shown), shown)

    def test_no_second_ana(self) -> None:
        """No code point that need not be drawn, nor a blank one, makes another who is shown as Ana is."""
        for character in [
            *re.findall(f"[{IGNORABLE}]", CHARACTERS),
            "\u2800",
            "\u00a0",
            "\U00016fe4",
            "\U00013441",
        ]:
            for name in (f"Ana{character}", f"A{character}na", f"{character}Ana"):
                roster = Roster(b"m" * 32, "Me")
                roster.claim(b"a" * 32, "Ana")
                if taken(accept_name, name):
                    shown = roster.claim(b"e" * 32, name).shown
                    self.assertNotEqual(skeleton(shown), "ana", ascii(name))
                    self.assertTrue("\\" in shown or "~" in shown, ascii(name))
