"""What is taken for what."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.kit import confusables
from twisted_chat.core.writing import lookalikes
from twisted_chat.core.writing.skeleton import alike, folded, room_key, same_room, skeleton


class LikenessTests(SynchronousTestCase):
    """Names that look alike are one name to the roster."""

    def test_every_confusable(self) -> None:
        """Every single character that Unicode's confusables take for one Latin letter or digit folds to it."""
        pairs = [(one, other) for one, other in confusables.pairs() if len(one) == 1 and other in confusables.LATIN]
        self.assertGreater(len(pairs), 1300)
        self.assertEqual([pair for pair in pairs if skeleton(pair[0]) != skeleton(pair[1])], [])

    def test_table(self) -> None:
        """The table is what is made of the data."""
        path = Path(lookalikes.__file__)
        self.assertEqual(path.read_text(encoding="utf-8"), confusables.module())

    def test_alphabets(self) -> None:
        """Letters of other alphabets, small capitals, wide and mathematical ones are taken for the Latin ones they look like."""
        for name in ("Ana", "\u0410N\u0410", "аna", "Αnа", "ａｎａ", "Ꭺna", "ꓮna", "ᴀɴᴀ", "𝐀𝐧𝐚"):
            self.assertEqual(skeleton(name), "ana", name)
        for name in ("Dıana", "DІANA", "D1ana", "Dlana", "D|ana", "ＤIana"):
            self.assertEqual(skeleton(name), skeleton("Diana"), name)
        self.assertEqual(skeleton("AIice"), skeleton("Alice"))
        self.assertEqual(skeleton("Femando"), skeleton("Fernando"))

    def test_unseen(self) -> None:
        """What can't be seen, or looks like a space where none counts, makes no other name."""
        for name in ("Ana\u034f", "Ana\ufe0f", "Ana\u2800", "A\u115fna", "\u3164Ana", "A\u200dna", "Ana\U0001d159"):
            self.assertEqual(skeleton(name), "ana", name)

    def test_told_apart(self) -> None:
        """Accents, digits and different letters keep names apart, and other alphabets' own words too."""
        names = ["Ana", "Aná", "Ana2", "Bia", "Bea", "Инна", "Νίκη"]
        self.assertEqual(len({skeleton(name) for name in names}), len(names))

    def test_case_of_any_alphabet(self) -> None:
        """A name in capitals is the same, also where capitals look like other Latin letters than small ones do."""
        for one, other in (("Νίκη", "ΝΊΚΗ"), ("Олег", "ОЛЕГ"), ("Straße", "STRASSE"), ("Ana", "ANA")):
            self.assertFalse(set(alike(one)).isdisjoint(alike(other)), one)
        self.assertTrue(set(alike("Олег")).isdisjoint(alike("Ольга")))

    def test_spellings(self) -> None:
        """Composed and decomposed letters are the same, and are not those without an accent."""
        self.assertEqual(folded("Jose\u0301"), folded("JOSÉ"))
        self.assertNotEqual(folded("Jose"), folded("José"))


class RoomTests(SynchronousTestCase):
    """Spellings of one room."""

    def test_one(self) -> None:
        """Case, composition, what can't be seen and letters of another alphabet make no other room."""
        for one, other in (
            ("#Tea", "#tea"), ("#café", "#cafe\u0301"), ("#CAFÉ", "#café"), ("#te\u200da", "#tea"), ("#tеа", "#tea"),
            ("#Ideas", "#ІDEAS"), ("#❤️", "#❤"), ("#чай", "#ЧАЙ"),
        ):  # fmt: skip
            self.assertTrue(same_room(one, other), one)

    def test_several(self) -> None:
        """Other letters, accents and digits do."""
        rooms = ["#tea", "#teá", "#p1", "#pi", "#pl", "#ios", "#los", "#2", "#茶", "#чай"]
        self.assertEqual(len(set(map(room_key, rooms))), len(rooms))
