"""Links that lead from memory to memory, and replicas joined by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.replication.ownfeed import Signer
from twisted_chat.core.replication.replica import Replica
from twisted_chat.core.replication.store import PAGE_BYTES, Held, Loaded
from twisted_chat.core.wire.frames import BatchFrame, Frame, Have, Stop, Want, decode, encode
from twisted_chat.storage.memory import MemoryStore

START = 1_763_800_000.0
"""The wall clock when a test begins."""


class Recorder:
    """One end of a link that leads nowhere: what is sent stays in `lines`."""

    durable = True

    def __init__(self, member: bytes = b"o" * 32) -> None:
        self.member = member
        self.writable = True
        self.lines: list[bytes] = []
        self.held = False

    def hold(self, held: bool) -> None:
        """Note whether anything more is to come."""
        self.held = held

    def send(self, frame: Frame) -> None:
        """Keep a frame."""
        self.send_line(encode(frame))

    def send_line(self, line: bytes) -> None:
        """Keep a line."""
        self.lines.append(line)

    def frames(self, *kinds: type[Frame]) -> list[Any]:
        """Return what was sent of these kinds (all if none is given)."""
        sent = [decode(line[:-1]) for line in self.lines]
        return [frame for frame in sent if frame is not None and (not kinds or isinstance(frame, kinds))]

    def take(self, *kinds: type[Frame]) -> list[Any]:
        """Return what was sent of these kinds, and forget all."""
        frames = self.frames(*kinds)
        self.lines.clear()
        return frames

    @property
    def bytes(self) -> int:
        """How much was sent."""
        return sum(map(len, self.lines))


class Wire(Recorder):
    """One end of a link between two replicas. What is sent arrives after a millisecond."""

    def __init__(self, clock: Clock, owner: Party, other: Party) -> None:
        super().__init__(other.id)
        self.clock = clock
        self.owner = owner
        self.open = True
        self.frozen = False
        """Whether what is sent is lost on the way, as on a link that died unnoticed."""
        self.far: Wire
        self.refused: Refusal | None = None
        self.arrived: list[bytes] = []

    def send_line(self, line: bytes) -> None:
        """Send."""
        super().send_line(line)
        self.clock.callLater(0.001, self._arrive, line)

    def _arrive(self, line: bytes) -> None:
        far = self.far
        if self.open and far.open and not self.frozen:
            far.arrived.append(line)
            frame = decode(line[:-1])
            assert frame is not None
            try:
                far.owner.replica.receive(far, frame)
            except Refusal as refusal:
                far.refused = refusal
                far.cut()

    def cut(self) -> None:
        """End the link at both ends."""
        for end in (self, self.far):
            if end.open:
                end.open = False
                end.owner.replica.detach(end)

    def pause(self) -> None:
        """Let the transport's buffer be full."""
        self.writable = False

    def resume(self) -> None:
        """Let the transport's buffer be empty again."""
        self.writable = True
        self.owner.replica.resumed(self)


class SlowStore(MemoryStore):
    """A memory store that keeps what it is given only when told to `commit`, while `slow`."""

    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.waiting: list[Callable[[], None]] = []

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """See `Store.append`."""
        kept = super().append(batch)
        if not self.slow:
            return kept
        later: Deferred[dict[FeedId, int]] = Deferred()
        self.waiting.append(lambda: kept.chainDeferred(later))
        return later

    def commit(self) -> None:
        """Keep what waits."""
        waiting, self.waiting = self.waiting, []
        for keep in waiting:
            keep()


