"""Replication: what this peer holds, what it accepts, and what it tells its neighbours.

An author's current feed is pushed to everyone it is linked with; every other feed is wanted from one source at a time,
which `sources` chooses. What is accepted goes to the store, the conversation and whoever follows the feed, in that turn;
what is durable is announced in `have`. See "Replication" in `docs/protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from twisted.internet.interfaces import IReactorTime

from twisted_chat.core import errors
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.ids import Ticket
from twisted_chat.core.feeds.records import KnownRecord
from twisted_chat.core.replication.admission import Admission
from twisted_chat.core.replication.announcing import Announcer
from twisted_chat.core.replication.audience import Audience
from twisted_chat.core.replication.crowding import Crowding
from twisted_chat.core.replication.cuts import Cuts
from twisted_chat.core.replication.forks import Forks
from twisted_chat.core.replication.holding import Place
from twisted_chat.core.replication.insisting import Insisting
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.keeping import Keeping
from twisted_chat.core.replication.lists import Lists
from twisted_chat.core.replication.losses import Losses
from twisted_chat.core.replication.neighbour import Neighbour, Wire
from twisted_chat.core.replication.ownfeed import Ending, OwnFeed, Signer
from twisted_chat.core.replication.quotas import Quotas
from twisted_chat.core.replication.receipts import Receipts
from twisted_chat.core.replication.sources import Sources
from twisted_chat.core.replication.store import Loaded, Store
from twisted_chat.core.replication.unsaved import Saving
from twisted_chat.core.replication.validation import Validation
from twisted_chat.core.wire.frames import BatchFrame, Digest, ForkFrame, Frame, Have, Stop, Want


class Replica:
    """This peer's copy of the group's feeds, and its own feed."""

    def __init__(
        self,
        signer: Signer,
        store: Store,
        audience: Audience,
        clock: IReactorTime,
        hybrid: HybridClock,
        new_epoch: Callable[[], int],
        quota: int | None = None,
    ) -> None:
        """`clock` must be monotonic; `new_epoch` returns a random number below 2^53; `quota` is how many bytes of each author
        are kept, None for any number."""
        self.flow: Callable[[bool], object] = lambda open: None
        """Called when links are to be read (True), or not until so much that waits for the store is kept (False); set by who
        reads them."""
        self.neighbours: dict[Wire, Neighbour] = {}
        self.holdings = Inventory()
        self._identity = signer.identity
        self._store = store
        self._audience = audience
        self._hybrid = hybrid
        self._clock = clock
        own = self._own = OwnFeed(signer, hybrid, self.holdings, new_epoch, clock, self._take)
        self.receipts = Receipts(own, self.holdings, self.neighbours, self._delivered, clock)
        self._announcer = Announcer(self.holdings, self.neighbours, clock)
        self.insisting = Insisting(clock)
        self.quotas = Quotas(quota, store.sizes, self._quota_reached, self._room_again, self.insisting)
        admission = Admission(self.holdings, self.neighbours, self.quotas, own, audience)
        self.crowding = Crowding(self.holdings, self._identity.id, audience.crowded)
        self._caught_up = False
        self._sources = Sources(
            self.holdings, self.neighbours, admission.refuses, clock, audience.receiving, self._check_caught_up
        )
        cuts = Cuts(own, self.holdings, self.neighbours, self._sources, self._announcer, self.receipts, self._forked)
        self._forks = Forks(
            self.holdings, signer.group, store, lambda feed: feed == self.own, cuts.frozen, self.insisting
        )
        self.losses = Losses(self.holdings, store, self.insisting, audience, cuts.doubted, cuts.checked)
        keeping = self.keeping = Keeping(
            self.holdings, store, own, self.losses, self._announcer, self.quotas, self.receipts
        )
        self.saving = Saving(store, keeping.kept, audience.relieved, self._hold, self.insisting, keeping.unkept)
        self._validation = Validation(
            signer.group, self.holdings, own, self.quotas, admission, self._sources, self._forks
        )
        self._lists = Lists(own, self.holdings, self._sources, self._forks, clock, self._listed, cuts.begin_anew)
        self._handlers: dict[type[Frame], Callable[[Neighbour, Any], bool | None]] = {
            Digest: self._announcer.receive, Have: self._lists.receive, Want: self._on_want, Stop: self._on_stop,
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
        self.losses.load(loaded.lost)
        self.keeping.retire(list(self.holdings.authors))

    def start(self, ending: Ending | None = None) -> None:
        """Begin a new epoch, or go on with the one that was left so; with what was appended already."""
        self.losses.tell()
        self.quotas.start()
        self._own.begin(ending)
        self.receipts.begin()
        for author in list(self.holdings.authors):
            self.crowding.check(author)
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
    def ending(self) -> Ending | None:
        """The end of that feed once the store is closed; None if no process may go on with it."""
        return self._own.ending

    @property
    def congested(self) -> bool:
        """Whether so much of one's own waits for the store that no more is to be appended."""
        return self.saving.congested

    def append(self, record: KnownRecord) -> Ticket:
        """Put a record, checked before, into the own feed; all of one reactor turn are signed together at its end.

        Before `start` they wait for it. Raises `BadText` if this peer's own quota is used up.
        """
        self._check_quota()
        return self._own.add(record)

    def rename(self, name: str) -> None:
        """Sign under another name from now on; what was appended before bears the old one. Raises `BadText` as `append` does."""
        self._check_quota()
        self.flush()
        self._own.name = name

    def _check_quota(self) -> None:
        if not self.quotas.admits(self._identity.id):
            raise BadText("quota")

    def flush(self) -> None:
        """Sign what was appended, now; before `start`, nothing."""
        self._own.flush()

    def stop(self) -> None:
        """End what goes on by itself; every link has been detached."""
        self._sources.stop()
        self._lists.stop()
        self._announcer.stop()
        self.receipts.stop()

    # Links.

    def attach(self, wire: Wire) -> None:
        """Replicate over a link that has become ready."""
        neighbour = self.neighbours[wire] = Neighbour(wire, self._store.read, self._clock)
        self._announcer.begin(neighbour)
        self._check_caught_up()
        self.receipts.look()
        self._sources.tick_later()

    def detach(self, wire: Wire) -> None:
        """Forget a link that is gone."""
        neighbour = self.neighbours.pop(wire, None)
        if neighbour is not None:
            neighbour.close()
            self._lists.lost(neighbour)
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
        neighbour = self.neighbours[wire]
        if neighbour.listing is not None:  # a link that is not held when it is asked to be
            self._lists.finish(neighbour)
        return self._handlers[type(frame)](neighbour, frame) is not False

    handles = (Digest, Have, Want, Stop, BatchFrame, ForkFrame)
    """The frames `receive` takes."""

    # What neighbours say they hold, and want.

    def _listed(self, frame: Have) -> None:
        """All of what a neighbour says in one line that it holds has been taken in."""
        self._check_caught_up()
        if frame.end or self.own.author in frame.feeds:
            self.receipts.look()

    def _on_want(self, neighbour: Neighbour, frame: Want) -> None:
        holding = self.holdings.get(FeedId(*frame.feed))
        if holding is not None and (holding.high or holding.feed == self.own):
            neighbour.follow(holding.feed, frame.start, holding.high)

    def _on_stop(self, neighbour: Neighbour, frame: Stop) -> None:
        feed = FeedId(*frame.feed)
        neighbour.unfollow(feed)
        if frame.reason == errors.LIMIT and feed.author == self.own.author:
            self._audience.unheard(neighbour.wire.member)

    # Batches.

    def _on_batch(self, neighbour: Neighbour, frame: BatchFrame) -> bool:
        valid = self._validation.judge(neighbour, frame)
        if valid is None:
            return False
        batch, place = valid
        feed = batch.feed
        holding = self.holdings.hold(feed)
        new = self.holdings.settle(holding)
        if new:
            self._lists.came(feed, self.neighbours.values())
            self.crowding.check(feed.author)
        fills = place is Place.FILLS
        if fills:
            holding.fill(batch)
        else:
            holding.extend(batch)
        if new and self.holdings.superseded(feed.author):
            self.keeping.retire([feed.author])
        self._observe(feed, batch.last_lc, len(batch.records))
        self._take(batch, self._lists.missed(batch), self.losses.has(batch))
        self._sources.received(neighbour, holding, batch, fills)
        return True

    def _take(self, batch: Batch, missed: bool = False, again: bool = False) -> None:
        """A batch has its place: give it to the followers, the store and the conversation, unless it comes `again`."""
        for neighbour in self.neighbours.values():
            neighbour.offer(batch)
        self.quotas.taken(batch)
        self.saving.save(batch, batch.feed == self.own)
        if not again:
            self._audience.accepted(batch, missed)

    def _hold(self, open: bool) -> None:
        self.flow(open)

    def _room_again(self, author: bytes) -> None:
        """More of an author is taken again: see who holds more."""
        for neighbour in self.neighbours.values():
            self._sources.offered(neighbour, [feed for feed in neighbour.have if feed.author == author])

    def _on_fork(self, neighbour: Neighbour, frame: ForkFrame) -> None:
        self._forks.receive(neighbour, frame)

    def _forked(self, author: bytes) -> None:
        self._hybrid.allow()
        self._audience.forked(author)

    # Telling how far things have come.

    def _delivered(self, feed: FeedId, kept: int, held: Mapping[bytes, tuple[int, int]]) -> None:
        self._audience.delivered(feed, kept, held, self._store.durable)

    def _quota_reached(self, author: bytes) -> None:
        self._audience.quota_reached(author, self.quotas.limit or 0)

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
                self._lists.caught_up()
            self._audience.caught_up(caught_up)
