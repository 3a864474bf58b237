"""Members by key and by name."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.roster import Roster

ME, ANA, EVA = b"m" * 32, b"a" * 32, b"\x3f\x2a" + b"e" * 30


class RosterTests(SynchronousTestCase):
    """Names are claims, keys are facts."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")

    def test_first_come(self) -> None:
        """The first key seen under a name keeps it; another is shown with its fingerprint."""
        self.assertEqual(self.roster.claim(ANA, "Ana").shown, "Ana")
        self.assertEqual(self.roster.claim(EVA, "Ana").shown, "Ana~3f2a")
        self.assertEqual(self.roster.claim(ANA, "Ana").shown, "Ana")

    def test_own_name(self) -> None:
        """Nobody else is shown by this peer's own name."""
        self.assertEqual(self.roster.claim(EVA, "Me").shown, "Me~3f2a")

    def test_look_alikes(self) -> None:
        """Names that differ in case or width only are one name."""
        self.roster.claim(ANA, "Straße")
        for name in ("STRASSE", "strasse", "ＳTRASSE"):
            self.assertEqual(self.roster.claim(EVA, name).shown, f"{name}~3f2a")

    def test_a_name_is_kept_after_a_change(self) -> None:
        """Who goes by another name for a while still owns the old one, and comes back to it."""
        self.roster.claim(ANA, "Ana")
        self.assertEqual(self.roster.claim(ANA, "Anna").shown, "Anna")
        self.assertEqual(self.roster.claim(EVA, "Ana").shown, "Ana~3f2a")
        self.assertEqual(self.roster.claim(ANA, "Ana").shown, "Ana")

    def test_names_used(self) -> None:
        """Of the names a member has used the last few are known, so that one who renames all day costs nothing."""
        for number in range(100):
            member = self.roster.claim(ANA, f"Ana {number}")
        self.assertEqual(member.names, [f"Ana {number}" for number in range(92, 100)])

    def test_here(self) -> None:
        """Those that a link leads to are here, by name, this peer not among them."""
        self.assertEqual(self.roster.here(), [])
        for id, name in ((EVA, "eva"), (ANA, "Bia"), (ME, "Me")):
            self.roster.claim(id, name).links += 1
        self.assertEqual([member.name for member in self.roster.here()], ["Bia", "eva"])
        self.assertTrue(self.roster.here()[0].here)
        self.roster.here()[0].links -= 1
        self.assertEqual([member.name for member in self.roster.here()], ["eva"])

    def test_unknown(self) -> None:
        """Who was never heard of is nobody."""
        self.assertIsNone(self.roster.get(ANA))
        self.assertEqual(len(self.roster), 1)
