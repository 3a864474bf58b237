"""Replication: what this peer holds, what it accepts, and what it tells its neighbours.

An author's current feed is pushed to everyone it is linked with; every other feed is wanted from one source at a time,
which `sources` chooses. What is accepted goes to the store, the conversation and whoever follows the feed, in that turn;
what is durable is announced in `have`. See "Replication" in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, Protocol

from msgspec import Raw
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.core import errors
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds import Batch, FeedId, Fork, Group, seal, split, unseal
from twisted_chat.core.frames import (
    BatchFrame,
    Digest,
    ForkFrame,
    Frame,
    Have,
    Range,
    Stop,
    Want,
)
from twisted_chat.core.holding import Holding, Place
from twisted_chat.core.keys import Identity
from twisted_chat.core.neighbour import Neighbour, Wire
from twisted_chat.core.sources import Sources
from twisted_chat.core.store import Held, Loaded, Store

HAVE_INTERVAL = 0.05
"""Seconds between two announcements of what became durable."""
MAX_AUTHORS = 800
"""Authors in a group: as many as fit one `digest`."""
MAX_FEEDS = 10_000
"""Feeds an author may have: so many starts of its process."""
MAX_HAVE = 200_000
"""Feeds one neighbour may list."""
RANGES_A_LINE = 600
"""Entries in one `have` line, so that it stays below the longest line allowed."""
OWN_UNSAVED = 4 * 1024 * 1024
"""Bytes of this peer's own batches not yet durable at which it takes no more."""
UNSAVED = 16 * 1024 * 1024
"""Bytes of anybody's batches not yet durable at which links are no longer read."""


class Audience(Protocol):
    """Who hears what the replica has to say."""

    def accepted(self, batch: Batch) -> None:
        """A batch became part of the conversation, exactly once in the life of this process."""
        ...

    def forked(self, author: bytes) -> None:
        """A feed of `author` is frozen: it signed two different batches for one place."""
        ...

    def relieved(self) -> None:
        """`congested` has become false."""
        ...

    def flow(self, open: bool) -> None:
        """Links are to be read (True), or not until so much that waits for the store is kept (False)."""
        ...


