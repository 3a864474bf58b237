"""What is fed: the decoders, the opening, and a whole peer, by a stranger and by a member. Each may refuse, in its own way.

A target raises whatever it finds wrong; everything is drawn from the `Random` it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from random import Random
from types import NoneType
from typing import Any

import msgspec
from msgspec import Raw
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher

from tests.core.wire.test_opening import introduce
from tests.fuzz.mutation import LINES, chunks, mangled, mutated, reworded
from tests.net.test_link import Connection
from twisted_chat.assembly import assemble
from twisted_chat.core import errors
from twisted_chat.core.errors import BadText, Refusal
from twisted_chat.core.feeds.batches import MAX_BODY, Batch, parse_batch, sign_batch
from twisted_chat.core.feeds.records import Away, KnownRecord, Nick, Private, Say, Topic
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.replication.listings import MAX_HAVE
from twisted_chat.core.wire.frames import Auth, BatchFrame, Digest, ForkFrame, Have, Range, Stop, Want, decode, encode
from twisted_chat.core.wire.opening import Dismissed, Introduction, Opening, Role, Slow, Step
from twisted_chat.peer import NetworkSettings, Parts, Peer, PeerSettings
from twisted_chat.speech import answers
from twisted_chat.speech.events import sentences
from twisted_chat.storage.memory import MemoryStore

START = 1_763_800_000
HOST = "127.0.0.1"
GROUP = Group()
KEPT = 1024 * 1024
"""Bytes the peer's store may have: little, so that it gives up what is old all the time."""
QUOTA = 200_000
SESSION = 500
"""Inputs for one peer before there is a new one."""
RECORDS: tuple[KnownRecord, ...] = (
    Say("hi"), Say("waves", "#tea", True), Topic("#tea", "green"), Nick("Zoe"), Away("lunch"), Away(),
    Private(b"z" * 32, b"s", b"c"),
)  # fmt: skip


class Crash(Exception):
    """Something went wrong that nobody raised: it was logged, or a bound was exceeded."""


def decoders(random: Random) -> None:
    """`decode` refuses with `protocol` or returns a frame that survives the way back. So does `parse_batch`, and then every
    record passes its own check."""
    data = mutated(random, random.choice(LINES))
    try:
        frame = decode(data)
        if frame is not None and not isinstance(frame, (BatchFrame, ForkFrame)):
            assert decode(encode(frame)[:-1]) == frame
    except Refusal as refusal:
        assert refusal.reason == errors.PROTOCOL
    body = mutated(random, _body(random))
    try:
        batch = parse_batch(b"s" * 64, body)
    except Refusal as refusal:
        assert refusal.reason == errors.PROTOCOL
        return
    assert len(body) <= MAX_BODY
    for record in batch.records:
        record.check()
    if _is_text(body):  # as all that comes over a link is
        assert decode(batch.line[:-1]) is not None


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def openings(random: Random) -> None:
    """Two ends talk, one line or another is not what it was: each end refuses, is dismissed, or goes on; neither is ever ready
    after a line it took was not what the other had said. (The signature in `auth` speaks for itself.)"""
    closed = random.random() < 0.02
    tls = closed or random.random() < 0.3
    ends = [
        Opening(_closed(introduce(number), closed), role, tls)
        for number, role in ((1, Role.DIALER), (2, Role.LISTENER))
    ]
    line, turn, meddled = ends[1].begin(), 0, False
    for _ in range(8):
        if not line:
            return
        said = line[:-1]
        if random.random() < 0.3:
            said = mutated(random, said if random.random() < 0.8 else random.choice(LINES))
            meddled |= said != line[:-1] and not isinstance(_decoded(said), (Auth, NoneType))
        try:
            line = _answer(ends[turn], ends[turn].receive(said))
            if all(end.step is Step.SECURED for end in ends):
                line = b""
                for end in ends:
                    line += _answer(end, end.secured(b"c" * 32))
                turn = 0
            assert not (meddled and ends[turn].step is Step.READY)
        except (Refusal, Dismissed):
            return
        turn = 1 - turn


def _decoded(line: bytes) -> object:
    """Return the frame on a line, None if there is none that counts."""
    try:
        return decode(line)
    except Refusal:
        return None


def _closed(introduction: Introduction, closed: bool) -> Introduction:
    if closed:
        introduction.group = Group("chat", closed=True)
        introduction.passphrase = "open sesame, please"
    return introduction


