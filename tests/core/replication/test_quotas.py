"""How much of each author is kept."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.kit.wires import Party, Recorder, SlowStore, join, run
from twisted_chat.core.errors import LIMIT, BadText, ChatError
from twisted_chat.core.replication.insisting import FIRST_WAIT, Insisting
from twisted_chat.core.replication.quotas import Quotas, Sizes
from twisted_chat.core.wire.frames import BatchFrame, Have, Stop, Want

ANA, BIA = Author(1), Author(2)
SIZE = ANA.batch(1).size


class QuotasTests(SynchronousTestCase):
    """The counting."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.kept: dict[bytes, int] = {}
        self.asked: list[Deferred[Sizes]] = []
        self.told: list[tuple[str, bytes]] = []
        self.quotas = self.make(10 * SIZE)

    def make(self, limit: int | None) -> Quotas:
        """Return quotas whose store answers when the test says so."""

        def ask() -> Deferred[Sizes]:
            self.asked.append(Deferred())
            return self.asked[-1]

        return Quotas(
            limit,
            ask,
            lambda author: self.told.append(("full", author)),
            lambda author: self.told.append(("free", author)),
            Insisting(self.clock),
        )

    def answer(self) -> None:
        """Let the store answer."""
        self.asked.pop().callback(dict(self.kept))

    def take(self, author: Author, count: int) -> None:
        """Take batches, and keep them."""
        for number in range(count):
            batch = author.batch(number + 1)
            self.quotas.taken(batch)
            self.kept[author.feed.author] = self.kept.get(author.feed.author, 0) + batch.size

    def test_store_that_fails(self) -> None:
        """It is asked again: nobody is shut out because what is kept could not be counted once."""
        self.take(ANA, 10)
        self.kept.clear()
        self.assertFalse(self.quotas.admits(ANA.feed.author))
        self.asked.pop().errback(ChatError("Input/output error"))
        self.clock.advance(FIRST_WAIT)
        self.answer()
        self.assertTrue(self.quotas.admits(ANA.feed.author))

    def test_full(self) -> None:
        """Nothing more of an author is taken once the quota is used up, which is told once; others' are."""
        self.take(ANA, 9)
        self.assertTrue(self.quotas.admits(ANA.feed.author))
        self.take(ANA, 1)
        self.assertFalse(self.quotas.admits(ANA.feed.author))
        self.assertFalse(self.quotas.admits(ANA.feed.author))
        self.assertEqual((len(self.asked), self.told), (1, []), "the store is asked first")
        self.answer()
        self.assertEqual(self.told, [("full", ANA.feed.author)])
        self.assertEqual(self.quotas.full, [ANA.feed.author])
        self.assertFalse(self.quotas.admits(ANA.feed.author))
        self.assertTrue(self.quotas.admits(BIA.feed.author))
        self.assertEqual((self.asked, len(self.told)), ([], 1))

    def test_what_is_kept_from_before(self) -> None:
        """What the store had at the start counts, and so does what comes before it has answered."""
        self.kept[ANA.feed.author] = 8 * SIZE
        self.quotas.start()
        answer = dict(self.kept)
        self.take(ANA, 2)
        self.asked.pop().callback(answer)
        self.assertFalse(self.quotas.admits(ANA.feed.author))

    def test_what_was_given_up(self) -> None:
        """If much of what was counted has been given up since, more is taken, and nobody is told of anything but that."""
        self.take(ANA, 10)
        self.kept[ANA.feed.author] = SIZE
        self.assertFalse(self.quotas.admits(ANA.feed.author))
        self.answer()
        self.assertEqual(self.told, [("free", ANA.feed.author)])
        self.assertTrue(self.quotas.admits(ANA.feed.author))

    def test_room_again(self) -> None:
        """When something is given up while an author's quota is used up, the store is asked whether there is room again."""
        self.quotas.given_up()
        self.take(ANA, 10)
        self.quotas.given_up()
        self.assertEqual(self.asked, [], "nobody waits for room")
        self.quotas.admits(ANA.feed.author)
        self.answer()
        self.kept[ANA.feed.author] -= SIZE
        self.quotas.given_up()
        self.answer()
        self.assertEqual(self.told, [("full", ANA.feed.author), ("free", ANA.feed.author)])
        self.assertEqual(self.quotas.full, [])

    def test_no_limit(self) -> None:
        """Without a limit nobody is asked anything."""
        quotas = self.make(None)
        quotas.start()
        for number in range(20):
            quotas.taken(ANA.batch(number + 1))
        self.assertTrue(quotas.admits(ANA.feed.author))
        self.assertEqual(self.asked, [])


