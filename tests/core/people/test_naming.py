"""What people are told of names and keys."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.events import Event, Impostor, Renamed, Verified
from twisted_chat.core.people.naming import Naming
from twisted_chat.core.people.roster import Roster

ME, ANA, EVA = b"m" * 32, b"a" * 32, b"\x3f\x2a" + b"e" * 30


class NamingTests(SynchronousTestCase):
    """Ana is known; Eva calls herself Ana too."""

    def setUp(self) -> None:
        self.events: list[Event] = []
        self.roster = Roster(ME, "Me")
        self.naming = Naming(self.roster, self.events.append)
        self.ana = self.naming.note(ANA, "Ana", 1)

    def test_first(self) -> None:
        """Who comes under a name that is free is nothing to tell."""
        self.assertEqual(self.events, [])

    def test_impostor(self) -> None:
        """Another key under a name is warned of once, however often it is seen, and whose key it is goes with the warning."""
        for at in (2, 3, 4):
            self.naming.note(EVA, "Ana", at, durable=True)
        self.assertEqual(self.events, [Impostor("Ana", "Ana~3f2a")])
        self.assertEqual(self.events[0].member, EVA)

    def test_known_impostor(self) -> None:
        """One of former times, of whom nobody was warned since the start, is warned of when it appears."""
        self.roster.claim(EVA, "Ana", 2)
        self.naming.note(EVA, "Ana", 3)
        self.assertEqual(self.events, [Impostor("Ana", "Ana~3f2a")])

    def test_verified_name(self) -> None:
        """If the name is a verified member's the warning is another one; so it is if the impostor takes it later."""
        self.naming.verify(self.ana, True)
        self.naming.note(EVA, "Eva", 2)
        self.naming.note(EVA, "ANA", 3)
        self.assertEqual(
            self.events,
            [Verified("Ana", True), Renamed("Eva", "ANA~3f2a"), Impostor("ANA", "ANA~3f2a", verified=True)],
        )

    def test_made_visible(self) -> None:
        """A name that is shown with escapes is nothing to warn of by itself; one that is taken for Ana's is."""
        self.naming.note(EVA, "(Eva)", 2)
        self.assertEqual(self.events, [])
        self.naming.note(EVA, "Ana\u2800", 3)
        self.assertEqual(
            self.events, [Renamed("\\x28Eva\\x29", "Ana\\u2800~3f2a"), Impostor("Ana\\u2800", "Ana\\u2800~3f2a")]
        )

    def test_settled(self) -> None:
        """Whoever is verified under a name that was another's gets it: both are told of, and of neither is warned again."""
        self.naming.note(EVA, "Ana", 2)
        self.events.clear()
        self.naming.verify(self.roster.claim(EVA, "Ana"), True)
        shown = f"Ana~{ANA[:2].hex()}"
        self.assertEqual(self.events, [Renamed("Ana", shown), Renamed("Ana~3f2a", "Ana"), Verified("Ana", True)])
        self.events.clear()
        self.naming.note(EVA, "Ana", 3, durable=True)
        self.assertEqual(self.events, [])
        self.naming.note(ANA, "Ana", 3, durable=True)
        self.assertEqual(self.events, [Impostor("Ana", shown, verified=True)])

    def test_verified_impostor(self) -> None:
        """Who is verified and takes another's name is warned of like anybody: that it is known does not make it the other."""
        eva = self.naming.note(EVA, "Eva", 2)
        self.naming.verify(eva, True)
        self.events.clear()
        self.naming.note(EVA, "Ana", 3)
        self.assertEqual(self.events, [Renamed("Eva", "Ana~3f2a"), Impostor("Ana", "Ana~3f2a")])

    def test_taken_over(self) -> None:
        """Who takes over a name that was another's, which goes by another now, is warned of: a text to it goes elsewhere now."""
        self.naming.note(EVA, "Bia", 2, durable=False).links = 1
        self.naming.note(EVA, "Beatriz", 3)
        self.events.clear()
        bia = self.naming.note(b"b" * 32, "Bia", 4, durable=True)
        self.assertEqual((bia.shown, self.events), ("Bia", [Impostor("Bia", "Bia")]))
        self.naming.note(b"b" * 32, "Bia", 5, durable=True)
        self.assertEqual(len(self.events), 1)

    def test_both_verified(self) -> None:
        """Two members of one name, both verified, are warned of no more than once, when the second comes."""
        self.naming.note(EVA, "Ana", 2)
        self.naming.verify(self.ana, True)
        self.naming.verify(self.roster.claim(EVA, "Ana"), True)
        self.naming.verify(self.ana, True)
        self.events.clear()
        self.naming.note(EVA, "Ana", 3, durable=True)
        self.assertEqual(self.events, [])

    def test_back(self) -> None:
        """Taking the mark back is told."""
        self.naming.verify(self.ana, True)
        self.naming.verify(self.ana, False)
        self.assertEqual(self.events, [Verified("Ana", True), Verified("Ana", False)])

    def test_gives_way(self) -> None:
        """Who loses a name to a key that lasts is told of."""
        self.naming.note(EVA, "Bia", 2, durable=False)
        self.naming.note(b"b" * 32, "Bia", 3, durable=True)
        self.assertEqual(self.events, [Renamed("Bia", "Bia~3f2a")])