def _answer(end: Opening, answer: Any) -> bytes:
    while isinstance(answer, Slow):
        answer.compute()
        answer = answer.then()
    return bytes(answer)


def _body(random: Random) -> bytes:
    records = random.sample(RECORDS, random.randint(1, 3))
    return sign_batch(_ZOE, GROUP, 7, 1, b"", START * 1000, START * 1_000_000, "Zoe", records).body


_ZOE = Identity(b"z" * 32)
_ANA = Identity(b"a" * 32)


class Line:
    """The hostile end of a connection with the peer."""

    def __init__(self, peer: Peer, number: int, introduction: Introduction | None) -> None:
        """Connect, and go through the opening as `introduction` says; None for a stranger who does not."""
        self.transport = Connection(peerAddress=IPv4Address("TCP", HOST, number))
        link = peer.mesh.build_link(Role.LISTENER, HOST)
        assert link is not None
        self.link = link
        self.transport.protocol = link
        link.makeConnection(self.transport)
        opening = introduction and Opening(introduction, Role.DIALER)
        while opening is not None and opening.step is not Step.READY and self.transport.connected:
            said = self.transport.value()
            self.transport.clear()
            for line in said.split(b"\n")[:-1]:
                if opening.step is not Step.READY:
                    self.send(_answer(opening, opening.receive(line)))

    @property
    def open(self) -> bool:
        """Whether the peer has not hung up."""
        return bool(self.transport.connected)

    def send(self, data: bytes) -> None:
        """Send, if the peer reads."""
        if self.open and self.transport.producerState != "paused":
            self.link.dataReceived(data)

    def choke(self, random: Random) -> None:
        """Take nothing more, or again, or as before; forget what was taken."""
        self.transport.clear()
        if self.link.ready and self.open and random.random() < 0.1:
            valve = self.transport.producer
            random.choice((valve.pauseProducing, valve.resumeProducing))()


