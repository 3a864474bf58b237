"""A group of simulated peers: real ones in everything but their reactor, and what each of them showed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from random import Random
from typing import Any

from tests.simulation.disk import Disk, DiskStore, Written
from tests.simulation.network import Network, Node
from twisted_chat.assembly import assemble
from twisted_chat.core.events import Event
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.ids import MessageId, Ticket
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.messages import Messages
from twisted_chat.core.replication.store import Store
from twisted_chat.net.mesh import Mesh
from twisted_chat.peer import NetworkSettings, Parts, Peer, PeerSettings

HOST = "127.0.0.1"
FIRST_PORT = 5000
EVERYTHING = 10**6
"""More messages than there are in a story."""
START = 1_763_800_000.0
"""The wall clock when a simulation begins."""


class Actor:
    """A person with one key, who runs one peer after another. `lives` has what each life showed."""

    def __init__(self, world: World, number: int, neighbours: list[int]) -> None:
        self.world = world
        self.number = number
        self.name = f"P{number}"
        self.identity = Identity(blake2b(f"{world.seed}/{number}".encode(), digest_size=32).digest())
        self.neighbours = neighbours
        self.skew = world.network.random.uniform(-3, 3)
        self.pace = 1.0
        """How fast the wall clock runs."""
        self.epochs: list[int] = []
        """Those begun in the current life."""
        self.disk = Disk(world.written)
        self.store: Callable[[Disk, Node], Store] = DiskStore
        """What keeps what is on the disk, from the next start on."""
        self.started_with: dict[FeedId, int] = {}
        self.lives: list[list[Event]] = []
        self.said: list[str] = []
        self.node: Node | None = None
        self.peer: Peer | None = None

    def start(self) -> None:
        """Start a peer."""
        world = self.world
        self.node = world.network.node()
        dialed = tuple(world.address(other) for other in self.neighbours)
        self.peer = assemble(
            self.node,
            PeerSettings(self.name, Group(), NetworkSettings(*world.address(self.number), dialed)),
            Parts(self.identity, self.store(self.disk, self.node), new_epoch=self._new_epoch),
            self.wall,
        )
        shown: list[Event] = []
        self.epochs = []
        self.lives.append(shown)
        self.started_with = {batch.feed: batch.last for batch in self.disk.batches}
        self.peer.conversation.watch(shown.append)
        self.peer.listen()
        self.peer.start().addErrback(lambda reason: reason.raiseException())

    def wall(self) -> float:
        """What this person's clock says."""
        return START + self.world.network.clock.seconds() * self.pace + self.skew

    def _new_epoch(self) -> int:
        self.epochs.append(self.world.network.random.getrandbits(53))
        return self.epochs[-1]

    def crash(self) -> None:
        """Kill the peer."""
        assert self.node is not None
        self.node.crash()
        self.node = self.peer = None

    @property
    def mesh(self) -> Mesh:
        """The running peer's mesh."""
        assert self.peer is not None
        return self.peer.mesh

    def say(self, count: int = 1) -> None:
        """Say `count` things nobody ever said before."""
        assert self.peer is not None
        for _ in range(count):
            text = f"{self.name}.{len(self.said)}"
            self.said.append(text)
            self.world.said.append(self.peer.conversation.say(text))

    def amend(self, random: Random) -> None:
        """Say one of the things that change what another message is, about any that was ever said, own or not, here or not."""
        assert self.peer is not None
        ids = [id for ticket in self.world.said[-20:] if (id := ticket.id) is not None]
        voice = self.peer.conversation.voice
        for id in random.choices(ids, k=min(len(ids), random.choice([1, 1, 5]))):
            text = f"{self.name}: {random.random()}"
            ways = [partial(voice.react, id, random.choice(["", "👍", "❤", "1"]))]
            if id.author == voice.id:
                ways += [
                    partial(voice.edit, id, text),
                    partial(voice.retract, id),
                    partial(voice.close, id),
                ]
            self.said.append(text)
            self.world.amendments.append(random.choice(ways)())

    def reads(self) -> list[tuple[Any, ...]]:
        """Return what this peer shows of all that was said."""
        assert self.peer is not None
        found: list[Sequence[Messages]] = []
        self.peer.conversation.history(EVERYTHING).addCallback(found.append)
        return [
            (each.id, each.records, each.retracted, each.closed, [(tally.text, tally.members) for tally in each.tally])
            for each in found[0]
        ]

    def shown(self) -> list[str]:
        """Return all texts shown in the current life, own ones included."""
        return [record.text for event in self.lives[-1] if isinstance(event, Messages) for record in event.records]

    def held(self) -> dict[FeedId, tuple[int, int]]:
        """Return the durable range of every feed held."""
        assert self.peer is not None
        return {
            feed: (holding.kept_low, holding.kept_high)
            for feed, holding in self.peer.replica.holdings.items()
            if holding.kept_high
        }

    def linked_with(self) -> list[str]:
        """Return the names at the other ends of all ready links, with repetitions if there are any."""
        return sorted(link.hello.name for link in self.mesh.links)


class World:
    """Some actors on one network, everything drawn from `seed`."""

    def __init__(
        self,
        seed: int,
        count: int,
        neighbours: Callable[[int], list[int]] | None = None,
        apart: bool = False,
    ) -> None:
        """`neighbours` says whom each dials, everybody by default. On hosts `apart` nobody dials whom others tell of."""
        self.seed = seed
        random.seed(seed)  # when somebody is dialed again is Twisted's to draw
        self.apart = apart
        self.network = Network(Random(seed))
        self.written: set[Written] = set()
        self.said: list[Ticket] = []
        self.amendments: list[Ticket] = []
        """What was said that is no message."""
        everybody = list(range(count))
        self.actors = [self.cast(number, neighbours(number) if neighbours else everybody) for number in everybody]

    def cast(self, number: int, neighbours: list[int]) -> Actor:
        """Return a new actor who calls these others."""
        return Actor(self, number, neighbours)

    def address(self, number: int) -> tuple[str, int]:
        """Return where an actor listens."""
        return (f"1.0.0.{number}", FIRST_PORT) if self.apart else (HOST, FIRST_PORT + number)

    def silent(self) -> set[MessageId]:
        """Return the ids of what was said that is no message."""
        return {id for ticket in self.amendments if (id := ticket.id) is not None}

    def living(self) -> list[Actor]:
        """Return those that run a peer now."""
        return [actor for actor in self.actors if actor.peer is not None]

    def meshed(self) -> bool:
        """Whether every living peer has exactly one link with every other living peer."""
        names = sorted(actor.name for actor in self.living())
        return all(actor.linked_with() == [name for name in names if name != actor.name] for actor in self.living())

    def equal(self) -> bool:
        """Whether every living peer holds the same, durably."""
        held = [actor.held() for actor in self.living()]
        return all(one == held[0] for one in held)
