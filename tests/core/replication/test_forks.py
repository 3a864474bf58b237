"""Authors who contradict themselves: found out, proven, frozen everywhere, and forgotten by nobody."""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.signing import Writer
from tests.kit.wires import Party, Recorder, join, run
from twisted_chat.core.errors import FORGED, Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.replication.forks import MAX_FORKS, fork_frame
from twisted_chat.core.replication.store import Held, Loaded
from twisted_chat.core.wire.frames import BatchFrame, Digest, ForkFrame, Have, Want


def carry(batch: Batch) -> BatchFrame:
    """Return the frame that carries a batch."""
    return BatchFrame(batch.sig, batch.signed().body)


class ForkTests(SynchronousTestCase):
    """Eva says one thing to Ana and another to Bia; Cai hears of both."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana, self.bia, self.cai = self.parties = [Party(self.clock, number) for number in (1, 2, 3)]
        self.eva = Writer(9)
        self.common = self.eva.write("hello")
        self.one = self.eva.sign(self.common, "yes")
        self.other = self.eva.sign(self.common, "no")

    def frozen(self, *parties: Party) -> None:
        """These know of the fork, have said so once, and hold nothing but what lies before it."""
        for party in parties:
            holding = party.replica.holdings[self.eva.feed]
            assert holding.fork is not None
            holding.fork.prove(self.eva.group)
            self.assertEqual(holding.fork.place, 2)
            self.assertEqual(party.forks, [self.eva.identity.id])
            self.assertEqual((holding.high, party.held()[self.eva.feed]), (1, (1, 1)))

    def test_found_by_who_hears_both(self) -> None:
        """Who holds one and is sent the other has the proof: the feed ends before them, and people are told once."""
        self.ana.give(self.common, self.one)
        run(self.clock, 0.1)
        wire = Recorder()
        self.ana.replica.attach(wire)
        self.ana.hears(wire, Digest({}), Have({}, True))
        self.ana.hears(wire, carry(self.other))
        run(self.clock, 0.2)
        self.frozen(self.ana)
        (proof,) = wire.frames(ForkFrame)
        halves = {bytes(half.body) for half in (proof.one, proof.other)}
        self.assertEqual(halves, {self.one.body, self.other.body})
        self.ana.hears(wire, carry(self.other), carry(self.one), carry(self.eva.sign(self.one, "more")))
        run(self.clock, 0.2)
        self.frozen(self.ana)
        self.assertEqual(len(wire.frames(ForkFrame)), 1)

    def test_everybody_converges(self) -> None:
        """Whoever of three was told what: within 2 s all have the proof and hold the same."""
        self.ana.give(self.common, self.one)
        self.bia.give(self.common, self.other)
        run(self.clock, 0.1)
        join(self.ana, self.cai)
        join(self.cai, self.bia)
        run(self.clock, 2)
        self.eva_goes_on()
        run(self.clock, 2)
        self.frozen(*self.parties)

    def eva_goes_on(self) -> None:
        """Let Eva go on with either story; wherever it is known that there are two, neither is taken."""
        self.ana.give(self.eva.sign(self.one, "yes, I said"))
        more = self.eva.sign(self.other, "no, I said")
        self.bia.give(more, self.eva.sign(more, "no!"))

    def test_found_out_later(self) -> None:
        """Two stories that both went on are found out by the batch that does not fit, asking one batch back."""
        ones, others = [self.common, self.one], [self.common, self.other]
        for number in range(5):
            ones.append(self.eva.sign(ones[-1], f"yes {number}"))
            others.append(self.eva.sign(others[-1], f"no {number}"))
        self.ana.give(*ones[:4])
        self.bia.give(*others)
        run(self.clock, 0.1)
        wire = join(self.ana, self.bia)
        run(self.clock, 3)
        self.assertTrue(wire.frames(Want))
        for party in (self.ana, self.bia):
            self.assertEqual(party.forks, [self.eva.identity.id])
        self.assertEqual(self.ana.held()[self.eva.feed], self.bia.held()[self.eva.feed])

    def test_signed_twice(self) -> None:
        """One text under two signatures: the peers that hold either find out, and don't refuse each other for ever."""
        again = parse_batch(self.eva.sign_otherwise(self.one.body), self.one.body)
        self.ana.give(self.common, self.one)
        self.bia.give(self.common, again)
        for after in (self.one, again):
            (self.ana if after is self.one else self.bia).give(self.eva.sign(after, "and"))
        run(self.clock, 0.1)
        self.bia.give(self.eva.sign(self.eva.sign(again, "and"), "so on"))
        wire = join(self.ana, self.bia)
        run(self.clock, 3)
        self.assertEqual((wire.refused, wire.far.refused), (None, None))
        for party in (self.ana, self.bia):
            self.assertEqual(party.forks, [self.eva.identity.id])
        self.assertEqual(self.ana.held().get(self.eva.feed), self.bia.held().get(self.eva.feed))

    def test_late_comers(self) -> None:
        """Who comes later is given the proof, though it never heard either story."""
        self.ana.give(self.common, self.one)
        self.ana.give(self.other)
        run(self.clock, 0.1)
        join(self.ana, self.bia)
        run(self.clock, 1)
        self.frozen(self.ana, self.bia)
        join(self.bia, self.cai)
        run(self.clock, 1)
        self.frozen(*self.parties)

    def test_while_the_store_cuts(self) -> None:
        """What comes while the store is still busy with the cut is neither taken twice nor lost."""
        cuts: list[Deferred[Held | None]] = []
        freeze = self.bia.store.freeze

        def slowly(fork: Fork) -> Deferred[Held | None]:
            done = freeze(fork)
            later: Deferred[Held | None] = Deferred()
            cuts.append(later)
            later.addCallback(lambda ignored: done)
            return later

        self.bia.store.freeze = slowly
        self.ana.give(self.common, self.one)
        self.ana.give(self.other)
        run(self.clock, 0.1)
        join(self.ana, self.bia)
        run(self.clock, 1)
        self.bia.give(self.common, self.one)
        self.assertEqual(len(cuts), 1)
        cuts[0].callback(None)
        run(self.clock, 1)
        self.frozen(self.bia)
        self.assertEqual(self.bia.texts(), ["hello"])

    def test_nothing_again_once_all_know(self) -> None:
        """Two that both know tell each other nothing of it when they meet again."""
        for party in (self.ana, self.bia):
            party.give(self.common, self.one)
            party.give(self.other)
        run(self.clock, 0.1)
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        self.assertEqual(wire.frames(ForkFrame, Want), [])

    def test_survives_a_restart(self) -> None:
        """A proof from an earlier life holds: what is frozen stays frozen."""
        fork = Fork(self.one, self.other)
        later = Party(self.clock, 1, Loaded([], [fork]))
        later.give(self.common, self.one)
        run(self.clock, 0.1)
        self.assertEqual(later.texts(), ["hello"])
        self.assertEqual(later.forks, [], "people were told in that life")
        join(later, self.bia)
        run(self.clock, 1)
        self.assertEqual(self.bia.forks, [self.eva.identity.id])

    def test_an_earlier_fork_cuts_deeper(self) -> None:
        """Of two proofs the one with the earlier place counts; people are told once."""
        self.ana.give(self.common, self.one)
        wire = Recorder()
        self.ana.replica.attach(wire)
        self.ana.hears(wire, fork_frame(Fork(self.one, self.other)))
        self.ana.hears(wire, fork_frame(Fork(self.common, self.eva.sign(None, "good evening"))))
        self.ana.hears(wire, fork_frame(Fork(self.one, self.other)))
        run(self.clock, 0.2)
        holding = self.ana.replica.holdings[self.eva.feed]
        assert holding.fork is not None
        self.assertEqual((holding.fork.place, holding.high, self.ana.forks), (1, 0, [self.eva.identity.id]))

    def test_other_feeds_go_on(self) -> None:
        """Eva's next epoch, and everybody else, are not touched."""
        join(self.ana, self.bia)
        run(self.clock, 0.1)
        self.ana.give(self.common, self.one)
        self.ana.give(self.other)
        later = Writer(9, epoch=8)
        self.ana.give(later.write("sorry"))
        self.bia.say("hm")
        run(self.clock, 1)
        for party in (self.ana, self.bia):
            self.assertEqual(
                sorted(party.texts())[-2:], ["hm", "sorry"][-2:] if party is self.bia else ["sorry", "yes"]
            )
            self.assertIn("hm", party.texts())

    def test_bogus_proofs(self) -> None:
        """A proof that proves nothing is refused as forged, costs the accused nothing, and is not passed on."""
        self.ana.give(self.common, self.one)
        run(self.clock, 0.1)
        liar, witness = Recorder(b"l" * 32), Recorder(b"w" * 32)
        for wire in (liar, witness):
            self.ana.replica.attach(wire)
        mallory = Writer(8)
        forged = mallory.forge(self.other)
        self.assertEqual(forged.feed, self.eva.feed)
        for one, other in (
            (self.one, self.one),
            (self.common, self.one),
            (self.one, forged),
            (forged, self.one),
            (self.one, mallory.sign(self.common, "no")),
        ):
            refusal = self.assertRaises(Refusal, self.ana.hears, liar, fork_frame(Fork(one, other)))
            self.assertEqual(refusal.reason, FORGED)
        half = self.one.signed()
        self.assertRaises(Refusal, self.ana.hears, liar, ForkFrame(half, type(half)(bytes(64), Raw(b"{}"))))
        self.assertEqual((self.ana.forks, witness.frames(ForkFrame)), ([], []))
        self.ana.give(self.eva.sign(self.one, "still here"))
        self.assertEqual(self.ana.texts(), ["hello", "yes", "still here"])


