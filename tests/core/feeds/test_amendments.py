"""What becomes of a message, by all that refers to it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import START, Author
from twisted_chat.core.feeds.amendments import MAX_REACTING, NOTHING, Amended, fold, id_at, marks
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.records import Close, Edit, KnownRecord, React, Retract, Say

REACH = START + 10**9
ANA, BIA, CAIO = (Author(number) for number in (1, 2, 3))
SAID = ANA.saying(10, [Say("helo")])
PLACE = SAID.position(0)
ID = id_at(PLACE)


def become(*batches: Batch, reach: int = REACH) -> Amended:
    return fold(PLACE, [mark for batch in batches for mark in marks(batch)], reach)


class FoldTests(SynchronousTestCase):
    """One rule each."""

    def test_reactions(self) -> None:
        """Each member has one, its newest; an empty one is none."""
        self.assertEqual(become(), NOTHING)
        batches = [BIA.saying(11, [React(ID, "👍"), React(ID, "❤")]), CAIO.saying(12, [React(ID, "👍"), React(ID)])]
        self.assertEqual(become(*batches).reactions, {BIA.feed.author: "❤"})

    def test_corrections(self) -> None:
        """The newest counts, by the author alone, from whatever feed."""
        again = Author(1, epoch=9, late=5)
        batches = [
            ANA.saying(11, [Edit(ID, "hell")]),
            again.saying(12, [Edit(ID, "hello")]),
            BIA.saying(13, [Edit(ID, "bye")]),
        ]
        now = become(*batches)
        self.assertEqual(now.reading(Say("helo")), "hello")
        self.assertEqual(now.reading(Say("which?\none\ntwo", poll=True)), "which?\none\ntwo")

    def test_taken_back(self) -> None:
        """What its author took back stays so, whatever is corrected afterwards; nobody else takes it back."""
        self.assertFalse(become(BIA.saying(11, [Retract(ID)])).retracted)
        now = become(ANA.saying(11, [Retract(ID)]), ANA.saying(12, [Edit(ID, "hello")]))
        self.assertIsNone(now.reading(Say("helo")))

    def test_closed(self) -> None:
        """A vote that comes after the end changes nothing; one from before it, whenever it arrives, counts."""
        votes = [BIA.saying(11, [React(ID, "1")]), BIA.saying(21, [React(ID, "2")]), CAIO.saying(22, [React(ID, "2")])]
        now = become(*votes, ANA.saying(20, [Close(ID)]), ANA.saying(30, [Close(ID)]), CAIO.saying(9, [Close(ID)]))
        self.assertTrue(now.closed)
        self.assertEqual(now.reactions, {BIA.feed.author: "1"})

    def test_time(self) -> None:
        """Nothing amends what is said later, nor counts while nobody has come to its time."""
        self.assertEqual(become(ANA.saying(9, [Edit(ID, "before")]), BIA.saying(10, [React(ID, "👍")])), NOTHING)
        self.assertEqual(become(BIA.saying(11, [React(ID, "👍")]), reach=START), NOTHING)

    def test_bounded(self) -> None:
        """Of too many members those count that have the lowest keys, in whatever order they react."""
        batch = BIA.saying(11, [React(ID, "👍")])
        (mark,) = marks(batch)
        many = [
            mark._replace(position=mark.position._replace(feed=FeedId(number.to_bytes(32, "big"), 7)))
            for number in range(MAX_REACTING + 10)
        ]
        self.assertEqual(
            set(fold(PLACE, many, REACH).reactions), {each.position.feed[0] for each in many[:MAX_REACTING]}
        )


def _records() -> st.SearchStrategy[KnownRecord]:
    texts = st.sampled_from(["", "1", "2", "👍"])
    return st.one_of(
        st.builds(React, st.just(ID), texts),
        st.builds(Edit, st.just(ID), st.sampled_from(["hello", "hullo"])),
        st.just(Retract(ID)),
        st.just(Close(ID)),
    )


@st.composite
def _batches(draw: st.DrawFn) -> Sequence[Batch]:
    """Draw what several members say of one message, each in feeds of its own."""
    made = []
    for number, epoch in [(1, 7), (1, 9), (2, 7), (3, 7)]:
        place = 5
        for records in draw(st.lists(st.lists(_records(), min_size=1, max_size=3), max_size=3)):
            made.append(Author(number, epoch, late=draw(st.integers(0, 3))).saying(place, records))
            place += len(records) + draw(st.integers(0, 4))
    return made


class OrderTests(SynchronousTestCase):
    """In whatever order it arrives."""

    @given(_batches(), st.randoms())
    def test_alike(self, batches: Sequence[Batch], random: object) -> None:
        """The same becomes of a message, and it is what each of them has said last before the end."""
        shuffled = list(batches)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        self.assertEqual(become(*shuffled), become(*batches))
        self.assertEqual(become(*shuffled, *batches), become(*batches))
