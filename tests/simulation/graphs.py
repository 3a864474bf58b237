"""Meshes in which not everybody is linked with everybody, and what replication costs in them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.story import Violation
from tests.simulation.world import Actor, World
from twisted_chat.core.wire.frames import BatchFrame

GRAPHS = ("full", "ring", "star", "chain", "random")
LINKING = 5.0
"""Seconds given to the links."""


def edges(graph: str, count: int, degree: int, seed: int) -> set[tuple[int, int]]:
    """Return the pairs that are linked; `random` is a ring and chords, `degree` links a peer on the average."""
    ring = {(number, (number + 1) % count) for number in range(count)}
    if graph == "full":
        pairs = {(one, other) for one in range(count) for other in range(one)}
    elif graph == "star":
        pairs = {(number, 0) for number in range(1, count)}
    elif graph == "chain":
        pairs = {(number, number + 1) for number in range(count - 1)}
    else:
        pairs = ring
    pairs = {(min(pair), max(pair)) for pair in pairs}
    random = Random(seed)
    while graph == "random" and len(pairs) < min(count * degree // 2, count * (count - 1) // 2):
        one, other = random.sample(range(count), 2)
        pairs.add((min(one, other), max(one, other)))
    return pairs


@dataclass
class Cost:
    """What it took to bring every batch to everybody: `needed` is once to each peer but the author."""

    graph: str
    batches: int
    needed: int
    received: int
    slowest: float
    """The longest time, in seconds, from the end of speaking until all had everything."""

    @property
    def excess(self) -> float:
        """How many times as many batches were sent as had to be."""
        return self.received / self.needed


class Crowd:
    """A world linked as a graph says, with a count of the batches that arrive."""

    def __init__(self, graph: str, count: int, degree: int = 6, seed: int = 0) -> None:
        pairs = edges(graph, count, degree, seed)
        self.graph = graph
        self.world = World(seed, count, lambda number: [other for one, other in pairs if one == number], apart=True)
        self.received = 0
        self._links = 2 * len(pairs)
        for actor in self.world.actors:
            actor.start()
            self._count(actor)
        if not self.world.network.run_until(self._linked, LINKING):
            raise Violation(f"{graph}: not all linked within {LINKING} s")
        self.world.network.run(1)

    def _linked(self) -> bool:
        return sum(len(actor.mesh.links) for actor in self.world.actors) == self._links

    def _count(self, actor: Actor) -> None:
        assert actor.peer is not None
        replica: Any = actor.peer.replica
        receive = replica.receive

        def counting(wire: Any, frame: Any) -> None:
            self.received += isinstance(frame, BatchFrame)
            receive(wire, frame)

        replica.receive = counting

    def talk(self, authors: int, turns: int, within: float) -> Cost:
        """Let some say something every so often, wait until all have it, and return what that took."""
        network, actors = self.world.network, self.world.actors
        before, began = self.received, len(self._batches())
        for _ in range(turns):
            for author in actors[:: max(1, len(actors) // authors)][:authors]:
                author.say()
                network.run(0.05)
        ended = network.clock.seconds()
        if not network.run_until(self._all_have_all, within):
            raise Violation(f"{self.graph}: not everybody has everything {within} s after the last word")
        slowest = network.clock.seconds() - ended
        network.run(3)
        batches = len(self._batches()) - began
        return Cost(self.graph, batches, batches * (len(actors) - 1), self.received - before, slowest)

    def _batches(self) -> set[Any]:
        return self.world.written

    def _all_have_all(self) -> bool:
        said = sum(len(actor.said) for actor in self.world.actors)
        return all(sum(high for _, high in actor.held().values()) == said for actor in self.world.actors)
