"""The store that keeps nothing beyond the process."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author, ranges
from tests.storage import contract
from twisted_chat.core.replication.store import Store
from twisted_chat.storage.memory import MemoryStore, cost


class InMemory(contract.StoreContract):
    """The contract's tests, over `MemoryStore`."""

    def setUp(self) -> None:
        self.store = MemoryStore(wall=self.wall)
        super().setUp()

    def result(self, deferred: Deferred[Any]) -> Any:
        return self.successResultOf(deferred)


class KeepingTests(InMemory, contract.Keeping):
    pass


class ArrivingTests(InMemory, contract.Arriving):
    """What arrived."""


class HolesTests(InMemory, contract.Holes):
    pass


class FreezingTests(InMemory, contract.Freezing):
    pass


class TrimmingTests(InMemory, contract.Trimming):
    pass


class MeasuringTests(InMemory, contract.Measuring):
    pass


class MembersTests(InMemory, contract.Members):
    pass


class LookingTests(InMemory, contract.Looking):
    pass


class LimitTests(SynchronousTestCase):
    """Staying within the limit."""

    def setUp(self) -> None:
        self.ana, self.bia = Author(1), Author(2)
        size = cost(self.ana.batch(1))
        self.store: Store = MemoryStore(limit=3 * size + size // 2)

    def append(self, author: Author, first: int) -> dict[Any, int]:
        return self.successResultOf(self.store.append(author.batch(first)))

    def held(self) -> dict[Any, tuple[int, int]]:
        loaded = self.successResultOf(self.store.load())
        return {held.feed: (held.low, held.high) for held in loaded.held}

    def test_oldest_first(self) -> None:
        """What came first is given up first, and the append that took its room says so."""
        for first in (1, 2, 3):
            self.assertEqual(self.append(self.ana, first), {})
        self.assertEqual(self.append(self.ana, 4), {self.ana.feed: 2})
        self.assertEqual(self.append(self.bia, 1), {self.ana.feed: 3})
        self.assertEqual(self.held(), {self.ana.feed: (3, 4), self.bia.feed: (1, 1)})

    def test_whole_feed(self) -> None:
        """Of a feed given up completely it is still known where it goes on."""
        self.append(self.bia, 1)
        for first in (1, 2, 3):
            self.append(self.ana, first)
        self.assertEqual(self.held()[self.bia.feed], (2, 1))
        self.assertEqual(self.successResultOf(self.store.read(self.bia.feed, 1)), [])
        self.append(self.bia, 2)
        self.assertEqual(self.held()[self.bia.feed], (2, 2))

    def test_filled_late(self) -> None:
        """A feed gives up its lowest batch first, even if that arrived after others."""
        for first in (3, 1, 2):
            self.append(self.ana, first)
        self.assertEqual(self.held(), {self.ana.feed: (1, 3)})
        self.assertEqual(self.append(self.ana, 4), {self.ana.feed: 2})
        self.assertEqual(ranges(self.successResultOf(self.store.read(self.ana.feed, 1))), [(2, 2), (3, 3), (4, 4)])

    def test_room_after_a_cut(self) -> None:
        """What a fork or a trim took away makes room."""
        for first in (1, 2, 3):
            self.append(self.ana, first)
        self.successResultOf(self.store.freeze(self.ana.fork(2)))
        for first in (1, 2):
            self.assertEqual(self.append(self.bia, first), {})
        self.assertEqual(self.append(self.bia, 3), {self.ana.feed: 2})
        self.assertEqual(self.append(self.bia, 4), {self.bia.feed: 2})

    def test_too_large(self) -> None:
        """A batch larger than the limit is given up at once."""
        store = MemoryStore(limit=10)
        batch = self.ana.batch(1, 5)
        self.assertEqual(self.successResultOf(store.append(batch)), {batch.feed: 6})
