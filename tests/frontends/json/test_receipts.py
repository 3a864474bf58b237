"""What became of what one program said."""

from __future__ import annotations

from unittest import mock

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.messages import Delivered, Receipt
from twisted_chat.frontends.json.receipts import MAX_FOLLOWED, Receipts

ME, ANA, BIA = b"m" * 32, b"a" * 32, b"b" * 32
NAMES = {ANA: "Ana", BIA: "Bia"}


class ReceiptsTests(SynchronousTestCase):
    """Ana and Bia are linked."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[tuple[int, bool, int]] = []
        self.receipts = Receipts(self.clock, lambda id, receipt: self.note(id, receipt))

    def note(self, id: MessageId, receipt: Receipt) -> None:
        self.told.append((id.number, receipt.kept, len(receipt.holders)))

    def hear(self, kept: int, ana: int, bia: int, epoch: int = 1) -> list[tuple[int, bool, int]]:
        """Hear how far things have come; return what was told of that."""
        self.receipts.heard(Delivered(FeedId(ME, epoch), kept, {ANA: (1, ana), BIA: (1, bia)}, NAMES))
        self.clock.advance(1)
        told, self.told = self.told, []
        return told

    def test_on_its_way(self) -> None:
        """Each step is told once, of each message, and nothing once all have it."""
        for number in (1, 2, 4):
            self.receipts.follow(MessageId(ME, 1, number))
        self.assertEqual(self.hear(2, 0, 0), [(1, True, 0), (2, True, 0), (4, False, 0)])
        self.assertEqual(self.hear(2, 0, 0), [])
        self.assertEqual(self.hear(4, 2, 1), [(1, True, 2), (2, True, 1), (4, True, 0)])
        self.assertEqual(self.hear(4, 4, 4), [(2, True, 2), (4, True, 2)])
        self.receipts.follow(MessageId(ME, 1, 3))
        self.assertEqual(self.hear(4, 4, 4), [(3, True, 2)])

    def test_another_epoch(self) -> None:
        """What was said in an epoch that is over is followed no more."""
        self.receipts.follow(MessageId(ME, 1, 1))
        self.receipts.follow(MessageId(ME, 2, 1))
        self.assertEqual(self.hear(1, 1, 1), [])
        self.assertEqual(self.hear(1, 1, 1, epoch=2), [(1, True, 2)])

    def test_cheap(self) -> None:
        """However many messages wait for somebody, a new one costs no look at them; the oldest are forgotten."""
        for number in range(1, MAX_FOLLOWED + 11):
            self.receipts.follow(MessageId(ME, 1, number))
        self.assertEqual(len(self.hear(MAX_FOLLOWED + 10, 0, 0)), MAX_FOLLOWED)
        self.receipts.follow(MessageId(ME, 1, MAX_FOLLOWED + 11))
        with mock.patch.object(Delivered, "receipt", autospec=True, side_effect=Delivered.receipt) as looked:
            self.assertEqual(len(self.hear(MAX_FOLLOWED + 11, 0, 0)), 1)
        self.assertEqual(looked.call_count, 1)