class Replica:
    """This peer's copy of the group's feeds, and its own feed."""

    def __init__(
        self,
        identity: Identity,
        group: Group,
        name: str,
        store: Store,
        audience: Audience,
        clock: IReactorTime,
        hybrid: HybridClock,
        new_epoch: Callable[[], int],
    ) -> None:
        """`clock` must be monotonic; `new_epoch` returns a random number below 2^53."""
        self.name = name
        self.neighbours: dict[Wire, Neighbour] = {}
        self.holdings: dict[FeedId, Holding] = {}
        self._identity = identity
        self._group = group
        self._store = store
        self._audience = audience
        self._clock = clock
        self._hybrid = hybrid
        self._new_epoch = new_epoch
        self._authors: dict[bytes, set[int]] = {}
        self._digests: dict[bytes, bytes] = {}
        self._sources = Sources(self, clock)
        self._outbox: list[Raw] = []
        self._own_unsaved = 0
        self._unsaved = 0
        self._flowing = True
        self._changed: set[FeedId] = set()
        self._announcing: IDelayedCall | None = None
        self._announced = float("-inf")
        self._handlers: dict[type[Frame], Callable[[Neighbour, Any], None]] = {
            Digest: self._on_digest, Have: self._on_have, Want: self._on_want, Stop: self._on_stop,
            BatchFrame: self._on_batch, ForkFrame: self._on_fork,
        }  # fmt: skip

    # The start, the end, and what the peer itself says.

    def start(self, loaded: Loaded) -> None:
        """Begin with what the store holds, and with a new epoch."""
        for held in loaded.held:
            holding = self.hold(held.feed)
            holding.load(held)
            self._observe(held.feed, held.tip_lc)
        for fork in loaded.forks:
            holding = self.hold(fork.feed)
            if holding.fork is None or fork.place < holding.fork.place:
                holding.fork = fork
        own = [holding for feed, holding in self.holdings.items() if feed.author == self._identity.id]
        self._begin_epoch(max(own, key=lambda holding: holding.tip_lc).tip if own else b"")

    def _observe(self, feed: FeedId, lc: int) -> None:
        if feed.author == self._identity.id:
            self._hybrid.follow(lc)
        else:
            self._hybrid.observe(lc)

    def _begin_epoch(self, prev: bytes) -> None:
        self.own = FeedId(self._identity.id, self._new_epoch())
        self._prev = prev
        self._own = self.hold(self.own)

    @property
    def congested(self) -> bool:
        """Whether over 4 MiB of own batches wait for the store."""
        return self._own_unsaved > OWN_UNSAVED

    def append(self, record: Raw) -> None:
        """Put an encoded record into the own feed; all of one reactor turn are sealed together at its end."""
        if not self._outbox:
            self._clock.callLater(0, self.flush)
        self._outbox.append(record)

    def flush(self) -> None:
        """Seal what was appended, now."""
        records, self._outbox = self._outbox, []
        for run in split(records):
            lc = self._hybrid.stamp(len(run))
            at = self._hybrid.wall_ms()
            prev = self._own.tip or self._prev
            first = self._own.high + 1
            batch = seal(self._identity, self._group, self.own.epoch, first, prev, at, lc, self.name, run)
            self._own.extend(batch)
            self._take(batch)

    def delivered(self) -> bool:
        """Whether all own records have gone to the transport of every neighbour that follows them."""
        return not self._outbox and all(
            neighbour.drained(self.own, self._own.high) for neighbour in self.neighbours.values()
        )

    # Links.

    def attach(self, wire: Wire) -> None:
        """Replicate over a link that has become ready."""
        neighbour = self.neighbours[wire] = Neighbour(wire, self._store.read)
        neighbour.told = {author: self._digest(author) for author in self._authors}
        wire.send(Digest(neighbour.told))

    def detach(self, wire: Wire) -> None:
        """Forget a link that is gone."""
        neighbour = self.neighbours.pop(wire, None)
        if neighbour is not None:
            neighbour.close()
            self._sources.lost(neighbour)

    def resumed(self, wire: Wire) -> None:
        """Go on sending over a link that takes more again."""
        neighbour = self.neighbours.get(wire)
        if neighbour is not None:
            if neighbour.unsaid:
                unsaid, neighbour.unsaid = neighbour.unsaid, set()
                self._tell([neighbour], unsaid)
            neighbour.pump()

    def receive(self, wire: Wire, frame: Frame) -> None:
        """Take a frame from an attached link. Raises `Refusal` if the link is to be closed for it."""
        self._handlers[type(frame)](self.neighbours[wire], frame)

    handles = (Digest, Have, Want, Stop, BatchFrame, ForkFrame)
    """The frames `receive` takes."""

    # What neighbours say they hold, and want.

    def _on_digest(self, neighbour: Neighbour, frame: Digest) -> None:
        listed: dict[bytes, list[Range]] = {}
        for author, epochs in self._authors.items():
            mine = self._digest(author)
            if frame.authors.get(author) == mine:
                for epoch in epochs:
                    self._heard(neighbour, FeedId(author, epoch))
                if neighbour.told.get(author) == mine:
                    continue
            listed[author] = [self._range(self.holdings[FeedId(author, epoch)]) for epoch in sorted(epochs)]
            self._pass_forks(neighbour, author)
        neighbour.told = {}
        self._list(neighbour, listed)

    def _heard(self, neighbour: Neighbour, feed: FeedId) -> None:
        """Note that the neighbour holds the same of `feed` as we do."""
        holding = self.holdings[feed]
        neighbour.have[feed] = (holding.kept_low, holding.kept_high)

    def _list(self, neighbour: Neighbour, listed: dict[bytes, list[Range]]) -> None:
        part: dict[bytes, list[Range]] = {}
        count = 0
        for author, ranges in listed.items():
            for start in range(0, len(ranges), RANGES_A_LINE):
                chunk = ranges[start : start + RANGES_A_LINE]
                if count + len(chunk) > RANGES_A_LINE:
                    neighbour.wire.send(Have(part))
                    part, count = {}, 0
                part[author] = chunk
                count += len(chunk)
        neighbour.wire.send(Have(part, end=True))

    def _on_have(self, neighbour: Neighbour, frame: Have) -> None:
        for author, ranges in frame.feeds.items():
            for epoch, low, high in ranges:
                feed = FeedId(author, epoch)
                if feed not in neighbour.have and len(neighbour.have) >= MAX_HAVE:
                    raise Refusal(errors.LIMIT, f"over {MAX_HAVE} feeds listed")
                neighbour.have[feed] = (low, high)
                self._sources.offered(feed, low, high)
        if frame.end and not neighbour.synced:
            neighbour.synced = True
            known = neighbour.have.get(self.own, (1, 0))[1]
            neighbour.follow(self.own, known + 1, self._own.high)

    def _on_want(self, neighbour: Neighbour, frame: Want) -> None:
        holding = self.holdings.get(FeedId(*frame.feed))
        if holding is not None:
            neighbour.follow(holding.feed, frame.start, holding.high)

    def _on_stop(self, neighbour: Neighbour, frame: Stop) -> None:
        neighbour.unfollow(FeedId(*frame.feed))

    # Batches.

    def _on_batch(self, neighbour: Neighbour, frame: BatchFrame) -> None:
        batch = unseal(frame.sig, bytes(frame.body))
        neighbour.passed(batch)
        holding = self.holdings.get(batch.feed) or Holding(batch.feed)
        place = holding.place(batch)
        if place in (Place.KNOWN, Place.FROZEN, Place.GAP) or batch.feed == self.own:
            return
        self._group.verify(batch)
        if place is Place.CONFLICT:
            self._prove(holding, batch)
        elif not holding.continues(batch):
            self._doubt(neighbour, holding, batch)
        else:
            holding = self.hold(batch.feed)
            if place is Place.NEXT:
                holding.extend(batch)
            else:
                holding.fill(batch)
            self._observe(batch.feed, batch.last_lc)
            self._take(batch)
            self._sources.received(neighbour, holding)

    def _take(self, batch: Batch) -> None:
        """A batch has its place: give it to the followers, the store and the conversation."""
        for neighbour in self.neighbours.values():
            neighbour.offer(batch)
        own = batch.feed == self.own
        self._unsaved += batch.size
        self._own_unsaved += batch.size if own else 0
        if self._flowing and self._unsaved > UNSAVED:
            self._flowing = False
            self._audience.flow(False)
        self._store.append(batch).addCallback(self._kept, batch, own)
        self._audience.accepted(batch)

    def _kept(self, lows: dict[FeedId, int], batch: Batch, own: bool) -> None:
        self._unsaved -= batch.size
        if own:
            congested = self.congested
            self._own_unsaved -= batch.size
            if congested and not self.congested:
                self._audience.relieved()
        if not self._flowing and self._unsaved < UNSAVED // 2:
            self._flowing = True
            self._audience.flow(True)
        self.holdings[batch.feed].keep(batch)
        self._change(batch.feed)
        self.trimmed(lows)

    def trimmed(self, lows: dict[FeedId, int]) -> None:
        """Note that the store gave up the records of each feed below its number in `lows`."""
        for feed, low in lows.items():
            self.holdings[feed].trim(low)
            self._change(feed)

    # Forks.

    def _doubt(self, neighbour: Neighbour, holding: Holding, batch: Batch) -> None:
        """A validly signed batch names another one before it than we hold: ask one batch back, which will tell."""
        if holding.doubted == batch.hash:
            raise Refusal(errors.FORGED, "a batch that names another before it than its sender holds")
        holding.doubted = batch.hash
        neighbour.wire.send(Want(holding.feed, holding.tip_first))

    def _prove(self, holding: Holding, batch: Batch) -> None:
        """A validly signed batch contradicts the newest we hold."""

        def contradicted(ours: Iterable[Batch]) -> None:
            for mine in ours:
                if mine.overlaps(batch) and mine.body != batch.body:
                    self._freeze(Fork(mine, batch))
                    return

        self._store.read(holding.feed, holding.tip_first).addCallback(contradicted)

    def _on_fork(self, neighbour: Neighbour, frame: ForkFrame) -> None:
        fork = Fork(*(unseal(half.sig, bytes(half.body)) for half in (frame.one, frame.other)))
        known = self.holdings.get(fork.feed)
        if known is None or known.fork is None or known.fork.place > fork.place:
            fork.prove(self._group)
            self._freeze(fork)

    def _freeze(self, fork: Fork) -> None:
        holding = self.hold(fork.feed)
        if holding.fork is not None and holding.fork.place <= fork.place:
            return
        news = holding.fork is None
        holding.fork = fork

        def frozen(held: Held | None) -> None:
            holding.load(held)
            self._change(fork.feed)
            for neighbour in self.neighbours.values():
                neighbour.wire.send(_fork_frame(fork))
            if fork.feed == self.own:  # another process has this one's key and epoch: a copied virtual machine
                self._begin_epoch(holding.tip)
                for neighbour in self.neighbours.values():
                    neighbour.follow(self.own, 1, 0)

        self._store.freeze(fork).addCallback(frozen)
        if news:
            self._audience.forked(fork.feed.author)

    def _pass_forks(self, neighbour: Neighbour, author: bytes) -> None:
        for epoch in self._authors[author]:
            fork = self.holdings[FeedId(author, epoch)].fork
            if fork is not None:
                neighbour.wire.send(_fork_frame(fork))

    # What is held, and telling of it.

    def hold(self, feed: FeedId) -> Holding:
        """Return the holding of `feed`, an empty one if it is new. Raises `Refusal(LIMIT)` if there are too many."""
        holding = self.holdings.get(feed)
        if holding is None:
            epochs = self._authors.get(feed.author)
            if epochs is None and len(self._authors) >= MAX_AUTHORS:
                raise Refusal(errors.LIMIT, f"over {MAX_AUTHORS} authors in this group")
            if epochs is not None and len(epochs) >= MAX_FEEDS:
                raise Refusal(errors.LIMIT, f"over {MAX_FEEDS} feeds of one author")
            self._authors.setdefault(feed.author, set()).add(feed.epoch)
            holding = self.holdings[feed] = Holding(feed)
            self._digests.pop(feed.author, None)
        return holding

    @staticmethod
    def _range(holding: Holding) -> Range:
        return (holding.feed.epoch, holding.kept_low, holding.kept_high)

    def _digest(self, author: bytes) -> bytes:
        """Hash what is held durably of `author`: "epoch low high place-of-fork" of each feed, by epoch."""
        digest = self._digests.get(author)
        if digest is None:
            hashed = blake2b(digest_size=16)
            for epoch in sorted(self._authors[author]):
                holding = self.holdings[FeedId(author, epoch)]
                if holding.kept_high or holding.fork:
                    place = holding.fork.place if holding.fork else 0
                    hashed.update(f"{epoch} {holding.kept_low} {holding.kept_high} {place}\n".encode())
            digest = self._digests[author] = hashed.digest()
        return digest

    def _change(self, feed: FeedId) -> None:
        self._digests.pop(feed.author, None)
        self._changed.add(feed)
        if self._announcing is None:
            wait = max(0.0, self._announced + HAVE_INTERVAL - self._clock.seconds())
            self._announcing = self._clock.callLater(wait, self._announce)

    def _announce(self) -> None:
        self._announcing = None
        self._announced = self._clock.seconds()
        changed, self._changed = self._changed, set()
        ready = []
        for neighbour in self.neighbours.values():
            if neighbour.wire.writable:
                ready.append(neighbour)
            else:
                neighbour.unsaid |= changed
        self._tell(ready, changed)

    def _tell(self, neighbours: list[Neighbour], feeds: Iterable[FeedId]) -> None:
        by_author: dict[bytes, list[Range]] = {}
        for count, feed in enumerate(feeds, 1):
            by_author.setdefault(feed.author, []).append(self._range(self.holdings[feed]))
            if count % RANGES_A_LINE == 0:
                self._send_all(neighbours, Have(by_author))
                by_author = {}
        if by_author:
            self._send_all(neighbours, Have(by_author))

    def _send_all(self, neighbours: list[Neighbour], frame: Frame) -> None:
        for neighbour in neighbours:
            neighbour.wire.send(frame)


def _fork_frame(fork: Fork) -> ForkFrame:
    return ForkFrame(fork.one.signed(), fork.other.signed())
