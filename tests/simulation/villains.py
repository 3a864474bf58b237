"""Somebody hostile who is a member, and somebody hostile who passes on: they do whatever the protocol allows by type."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.protocol import ClientFactory, Protocol

from tests.kit.mischief import carry
from tests.simulation.plotter import Plotter
from tests.simulation.world import Actor, World
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import (
    MAX_NUMBER,
    BatchFrame,
    Digest,
    Frame,
    Have,
    Ping,
    Pong,
    Range,
    Stop,
    Want,
    decode,
    encode,
)
from twisted_chat.core.wire.opening import Dismissed, Introduction, Opening, Role, Step

WANTED = 200
"""What somebody hostile remembers of what it was asked for over one connection."""


class Intruder(Protocol):
    """A connection of somebody hostile to an honest peer. What is signed by honest ones and heard here, all the hostile know."""

    def __init__(self, villain: Villain, victim: Actor, introduction: Introduction) -> None:
        self.villain = villain
        self.victim = victim
        self.wants: list[Want] = []
        self.offered: dict[FeedId, int] = {}
        """What was offered here and not yet wanted."""
        self._opening = Opening(introduction, Role.DIALER)
        self._rest = b""

    @property
    def ready(self) -> bool:
        """Whether the opening is done."""
        return self._opening.step is Step.READY

    def dataReceived(self, data: bytes) -> None:
        """Go on with the opening, then listen."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                if self.ready:
                    self._hear(decode(line))
                else:
                    self._open(line)
            except (Refusal, Dismissed):
                self.transport.loseConnection()
                return

    def _open(self, line: bytes) -> None:
        answer = self._opening.receive(line)
        assert isinstance(answer, bytes)
        self.transport.write(answer)
        if self.ready:
            digest = Digest({}) if self.villain.random.random() < 0.8 else self.villain.plotter.digest()
            self.say(digest, Have({}, True))

    def _hear(self, frame: Frame | None) -> None:
        if isinstance(frame, BatchFrame):
            self.villain.learn(parse_batch(frame.sig, bytes(frame.body)))
        elif isinstance(frame, Want):
            self.wants = [*self.wants, frame][-WANTED:]
        elif isinstance(frame, Have):
            ranges = [(FeedId(author, each.epoch), each.high) for author, held in frame.feeds.items() for each in held]
            self.offered.update(ranges)
        elif isinstance(frame, Ping) and self.villain.random.random() < 0.9:
            self.say(Pong(frame.n))

    def say(self, *frames: Frame) -> None:
        """Send frames."""
        self.send(b"".join(map(encode, frames)))

    def send(self, data: bytes) -> None:
        """Send lines, once that can be."""
        if self.ready and self.transport.connected:
            self.transport.write(data)

    def connectionLost(self, reason: object = None) -> None:
        """There will be another."""
        self.villain.lost(self)


