"""Feeds that were given up and superseded: they take no room, and are not fetched again."""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.replication.test_sources import carry, have
from tests.kit.feeding import Author
from tests.kit.wires import Party, Recorder, join, run
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.replication import inventory
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.store import Loaded
from twisted_chat.core.wire.frames import Digest, Have, Range, Want

LATER = 2**50


def lives(count: int) -> list[Batch]:
    """Seal one message in each of so many lives of one author."""
    return [Author(9, epoch, late=epoch * 1000).batch(1, prev=b"") for epoch in range(1, count + 1)]


class RetiringTests(SynchronousTestCase):
    """Ana keeps what is new only; Bia keeps everything."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana = Party(self.clock, 1)
        self.said = lives(30)
        self.feeds = [batch.feed for batch in self.said]

    def trim(self, before: int = LATER) -> None:
        """Let Ana give up what she has received so far."""
        self.ana.replica.keeping.trimmed(self.ana.store.trim(before).result)  # type: ignore[arg-type]

    def wants(self, wire: Recorder) -> list[Want]:
        """Return what Ana asks for."""
        run(self.clock, 1)
        return wire.take(Want)

    def link(self, *held: Have) -> Recorder:
        """Link Ana with one that has told what it holds."""
        wire = Recorder()
        self.ana.replica.attach(wire)
        self.ana.hears(wire, Digest({}), *held, Have({}, True))
        return wire

    def test_take_no_room(self) -> None:
        """All but the newest are no longer held, listed, counted or part of a digest; and so it is after the next start."""
        self.ana.give(*self.said)
        self.assertEqual(self.ana.replica.holdings.feeds_of(self.feeds[0].author), 30)
        self.trim()
        again = Party(self.clock, 1, self.ana.store.load().result)  # type: ignore[arg-type]
        other = Party(self.clock, 1)
        other.give(self.said[-1])
        other.replica.keeping.trimmed(other.store.trim(LATER).result)  # type: ignore[arg-type]
        author = self.feeds[0].author
        for party in (self.ana, again):
            held = party.replica.holdings
            self.assertEqual([feed for feed in held if feed.author == author], [self.feeds[-1]])
            self.assertEqual(held.feeds_of(author), 1)
            self.assertEqual(held.digest(author), other.replica.holdings.digest(author))

    def test_no_work_without_need(self) -> None:
        """Where nothing was given up, one more feed costs nothing, however many its author has."""
        with patch.object(Inventory, "retire", side_effect=AssertionError):
            self.ana.give(*self.said)
        self.assertEqual(self.ana.replica.holdings.feeds_of(self.feeds[0].author), 30)

    def test_while_linked(self) -> None:
        """So it is with what came over a link that is still there."""
        bia = Party(self.clock, 2)
        bia.give(*self.said)
        join(self.ana, bia)
        run(self.clock, 1)
        self.trim()
        self.assertEqual(self.ana.replica.holdings.feeds_of(self.feeds[0].author), 1)

    def test_superseded_later(self) -> None:
        """The newest is retired once there is a newer one."""
        self.ana.give(self.said[0])
        self.trim()
        self.assertIn(self.feeds[0], self.ana.replica.holdings)
        self.ana.give(self.said[1])
        self.assertNotIn(self.feeds[0], self.ana.replica.holdings)
        self.assertIn(self.feeds[1], self.ana.replica.holdings)

    def test_not_fetched_again(self) -> None:
        """Nobody who holds them is asked for them, and what comes unasked is not taken; nothing seems to be missing."""
        bia = Party(self.clock, 2)
        for party in (self.ana, bia):
            party.give(*self.said)
        self.trim()
        shown = len(self.ana.shown)
        wire = join(self.ana, bia)
        self.assertEqual(self.wants(wire), [])
        self.ana.hears(wire, *map(carry, self.said))
        run(self.clock, 12)
        self.assertEqual(len(self.ana.shown), shown)
        self.assertEqual(wire.frames(Want), [])

    def test_goes_on(self) -> None:
        """If it was not superseded after all its author goes on, and from there on it is taken."""
        author = Author(9, 1)
        first, second = author.batches((1, 2), (3, 3))
        self.ana.give(first, self.said[20])
        self.trim()
        self.assertNotIn(first.feed, self.ana.replica.holdings)
        wire = self.link(have(1, 3, first.feed))
        self.assertEqual(self.wants(wire), [Want(first.feed, 3)])
        self.ana.hears(wire, carry(second))
        self.assertEqual(self.ana.shown[-1].feed, first.feed)
        self.assertEqual(self.ana.held()[first.feed], (3, 3))

    def test_made_up(self) -> None:
        """Who claims that it goes on, and sends nothing, brings nothing back for good."""
        self.ana.give(*self.said)
        self.trim()
        wire = self.link(Have({self.feeds[0].author: [Range(feed.epoch, 1, 2) for feed in self.feeds[:-1]]}))
        self.assertEqual(len(self.wants(wire)), 29)
        self.ana.replica.detach(wire)
        self.assertEqual(self.ana.replica.holdings.feeds_of(self.feeds[0].author), 1)
        self.assertEqual(self.wants(self.link(*(have(1, 1, feed) for feed in self.feeds))), [])

    def test_bounded(self) -> None:
        """Of more than so many the first are forgotten, in the store as well."""
        self.patch(inventory, "MAX_RETIRED", 10)
        self.ana.give(*self.said)
        self.trim()
        loaded: Loaded = self.ana.store.load().result  # type: ignore[assignment]
        self.assertEqual(sorted(held.feed for held in loaded.held), self.feeds[19:])
