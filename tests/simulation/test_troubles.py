"""Single troubles that random stories meet too seldom: liars, slow peers, last words."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import ClientFactory
from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_opening import introduce
from tests.kit.signing import Writer
from tests.net.test_mesh import Caller
from tests.simulation.network import Transport
from tests.simulation.story import MOST_BUFFERED, SETTLED_WITHIN
from tests.simulation.world import Actor, World
from twisted_chat.core.events import Forked, Refused
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.wire.frames import BatchFrame, Digest, Have, Want


class TroubleTests(SynchronousTestCase):
    """Ana, Bia, Cai and Dan, all linked; and somebody who makes trouble."""

    def setUp(self) -> None:
        self.world = World(1, 4)
        self.network = self.world.network
        for actor in self.world.actors:
            actor.start()
        self.assertTrue(self.network.run_until(self.world.meshed, 2))
        self.network.run(0.5)

    def stranger(self, actor: Actor, number: int = 9) -> Caller:
        """Let somebody who speaks the protocol by hand call an actor."""
        caller = Caller(introduce(number))
        factory = ClientFactory.forProtocol(lambda: caller)
        factory.noisy = False
        self.network.node().connectTCP(*self.world.address(actor.number), factory)
        self.network.run(0.2)
        caller.say(Digest({}))
        caller.say(Have({}, True))
        return caller

    def give(self, caller: Caller, *batches: Batch) -> None:
        """Send batches."""
        for batch in batches:
            caller.say(BatchFrame(batch.sig, batch.signed().body))

    def texts(self, actor: Actor) -> list[str]:
        """Return what an actor was shown."""
        return actor.shown()

    def events(self, actor: Actor, kind: type[Any]) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in actor.lives[-1] if isinstance(event, kind)]

    def equivocate(self, ones: int, others: int) -> None:
        """Eva tells Ana one story and Bia another, of these lengths; all find out, and hold the same."""
        eva = Writer(9)
        common = eva.write("hello")
        to_ana, to_bia = self.stranger(self.world.actors[0]), self.stranger(self.world.actors[1])
        stories: list[list[Batch]] = []
        for length, word in ((ones, "yes"), (others, "no")):
            story = [common]
            for number in range(length):
                story.append(eva.sign(story[-1], f"{word} {number}"))
            stories.append(story)
        for caller, story in ((to_ana, stories[0]), (to_bia, stories[1])):
            self.give(caller, *story)
        self.assertTrue(self.network.run_until(lambda: all(self.events(a, Forked) for a in self.world.actors), 5))
        self.network.run(5)
        for actor in self.world.actors:
            self.assertEqual(len(self.events(actor, Forked)), 1)
            self.assertEqual(actor.held()[eva.feed], (1, 1))
            self.assertEqual(self.texts(actor)[0], "hello")
        self.assertTrue(self.world.equal())

    def test_equivocator(self) -> None:
        """One who says different things to different people is found out, told of once, and ends where the stories part."""
        for ones, others in ((1, 1), (3, 3), (1, 2), (1, 4), (3, 4), (2, 6)):
            self.setUp()
            self.equivocate(ones, others)

    def test_who_comes_later(self) -> None:
        """Who was away when the equivocator was found out learns of it, and holds the same as the others."""
        self.world.actors[3].crash()
        self.network.run(1)
        self.world.actors[3].disk.batches.clear()
        eva = Writer(9)
        common = eva.write("hello")
        caller = self.stranger(self.world.actors[0])
        self.give(caller, common, eva.sign(common, "yes"))
        self.network.run(1)
        self.give(caller, eva.sign(common, "no"))
        self.network.run(2)
        self.world.actors[3].start()
        self.assertTrue(self.network.run_until(lambda: len(self.world.actors[3].linked_with()) == 3, 3))
        self.assertTrue(self.network.run_until(self.world.equal, 5))
        self.assertEqual(len(self.events(self.world.actors[3], Forked)), 1)
        self.assertEqual(self.texts(self.world.actors[3]), ["hello"])

    def test_forger(self) -> None:
        """Who sends a batch in another's name is shown the door; nothing of it is shown to anybody."""
        caller = self.stranger(self.world.actors[0])
        batch = Writer(8).write("I am somebody else")
        self.give(caller, Writer(9).forge(batch))
        self.network.run(1)
        self.assertEqual([event.reason for event in self.events(self.world.actors[0], Refused)], ["forged"])
        for actor in self.world.actors:
            self.assertEqual(self.texts(actor), [])
        self.assertTrue(self.world.meshed())

    def test_boaster(self) -> None:
        """Who claims to hold what nobody holds is asked, left, and keeps nobody from what others do hold."""
        caller = self.stranger(self.world.actors[0])
        dan = self.world.actors[3]
        dan.say(3)
        self.network.run(1)
        ((feed, _),) = dan.held().items()
        caller.say(Have({feed.author: [(feed.epoch, 1, 1000)], b"x" * 32: [(1, 1, 1000)]}))
        self.network.run(3)
        self.assertTrue([frame for frame in caller.heard if isinstance(frame, Want)])
        dan.say(3)
        self.network.run(1)
        self.assertEqual(self.texts(self.world.actors[0]), dan.said)

    def test_slow_holder(self) -> None:
        """A peer that reads nothing for a while costs the others neither delay nor memory, and has everything afterwards."""
        slow = self.world.actors[0]
        assert slow.node is not None
        slow.mesh.flow(False)
        for _ in range(20):
            self.world.actors[1].say(200)
            self.network.run(0.1)
            for actor in self.world.actors[1:]:
                assert actor.node is not None
                self.assertLess(max(transport.buffered for transport in actor.node.transports), MOST_BUFFERED)
        self.network.run(0.2)
        for actor in self.world.actors[2:]:
            self.assertEqual(len(self.texts(actor)), 4000)
        slow.mesh.flow(True)
        self.assertTrue(self.network.run_until(lambda: len(self.texts(slow)) == 4000, 5))
        self.assertEqual(self.texts(slow), self.world.actors[1].said)

    def test_the_only_holder_is_slow(self) -> None:
        """If the only one that holds something can't write for a while, the others wait, and then get it."""
        holder, late = self.world.actors[0], self.world.actors[1]
        late.crash()
        for actor in self.world.actors[2:]:
            actor.crash()
        self.network.run(1)
        holder.say(50)
        self.network.run(1)
        late.start()
        self.assertTrue(self.network.run_until(lambda: late.linked_with() == ["P0"], 3))
        assert holder.node is not None
        holder.node.suspend()
        self.network.run(4)
        holder.node.resume()
        self.assertTrue(self.network.run_until(lambda: self.texts(late) == holder.said, 5))

    def test_last_words(self) -> None:
        """An author that dies right after speaking, heard by one peer only: everybody gets it from that one within 3 s."""
        for chosen in (1, 2, 3):
            self.setUp()
            author = self.world.actors[0]
            assert author.node is not None
            heard_by = self.world.actors[chosen].node
            for transport in author.node.transports:
                transport.dead = transport.other.node is not heard_by
            author.say()
            reached = self.network.run_until(
                lambda chosen=chosen: bool(self.texts(self.world.actors[chosen])), 1, 0.001
            )
            self.assertTrue(reached)
            author.crash()
            living = self.world.living()
            self.assertTrue(
                self.network.run_until(lambda living=living: all(self.texts(actor) for actor in living), 3), chosen
            )

    def test_source_that_dies_silently(self) -> None:
        """If the one that was catching us up goes silent, the rest comes from another within 5 s of the link's suspicion."""
        away = self.world.actors[3]
        away.crash()
        self.world.actors[0].say(10_000)
        self.network.run(1)
        self.world.actors[0].crash()
        self.network.run(1)
        away.start()
        assert away.node is not None
        self.assertTrue(self.network.run_until(lambda: len(self.texts(away)) > 100, 5))
        for transport in list(away.node.transports):
            far: Transport = transport.other
            if far.node is self.world.actors[1].node:
                transport.dead = True
        self.assertTrue(self.network.run_until(lambda: len(self.texts(away)) == 10_000, 12))
        self.assertEqual(self.texts(away), self.world.actors[0].said)

    def test_long_cut(self) -> None:
        """After a cut of 15 minutes, however they had found each other, all are linked and hold the same within 5 s."""
        for seed in range(3):
            self.world = World(seed, 4, (lambda number: [0]) if seed % 2 else None, apart=not seed % 2)
            self.network = self.world.network
            for actor in self.world.actors:
                actor.start()
            self.assertTrue(self.network.run_until(self.world.meshed, 3))
            alone = self.world.actors[1 + seed % 3].node
            assert alone is not None
            self.network.partition([[alone]])
            for _ in range(9):
                self.network.run(100, 0.1)
                for actor in self.world.actors:
                    actor.say()
            self.assertFalse(self.world.meshed())
            self.network.heal()
            whole = self.network.run_until(lambda: self.world.meshed() and self.world.equal(), SETTLED_WITHIN)
            self.assertTrue(whole, f"seed {seed}: {[actor.linked_with() for actor in self.world.actors]}")