class Villain:
    """A hostile process, linked with everybody: a member that signs anything, or a relay that passes on as it likes."""

    def __init__(self, world: World, plotter: Plotter, identity: Identity, relay: bool) -> None:
        self.random = world.network.random
        self.plotter = plotter
        self.quiet = False
        """Whether nothing more is done, though the connections stay."""
        self._world = world
        self._identity = identity
        self._relay = relay
        self._node = world.network.node()
        self._node.everywhere = True
        self._intruders: dict[Actor, Intruder] = {}
        self._favoured: set[int] = set()
        """To whom it gives what it withholds from others, for now."""
        self._honest = {actor.identity.id for actor in world.actors}
        self._hashes: set[bytes] = set()
        self._node.callLater(0.1, self._act)

    def leave(self) -> None:
        """Be gone."""
        self._node.crash()

    def rest(self) -> None:
        """Do nothing more, and stay."""
        self.quiet = True

    def learn(self, batch: Batch) -> None:
        """Remember what an honest one said."""
        if batch.feed.author in self._honest and batch.hash not in self._hashes:
            self._hashes.add(batch.hash)
            self.plotter.seen.append(batch)

    def lost(self, intruder: Intruder) -> None:
        """A connection is gone."""
        if self._intruders.get(intruder.victim) is intruder:
            del self._intruders[intruder.victim]

    def _act(self) -> None:
        if not self.quiet and self._node.seconds() > self.plotter.still_until:
            victim = self.random.choice(self._world.actors)
            intruder = self._intruders.get(victim)
            if intruder is None:
                self._call(victim)
            elif intruder.ready:
                self.random.choice(self._relayed() if self._relay else self._anything())(intruder)
        self._node.callLater(self.random.choice([0.01, 0.05, 0.2, 1.0]), self._act)

    def _call(self, victim: Actor) -> None:
        introduction = Introduction(
            self._identity, Group(), self.random.choice(["Mal", "P0", "P1", "Ｐ1"]), self.random.choice([0, 5099]),
            self.random.getrandbits(53), self.random.random() < 0.5,
        )  # fmt: skip
        intruder = self._intruders[victim] = Intruder(self, victim, introduction)
        factory = ClientFactory.forProtocol(lambda: intruder)
        factory.noisy = False
        factory.clientConnectionFailed = lambda connector, reason: self.lost(intruder)
        self._node.connectTCP(*self._world.address(victim.number), factory)

    # What it may do.

    def _anything(self) -> list[Callable[[Intruder], None]]:
        return [
            self.misbehave, self.misbehave, self.misbehave, self.answer, self.answer, self.deceive, self.ambush,
            self.ambush, self.equivocate, self.equivocate, self.repeat, self.hang_up,
        ]  # fmt: skip

    def _relayed(self) -> list[Callable[[Intruder], None]]:
        return [
            self.want, self.want, self.answer, self.answer, self.answer, self.withhold, self.withhold, self.favour,
            self.pass_on, self.misbehave, self.deafen, self.hang_up,
        ]  # fmt: skip

    def misbehave(self, intruder: Intruder) -> None:
        """Send anything."""
        for _ in range(self.random.choice([1, 3, 10])):
            intruder.send(self.plotter.line())

    def answer(self, intruder: Intruder) -> None:
        """Give some of what was asked for."""
        wants, intruder.wants = intruder.wants, []
        if not self._favoured or intruder.victim.number in self._favoured:
            intruder.say(*self.plotter.answers(wants))

    def deceive(self, intruder: Intruder) -> None:
        """Offer what has to be jumped to, or what was jumped over."""
        intruder.say(self.random.choice([self.plotter.plot, self.plotter.reveal, self.plotter.truth])())

    def ambush(self, intruder: Intruder) -> None:
        """Offer the end of a feed that breaks somewhere, give it once it must have been jumped to, and then what lies before."""
        feed = self.plotter.break_feed()
        cut = self.random.choice([0, 2, 4])
        intruder.say(self.plotter.holding(feed[cut:]))
        self._node.callLater(5.8, intruder.say, *map(carry, feed[cut:]), self.plotter.holding(feed))
        self._node.callLater(6.8, intruder.say, *map(carry, feed[:cut]))

    def equivocate(self, intruder: Intruder) -> None:
        """Tell one this, and the others that."""
        this, that = self.plotter.versions()
        for other in self._intruders.values():
            other.say(*map(carry, this if other is intruder else that))

    def repeat(self, intruder: Intruder) -> None:
        """Send something many times."""
        intruder.send(self.plotter.line() * 20)

    def hang_up(self, intruder: Intruder) -> None:
        """Be gone for a moment."""
        if self.random.random() < 0.3:
            intruder.transport.abortConnection()

    def want(self, intruder: Intruder) -> None:
        """Ask for what is offered."""
        for feed in list(intruder.offered)[:20]:
            del intruder.offered[feed]
            intruder.say(Want(feed, 1))

    def favour(self, intruder: Intruder) -> None:
        """Give to some, and to nobody else, from now on."""
        self._favoured = {actor.number for actor in self._world.actors if self.random.random() < 0.5}

    def withhold(self, intruder: Intruder) -> None:
        """Say that of what an honest one said there is the end only, or a part, and give it unasked."""
        honest = [batch for batch in self.plotter.seen if batch.last > 1]
        if honest:
            batch = self.random.choice(honest[-20:])
            high = batch.last if self.random.random() < 0.7 else MAX_NUMBER
            intruder.say(Have({batch.feed.author: [Range(batch.feed.epoch, batch.first, high)]}))
            if self.random.random() < 0.5:
                intruder.say(carry(batch))

    def lure(self, author: bytes) -> None:
        """Offer everybody a piece of what an honest one said, and some seconds later another, further on, and nothing between."""
        self.plotter.still_until = self._node.seconds() + 13
        said = [batch for batch in self.plotter.seen if batch.feed.author == author][-4:]
        for wait, batch in zip((0.0, 6.0), said[1::2], strict=False):
            offer = Have({author: [Range(batch.feed.epoch, batch.first, batch.last)]})
            self._node.callLater(wait, self._tell_all, offer)
            self._node.callLater(wait + 5.8, self._tell_all, carry(batch))

    def _tell_all(self, frame: Frame) -> None:
        for intruder in list(self._intruders.values()):
            if intruder.ready:
                intruder.say(frame)

    def pass_on(self, intruder: Intruder) -> None:
        """Pass on what honest ones said, in any order, or what contradicts it."""
        some = self.random.sample(self.plotter.seen, min(len(self.plotter.seen), 10))
        intruder.say(*map(carry, some))
        if some:
            intruder.say(Stop(some[0].feed), Want(some[0].feed, some[0].first))

    def deafen(self, intruder: Intruder) -> None:
        """Read nothing for a while."""
        intruder.transport.pauseProducing()
        self._node.callLater(self.random.choice([0.5, 5.0]), intruder.transport.resumeProducing)