class OwnForkTests(SynchronousTestCase):
    """Two processes with one key and one epoch, as after a virtual machine was copied."""

    def test_a_new_epoch(self) -> None:
        """This peer begins a new epoch, goes on in it, and is heard."""
        clock = Clock()
        ana, bia = Party(clock, 1), Party(clock, 2)
        join(ana, bia)
        run(clock, 0.1)
        ana.say("me")
        run(clock, 0.1)
        before = ana.replica.own
        copy = Writer(1, epoch=before.epoch).write("me too")
        ana.give()
        wire = Recorder()
        ana.replica.attach(wire)
        ana.hears(wire, fork_frame(Fork(ana.shown[0], copy)))
        self.assertNotEqual(ana.replica.own, before)
        self.assertEqual(ana.replica.own, FeedId(ana.id, before.epoch + 1))
        ana.say("still me")
        run(clock, 0.5)
        self.assertEqual(bia.texts(), ["me", "still me"])
        self.assertEqual(bia.forks, [ana.id])


class MaxForksTests(SynchronousTestCase):
    """Eva contradicts herself in feed after feed."""

    def test_enough_is_known(self) -> None:
        """Of one author so many proofs are kept and passed on, and no more: in her other feeds what came first stays, also when
        another sends a proof. Of somebody else proofs are kept as before."""
        clock = Clock()
        ana = Party(clock, 1)
        wire = Recorder()
        ana.replica.attach(wire)
        wire.lines.clear()
        frozen = []
        for number, author in enumerate([9] * (MAX_FORKS + 5) + [8]):
            eva = Writer(author, epoch=number)
            common = eva.write("hello")
            one, other = eva.sign(common, "yes"), eva.sign(common, "no")
            for _ in range(2):
                ana.hears(wire, carry(common), carry(one), carry(other), fork_frame(Fork(one, other)))
            run(clock, 0.1)
            frozen.append(ana.replica.holdings[eva.feed].fork is not None)
            self.assertEqual(ana.held()[eva.feed], (1, 1) if frozen[-1] else (1, 2))
        self.assertEqual(frozen, [True] * MAX_FORKS + [False] * 5 + [True])
        self.assertEqual(len(wire.frames(ForkFrame)), MAX_FORKS + 1)

    def test_many_at_once(self) -> None:
        """So it is if all contradictions come before the store has answered for one of them."""
        clock = Clock()
        ana = Party(clock, 1)
        wire = Recorder()
        ana.replica.attach(wire)
        read, waiting = ana.store.read, []

        def slow(*arguments: Any) -> Deferred[Any]:
            waiting.append(Deferred())
            read(*arguments).addCallback(lambda page, later=waiting[-1]: pages.append((later, page)))
            return waiting[-1]

        pages: list[tuple[Deferred[Any], Any]] = []
        self.patch(ana.store, "read", slow)
        for epoch in range(MAX_FORKS + 5):
            eva = Writer(9, epoch=epoch)
            common = eva.write("hello")
            ana.hears(wire, *map(carry, (common, eva.sign(common, "yes"), eva.sign(common, "no"))))
        for later, page in pages:
            later.callback(page)
        forked = [holding for holding in ana.replica.holdings.values() if holding.fork]
        self.assertEqual(len(forked), MAX_FORKS)
