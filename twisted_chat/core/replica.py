"""Replication: what this peer holds, what it accepts, and what it tells its neighbours.

An author's current feed is pushed to everyone it is linked with; every other feed is wanted from one source at a time,
which `sources` chooses. What is accepted goes to the store, the conversation and whoever follows the feed, in that turn;
what is durable is announced in `have`. See "Replication" in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core import errors
from twisted_chat.core.announcing import Announcer
from twisted_chat.core.audience import Audience
from twisted_chat.core.backlog import Backlog
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import BadText, Refusal
from twisted_chat.core.feeds import Batch, FeedId, Fork, Group, feed_named, unseal
from twisted_chat.core.forks import Forks
from twisted_chat.core.frames import (
    BatchFrame,
    Digest,
    ForkFrame,
    Frame,
    Have,
    Stop,
    Want,
)
from twisted_chat.core.holding import Holding, Place
from twisted_chat.core.inventory import MAX_FEEDS, MAX_HELD, Inventory
from twisted_chat.core.keys import Identity
from twisted_chat.core.neighbour import Neighbour, Wire
from twisted_chat.core.own import OwnFeed
from twisted_chat.core.quotas import Quotas
from twisted_chat.core.receipts import Receipts
from twisted_chat.core.records import KnownRecord
from twisted_chat.core.saving import Saving
from twisted_chat.core.sources import Sources
from twisted_chat.core.store import Loaded, Store

MAX_HAVE = MAX_HELD + MAX_FEEDS
"""Feeds remembered of what one neighbour lists, not counting those that are held here: a group's, and its own of former times."""


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
        quota: int | None = None,
    ) -> None:
        """`clock` must be monotonic; `new_epoch` returns a random number below 2^53; `quota` is how many bytes of each author
        are kept, None for any number."""
        self.neighbours: dict[Wire, Neighbour] = {}
        self.holdings = Inventory()
        self._identity = identity
        self._group = group
        self._store = store
        self._audience = audience
        self._hybrid = hybrid
        self._clock = clock
        self._own = OwnFeed(identity, group, name, hybrid, self.holdings, new_epoch, clock, self._take)
        self.receipts = Receipts(self._own, self.holdings, self.neighbours, audience.delivered, clock)
        self._announcer = Announcer(self.holdings, self.neighbours, clock)
        self.saving = Saving(store, self._kept, audience.relieved, audience.flow)
        self._forks = Forks(self.holdings, group, store, lambda feed: feed == self.own, self._frozen)
        self._backlog = Backlog()
        self._caught_up = False
        self.quotas = Quotas(quota, store.sizes, audience.quota_reached, self._room_again)
        self._sources = Sources(
            self.holdings, self.neighbours, self._unwanted, clock, audience.receiving, self._check_caught_up
        )
        self._handlers: dict[type[Frame], Callable[[Neighbour, Any], bool | None]] = {
            Digest: self._on_digest, Have: self._on_have, Want: self._on_want, Stop: self._on_stop,
            BatchFrame: self._on_batch, ForkFrame: self._on_fork,
        }  # fmt: skip

    # The start, the end, and what the peer itself says.

    def load(self, loaded: Loaded) -> None:
        """Take over what the store holds. Comes before `start`."""
        for _ in loaded.forks:
            self._hybrid.allow()
        for held in sorted(loaded.held, key=attrgetter("tip_lc")):
            self.holdings.hold(held.feed, own=True).load(held)
            self._observe(held.feed, held.tip_lc, 2 * (held.high - held.low + 1))
        self._forks.load(loaded.forks)

    def start(self) -> None:
        """Begin a new epoch, with what was appended already."""
        self.quotas.start()
        self._own.begin()
        self.receipts.begin()
        self.flush()

    def _observe(self, feed: FeedId, lc: int, count: int) -> None:
        if feed.author == self._identity.id:
            self._hybrid.follow(lc)
        else:
            self._hybrid.observe(lc, max(1, count))

    @property
    def own(self) -> FeedId:
        """The feed this process writes."""
        return self._own.feed

    @property
    def congested(self) -> bool:
        """Whether so much of one's own waits for the store that no more is to be appended."""
        return self.saving.congested

    def append(self, record: KnownRecord) -> None:
        """Put a record, checked before, into the own feed; all of one reactor turn are sealed together at its end.

        Before `start` they wait for it. Raises `BadText` if this peer's own quota is used up.
        """
        self._check_quota()
        self._own.add(record)

    def rename(self, name: str) -> None:
        """Seal under another name from now on; what was appended before bears the old one. Raises `BadText` as `append` does."""
        self._check_quota()
        self.flush()
        self._own.name = name

    def _check_quota(self) -> None:
        if not self.quotas.admits(self._identity.id):
            raise BadText("quota")

    def flush(self) -> None:
        """Seal what was appended, now; before `start`, nothing."""
        self._own.flush()

    def stop(self) -> None:
        """End what goes on by itself; every link has been detached."""
        self._sources.stop()
        self._announcer.stop()
        self.receipts.stop()

    # Links.

    def attach(self, wire: Wire) -> None:
        """Replicate over a link that has become ready."""
        neighbour = self.neighbours[wire] = Neighbour(wire, self._store.read, self._clock.seconds())
        neighbour.told = self.holdings.digests()
        wire.send(Digest(neighbour.told))
        self._check_caught_up()
        self.receipts.look()
        self._sources.tick_later()

    def detach(self, wire: Wire) -> None:
        """Forget a link that is gone."""
        neighbour = self.neighbours.pop(wire, None)
        if neighbour is not None:
            neighbour.close()
            self._sources.lost(neighbour)
            self._check_caught_up()
            self.receipts.look()

    def resumed(self, wire: Wire) -> None:
        """Go on sending over a link that takes more again."""
        neighbour = self.neighbours.get(wire)
        if neighbour is not None:
            self._announcer.resumed(neighbour)
            neighbour.pump()

    def receive(self, wire: Wire, frame: Frame) -> bool:
        """Take a frame from an attached link; return False if it is a batch that brought nothing.

        Raises `Refusal` if the link is to be closed for it.
        """
        return self._handlers[type(frame)](self.neighbours[wire], frame) is not False

    handles = (Digest, Have, Want, Stop, BatchFrame, ForkFrame)
    """The frames `receive` takes."""

    # What neighbours say they hold, and want.

    def _on_digest(self, neighbour: Neighbour, frame: Digest) -> None:
        told, neighbour.told = neighbour.told, None
        if told is None:  # who sends many and reads nothing would have our lists pile up
            raise Refusal(errors.PROTOCOL, "a second digest")
        listed: list[FeedId] = []
        proofs: list[FeedId] = []
        for author in self.holdings.authors:
            mine = self.holdings.digest(author)
            held = [holding for holding in self.holdings.of(author) if holding.kept_high or holding.fork]
            equal = frame.authors.get(author) == mine
            if equal:
                neighbour.have.update({holding.feed: (holding.kept_low, holding.kept_high) for holding in held})
            if not equal or told.get(author) != mine:
                listed += [holding.feed for holding in held]
                proofs += [holding.feed for holding in held if holding.fork is not None]
        for line in self.holdings.lines(listed, end=True):
            neighbour.wire.send(line)
        self._announcer.prove([neighbour], proofs)

    def _on_have(self, neighbour: Neighbour, frame: Have) -> None:
        news: list[FeedId] = []
        have = neighbour.have
        for author, ranges in frame.feeds.items():
            for told in ranges:
                feed = FeedId(author, told.epoch)
                holding = self.holdings.get(feed)
                held = (min(told.low, told.high + 1), told.high)
                if have.get(feed) != held and (holding is not None or feed in have or len(have) < MAX_HAVE):
                    have[feed] = held
                    news.append(feed)
                if not neighbour.synced and (holding is None or told.high > holding.high):
                    self._backlog.listed(feed, told.high)
                if holding is not None and holding.contradicted_by(told):
                    self._forks.suspect(neighbour, holding, told.tip)
        self._sources.offered(neighbour, news)
        if frame.end and not neighbour.synced:
            neighbour.synced = True
            known = neighbour.have.get(self.own, (1, 0))[1]
            neighbour.follow(self.own, known + 1, self._own.holding.high)
        self._check_caught_up()
        if frame.end or self.own.author in frame.feeds:
            self.receipts.look()

    def _on_want(self, neighbour: Neighbour, frame: Want) -> None:
        holding = self.holdings.get(FeedId(*frame.feed))
        if holding is not None and (holding.high or holding.feed == self.own):
            neighbour.follow(holding.feed, frame.start, holding.high)

    def _on_stop(self, neighbour: Neighbour, frame: Stop) -> None:
        neighbour.unfollow(FeedId(*frame.feed))

    # Batches.

    def _on_batch(self, neighbour: Neighbour, frame: BatchFrame) -> bool:
        batch = self._unsealed(neighbour, frame)
        if batch is None:
            return False
        feed = batch.feed
        neighbour.passed(batch)
        holding = self.holdings.get(feed) or Holding(feed)
        place = holding.place(batch)
        if place in (Place.KNOWN, Place.FROZEN, Place.GAP) or feed == self.own or feed in neighbour.passed_over:
            return False
        if not self.quotas.admits(feed.author):
            self._sources.refuse(neighbour, feed)
            return False
        if not self._has_room(feed):
            self._sources.pass_over(neighbour, feed)
            return False
        self._group.verify(batch)
        contradicted = holding.contradicted(batch)
        if contradicted:
            self._forks.conflict(holding, batch, contradicted, lambda: self._sources.pass_over(neighbour, feed))
            return False
        holding = self.holdings.hold(feed)
        self.holdings.settle(holding)
        fills = place is Place.FILLS
        if fills:
            holding.fill(batch)
        else:
            holding.extend(batch)
        self._observe(feed, batch.last_lc, len(batch.records))
        self._take(batch, self._backlog.holds(batch))
        self._sources.received(neighbour, holding, batch, fills)
        return True

    def _unsealed(self, neighbour: Neighbour, frame: BatchFrame) -> Batch | None:
        """Return the batch in a frame; None, and no more is taken of that feed from that link, if it is none and another's.

        Raises `Refusal` if that other side itself is its author, or none is named.
        """
        try:
            return unseal(frame.sig, bytes(frame.body))
        except Refusal:
            feed = feed_named(bytes(frame.body))
            if feed is None or feed.author == neighbour.wire.member:
                raise
        self._sources.pass_over(neighbour, feed)
        return None

    def _has_room(self, feed: FeedId) -> bool:
        if self.holdings.has_room(feed):
            return True
        linked = any(neighbour.wire.member == feed.author for neighbour in self.neighbours.values())
        return (linked or self._audience.knows(feed.author)) and self.holdings.has_room(feed, known=True)

    def _take(self, batch: Batch, missed: bool = False) -> None:
        """A batch has its place: give it to the followers, the store and the conversation."""
        for neighbour in self.neighbours.values():
            neighbour.offer(batch)
        self.quotas.taken(batch)
        self.saving.save(batch, batch.feed == self.own)
        self._audience.accepted(batch, missed)

    def _kept(self, batch: Batch, own: bool, lows: dict[FeedId, int]) -> None:
        self.holdings[batch.feed].keep(batch)
        self._announcer.changed(batch.feed)
        self.trimmed(lows)
        if own:
            self.receipts.look()

    def trimmed(self, lows: dict[FeedId, int]) -> None:
        """Note that the store gave up the records of each feed below its number in `lows`."""
        for feed, low in lows.items():
            self.holdings[feed].trim(low)
            self._announcer.changed(feed)
        if lows:
            self.quotas.given_up()

    def _unwanted(self, feed: FeedId) -> bool:
        return feed == self.own or not self.quotas.admits(feed.author) or not self._has_room(feed)

    def _room_again(self, author: bytes) -> None:
        """More of an author is taken again: see who holds more."""
        for neighbour in self.neighbours.values():
            self._sources.offered(neighbour, [feed for feed in neighbour.have if feed.author == author])

    def _on_fork(self, neighbour: Neighbour, frame: ForkFrame) -> None:
        self._forks.receive(neighbour, frame)

    def _frozen(self, fork: Fork, first: bool) -> None:
        holding = self.holdings[fork.feed]
        self._sources.cut(holding)
        self._announcer.changed(fork.feed)
        self._announcer.prove(self.neighbours.values(), [fork.feed])
        for neighbour in self.neighbours.values():
            if fork.deeper and holding.high == fork.place - 1 > 0:
                neighbour.wire.send(Want(fork.feed, holding.tip_first))
        if fork.feed == self.own:  # another process has this one's key and epoch: a copied virtual machine
            self._own.begin()
            self.receipts.begin()
            for neighbour in self.neighbours.values():
                neighbour.follow(self.own, 1, 0)
        if first:
            self._hybrid.allow()
            self._audience.forked(fork.feed.author)

    # Telling how far things have come.

    def behind(self, wire: Wire) -> int:
        """Return how many records the other side of a link follows and has not been sent yet."""
        neighbour = self.neighbours.get(wire)
        return neighbour.behind if neighbour else 0

    def _check_caught_up(self) -> None:
        """Pass on whether we are behind, if that has changed."""
        caught_up = bool(self.neighbours) and not self._sources.behind
        if caught_up != self._caught_up:
            self._caught_up = caught_up
            if caught_up:
                self._backlog.clear()
            self._audience.caught_up(caught_up)
