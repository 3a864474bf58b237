"""Who is typing."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import BadText
from twisted_chat.core.people import typing
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.people.typing import LASTS, PAUSE, Typing

ANA, BIA, ME = b"a" * 32, b"b" * 32, b"m" * 32


class TypingTests(SynchronousTestCase):
    """Said, heard, and forgotten."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")
        for id, name in ((ANA, "Ana"), (BIA, "Bia")):
            self.roster.claim(id, name)
        self.clock = Clock()
        self.typing = Typing(self.roster, self.clock)
        self.sent: list[str] = []
        self.typing.send = self.sent.append
        self.changes = 0
        self.end = self.typing.watch(self.changed)

    def changed(self) -> None:
        self.changes += 1

    def who(self, room: str = "#chat") -> list[str]:
        return [member.shown for member in self.typing.who(room)]

    def test_said(self) -> None:
        """However fast one types, others are told once in three seconds."""
        for _ in range(100):
            self.typing.say("#chat")
            self.clock.advance(PAUSE / 50)
        self.assertEqual(self.sent, ["#chat"] * 2)

    def test_heard(self) -> None:
        """A member types until it says something, or for six seconds; in its room, however that is spelled."""
        self.typing.heard(ANA, "#chat")
        self.typing.heard(BIA, "#Tea")
        self.assertEqual((self.who(), self.who("#tea")), (["Ana"], ["Bia"]))
        self.typing.done(ANA)
        self.typing.done(ANA)
        self.assertEqual((self.who(), self.changes), ([], 3))
        self.clock.advance(LASTS - 1)
        self.typing.heard(ANA, "#chat")
        self.clock.advance(1)
        self.assertEqual((self.who(), self.who("#tea"), self.changes), (["Ana"], [], 5))
        self.clock.advance(LASTS)
        self.assertEqual((self.who(), self.clock.getDelayedCalls()), ([], []))

    def test_not_shown(self) -> None:
        """Who is ignored, is this peer itself or is not known types unseen; what is no room is refused."""
        ana = self.roster.get(ANA)
        assert ana is not None
        self.roster.ignore(ana, True)
        for id in (ANA, ME, b"x" * 32):
            self.typing.heard(id, "#chat")
        self.assertEqual(self.who(), [])
        self.assertRaises(BadText, self.typing.heard, BIA, "chat")

    def test_bounded(self) -> None:
        """So many are remembered, and nothing is told after the end."""
        self.patch(typing, "MAX_TYPING", 3)
        for number in range(10):
            self.typing.heard(bytes([number]) * 32, "#chat")
        self.assertEqual(len(self.typing._typing), 3)
        self.end()
        self.typing.stop()
        self.clock.advance(LASTS)
        self.assertEqual((self.changes, self.clock.getDelayedCalls()), (10, []))
