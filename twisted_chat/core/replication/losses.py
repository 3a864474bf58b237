"""Records that were held and can't be read any more. They are announced no longer, and asked of others until they come again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.audience import Audience
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.holes import Runs, missing
from twisted_chat.core.replication.insisting import Insisting
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.store import Held, Store


class Losses:
    """Which records of which feeds the disk has lost since the start, or had by then.

    The audience is told once of each author, and once when nothing that is wanted of that author is lost any more.
    """

    def __init__(
        self,
        inventory: Inventory,
        store: Store,
        insisting: Insisting,
        audience: Audience,
        doubted: Callable[[FeedId], None],
        checked: Callable[[Holding], None],
    ) -> None:
        """`doubted` is called with a feed that is going to be checked, `checked` once it is known what is left of it."""
        self._inventory = inventory
        self._store = store
        self._insisting = insisting
        self._audience = audience
        self._doubted = doubted
        self._checked = checked
        self._lost: dict[FeedId, Runs] = {}
        self._told: set[bytes] = set()
        """The authors of whom it was told that something is lost."""

    def load(self, lost: Mapping[FeedId, Runs]) -> None:
        """Take over what the store found to be lost when it was opened."""
        self._lost.update(lost)

    def tell(self) -> None:
        """Tell of what was taken over."""
        for author in self.by_author():
            self._tell_of(author)

    def check(self, feed: FeedId) -> None:
        """See what is lost of a feed of which the store could not read something. Nothing of it is taken meanwhile."""
        holding = self._inventory.get(feed)
        if holding is None or holding.cutting:
            return
        self._doubted(feed)
        holding.cutting += 1
        self._insisting.ask(partial(self._store.check, feed), partial(self._found, holding, holding.runs))

    def _found(self, holding: Holding, before: Runs, held: Held | None) -> None:
        holding.cutting -= 1
        holding.load(held)
        lost = missing(before, holding.runs)
        if lost:
            self._lost[holding.feed] = sorted([*self._lost.get(holding.feed, ()), *lost])
            self._tell_of(holding.feed.author)
        self._checked(holding)

    def has(self, batch: Batch) -> bool:
        """Whether a batch was held before, and lost."""
        return any(first <= batch.first and batch.last <= last for first, last in self._lost.get(batch.feed, ()))

    def look(self, holding: Holding) -> None:
        """See what of a feed has come again, or is not wanted any more."""
        lost = self._lost.get(holding.feed)
        if lost is None:
            return
        lowest = holding.holes[-1].base if holding.holes else holding.low
        end = holding.fork.place if holding.fork is not None else None
        left = [
            (max(first, lowest), last)
            for first, last in missing(lost, holding.runs)
            if last >= lowest and (end is None or first < end)
        ]
        if left:
            self._lost[holding.feed] = left
            return
        del self._lost[holding.feed]
        author = holding.feed.author
        if not any(feed.author == author for feed in self._lost):
            self._told.discard(author)
            self._audience.mended(author)

    def by_author(self) -> Mapping[bytes, Runs]:
        """Return what is lost of each author, of whatever feed."""
        found: dict[bytes, list[tuple[int, int]]] = {}
        for feed, lost in self._lost.items():
            found.setdefault(feed.author, []).extend(lost)
        return found

    def _tell_of(self, author: bytes) -> None:
        if author not in self._told:
            self._told.add(author)
            self._audience.damaged(author)
