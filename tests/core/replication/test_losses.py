"""What the disk has lost: no longer announced, and had again from others."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.wires import Party, join, mesh, run
from tests.storage.immediate import ImmediateStore
from twisted_chat.core.feeds.batches import FeedId


class LossesTests(SynchronousTestCase):
    """Ana and Bia have talked; then something on a disk changes."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.paths: dict[int, Path] = {}
        self.epochs = count(10, 10)
        self.told: list[tuple[int, str, bytes]] = []
        self.ana, self.bia = self.party(1), self.party(2)
        self.wire = join(self.ana, self.bia)
        run(self.clock, 0.2)
        for number in range(10):
            self.ana.say(f"a{number}")
            self.bia.say(f"b{number}")
            run(self.clock, 0.1)
        run(self.clock, 1)

    def party(self, number: int) -> Party:
        """Start somebody; what was kept by who had the number before is there."""
        path = self.paths.setdefault(number, Path(self.mktemp()))
        store: Any = ImmediateStore(path)
        party = Party(self.clock, number, store.load(), store, watch=self.told, epoch=next(self.epochs))
        store.damaged = party.replica.losses.check
        return party

    def restarted(self, party: Party, number: int) -> Party:
        """End somebody's process, and start another."""
        for wire in party.wires:
            wire.cut()
        party.replica.stop()
        party.store.tables.connection.close()
        return self.party(number)

    def whole(self, *parties: Party, feed: FeedId) -> None:
        """All hold all of a feed, and announce that."""
        for party in parties:
            self.assertEqual(party.held()[feed], (1, 10))
            batches = self.successResultOf(party.store.read(feed, 1))
            self.assertEqual([batch.first for batch in batches], list(range(1, 11)))

    def test_of_another(self) -> None:
        """Who lacks a feed gets all of it though one bit of one batch has changed at the one who is asked, who gets it back."""
        feed = self.ana.replica.own
        self.bia.store.flip(feed, 4)
        caio = self.party(3)
        join(caio, self.bia)
        run(self.clock, 1)
        self.assertEqual(self.told, [(2, "damaged", feed.author), (2, "mended", feed.author)])
        run(self.clock, 12)
        self.whole(self.ana, self.bia, caio, feed=feed)
        self.assertEqual(sorted(caio.texts()), sorted(self.ana.texts()))
        self.assertEqual(len(self.bia.texts()), 20, "nothing is shown twice")

    def test_nobody_has_it(self) -> None:
        """What nobody has is not announced by anybody, and the rest reaches everybody."""
        feed = self.ana.replica.own
        for party in (self.ana, self.bia):
            party.store.flip(feed, 4)
        ana, bia, caio = self.restarted(self.ana, 1), self.restarted(self.bia, 2), self.party(3)
        mesh(ana, bia, caio)
        run(self.clock, 20)
        for party in (ana, bia, caio):
            self.assertEqual(party.held()[feed], (5, 10))
        self.assertEqual({told[1] for told in self.told}, {"damaged"})

    def test_own_of_earlier(self) -> None:
        """An author gets back what it said itself in an earlier life."""
        feed = self.ana.replica.own
        ana = self.restarted(self.ana, 1)
        for first in (4, 10):
            ana.store.flip(feed, first)
        ana.replica.losses.check(feed)
        self.assertEqual(ana.held()[feed], (5, 9))
        mesh(ana, self.bia)
        run(self.clock, 12)
        self.whole(ana, self.bia, feed=feed)
        self.assertEqual(self.told[-1], (1, "mended", feed.author))
        self.assertEqual(ana.texts(), [])

    def test_own_of_now(self) -> None:
        """If it is the feed that is being written, another is begun: no number is ever used twice."""
        feed = self.ana.replica.own
        self.ana.store.flip(feed, 10)
        self.ana.replica.losses.check(feed)
        self.assertNotEqual(self.ana.replica.own, feed)
        self.ana.say("after")
        run(self.clock, 12)
        self.whole(self.ana, self.bia, feed=feed)
        self.assertEqual(self.bia.texts()[-1], "after")
        self.assertEqual((self.ana.forks, self.bia.forks), ([], []))

    def test_told_once(self) -> None:
        """What is lost is told once, though it be found before the start is through."""
        self.bia.store.flip(self.ana.replica.own, 4)
        self.bia.replica.losses.check(self.ana.replica.own)
        self.bia.replica.losses.tell()
        self.assertEqual(self.told, [(2, "damaged", self.ana.replica.own.author)])

    def test_gone_at_the_start(self) -> None:
        """What is gone by the start is told then, and had again."""
        feed = self.ana.replica.own
        self.bia.store.tables.connection.execute("DELETE FROM batches WHERE first > 6")
        bia = self.restarted(self.bia, 2)
        self.assertEqual({told[:2] for told in self.told}, {(2, "damaged")})
        mesh(self.ana, bia)
        run(self.clock, 12)
        self.whole(self.ana, bia, feed=feed)
        self.assertEqual(bia.replica.losses.by_author(), {})

    def test_what_comes_meanwhile(self) -> None:
        """What is said while that is looked into reaches everybody."""
        feed = self.ana.replica.own
        self.bia.store.flip(feed, 10)
        self.ana.say("now")
        self.bia.replica.losses.check(feed)
        run(self.clock, 12)
        self.assertEqual(self.bia.held(), self.ana.held())
        self.assertEqual(sorted(self.bia.texts()), sorted(self.ana.texts()))
