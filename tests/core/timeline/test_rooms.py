"""Which rooms are known, and that they are never many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.timeline import rooms
from twisted_chat.core.timeline.rooms import MAX_ROOMS, MAX_ROOMS_BY_ONE, Rooms
from twisted_chat.core.writing.text import DEFAULT_ROOM

ANA, EVE = b"a" * 32, b"e" * 32


def flood(known: Rooms, keys: int) -> None:
    """Have so many keys speak of as many rooms each as one may, twice over."""
    for key in range(keys):
        for number in range(2 * MAX_ROOMS_BY_ONE):
            known.note(f"#{key}-{number}", b"%32d" % key)


class RoomsTests(SynchronousTestCase):
    """Rooms that others speak of, and those of the person here."""

    def setUp(self) -> None:
        self.rooms = Rooms()

    def names(self) -> list[str]:
        return [room.name for room in self.rooms]

    def test_by_one(self) -> None:
        """Whoever speaks of many rooms has the newest of them known, and takes none from anybody else."""
        self.rooms.note("#tea", ANA)
        for number in range(10 * MAX_ROOMS_BY_ONE):
            self.rooms.note(f"#{number}", EVE)
        self.assertEqual(len(self.rooms), 2 + MAX_ROOMS_BY_ONE)
        self.assertIsNotNone(self.rooms.get("#TEA"))
        self.assertIsNotNone(self.rooms.get(f"#{10 * MAX_ROOMS_BY_ONE - 1}"))

    def test_of_all(self) -> None:
        """Under however many keys, no more than `MAX_ROOMS` are known; where the person here spoke or went is, for ever."""
        for name in ("#spoke", "#went"):
            self.rooms.keep(name)
        self.rooms.note("#tea", ANA)
        self.rooms.keep("#Tea").topic = "Darjeeling"
        self.rooms.note("#theirs", ANA)
        flood(self.rooms, 2 * MAX_ROOMS // MAX_ROOMS_BY_ONE)
        self.assertEqual(len(self.rooms), MAX_ROOMS)
        self.assertEqual(self.rooms.kept, [DEFAULT_ROOM, "#spoke", "#went", "#tea"])
        self.assertEqual(self.rooms.get("#tea").topic, "Darjeeling")
        self.assertIsNone(self.rooms.get("#theirs"))

    def test_longest_ago(self) -> None:
        """The one that goes first is the one of which nobody has spoken for longest."""
        for name in ("#a", "#b", "#c"):
            self.rooms.note(name, ANA)
        self.rooms.note("#a", EVE)
        for number in range(MAX_ROOMS_BY_ONE - 2):
            self.rooms.note(f"#{number}", ANA)
        self.assertEqual([name for name in self.names() if name in ("#a", "#b", "#c")], ["#c", "#a"])

    def test_own_only(self) -> None:
        """A person who goes to very many loses the first of them, and never where everybody is."""
        for number in range(MAX_ROOMS + 9):
            self.rooms.keep(f"#{number}")
        self.assertEqual(len(self.rooms), MAX_ROOMS)
        self.assertIn(DEFAULT_ROOM, self.names())
        self.rooms.note("#tea", EVE)
        self.assertEqual(len(self.rooms), MAX_ROOMS)

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from("ABCDEFGHIJab"), st.sampled_from([ANA, EVE, b""]))))
    def test_any(self, spoken: list[tuple[bool, str, bytes]]) -> None:
        """In whatever order: never too many, in all or by one, none twice, and the newest is there as it was first written."""
        self.patch(rooms, "MAX_ROOMS", 6)
        self.patch(rooms, "MAX_ROOMS_BY_ONE", 3)
        known = Rooms()
        for keep, letter, author in spoken:
            before = known.get(f"#{letter}")
            room = known.keep(f"#{letter}") if keep else known.note(f"#{letter}", author)
            self.assertIs(known.get(f"#{letter}"), room)
            self.assertEqual(room.name, before.name if before else f"#{letter}")
            self.assertLessEqual(len(known), 6)
            names = [each.name for each in known]
            self.assertEqual(len({name.lower() for name in names}), len(names))
            others = [each.by for each in known if each.name not in known.kept]
            self.assertLessEqual(max(map(others.count, others), default=0), 3)
            self.assertLessEqual(len(known._by), len(others))
