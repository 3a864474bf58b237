"""Meshes that are not full: everybody gets everything, and hardly anything is sent twice."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.graphs import Crowd, edges
from twisted_chat.core.messages import Messages

MOST = 1.3
"""How many times the least possible may be sent once trees have formed."""


class GraphTests(SynchronousTestCase):
    """Trees form in any connected graph."""

    def talk(self, graph: str, peers: int, first_within: float, then_within: float) -> None:
        """Two talks: while trees form, and once they have."""
        crowd = Crowd(graph, peers)
        forming = crowd.talk(5, 1, first_within)
        self.assertLess(forming.excess, 2 * MOST, forming)
        settled = crowd.talk(5, 4, then_within)
        self.assertLess(settled.excess, MOST, settled)
        for actor in crowd.world.actors:
            numbers: dict[object, int] = {}
            for event in actor.lives[-1]:
                if isinstance(event, Messages):
                    self.assertEqual(event.first, numbers.get(event.feed, 0) + 1, "in each author's order, each once")
                    numbers[event.feed] = event.first + len(event.records) - 1

    def test_ring(self) -> None:
        """A ring of 30."""
        self.talk("ring", 30, 5, 1)

    def test_chain(self) -> None:
        """A chain of 20: the longest way there is."""
        self.talk("chain", 20, 5, 1)

    def test_star(self) -> None:
        """A star of 30."""
        self.talk("star", 30, 2, 1)

    def test_random(self) -> None:
        """A random graph of 30 with 6 links each."""
        self.talk("random", 30, 2, 1)

    def test_full(self) -> None:
        """A full mesh of 10: not one batch more than must be."""
        crowd = Crowd("full", 10)
        self.assertEqual(crowd.talk(5, 4, 1).excess, 1.0)

    def test_a_cut_ring_heals(self) -> None:
        """A tree whose branch breaks off finds another way round within 3 s, and nothing is missing or doubled."""
        crowd = Crowd("ring", 10)
        crowd.talk(3, 2, 5)
        actors = crowd.world.actors
        assert actors[5].node is not None
        actors[5].crash()
        actors[0].say(5)
        living = crowd.world.living()
        self.assertTrue(crowd.world.network.run_until(lambda: all(len(actor.shown()) == 11 for actor in living), 3))

    def test_edges(self) -> None:
        """The graphs are what they are called."""
        self.assertEqual(len(edges("full", 5, 0, 0)), 10)
        self.assertEqual(edges("ring", 4, 0, 0), {(0, 1), (1, 2), (2, 3), (0, 3)})
        self.assertEqual(edges("star", 4, 0, 0), {(0, 1), (0, 2), (0, 3)})
        self.assertEqual(edges("chain", 4, 0, 0), {(0, 1), (1, 2), (2, 3)})
        self.assertEqual(len(edges("random", 30, 6, 0)), 90)
        self.assertLess(edges("ring", 30, 0, 0), edges("random", 30, 6, 0))
