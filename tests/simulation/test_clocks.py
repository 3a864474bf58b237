"""Conversations of people whose clocks are wrong, among them somebody whose clock lies."""

from __future__ import annotations

from random import Random

from twisted.internet.protocol import ClientFactory
from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_opening import introduce
from tests.kit.mischief import carry
from tests.kit.signing import Writer
from tests.net.test_mesh import Caller
from tests.simulation.hostile import CLOCKS, YEAR, fired
from tests.simulation.plotter import EDGES
from tests.simulation.world import START, Actor, World
from twisted_chat.core.clock import COUNTED, LEAD
from twisted_chat.core.messages import Messages
from twisted_chat.core.wire.frames import Digest, Have


class ClockTests(SynchronousTestCase):
    """Ana's clock has no battery, Bia's is years ahead and runs fast, Cai's is years behind; Dan's is right."""

    def setUp(self) -> None:
        self.world = World(3, 4)
        self.network = self.world.network
        self.random = Random(3)
        for actor, skew in zip(self.world.actors, (-START, 3 * YEAR, -5 * YEAR, 0.0), strict=True):
            actor.skew = skew
        self.world.actors[1].pace = 20.0
        self.start()
        self.told: list[str] = []
        self.records = 0

    def start(self) -> None:
        for actor in self.world.actors:
            actor.start()
        self.assertTrue(self.network.run_until(self.world.meshed, 5))
        self.network.run(1.0, 0.05)

    def say(self, actor: Actor) -> None:
        """Somebody says something: the others are shown it within a second, as what was said last, neither late nor missed."""
        actor.say()
        self.told.append(actor.said[-1])
        self.network.run(1.0, 0.05)
        for each in self.world.actors:
            messages = [event for event in each.lives[-1] if isinstance(event, Messages) and event.name.startswith("P")]
            self.assertEqual(messages[-1].records[-1].text, self.told[-1], each.name)
            self.assertFalse(messages[-1].late or messages[-1].missed, each.name)

    def histories(self) -> list[list[str]]:
        """Return what each is shown of what honest ones said."""
        found = [fired(actor.peer.conversation.history(10**6)) for actor in self.world.actors if actor.peer]
        return [[each.records[0].text for each in history if each.name.startswith("P")] for history in found]

    def lie(self, caller: Caller, number: int) -> None:
        """Somebody hostile says something at a time where something begins or ends."""
        eve = Writer(9, epoch=number)
        first = eve.forge(eve.sign(None, "mad"), lc=min(self.random.choice(EDGES), 2**53 - 9))
        caller.say(carry(first))
        self.records += 1

    def converse(self, rounds: int, jumping: bool, caller: Caller | None = None) -> None:
        for _ in range(rounds):
            actor = self.random.choice(self.world.actors)
            if jumping:
                actor.skew = self.random.choice(CLOCKS)
            if caller is not None:
                self.lie(caller, len(self.told))
                self.network.run(0.3, 0.05)
            self.say(actor)
        self.assertEqual(self.histories(), [self.told] * 4)

    def restart(self) -> None:
        """Everybody leaves, and comes back."""
        for actor in self.world.actors:
            actor.crash()
        self.network.run(1.0, 0.05)
        self.start()

    def test_wrong_clocks(self) -> None:
        """They talk as others do, whoever answers whom: all print one order, that of the talk, over restarts as well."""
        self.converse(20, jumping=False)
        self.restart()
        self.converse(10, jumping=False)

    def test_jumping_clocks(self) -> None:
        """Clocks that jump by years and back split no conversation."""
        self.converse(30, jumping=True)

    def test_a_lying_clock(self) -> None:
        """Whatever numbers somebody hostile uses, no message is hidden, put off or marked, and the numbers are not used up."""
        caller = Caller(introduce(9))
        factory = ClientFactory.forProtocol(lambda: caller)
        factory.noisy = False
        self.network.node().connectTCP(*self.world.address(0), factory)
        self.network.run(0.5)
        caller.say(Digest({}))
        caller.say(Have({}, True))
        self.converse(30, jumping=True, caller=caller)
        for actor in self.world.actors:
            assert actor.peer is not None
            newest = actor.peer.replica._hybrid.newest
            self.assertLess(newest, COUNTED + 2 * LEAD * (self.records + len(self.told)))
        self.restart()
        self.converse(10, jumping=True)
