"""The storage limit per author: once the quota is full, no more of that author is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred

from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.replication.insisting import Insisting

Sizes = Mapping[bytes, int]
"""Bytes kept by author."""


class Quotas:
    """Counts the bytes accepted from each author, but not those deleted later. When the count reaches the quota, the store is
    asked for the true size.

    The last batch that is accepted may exceed the quota; the next is not accepted.
    """

    def __init__(
        self,
        limit: int | None,
        sizes: Callable[[], Deferred[Sizes]],
        reached: Callable[[bytes], None],
        freed: Callable[[bytes], None],
        insisting: Insisting,
    ) -> None:
        """`limit` is in bytes, None for no limit; `sizes` asks the store. `reached` is called when an author has used the quota
        up, `freed` when there is room again."""
        self.limit = limit
        self._ask = sizes
        self._reached = reached
        self._freed = freed
        self._insisting = insisting
        self._sizes: Counter[bytes] = Counter()
        self._since: Counter[bytes] = Counter()
        """The bytes accepted since the store was asked."""
        self._asking = False
        self._full: dict[bytes, bool] = {}
        """The authors of whom nothing is taken, and whether that was told."""

    def start(self) -> None:
        """Ask the store what is kept."""
        if self.limit is not None and not self._asking:
            self._asking = True
            self._insisting.ask(self._count, self._counted)

    def _count(self) -> Deferred[Sizes]:
        self._since.clear()
        return self._ask()

    def admits(self, author: bytes) -> bool:
        """Whether more of an author is to be taken."""
        if self.limit is None:
            return True
        if author not in self._full and self._sizes[author] >= self.limit:
            self._full[author] = False
            self.start()
        return author not in self._full

    def taken(self, batch: Batch) -> None:
        """Count the bytes of a batch that was accepted."""
        if self.limit is not None:
            self._sizes[batch.feed.author] += batch.size
            self._since[batch.feed.author] += batch.size

    def given_up(self) -> None:
        """Records were deleted, of whatever author: ask again about those whose quota was full."""
        if self._full:
            self.start()

    @property
    def full(self) -> list[bytes]:
        """The authors whose quota is used up."""
        return [author for author, told in self._full.items() if told]

    def _counted(self, sizes: Sizes) -> None:
        self._asking = False
        self._sizes = Counter(sizes) + self._since
        for author, told in list(self._full.items()):
            if self.limit is not None and self._sizes[author] < self.limit:
                del self._full[author]
                self._freed(author)
            elif not told:
                self._full[author] = True
                self._reached(author)
