"""Two running programs with one key."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.world import Actor, World
from twisted_chat.core.events import Copied, TwoInstances


class CopiesTests(SynchronousTestCase):
    """Ana's data directory was copied to another machine; Bia is somebody else."""

    def start(self, *actors: Actor, world: World) -> None:
        """Start some, and let time pass."""
        for actor in actors:
            actor.start()
        world.network.run(5)

    def warned(self, actor: Actor) -> list[Copied]:
        """Return how an actor was warned that its key is used by another program too."""
        return [event for event in actor.lives[-1] if isinstance(event, Copied)]

    def test_linked(self) -> None:
        """Both are warned, once, and so are the others; whoever comes again alone is not."""
        world = World(5, 3)
        ana, bia, copy = world.actors
        copy.identity = ana.identity
        self.start(ana, bia, copy, world=world)
        ana.say(2)
        copy.say(2)
        world.network.run(5)
        self.assertEqual([self.warned(ana), self.warned(copy)], [[Copied("P0")], [Copied("P2")]])
        self.assertTrue(any(isinstance(event, TwoInstances) for event in bia.lives[-1]))
        self.assertEqual(self.warned(bia), [])
        copies = bia.peer.status().copies
        self.assertEqual(len(copies), 1, "a peer counts once, however many links there are")
        ana.crash()
        copy.crash()
        world.network.run(5)
        self.start(ana, world=world)
        ana.say()
        world.network.run(5)
        self.assertEqual(self.warned(ana), [])

    def test_not_linked(self) -> None:
        """If they can't reach each other it is what the other says that shows it."""
        world = World(6, 3, lambda number: [1], apart=True)
        ana, bia, copy = world.actors
        copy.identity = ana.identity
        self.start(ana, bia, copy, world=world)
        copy.say()
        world.network.run(5)
        self.assertEqual(len(self.warned(ana)), 1)
