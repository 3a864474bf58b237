"""Authors who contradict themselves: the proof is kept and passed on, and ends the feed for everyone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, feed_named, parse_batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.group import Group
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.insisting import Insisting, log_failure
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.replication.store import Held, Store
from twisted_chat.core.wire.frames import ForkFrame, SignedBody, Want

MAX_FORKS = 16
"""Forked feeds of one author of which the proof is kept; in others of that author, what came first stays."""
MAX_PROOFS = 1_000
"""The same of all authors: a proof can take 60 KB, in memory too."""


class Forks:
    """Finds forks, and freezes the feeds they are in."""

    def __init__(
        self,
        inventory: Inventory,
        group: Group,
        store: Store,
        own: Callable[[FeedId], bool],
        frozen: Callable[[Fork, bool], None],
        insisting: Insisting,
    ) -> None:
        """`own(feed)` is true for the feed this process writes, of which every proof is kept. `frozen(fork, first)` is called
        once a feed has been cut; `first` unless it had been cut before, higher up."""
        self._inventory = inventory
        self._group = group
        self._store = store
        self._own = own
        self._frozen = frozen
        self._insisting = insisting
        self._proofs: Counter[bytes] = Counter()
        """The number of forked feeds that are known of each author."""
        self._doubted: dict[FeedId, bytes] = {}
        """The hash that others announced for the place of our newest batch of a feed, and were asked for."""
        inventory.on_removal(lambda feed: self._doubted.pop(feed, None))

    def load(self, forks: Iterable[Fork]) -> None:
        """Take over the forks a store knows of."""
        for fork in forks:
            holding = self._inventory.hold(fork.feed, own=True)
            self._proofs[fork.feed.author] += holding.fork is None
            if holding.fork is None or fork.place < holding.fork.place:
                holding.fork = fork

    def suspect(self, neighbour: Neighbour, holding: Holding, tip: bytes) -> None:
        """A neighbour says it holds another batch in the place of our newest: ask for it, once."""
        if self._doubted.get(holding.feed) != tip and self.keeps(holding.feed):
            self._doubted[holding.feed] = tip
            neighbour.wire.send(Want(holding.feed, holding.tip_first))

    def conflict(self, holding: Holding, batch: Batch, number: int, unproven: Callable[[], None]) -> None:
        """A validly signed batch contradicts the one held that has record `number`. `unproven` is called if there is no proof
        in the end: enough proofs of that author are kept, or the batch held was deleted."""
        if not self.keeps(holding.feed):
            unproven()
            return

        def contradicted(ours: Iterable[Batch]) -> None:
            mine = next((mine for mine in ours if mine.contradicts(batch)), None)
            if mine is None or not self.keeps(holding.feed):  # others may have been proven while the store was read
                unproven()
            else:
                self._freeze(Fork(mine, batch))

        # If ours can't be read now the other is as if it had not come: whoever has it offers it again, and no more of them wait.
        self._store.read(holding.feed, number, 1).addCallback(contradicted).addErrback(log_failure)

    def receive(self, neighbour: Neighbour, frame: ForkFrame) -> bool:
        """Take a proof from a neighbour; return False if it says nothing new.

        Raises `Refusal` if it proves nothing, or is no proof and names no author but the neighbour itself.
        """
        try:
            fork = Fork(*(parse_batch(half.sig, bytes(half.body)) for half in (frame.one, frame.other)))
        except Refusal:
            if _about_others(neighbour, frame.one, frame.other):
                return False
            raise
        known = self._inventory.get(fork.feed)
        before = known.fork if known is not None else None
        if before is not None and before.place <= fork.place:
            return False
        if not (self.keeps(fork.feed) and (known is not None or self._inventory.has_room(fork.feed))):
            return False
        fork.prove(self._group)
        self._freeze(fork)
        return True

    def keeps(self, feed: FeedId) -> bool:
        """Whether a proof that `feed` is forked would be kept."""
        holding = self._inventory.get(feed)
        if self._own(feed) or (holding is not None and holding.fork is not None):
            return True
        return self._proofs[feed.author] < MAX_FORKS and self._proofs.total() < MAX_PROOFS

    def _freeze(self, fork: Fork) -> None:
        holding = self._inventory.hold(fork.feed)
        if holding.fork is not None and holding.fork.place <= fork.place:
            return
        first = holding.fork is None
        self._proofs[fork.feed.author] += first
        holding.fork = fork
        holding.cutting += 1
        self._inventory.settle(holding)

        def cut(held: Held | None) -> None:
            holding.cutting -= 1
            holding.load(held)
            self._frozen(fork, first)

        self._insisting.ask(partial(self._store.freeze, fork), cut)


def fork_frame(fork: Fork) -> ForkFrame:
    """Return the frame that passes on a proof."""
    return ForkFrame(fork.one.signed(), fork.other.signed())


def _about_others(neighbour: Neighbour, *halves: SignedBody) -> bool:
    feeds = [feed_named(bytes(half.body)) for half in halves]
    return all(feed is not None and feed.author != neighbour.wire.member for feed in feeds)