class Target:
    """A peer with all that a person sees of it, and a stranger and two members who do their worst, by a clock."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.reactor = MemoryReactorClock()
        self.calls = 0
        store = MemoryStore(KEPT, self.wall)
        address = NetworkSettings(HOST, 0, ())
        settings = PeerSettings("Ana", GROUP, address, quota=QUOTA)
        self.peer = assemble(self.reactor, settings, Parts(_ANA, store), self.wall)
        self.peer.conversation.watch(sentences)
        self.peer.listen()
        self.peer.start()
        self.members = [Member(random, b"z" * 32), Member(random, b"y" * 32)]
        self.lines: list[Line | None] = [None, None, None]

    def wall(self) -> float:
        """The wall clock."""
        return START + self.reactor.seconds()

    def feed(self) -> None:
        """Send one input over one of the connections, which are made anew when the peer has ended them."""
        which = self.random.randrange(3)
        member = self.members[which - 1] if which else None
        line = self.lines[which]
        if line is None or not line.open:
            line = self.lines[which] = self.connect(member)
        data = member.line() if member else mutated(self.random, self.random.choice(LINES))
        for chunk in chunks(self.random, data + b"\n"):
            line.send(chunk)
        line.choke(self.random)
        if self.random.random() < 0.05:
            self.say()
        self.reactor.advance(10 if self.random.random() < 0.001 else 0.01)
        self.check()

    def connect(self, member: Member | None) -> Line:
        """Return a new connection; a member gets in, as if it had waited as long as is asked of who is refused so often."""
        self.calls += 1
        if member is not None:
            self.peer.mesh.outcomes.setbacks.forget(member.identity.id)
        line = Line(self.peer, self.calls, member and member.introduction())
        if member is not None and not line.link.ready:
            raise Crash("a member was not let in")
        return line

    def say(self) -> None:
        """Say something, unless the own quota is used up."""
        try:
            self.peer.conversation.say("hi")
        except BadText as refusal:
            assert refusal.code == "quota"

    def check(self) -> None:
        """Raise `Crash` if something has grown beyond its bounds."""
        replica, mesh = self.peer.replica, self.peer.mesh
        for neighbour in replica.neighbours.values():
            if len(neighbour.have) > MAX_HAVE or len(neighbour._cursors) > len(replica.holdings):
                raise Crash("a neighbour has grown")
        if len(mesh.links) > len(self.members) + 1 or len(mesh._opening) > 2 or len(mesh.calls) > 200:
            raise Crash(f"{len(mesh.links)} links, {len(mesh._opening)} openings, {len(mesh.calls)} calls")
        if len(self.reactor.getDelayedCalls()) > 500:
            raise Crash("timers pile up")

    def end(self) -> None:
        """Look at what a person may look at, and leave."""
        for line in answers.lines(self.peer.status()):
            assert line.isprintable(), line
        self.peer.stop()
        for _ in range(600):
            self.reactor.advance(0.02)
        assert not self.reactor.getDelayedCalls(), self.reactor.getDelayedCalls()


class Member:
    """A member, good at signing. Says what a replica would say, only never quite that."""

    def __init__(self, random: Random, seed: bytes) -> None:
        self.random = random
        self.identity = Identity(seed)
        self.batches: list[Batch] = []
        self.epoch = 7

    def introduction(self) -> Introduction:
        """Return who this says it is: always another process."""
        return Introduction(self.identity, GROUP, "Zoe", 0, self.random.getrandbits(53), self.random.random() < 0.5)

    def line(self) -> bytes:
        """Return one input."""
        random = self.random
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                return self._next().line[:-1]
            case 4 | 5:
                return self._frame()
            case 6:
                one = self._next()
                other = self._next() if random.random() < 0.3 else self._seal(one.first, one.prev, one.lc)
                return encode(ForkFrame(one.signed(), other.signed()))[:-1]
            case 7 | 8:
                body = random.choice((mangled, reworded))(random, self._next().body)
                return self._signed(body)
            case 9:
                return mutated(random, self._next().line[:-1])
            case 10:
                return mutated(random, self._frame())
            case _:
                return mutated(random, random.choice(LINES))

    def _frame(self) -> bytes:
        random = self.random
        author = random.choice((self.identity.id, _ANA.id, random.randbytes(32)))
        low, high = random.choice((1, 1, 5)), random.randrange(1000)
        epochs = [self.epoch, *range(random.choice((0, 3, 900)))]
        ranges = [Range(epoch, low, high) for epoch in epochs]
        frame = random.choice(
            (
                Have({author: ranges}, random.random() < 0.2),
                Want((author, self.epoch), random.choice((1, 1, 10, 2**53 - 1))),
                Stop((author, self.epoch)),
                Digest({author: b"d" * 16}),
            )
        )
        return encode(frame)[:-1]

    def _next(self) -> Batch:
        """Return a batch of this author: the next, one that was before, one that contradicts it, or one beyond a gap."""
        random = self.random
        if random.random() < 0.05:
            self.epoch += 1
            self.batches.clear()
        last = self.batches[-1] if self.batches else None
        first = last.last + 1 if last else 1
        prev = last.hash if last else b""
        lc = (last.last_lc + 1 if last else START * 1_000_000) + random.choice((0, 0, 0, -5, 10**12))
        match random.randrange(12):
            case 0 if last:
                return random.choice(self.batches)
            case 1:
                first += random.choice((-1, 1, 1000))
            case 2:
                prev = b"p" * 32
        batch = self._seal(max(1, first), prev, max(0, lc))
        if first == (last.last + 1 if last else 1):
            self.batches = [*self.batches[-20:], batch]
        return batch

    def _seal(self, first: int, prev: bytes, lc: int) -> Batch:
        records = self.random.sample(RECORDS, self.random.randint(1, 3))
        return sign_batch(self.identity, GROUP, self.epoch, first, prev, START * 1000, lc, "Zoe", records)

    def _signed(self, body: bytes) -> bytes:
        """Return a batch of anything, truly signed."""
        try:
            msgspec.json.decode(body, type=Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return b'{"t":"batch","sig":"","body":' + body + b"}"
        return encode(BatchFrame(GROUP.sign(self.identity, sha256(body).digest()), Raw(body)))[:-1]


def peers(random: Random) -> Iterator[None]:
    """One peer, fed `SESSION` inputs: it takes none of them amiss."""
    faults: list[str] = []

    def look(event: Any) -> None:
        if event.get("isError") or "log_failure" in event:
            faults.append(str(event.get("log_failure") or event))

    globalLogPublisher.addObserver(look)
    try:
        target = Target(random)
        for _ in range(SESSION):
            target.feed()
            if faults:
                raise Crash(faults[0])
            yield
        target.end()
        if faults:
            raise Crash(faults[0])
    finally:
        globalLogPublisher.removeObserver(look)
