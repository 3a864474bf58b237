"""Random stories: everything that can happen to peers and networks, in any order, and what must hold all the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random

from tests.simulation.disk import Disk
from tests.simulation.network import BUFFER
from tests.simulation.world import Actor, World
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Messages

SETTLED_WITHIN = 5.0
"""Seconds after the last trouble within which all must hold the same (promise P4)."""
RELINKED_WITHIN = 60.0
"""Seconds within which links that died unnoticed must have been found out and replaced."""
MOST_BUFFERED = BUFFER + 3 * 64 * 1024
"""Bytes: a full buffer, one page, and control frames."""


class Violation(AssertionError):
    """A promise was broken; the message says which, and with which seed."""


class Story:
    """A world and the random things that happen in it."""

    def __init__(self, seed: int, count: int, world: World | None = None) -> None:
        self.world = world or World(seed, count)
        self.random = Random(seed + 1)
        self.backups: dict[Actor, Disk] = {}
        self._checked: dict[int, int] = defaultdict(int)
        self._numbers: dict[int, dict[FeedId, int]] = defaultdict(dict)

    def fail(self, what: str) -> None:
        """Say what is wrong and how to see it again."""
        raise Violation(f"{what} (seed {self.world.seed}, {len(self.world.actors)} peers)")

    # What happens.

    def step(self) -> None:
        """Let one random thing happen, and some time pass."""
        self.random.choice(self.happenings())()
        self.world.network.run(self.random.choice([0.01, 0.05, 0.3, 1.0, 4.0]))
        self.check()

    def happenings(self) -> list[Callable[[], None]]:
        """Return what may happen, what happens more often more than once."""
        return [
            self.say, self.say, self.say, self.amend, self.amend,
            self.start, self.start, self.crash, self.suspend, self.resume, self.cut_link,
            self.partition, self.heal, self.back_up, self.restore,
        ]  # fmt: skip

    def _one(self, actors: list[Actor]) -> Actor | None:
        return self.random.choice(actors) if actors else None

    def _awake(self) -> list[Actor]:
        return [actor for actor in self.world.living() if actor.node is not None and not actor.node.suspended]

    def say(self) -> None:
        """Somebody says something, or a lot."""
        actor = self._one(self._awake())
        if actor is not None:
            actor.say(self.random.choice([1, 1, 3, 50, 1500]))

    def amend(self) -> None:
        """Somebody reacts to what was said, corrects it, takes it back."""
        actor = self._one(self._awake())
        if actor is not None:
            actor.amend(self.random)

    def start(self) -> None:
        """Somebody comes."""
        actor = self._one([actor for actor in self.world.actors if actor.peer is None])
        if actor is not None:
            actor.start()

    def crash(self) -> None:
        """Somebody's peer is killed."""
        actor = self._one(self.world.living())
        if actor is not None:
            actor.crash()

    def suspend(self) -> None:
        """Somebody's peer is stopped for a while."""
        actor = self._one(self._awake())
        if actor is not None and actor.node is not None:
            actor.node.suspend()

    def resume(self) -> None:
        """Somebody's peer goes on."""
        for actor in self.world.living():
            if actor.node is not None and actor.node.suspended:
                actor.node.resume()
                return

    def cut_link(self) -> None:
        """A connection dies, for one end or for none, without a word."""
        actor = self._one(self.world.living())
        if actor is not None and actor.node is not None and actor.node.transports:
            transport = self.random.choice(actor.node.transports)
            transport.dead = True
            if self.random.random() < 0.5:
                transport.abortConnection()

    def partition(self) -> None:
        """The network falls apart."""
        nodes = [actor.node for actor in self.world.living() if actor.node is not None]
        self.random.shuffle(nodes)
        self.world.network.partition([nodes[: self.random.randint(0, len(nodes))]])

    def heal(self) -> None:
        """The network is whole again."""
        self.world.network.heal()

    def back_up(self) -> None:
        """Somebody copies their disk."""
        actor = self._one(self.world.actors)
        if actor is not None:
            self.backups[actor] = actor.disk.copy()

    def restore(self) -> None:
        """Somebody whose peer is down goes back to an old copy, or to an empty disk, if others have what is there."""
        actor = self._one([actor for actor in self.world.actors if actor.peer is None])
        if actor is not None and self._others_hold(actor):
            actor.disk = self.backups.pop(actor, None) or Disk(self.world.written)

    def _others_hold(self, actor: Actor) -> bool:
        others = [other.disk.places for other in self.world.actors if other is not actor]
        return all(any(place in places for places in others) for place in actor.disk.places)

    # What must hold.

    def check(self) -> None:
        """What must hold at every moment."""
        for actor in self.world.living():
            self._check_shown(actor)
            self._check_announced(actor)
            self._check_buffers(actor)

    def _check_buffers(self, actor: Actor) -> None:
        """No link has more waiting than is promised."""
        assert actor.node is not None
        for transport in actor.node.transports:
            if transport.buffered > MOST_BUFFERED:
                self.fail(f"{actor.name} has {transport.buffered} bytes buffered for one link")

    def _check_shown(self, actor: Actor) -> None:
        """Every feed is shown from its first record on, without gaps and without repetitions, in each life."""
        life = actor.lives[-1]
        numbers = self._numbers[id(life)]
        silent = self.world.silent()
        for event in life[self._checked[id(life)] :]:
            if isinstance(event, Messages):
                held = numbers.get(event.feed, actor.started_with.get(event.feed, 0))
                while event.first > held + 1 and MessageId(*event.feed, held + 1) in silent:
                    held += 1
                if event.first != held + 1:
                    self.fail(f"{actor.name} was shown {event.name} {event.first} after {held}")
                numbers[event.feed] = held + len(event.records)
        self._checked[id(life)] = len(life)

    def _check_announced(self, actor: Actor) -> None:
        """What a peer says that it holds is on its disk, but for what it is just being told was dropped for a fork."""
        assert actor.peer is not None
        for feed, (_, high) in actor.held().items():
            if high > actor.disk.highs.get(feed, 0) and not actor.peer.replica.holdings[feed].cutting:
                self.fail(
                    f"{actor.name} announces {high} of {feed}, {actor.disk.highs.get(feed, 0)} of which are written"
                )

    def settle(self) -> None:
        """End all trouble, and check that within the promised time everybody holds the same and nothing is lost."""
        network = self.world.network
        network.heal()
        for actor in self.world.actors:
            if actor.peer is None:
                actor.start()
            elif actor.node is not None and actor.node.suspended:
                actor.node.resume()
        if not self._lasting(self.world.meshed, RELINKED_WITHIN):
            self.fail(f"links after {RELINKED_WITHIN} s: {[actor.linked_with() for actor in self.world.actors]}")
        if not network.run_until(self.world.equal, SETTLED_WITHIN):
            self.fail(f"{SETTLED_WITHIN} s after the network healed, peers hold different things")
        self.check()
        self._check_nothing_lost()
        self._check_alike()

    def _check_alike(self) -> None:
        """Everybody reads the same: what was corrected, what was taken back, who thinks what of it."""
        reads = {actor.name: actor.reads() for actor in self.world.actors}
        first, *others = reads.values()
        if any(other != first for other in others):
            self.fail("peers that hold the same show different things")

    def _lasting(self, condition: Callable[[], bool], seconds: float, step: float = 0.01) -> bool:
        """Whether `condition` comes to hold for three seconds on end."""
        network = self.world.network
        deadline = network.clock.seconds() + seconds
        while network.run_until(condition, deadline - network.clock.seconds(), step):
            if not network.run_until(lambda: not condition(), 3.0, step):
                return True
        return False

    def _check_nothing_lost(self) -> None:
        """Whatever was ever written to any disk is on every disk now."""
        for actor in self.world.actors:
            missing = self.world.written - actor.disk.places
            if missing:
                self.fail(f"{actor.name} lacks {len(missing)} batches that were on a disk")
