"""What a person is told of their own messages on the way: only what is true of the message it is told of."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.hosting import StillHost
from tests.kit.saying import FEED, said
from tests.kit.wires import Party, Recorder, SlowStore
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import Event
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.records import Away
from twisted_chat.core.messages import Delivered, Messages, Receipt
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.wire.frames import Digest, Have, Range
from twisted_chat.frontends.receipt import PATIENCE, Awaited, LastSaid
from twisted_chat.speech.messages import became

BIA, CAIO = b"b" * 32, b"c" * 32
NAMES = {BIA: "Bia", CAIO: "Caio"}


def own(number: int, feed: FeedId = FEED) -> Messages:
    """One's own message of this number."""
    return Messages(feed, number, number, "Ana", True, 0, said("oi").records)


def delivered(kept: int, **held: int) -> Delivered:
    """Up to which number is kept here, and by whom of those who are here."""
    ids = {name.encode()[:1] * 32: high for name, high in held.items()}
    return Delivered(FEED, kept, {id: (1, high) for id, high in ids.items()}, {id: NAMES[id] for id in ids})


class AwaitedTests(SynchronousTestCase):
    """The lines of the plain console."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.awaited = Awaited(self.clock, lambda receipt: self.told.append(became(receipt)))

    def hear(self, *events: Event) -> list[str]:
        """What is told when these are heard, within no time."""
        for event in events:
            self.awaited.heard(event)
        return self.taken()

    def wait(self, seconds: float = PATIENCE) -> list[str]:
        """What is told meanwhile."""
        self.clock.advance(seconds)
        return self.taken()

    def taken(self) -> list[str]:
        told, self.told[:] = list(self.told), []
        return told

    def test_complete(self) -> None:
        """Once all who are here have it, that is told at once, and no more after it."""
        self.assertEqual(self.hear(delivered(0, b=0), own(1), delivered(1, b=0)), [])
        self.assertEqual(self.hear(delivered(1, b=1)), ["✓ 1/1"])
        self.assertEqual(self.wait(10), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_refused_by_the_disk(self) -> None:
        """What the disk does not take is told not to be on it, and is told once to be there when it is."""
        self.hear(delivered(0), own(1), delivered(1))
        self.assertEqual(self.wait(), ["✓ kept here"])
        for number in range(2, 5):
            self.hear(own(number))
            self.assertEqual(self.wait(), ["… not yet on disk"])
        self.assertEqual(self.wait(60), [])
        self.assertEqual(self.hear(delivered(3)), [])
        self.assertEqual(self.hear(delivered(4)), ["✓ kept here"])
        self.assertEqual(self.hear(delivered(4)) + self.wait(10), [])

    def test_first_of_all(self) -> None:
        """So it is with the first message, of which nothing was ever heard."""
        self.hear(own(1))
        self.assertEqual(self.wait(), ["… not yet on disk"])
        self.assertEqual(self.hear(delivered(1)), ["✓ kept here"])

    def test_suspended(self) -> None:
        """What somebody who does not answer had before says nothing of what came after."""
        self.hear(delivered(0, b=0), own(1), delivered(1, b=1))
        self.hear(own(2), delivered(2, b=1))
        self.assertEqual(self.wait(), ["✓ 0/1 (not yet at Bia)"])
        self.assertEqual(self.hear(delivered(2, b=2)), ["✓ 1/1"])

    def test_held_elsewhere_first(self) -> None:
        """What another has on disk, and this peer has not, is not on disk here."""
        self.hear(own(1), delivered(0, b=1))
        self.assertEqual(self.wait(), ["… not yet on disk"])
        self.assertEqual(self.hear(delivered(1, b=1)), ["✓ 1/1"])

    def test_who_lacked_it_leaves(self) -> None:
        """That somebody without it leaves brings it to nobody, and is not told as if it did; that it came back with it is."""
        self.hear(own(1), delivered(1, b=1, c=0))
        self.assertEqual(self.wait(), ["✓ 1/2 (not yet at Caio)"])
        self.assertEqual(self.hear(delivered(1, b=1)), [])
        self.assertEqual(self.hear(delivered(1, b=1, c=0)), [])
        self.assertEqual(self.hear(delivered(1, b=1, c=1)), ["✓ 2/2"])

    def test_who_had_it_leaves(self) -> None:
        """Who has it counts while here."""
        self.hear(own(1), delivered(1, b=1, c=0))
        self.wait()
        self.assertEqual(self.hear(delivered(1, c=0)), [])
        self.assertEqual(self.hear(delivered(1, c=1)), ["✓ 1/1"])

    def test_whoever_comes(self) -> None:
        """What was said alone is told again when somebody came and has it."""
        self.hear(own(1), delivered(1))
        self.assertEqual(self.wait(), ["✓ kept here"])
        self.assertEqual(self.hear(delivered(1, b=0)), [])
        self.assertEqual(self.hear(delivered(1, b=1)), ["✓ 1/1"])

    def test_other_feeds(self) -> None:
        """What another process says with this key has its receipt there; a feed that ended gets no other's receipts."""
        other = FEED._replace(epoch=2)
        self.assertEqual(self.hear(delivered(0), own(9, other)) + self.wait(), [])
        self.hear(own(3))
        self.assertEqual(self.hear(Delivered(other, 5, {BIA: (1, 5)}, NAMES)) + self.wait(), [])

    def test_in_memory(self) -> None:
        """Without a disk nothing here gets a ✓; on another's disk it does."""
        self.hear(Delivered(FEED, 0, {}, {}, durable=False), own(1), Delivered(FEED, 1, {}, {}, durable=False))
        self.assertEqual(self.wait(), ["… kept in memory only"])
        lacking = Delivered(FEED, 1, {BIA: (1, 0)}, {BIA: "Bia"}, durable=False)
        self.assertEqual(became(lacking.receipt(1)), "… kept in memory only (not yet at Bia)")
        self.assertEqual(self.hear(Delivered(FEED, 1, {BIA: (1, 1)}, {BIA: "Bia"}, durable=False)), ["✓ 1/1"])


