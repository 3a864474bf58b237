"""What a store keeps in memory of what it was given last."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author, ranges
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.storage.memory import cost
from twisted_chat.storage.recent import Recent

PAGE = 65536


class RecentTests(SynchronousTestCase):
    """It has the newest of each feed, nothing that a store would not have, and never too much."""

    def setUp(self) -> None:
        self.ana, self.bia = Author(1), Author(2)
        self.recent = Recent({self.bia.feed: 4})

    def append(self, author: Author, *spans: tuple[int, int]) -> None:
        for first, last in spans:
            self.recent.append(author.batch(first, last - first + 1))

    def read(self, feed: FeedId, first: int, limit: int = PAGE) -> list[tuple[int, int]] | None:
        found = self.recent.read(feed, first, limit)
        return None if found is None else ranges(found)

    def test_read(self) -> None:
        """From the batch that holds a record on, as much as a page takes; what is not here is for the disk to say."""
        self.append(self.ana, (1, 2), (3, 3), (4, 6))
        self.assertEqual(self.read(self.ana.feed, 2), [(1, 2), (3, 3), (4, 6)])
        self.assertEqual(self.read(self.ana.feed, 5), [(4, 6)])
        self.assertEqual(self.read(self.ana.feed, 1, limit=1), [(1, 2)])
        self.assertIsNone(self.read(self.ana.feed, 7))
        self.assertIsNone(self.read(self.bia.feed, 1))

    def test_not_what_is_held(self) -> None:
        """What was stored before, fills a hole or comes twice is not taken; what jumps ahead begins anew."""
        self.append(self.bia, (3, 4))
        self.assertIsNone(self.read(self.bia.feed, 3))
        self.append(self.bia, (5, 6), (9, 9), (7, 8), (9, 9))
        self.assertEqual(self.read(self.bia.feed, 9), [(9, 9)])
        for first in (5, 7):
            self.assertIsNone(self.read(self.bia.feed, first))

    def test_never_too_much(self) -> None:
        """What came first is given up first, whoever's it is, however feeds jump."""
        spans = [(number, number) for number in range(1, 9)]
        size = cost(self.ana.batch(1))
        self.recent = Recent({}, limit=4 * size + size // 2)
        for span in spans:
            self.append(self.ana, span)
            self.append(self.bia, span)
        for author in (self.ana, self.bia):
            self.assertIsNone(self.read(author.feed, 6))
            self.assertEqual(self.read(author.feed, 7), [(7, 7), (8, 8)])
        for number in range(20, 200, 2):
            self.append(self.ana, (number, number))
        self.assertEqual(self.read(self.ana.feed, 198), [(198, 198)])
        self.append(self.ana, *((number, number) for number in range(199, 220)))
        self.assertEqual(self.read(self.ana.feed, 216), [(216, 216), (217, 217), (218, 218), (219, 219)])
        self.assertIsNone(self.read(self.ana.feed, 215))

    def test_frozen(self) -> None:
        """Of a feed that ends at a fork nothing is here any more."""
        self.append(self.ana, (1, 2), (3, 3))
        self.append(self.bia, (5, 5))
        self.recent.freeze(self.ana.fork(3))
        self.append(self.ana, (3, 4))
        self.assertIsNone(self.read(self.ana.feed, 1))
        self.assertEqual(self.read(self.bia.feed, 5), [(5, 5)])

    def test_trimmed(self) -> None:
        """After a trim only what came since is here."""
        self.append(self.ana, (1, 2), (3, 3))
        self.recent.trim()
        self.append(self.ana, (4, 4))
        self.assertIsNone(self.read(self.ana.feed, 3))
        self.assertEqual(self.read(self.ana.feed, 4), [(4, 4)])
