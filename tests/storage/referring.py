"""What every store promises of what refers to messages."""

from __future__ import annotations

from tests.core.feeds.test_amendments import ANA, BIA, CAIO, ID, PLACE, REACH, SAID
from tests.kit.feeding import START
from tests.storage import contract
from twisted_chat.core.feeds.amendments import NOTHING, Amended, id_at
from twisted_chat.core.feeds.batches import Position
from twisted_chat.core.feeds.records import Edit, React, Retract, Say


class Referring(contract.StoreContract):
    """Mix into a store's tests."""

    def amended(self, place: Position = PLACE, reach: int = REACH) -> Amended:
        found: Amended = self.result(self.store.amended([place], reach)).get(place, NOTHING)
        return found

    def reading(self, words: str, **which: object) -> list[str]:
        """Return what was said in the messages that are found."""
        return [hit.batch.records[hit.number - hit.batch.first].text for hit in self.search(words, **which)]

    def test_found(self) -> None:
        """A public message is found by its id, however its batch begins; nothing else is."""
        batch = ANA.saying(5, [Say("one"), Edit(ID, "x"), Say("two"), contract.private(BIA, "psst")])
        self.keep(batch)
        ids = [id_at(batch.position(index)) for index in range(4)]
        missing = ids[0]._replace(number=9), ids[0]._replace(number=4), ids[0]._replace(epoch=8)
        hits = self.result(self.store.find([*reversed(ids), *missing]))
        self.assertEqual([hit.number for hit in hits], [7, 5])

    def test_whenever_it_arrives(self) -> None:
        """What refers to a message counts before the message is there, and after."""
        edit, reaction = ANA.saying(11, [Edit(ID, "hello")]), BIA.saying(12, [React(ID, "👍")])
        self.keep(edit)
        self.assertEqual(self.amended().text, "hello")
        self.keep(SAID, reaction)
        self.assertEqual(self.amended(), Amended("hello", reactions={BIA.feed.author: "👍"}))
        self.assertEqual(self.amended(reach=START), NOTHING)

    def test_goes_with_what_said_it(self) -> None:
        """What is given up, for its age or a fork, amends nothing any more: what was said before it counts again."""
        self.keep(SAID, BIA.saying(11, [React(ID, "👍")]), BIA.saying(12, [React(ID, "❤")]))
        self.result(self.store.freeze(BIA.fork(12)))
        self.assertEqual(self.amended().reactions, {BIA.feed.author: "👍"})
        self.now += 3600
        self.result(self.store.trim(int(self.now * 1000)))
        self.assertEqual(self.amended(), NOTHING)

    def test_pages(self) -> None:
        """What amends messages takes the place of none in a page."""
        self.keep(SAID, ANA.saying(11, [Edit(ID, f"{number}") for number in range(50)]))
        self.keep(BIA.saying(11, [React(ID, "👍") for _ in range(50)]), CAIO.saying(11, [Say("last")]))
        self.assertEqual([hit.number for hit in self.page(2)], [10, 11])

    def test_search(self) -> None:
        """A message is found by what it reads now, at its own place, and not by what it read, or what others would have it
        read."""
        self.keep(SAID, CAIO.saying(20, [Say("hello too")]), BIA.saying(30, [Edit(ID, "hello from Bia")]))
        self.assertEqual(self.reading("hello"), ["hello too"])
        self.keep(ANA.saying(40, [Edit(ID, "helllo")]), ANA.saying(41, [Edit(ID, "hello")]))
        self.assertEqual(self.reading("hello"), ["helo", "hello too"])
        self.assertEqual(self.reading("hello", limit=1), ["hello too"])
        self.assertEqual(self.reading("helo"), [])
        self.assertEqual(self.reading("helllo"), [])
        self.assertEqual(self.reading("hello", without=frozenset([ANA.feed.author])), ["hello too"])
        self.keep(ANA.saying(50, [Retract(ID)]))
        self.assertEqual(self.reading("hello"), ["hello too"])

    def test_to_nothing(self) -> None:
        """What refers to itself, to another correction, in a circle or to nothing is kept, and amends nothing."""
        one, two = ID._replace(number=20), ID._replace(number=21)
        circle = ANA.saying(20, [Edit(two, "hello"), Edit(one, "hello"), React(ID._replace(number=22), "👍")])
        self.keep(
            SAID, circle, ANA.saying(30, [Edit(ID._replace(epoch=1), "hello"), Say("x", re=ID._replace(number=30))])
        )
        self.assertEqual(self.reading("hello"), [])
        self.assertEqual(self.amended(), NOTHING)
        self.assertEqual(self.result(self.store.find([one, two])), [])