class KeptStore(SlowStore):
    """A memory store of which the test says how much there is of an author."""

    claims: dict[bytes, int] | None = None

    def sizes(self) -> Deferred[Sizes]:
        """See `Store.sizes`."""
        return super().sizes() if self.claims is None else succeed(self.claims)


class ReplicaTests(SynchronousTestCase):
    """Ana talks on and on; Bia has a quota."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = KeptStore()
        self.ana = Party(self.clock, 1)
        self.bia = Party(self.clock, 2, store=self.store, quota=4_000)

    def talk(self, party: Party, count: int) -> None:
        """Let a party say things, each for itself."""
        for number in range(count):
            party.say(f"{number} {'x' * 100}")
            run(self.clock, 0.01)

    def test_others(self) -> None:
        """What is beyond the quota is not taken, shown or announced; who sends it is told to stop, and asked for it no more;
        the link stays, and what others say is taken."""
        caio = Party(self.clock, 3)
        wire = join(self.bia, self.ana)
        join(self.bia, caio)
        self.talk(self.ana, 30)
        run(self.clock, 2)
        high = self.bia.held()[self.ana.replica.own][1]
        self.assertEqual(len(self.bia.texts()), high)
        self.assertTrue(8 < high < 20, high)
        self.assertEqual(self.bia.filled, [self.ana.id])
        self.assertEqual(wire.take(Stop)[0], Stop(self.ana.replica.own, LIMIT))
        self.assertIsNone(wire.far.refused)
        self.talk(self.ana, 10)
        run(self.clock, 20)
        self.assertEqual(wire.frames(Want, Stop), [], "not wanted in vain")
        self.assertFalse(self.bia.replica.behind(wire))
        caio.say("hi")
        run(self.clock, 1)
        self.assertEqual(self.bia.texts()[-1], "hi")
        self.assertEqual(len(self.bia.filled), 1)

    def test_room_again(self) -> None:
        """When older messages are given up, what there is room for is fetched, and only that."""
        wire = join(self.bia, self.ana)
        self.talk(self.ana, 30)
        run(self.clock, 2)
        high = self.bia.held()[self.ana.replica.own][1]
        self.store._drop_lowest(self.ana.replica.own, 5)
        self.bia.replica.keeping.trimmed({self.ana.replica.own: 6})
        run(self.clock, 2)
        self.assertEqual(self.bia.held()[self.ana.replica.own], (6, high + 5))
        self.assertIsNone(wire.refused or wire.far.refused)

    def test_a_sender_that_does_not_stop(self) -> None:
        """Batches beyond the quota cost no signature check, and are answered with `stop` each, nothing else."""
        zoe = Author(9)
        self.store.claims = {zoe.feed.author: 5_000}
        self.bia = Party(self.clock, 2, store=self.store, quota=4_000)
        recorder = Recorder(zoe.feed.author)
        self.bia.replica.attach(recorder)
        recorder.lines.clear()
        forged = BatchFrame(b"s" * 64, zoe.batch(1).signed().body)
        self.bia.hears(recorder, Have({}, True), *[forged] * 3)
        self.assertEqual(recorder.take(), [Stop(zoe.feed, LIMIT)] * 3)

    def test_own(self) -> None:
        """A peer whose own quota is used up is told so when it wants to say more, or go by another name."""
        self.talk(self.bia, 10)
        while self.bia.replica.quotas.admits(self.bia.id):
            self.talk(self.bia, 1)
        held = self.bia.held()
        for more in (lambda: self.bia.say("more"), lambda: self.bia.replica.rename("Bea")):
            self.assertEqual(self.assertRaises(BadText, more).code, "quota")
        run(self.clock, 1)
        self.assertEqual(self.bia.held(), held)
        self.assertEqual(self.bia.filled, [self.bia.id])
