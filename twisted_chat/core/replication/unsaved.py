"""Batches on their way to the disk: they are counted, and when there are too many, links are not read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.replication.insisting import Insisting
from twisted_chat.core.replication.store import Store

OWN_UNSAVED = 4 * 1024 * 1024
"""Bytes of this peer's own batches not yet durable at which it takes no more."""
UNSAVED = 8 * 1024 * 1024
"""Bytes of anybody's batches not yet durable at which links are no longer read."""


class Saving:
    """Gives batches to the store, and counts those that are not yet durable."""

    def __init__(
        self,
        store: Store,
        kept: Callable[[Batch, bool, dict[FeedId, int]], None],
        relieved: Callable[[], None],
        flow: Callable[[bool], None],
        insisting: Insisting,
        unkept: Callable[[Batch], None],
    ) -> None:
        """`kept(batch, own, lows)` is called once a batch is durable, `lows` being what the store gave up for it; `relieved` when
        `congested` has become false, `flow` with whether links are to be read when that changes. `unkept(batch)` is called when
        the store failed to keep a batch: it is asked again, and meanwhile may keep later ones."""
        self.unsaved = 0
        """Bytes of batches, anybody's, that are not yet durable."""
        self._store = store
        self._kept = kept
        self._relieved = relieved
        self._flow = flow
        self._insisting = insisting
        self._unkept = unkept
        self._own_unsaved = 0
        self._flowing = True

    @property
    def congested(self) -> bool:
        """Whether over 4 MiB of own batches wait for the store."""
        return self._own_unsaved > OWN_UNSAVED

    def save(self, batch: Batch, own: bool) -> None:
        """Have the store keep a batch, one's own or another's."""
        self.unsaved += batch.size
        self._own_unsaved += batch.size if own else 0
        if self._flowing and self.unsaved > UNSAVED:
            self._flowing = False
            self._flow(False)
        self._insisting.ask(
            partial(self._store.append, batch), partial(self._saved, batch, own), partial(self._unkept, batch)
        )

    def _saved(self, batch: Batch, own: bool, lows: dict[FeedId, int]) -> None:
        self.unsaved -= batch.size
        congested = self.congested
        self._own_unsaved -= batch.size if own else 0
        if congested and not self.congested:
            self._relieved()
        if not self._flowing and self.unsaved < UNSAVED // 2:
            self._flowing = True
            self._flow(True)
        self._kept(batch, own, lows)
