"""Who is here in meshes that are not full: each tells the others whom it is linked with."""

from __future__ import annotations

from tests.core.wire.test_opening import introduce
from tests.net.test_mesh import HOST, LINKED_WITHIN, MeshTestCase
from tests.simulation.world import FIRST_PORT, Actor, World
from twisted_chat.core.events import Event, Joined, Left, Lost, Reachable, Unreachable
from twisted_chat.core.people.presence import SETTLE_SECONDS
from twisted_chat.core.wire.frames import Linked
from twisted_chat.net.company import LINKED_INTERVAL

WITHIN = LINKED_INTERVAL + SETTLE_SECONDS + 0.5
"""Seconds within which people are told who is here no longer, or through others only."""


class CompanyTestCase(MeshTestCase):
    """What peers say of who is where."""

    def told(self, actor: Actor) -> list[Event]:
        """Return what an actor's peer told of comings and goings."""
        kinds = (Joined, Left, Lost, Reachable, Unreachable)
        return [event for event in actor.lives[-1] if isinstance(event, kinds)]

    def where(self, actor: Actor) -> tuple[list[str], list[tuple[str, str]], list[str]]:
        """Return who is linked, who is reachable through whom, and who is gone, as an actor's peer sees it."""
        assert actor.peer is not None
        places = actor.peer.conversation.presence.whereabouts()
        return (
            [member.shown for member in places.linked],
            [(member.shown, ", ".join(through)) for member, through in places.reachable],
            [member.shown for member in places.gone],
        )


class StarTests(CompanyTestCase):
    """P0 and P2 are linked with P1 alone."""

    def star(self) -> World:
        """Start all, and have each say something."""
        world = World(1, 3, lambda number: [] if number == 1 else [1], apart=True)
        for actor in world.actors:
            actor.start()
        world.network.run(LINKED_WITHIN)
        for actor in world.actors:
            actor.say()
        world.network.run(WITHIN)
        return world

    def test_reachable(self) -> None:
        """The two know of each other that they are here, and through whom."""
        world = self.star()
        self.assertEqual(self.where(world.actors[0]), (["P1"], [("P2", "P1")], []))
        self.assertEqual(self.where(world.actors[2]), (["P1"], [("P0", "P1")], []))
        self.assertEqual(self.where(world.actors[1]), (["P0", "P2"], [], []))
        self.assertEqual(self.told(world.actors[0])[1:], [Reachable("P2", "P1")])

    def test_leaves(self) -> None:
        """If one leaves, the one in between says so, and the other is told that it is out of reach."""
        world = self.star()
        assert world.actors[2].peer is not None
        world.actors[2].peer.stop()
        world.network.run(WITHIN)
        self.assertEqual(self.told(world.actors[1])[-1], Left("P2"))
        self.assertEqual(self.told(world.actors[0])[-1], Unreachable("P2"))
        self.assertEqual(self.where(world.actors[0]), (["P1"], [], ["P2"]))

    def test_between(self) -> None:
        """If the one in between crashes, each end is told of both others."""
        world = self.star()
        world.actors[1].crash()
        world.network.run(WITHIN)
        for end, other in ((0, "P2"), (2, "P0")):
            self.assertEqual(self.told(world.actors[end])[-2:], [Lost("P1"), Unreachable(other)])
            self.assertEqual(self.where(world.actors[end]), ([], [], ["P1", other]))


class FullTests(CompanyTestCase):
    """Everybody is linked with everybody."""

    def test_nobody_is_told_twice(self) -> None:
        """That others are reachable as well is nothing to tell: each is said once to have come."""
        world = self.world(3, 5)
        self.settled(world, LINKED_WITHIN)
        for actor in world.actors:
            self.assertEqual([type(event) for event in self.told(actor)], [Joined] * 4)
            self.assertEqual(len(self.where(actor)[0]), 4)

    def test_crash(self) -> None:
        """Who crashes is lost, once, to each of the others."""
        world = self.world(4, 4)
        self.settled(world, LINKED_WITHIN)
        world.actors[3].crash()
        world.network.run(WITHIN)
        for actor in world.actors[:3]:
            self.assertEqual(self.told(actor)[3:], [Lost("P3")])

    def test_cut_between_two(self) -> None:
        """If the link between two is cut and no other takes its place, each is told through whom the other still hears."""
        world = self.world(5, 3)
        self.settled(world, LINKED_WITHIN)
        one, other = world.actors[0], world.actors[1]
        for actor, far in ((one, other), (other, one)):
            actor.mesh.calls.stop()
            del world.network.listeners[(HOST, FIRST_PORT + far.number)]
        for link in [link for link in one.mesh.links if link.member == other.identity.id]:
            link.abort()
        world.network.run(WITHIN)
        self.assertEqual(self.told(one)[2:], [Lost("P1", "P2")])
        self.assertEqual(self.told(other)[2:], [Lost("P0", "P2")])
        self.assertEqual(self.where(one), (["P2"], [("P1", "P2")], []))

    def test_nothing_more(self) -> None:
        """Where nothing changes nothing is said."""
        world = self.world(6, 3)
        self.settled(world, LINKED_WITHIN)
        caller = self.call(world, world.actors[0], introduce(9))
        world.network.run(WITHIN)
        said = [frame for frame in caller.heard if isinstance(frame, Linked)]
        self.assertEqual(len(said), 1)
        self.assertEqual(len(said[0].members), 3)