class Party:
    """A replica with an audience that remembers."""

    def __init__(
        self,
        clock: Clock,
        number: int,
        loaded: Loaded | None = None,
        store: Any = None,
        quota: int | None = None,
        watch: list[tuple[int, str, bytes]] | None = None,
        epoch: int = 1,
    ) -> None:
        """`watch` is to note what is told of losses, with `number`; `epoch` is the first of this process."""
        self.clock = clock
        self.identity = Identity(bytes([number]) * 32)
        self.id = self.identity.id
        self.store = store or SlowStore()
        self.shown: list[Batch] = []
        self.missed: list[Batch] = []
        self.forks: list[bytes] = []
        self.relieved_times = 0
        self.flows: list[bool] = []
        self.filled: list[bytes] = []
        self.wires: list[Wire] = []
        self.number = number
        self.watch = [] if watch is None else watch
        epochs = count(epoch)
        self.hybrid = HybridClock(lambda: START + clock.seconds())
        self.replica = Replica(
            Signer(self.identity, Group(), f"P{number}"),
            self.store,
            self,
            clock,
            self.hybrid,
            lambda: next(epochs),
            quota,
        )
        self.replica.flow = self.flows.append
        self.replica.load(loaded or Loaded())
        self.replica.start()

    def accepted(self, batch: Batch, missed: bool) -> None:
        """See `Audience`."""
        self.shown.append(batch)
        if missed:
            self.missed.append(batch)

    def forked(self, author: bytes) -> None:
        """See `Audience`."""
        self.forks.append(author)

    def damaged(self, author: bytes) -> None:
        """See `Audience`."""
        self.watch.append((self.number, "damaged", author))

    def mended(self, author: bytes) -> None:
        """See `Audience`."""
        self.watch.append((self.number, "mended", author))

    def relieved(self) -> None:
        """See `Audience`."""
        self.relieved_times += 1

    def quota_reached(self, author: bytes, limit: int) -> None:
        """See `Audience`."""
        self.filled.append(author)

    def __getattr__(self, name: str) -> Any:
        """Whatever else an audience is told is not looked at here."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *ignored: None

    def say(self, *texts: str) -> None:
        """Say something; it is signed at the end of the turn."""
        for text in texts:
            self.replica.append(Say(text))

    def texts(self) -> list[str]:
        """Return what was shown."""
        return [record.text for batch in self.shown for record in batch.records if isinstance(record, Say)]

    def held(self) -> dict[FeedId, tuple[int, int]]:
        """Return the durable range of every feed held."""
        held = self.replica.holdings.items()
        return {feed: (holding.kept_low, holding.kept_high) for feed, holding in held if holding.kept_high}

    def give(self, *batches: Batch) -> None:
        """Let this party hold what others said."""
        wire = Recorder(b"g" * 32)
        self.replica.attach(wire)
        for batch in batches:
            self.replica.receive(wire, BatchFrame(batch.sig, batch.signed().body))
        self.replica.detach(wire)

    def hears(self, wire: Recorder, *frames: Frame) -> None:
        """Take frames from a link that leads nowhere."""
        for frame in frames:
            self.replica.receive(wire, frame)


def join(one: Party, other: Party) -> Wire:
    """Link two parties; return the end of `one`, whose `far` is the other's."""
    near, far = Wire(one.clock, one, other), Wire(one.clock, other, one)
    near.far, far.far = far, near
    for wire in (near, far):
        wire.owner.wires.append(wire)
        wire.owner.replica.attach(wire)
    return near


def mesh(*parties: Party) -> None:
    """Link everybody with everybody."""
    for index, one in enumerate(parties):
        for other in parties[:index]:
            join(other, one)


def one_turn(clock: Clock) -> None:
    """Make the calls that are due, as a reactor does in one turn: what is put off meanwhile comes in the next."""
    for call in [call for call in clock.getDelayedCalls() if call.getTime() <= clock.seconds()]:
        clock.calls.remove(call)
        call.called = True
        call.func(*call.args, **call.kw)


def run(clock: Clock, seconds: float) -> None:
    """Let time pass in steps of 5 ms."""
    clock.pump([0.005] * round(seconds / 0.005))


Reader = Callable[[FeedId, int], Deferred[Sequence[Batch]]]

__all__ = [
    "PAGE_BYTES", "START", "Fork", "Have", "Held", "Loaded", "Party", "Reader", "Recorder", "SlowStore", "Stop", "Want",
    "Wire", "join", "mesh", "one_turn", "run",
]  # fmt: skip
