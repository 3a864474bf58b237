"""Private messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import MAX_SEALED, Private
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.writing.text import MAX_TEXT

ANA, BIA, CAIO = (Identity(bytes([number]) * 32) for number in (1, 2, 3))


class PrivateTests(SynchronousTestCase):
    """Two can read it, and nobody else, and nowhere else."""

    def setUp(self) -> None:
        self.ana, self.bia, self.caio = (PrivateBox(who, Group()) for who in (ANA, BIA, CAIO))
        self.record = self.ana.seal(BIA.id, "olá 💬")

    def test_author_and_recipient(self) -> None:
        """The recipient reads it, and so does the author, also after a restart."""
        self.assertEqual(self.bia.open(ANA.id, self.record), "olá 💬")
        self.assertEqual(PrivateBox(ANA, Group()).open(ANA.id, self.record), "olá 💬")

    def test_nobody_else(self) -> None:
        """A third member reads nothing, not even by claiming to be addressed."""
        self.assertIsNone(self.caio.open(ANA.id, self.record))
        stolen = Private(CAIO.id, self.record.sealed, self.record.copy)
        self.assertIsNone(self.caio.open(ANA.id, stolen))

    def test_copied(self) -> None:
        """What Ana sealed does not open as somebody else's, nor in another group."""
        self.assertIsNone(self.bia.open(CAIO.id, self.record))
        self.assertIsNone(PrivateBox(BIA, Group("other")).open(ANA.id, self.record))
        self.assertIsNone(PrivateBox(BIA, Group(closed=True)).open(ANA.id, self.record))

    @given(st.binary(max_size=100))
    def test_garbage(self, sealed: bytes) -> None:
        """What is no sealed message is nothing, never an error."""
        self.assertIsNone(self.bia.open(ANA.id, Private(BIA.id, sealed, sealed)))

    def test_not_twice_the_same(self) -> None:
        """Nobody can tell from the outside that the same was said again."""
        self.assertNotEqual(self.record.sealed, self.ana.seal(BIA.id, "olá 💬").sealed)

    def test_limits(self) -> None:
        """The longest message fits; what can't be said openly can't be said privately; a useless key is refused."""
        self.assertLessEqual(len(self.ana.seal(BIA.id, "x" * MAX_TEXT).sealed), MAX_SEALED)
        for text in ("", "x" * (MAX_TEXT + 1), "\x1b"):
            self.assertRaises(BadText, self.ana.seal, BIA.id, text)
        self.assertRaises(BadText, self.ana.seal, bytes(32), "oi")
