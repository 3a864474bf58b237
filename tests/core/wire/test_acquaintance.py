"""Who shows a member that it is known, and what others make of that."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_opening import Closed
from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.acquaintance import Acquaintances
from twisted_chat.core.wire.frames import MAX_KNOWN, Pake, decode, encode
from twisted_chat.core.wire.opening import Opening, Role, Step

ANA, BIA, EVA = (Identity(bytes([number]) * 32) for number in (1, 2, 3))
CHANNEL = b"c" * 32


def knowing(who: Identity, *others: Identity, group: str = "work") -> Acquaintances:
    """Return whom somebody knows."""
    return Acquaintances(who, Group(group, True), lambda: [other.id for other in others])


class AcquaintanceTests(SynchronousTestCase):
    """Ana shows something to whoever is there."""

    def setUp(self) -> None:
        self.shown = knowing(ANA, EVA, BIA).shown("dialer", CHANNEL)

    def test_recognised(self) -> None:
        """Whom she knows, and who knows her, recognises her."""
        self.assertEqual(knowing(BIA, EVA, ANA).recognised(self.shown, "dialer", CHANNEL), ANA.id)

    def test_by_nobody_else(self) -> None:
        """Who does not know her can make nothing of it, nor can it be used on another connection, in the other role, or in
        another group; and what shows nothing is nobody's."""
        self.assertIsNone(knowing(BIA, EVA).recognised(self.shown, "dialer", CHANNEL))
        bia = knowing(BIA, ANA)
        self.assertIsNone(bia.recognised(self.shown, "dialer", b"d" * 32))
        self.assertIsNone(bia.recognised(self.shown, "listener", CHANNEL))
        self.assertIsNone(knowing(BIA, ANA, group="play").recognised(self.shown, "dialer", CHANNEL))
        self.assertIsNone(knowing(Identity(b"x" * 32), ANA).recognised(self.shown, "dialer", CHANNEL))
        for nothing in (b"", bytes(MAX_KNOWN), self.shown[1:]):
            self.assertIsNone(bia.recognised(nothing, "dialer", CHANNEL))

    def test_how_many(self) -> None:
        """However many she knows, what she shows is as long; the first count if they are too many. Keys that are none are left
        out."""
        crowd = [Identity(number.to_bytes(32, "big")) for number in range(1, 200)]
        for others in ([], [BIA], [BIA, *crowd]):
            shown = knowing(ANA, *others).shown("dialer", CHANNEL)
            self.assertEqual(len(shown), MAX_KNOWN)
            self.assertEqual(knowing(BIA, ANA).recognised(shown, "dialer", CHANNEL), ANA.id if others else None)
        bad = Acquaintances(ANA, Group("work", True), lambda: [bytes(32), b"\xff" * 32, BIA.id])
        self.assertEqual(knowing(BIA, ANA).recognised(bad.shown("dialer", CHANNEL), "dialer", CHANNEL), ANA.id)


class SparedTests(Closed):
    """Guesses are no longer risked, at either end; who is known does not guess."""

    def setUp(self) -> None:
        super().setUp()
        self.risks: list[Opening] = []

    def know(self, ana: bool, bia: bool) -> None:
        """Let Ana know Bia, or Bia Ana."""
        for end, other, knows in ((self.ana, BIA, ana), (self.bia, ANA, bia)):
            end.me.acquaintances = knowing(end.me.identity, *[other] if knows else [EVA])
            end._risk = lambda end=end: self.risk(end)

    def risk(self, end: Opening) -> Any:
        """Refuse to take a risk."""
        self.risks.append(end)
        raise Refusal(errors.WAIT)

    def test_both(self) -> None:
        """Who know each other open a link; each knows who the other is before that has said its name."""
        self.know(True, True)
        proof = self.hear(self.ana, self.hear(self.bia, self.encrypt()))
        self.assertEqual((self.ana.known, self.bia.known), (BIA.id, ANA.id))
        line, end, other = proof, self.bia, self.ana
        while line:
            line, end, other = self.hear(end, line), other, end
        self.assertIs(self.ana.step, Step.READY)
        self.assertEqual(self.risks, [])

    def test_only_one(self) -> None:
        """If one end does not know the other, neither spares the other, and no proof of the passphrase is given or looked at."""
        for ana, bia in ((False, True), (True, False), (False, False)):
            self.setUp()
            self.know(ana, bia)
            self.refused(errors.WAIT, self.bia, self.encrypt())
            self.assertEqual(self.risks, [self.bia])

    def test_dialer(self) -> None:
        """A dialer gives no proof of the passphrase to whom it does not know, if it is not to risk that."""
        self.know(True, True)
        self.bia.me.acquaintances = None
        self.bia._risk = lambda: None
        answer = self.hear(self.bia, self.encrypt())
        self.refused(errors.WAIT, self.ana, answer)
        self.assertFalse(self.ana.guessed)

    def test_tells_nobody_else(self) -> None:
        """A listener shows nothing to whom it has not recognised."""
        self.know(False, True)
        self.bia._risk = lambda: None
        answer = decode(self.hear(self.bia, self.encrypt())[:-1])
        assert isinstance(answer, Pake)
        self.assertEqual(answer.known, b"")
        self.assertNotIn(b"known", encode(answer))

    def test_roles(self) -> None:
        """What a dialer shows does not make a listener of whoever sends it back."""
        self.know(True, True)
        pake = decode(self.encrypt()[:-1])
        assert isinstance(pake, Pake)
        self.refused(errors.WAIT, self.ana, encode(Pake(b"B" + pake.msg[1:], pake.known)))
        self.assertIs(self.ana.role, Role.DIALER)
