"""Somebody hostile who is a member, and somebody hostile who passes on: they do whatever the protocol allows by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from random import Random

import msgspec
from msgspec import Raw
from twisted.internet.protocol import ClientFactory, Protocol

from tests.core.mischief import Mischief, carry
from tests.simulation.world import Actor, World
from twisted_chat.core.clock import COUNTED, LEAD, SPARE
from twisted_chat.core.errors import REASONS, Refusal
from twisted_chat.core.feeds import Batch, FeedId, Group, unseal
from twisted_chat.core.frames import (
    MAX_INT,
    MAX_NUMBER,
    Address,
    BatchFrame,
    Bye,
    Digest,
    Frame,
    Greet,
    Have,
    Linked,
    Peers,
    Ping,
    Pong,
    Range,
    Stop,
    Want,
    decode,
    encode,
)
from twisted_chat.core.keys import Identity
from twisted_chat.core.opening import Dismissed, Introduction, Opening, Role, Step
from twisted_chat.core.private import Seals
from twisted_chat.core.records import Say

EDGES = [0, 1, COUNTED - 1, COUNTED, COUNTED + 2**26, COUNTED + LEAD, COUNTED + LEAD + 1, MAX_INT - 9, MAX_INT]
"""Times at which something begins or ends."""
NAMES = [
    "P0",
    "P1",
    "Ｐ0",
    "P\u200b1",
    "Mal",
    "🔒 P0",
    "\U00013439",
    "M\u2028",
    "a:b",
    "(You) 💬",
    "e\u0301" * 16,
    "",
    "x" * 33,
]
"""Names to be taken under, some of which nobody can have."""
WANTED = 200
"""What somebody hostile remembers of what it was asked for over one connection."""


class Plotter(Mischief):
    """Draws frames for a whole peer: everything a member may say, under any name, to any room, at any time."""

    def __init__(self, random: Random, keys: Sequence[Identity], members: Sequence[bytes]) -> None:
        """`members` are the ids of those who are honest."""
        super().__init__(random, keys)
        self.members = members
        self.texts: dict[tuple[FeedId, int], set[str]] = defaultdict(set)
        """All messages that were signed, by feed and number."""
        self.still_until = 0.0
        """When whoever is hostile does something again: else what is withheld would come to light by accident."""
        self.secrets: set[str] = set()
        """All that were sealed."""

    def line(self) -> bytes:
        """Return any line, that of a frame or of none that anybody knows."""
        if self.random.random() < 0.02:
            return b'{"t":"later","what":[1,{"x":null}]}\n'
        if self.random.random() < 0.15:
            return encode(self.chat())
        return encode(self.frame())

    def chat(self) -> Frame:
        """Return a frame that is not about feeds."""
        random = self.random
        ids = [
            random.choice([*self.members, self.keys[0].id, random.randbytes(32)]) for _ in range(random.randint(0, 9))
        ]
        hosts = ["127.0.0.1", "127.0.0.1", "10.0.0.1", "::1", "fe80::1", "example.org", "", "x" * 64]
        addresses = [Address(id, random.choice(hosts), random.choice([5000, 5001, 5002, 5099, 65535])) for id in ids]
        frames: list[Frame] = [
            Linked(ids), Linked(ids), Peers(addresses), Peers(addresses), Ping(random.randint(0, MAX_INT)),
            Pong(random.randint(0, 9)),
        ]  # fmt: skip
        if random.random() < 0.1:
            frames = [Bye(random.choice([*sorted(REASONS), "anything", ""])), Greet(1, False)]
        return random.choice(frames)

    def batch(self) -> BatchFrame:
        """Return a signed batch: perhaps one that goes on with what was signed before, perhaps none that anybody can take."""
        random, key = self.random, self.random.choice(self.keys)
        epoch = random.choice([1, 1, 1, 2, 3, MAX_INT, random.getrandbits(53)])
        before = [batch for batch in self._signed if batch.feed == (key.id, epoch)]
        last = random.choice(before[-3:]) if before and random.random() < 0.8 else None
        first, prev, lc = (
            (last.last + 1, last.hash, last.last_lc + 1) if last else (1, b"", random.choice(self._times()))
        )
        if random.random() < 0.2:
            first = random.choice(
                [first + random.choice([1, 2, 5]), random.choice([1, 2, 9, MAX_NUMBER - 1, MAX_NUMBER])]
            )
        if random.random() < 0.15:
            prev = random.choice([b"", random.randbytes(32)])
        if random.random() < 0.4:
            lc = random.choice([*self._times(), lc - 1, lc + 5, lc + LEAD, lc + LEAD + 1, lc + 2 * LEAD, lc + SPARE])
        records = [self._record(key) for _ in range(random.choice([1, 1, 2, 3]))]
        name = random.choice(NAMES) if random.random() < 0.2 else "Mal"
        author = key.id if random.random() < 0.95 else random.choice(self.members)
        body = msgspec.json.encode({
            "author": author, "epoch": epoch, "first": first, "prev": prev, "at": random.choice([0, 1_763_800_000_000]),
            "lc": max(0, lc), "name": name, "records": records,
        })  # fmt: skip
        genuine = author == key.id and random.random() < 0.95
        sig = self._group.sign(key, sha256(body).digest()) if genuine else random.randbytes(64)
        with suppress(Refusal):
            batch = unseal(sig, body)
            self._signed.append(batch)
            if genuine:
                self._note(batch)
        return BatchFrame(sig, Raw(body))

    def _times(self) -> list[int]:
        now = self.seen[-1].lc if self.seen else 1_763_800_000_000_000
        return [now, now, now, now + 10**9, now + 10**15, *EDGES]

    def _record(self, key: Identity) -> dict[str, object]:
        random, text = self.random, f"{self.random.random()}"
        if random.random() < 0.05:
            private = Seals(key, self._group).seal(random.choice(self.members), text)
            self.secrets.add(text)
            return {"k": "private", "to": private.to, "sealed": private.sealed, "copy": private.copy}
        kinds: list[dict[str, object]] = [
            {"k": "say", "text": text}, {"k": "say", "text": text}, {"k": "say", "text": text * 100},
            {"k": "say", "text": text, "room": random.choice(["#tea", f"#{text}", "#Ａ", "# "])},
            {"k": "topic", "room": "#tea", "text": text},
            {"k": "nick", "name": random.choice(NAMES)}, {"k": "away", "text": text}, {"k": "away"}, {"k": "later", "x": [1]},
            {"k": "private", "to": random.choice(self.members), "sealed": random.randbytes(40), "copy": b""},
        ]  # fmt: skip
        return random.choice(kinds[:2] if random.random() < 0.7 else kinds)

    def _sign(self, key: Identity, epoch: int, first: int, prev: bytes, lc: int) -> Batch:
        batch = super()._sign(key, epoch, first, prev, lc)
        self._note(batch)
        return batch

    def break_feed(self) -> list[Batch]:
        """Sign a feed that perhaps breaks somewhere, or comes to the end of the numbers."""
        self.plot()
        return self._plots.pop()

    def holding(self, feed: Sequence[Batch]) -> Have:
        """Return that these are held."""
        return self._holding(feed[0], feed[-1].last)

    def versions(self) -> tuple[list[Batch], list[Batch]]:
        """Sign two versions of a new feed, which are the same at first; the other one goes on for longer."""
        key, epoch = self.random.choice(self.keys), self.random.getrandbits(53)
        common = self._sign(key, epoch, 1, b"", 1_763_800_000_000_000)
        ends: list[list[Batch]] = []
        for length in (1, 3):
            feed = [common]
            for _ in range(length):
                feed.append(self._sign(key, epoch, feed[-1].last + 1, feed[-1].hash, feed[-1].last_lc + 1))
            ends.append(feed)
        return ends[0], ends[1]

    def _note(self, batch: Batch) -> None:
        for index, record in enumerate(batch.records):
            if isinstance(record, Say):
                self.texts[batch.feed, batch.first + index].add(record.text)


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
            self.villain.learn(unseal(frame.sig, bytes(frame.body)))
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