class Speaker(Party):
    """A peer with a conversation, whose store keeps one batch at a time, when told."""

    def __init__(self, clock: Clock) -> None:
        store = SlowStore()
        store.slow = True
        self.conversation: Conversation | None = None
        super().__init__(clock, 1, store=store)
        self.conversation = Conversation(Roster(self.id, "Ana"), StillHost(self.replica), clock, HybridClock(lambda: 0))

    def accepted(self, batch: Batch, missed: bool) -> None:
        """See `Audience`."""
        assert self.conversation is not None
        self.conversation.accepted(batch)

    def delivered(self, feed: FeedId, kept: int, held: Mapping[bytes, tuple[int, int]], durable: bool) -> None:
        """See `Audience`."""
        if self.conversation is not None:  # else it says which feed begins
            self.conversation.delivered(feed, kept, held, durable)


class Orders(RuleBasedStateMachine):
    """Saying, committing, acknowledging, coming, going and losing, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.ana = Speaker(self.clock)
        self.last = LastSaid()
        self.awaited = Awaited(self.clock, self.told)
        assert self.ana.conversation is not None
        self.ana.conversation.watch(self.last.heard)
        self.ana.conversation.watch(self.awaited.heard)
        self.high = 0
        """Records said."""
        self.message = 0
        """The number of the last that was a message."""
        self.committed = 0
        self.wires: dict[bytes, Recorder] = {}
        self.held: dict[bytes, tuple[int, int]] = {}
        self.said_at = 0.0
        self.receipts: list[Receipt] = []
        """What was told of the last message."""

    def truth(self) -> tuple[bool, set[bytes], int]:
        """Whether the last message is on disk here, who has it, and how many haven't."""
        holders = {id for id, (low, high) in self.held.items() if low <= self.message <= high}
        return self.message <= self.committed, holders, len(self.held) - len(holders)

    def told(self, receipt: Receipt) -> None:
        """The console tells of the last message."""
        assert (receipt.kept, receipt.holders, len(receipt.lacking)) == self.truth(), receipt
        assert ("✓" in became(receipt)) == (self.message <= self.committed)
        self.receipts.append(receipt)

    @rule()
    def say(self) -> None:
        """Say something."""
        self.high += 1
        self.message = self.high
        self.receipts.clear()
        self.said_at = self.clock.seconds()
        self.ana.say("oi")
        self.clock.advance(0)

    @rule()
    def go_away(self) -> None:
        """Put something into the feed that is no message."""
        self.high += 1
        self.ana.replica.append(Away("a moment"))
        self.clock.advance(0)

    @precondition(lambda self: self.committed < self.high)
    @rule()
    def commit(self) -> None:
        """The disk takes the next batch: one record."""
        self.committed += 1
        self.ana.store.waiting.pop(0)()
        self.clock.advance(0)

    @rule(id=st.sampled_from(sorted(NAMES)), silent=st.booleans())
    def come_or_go(self, id: bytes, silent: bool) -> None:
        """Somebody is linked, having nothing, or saying nothing as one that is suspended; or no longer is linked."""
        wire = self.wires.pop(id, None)
        if wire is None:
            wire = self.wires[id] = Recorder(id)
            self.held[id] = (1, 0)
            self.ana.replica.attach(wire)
            self.ana.hears(wire, *([] if silent else [Digest({}), Have({}, True)]))
        else:
            del self.held[id]
            self.ana.replica.detach(wire)
        self.clock.advance(0)

    @precondition(lambda self: self.wires and self.high)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Somebody who is here says what it holds: more, the same, or, its disk being lost, less."""
        id = data.draw(st.sampled_from(sorted(self.wires)))
        low, high = sorted(data.draw(st.tuples(*[st.integers(1, self.high)] * 2)))
        self.held[id] = (low, high)
        self.ana.hears(self.wires[id], Have({self.ana.id: [Range(self.ana.replica.own.epoch, low, high)]}))
        self.clock.advance(0)

    @rule(seconds=st.sampled_from([0.1, 1.0, PATIENCE]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @invariant()
    def toolbar_is_true(self) -> None:
        """What stands in the toolbar is what is so, of the last message."""
        receipt = self.last.receipt
        assert (receipt is None) == (self.message == 0)
        if receipt is not None:
            assert (receipt.kept, receipt.holders, len(receipt.lacking)) == self.truth(), receipt

    @invariant()
    def nobody_is_left_waiting(self) -> None:
        """In time something was told of the last message, and once it is on disk that; each no more than once."""
        if self.message and self.clock.seconds() - self.said_at >= PATIENCE:
            assert self.receipts
            assert self.receipts[-1].kept or not self.truth()[0]
        assert len(self.receipts) <= 3
        assert sorted(receipt.kept for receipt in self.receipts) == [receipt.kept for receipt in self.receipts]


class OrderTests(SynchronousTestCase):
    """Receipts over all orders of saying, committing, acknowledging and losing."""

    def test_all_orders(self) -> None:
        """What is told and shown is true of the last message at all times, and is told in time."""
        run_state_machine_as_test(Orders, settings=settings(max_examples=50, stateful_step_count=30, deadline=None))
