"""What a message is called is known where it is said, and is what others call it."""

from __future__ import annotations

from itertools import count

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.signing import Writer
from tests.kit.wires import Party, Recorder, join, one_turn, run
from tests.simulation.world import World
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId, Ticket
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.messages import Messages
from twisted_chat.core.replication.forks import fork_frame
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.ownfeed import EPOCHS_REMEMBERED, OwnFeed, Signer


def called(batches: list[Batch]) -> dict[str, MessageId]:
    """Return what every message in some batches is called, by its text."""
    return {
        record.text: MessageId(*batch.feed, batch.first + index)
        for batch in batches
        for index, record in enumerate(batch.records)
        if isinstance(record, Say)
    }


class TicketTests(SynchronousTestCase):
    """What `Replica.append` returns."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana, self.bia = Party(self.clock, 1), Party(self.clock, 2)
        self.tickets: dict[str, Ticket] = {}

    def say(self, *texts: str) -> None:
        """Let Ana say something; keep the tickets."""
        for text in texts:
            self.tickets[text] = self.ana.replica.append(Say(text))

    def check(self) -> None:
        """All that Ana said is called the same by her ticket and by Bia."""
        ids = {text: ticket.id for text, ticket in self.tickets.items()}
        self.assertEqual(called(self.bia.shown), ids)
        self.assertEqual(len(set(ids.values())), len(ids))

    def test_batches(self) -> None:
        """However much is said in a turn, and in however many batches it goes out."""
        join(self.ana, self.bia)
        run(self.clock, 0.1)
        for turn in range(3):
            self.say(*(f"{turn}.{number} " + "x" * 50 for number in range(1500)))
            run(self.clock, 0.1)
        self.assertGreater(len(self.bia.shown), 6)
        self.check()

    def test_known_when_told(self) -> None:
        """It is not known before the message is signed, and is when it is told."""
        told: list[MessageId | None] = []
        self.say("a")
        self.patch(self.ana, "accepted", lambda batch, missed: told.append(self.tickets["a"].id))
        self.assertIsNone(self.tickets["a"].id)
        one_turn(self.clock)
        self.assertEqual(told, [MessageId(self.ana.id, 1, 1)])

    def test_another_link(self) -> None:
        """Whether it went out over this link or, after that was lost, over another."""
        self.say("before")
        wire = join(self.ana, self.bia)
        run(self.clock, 0.1)
        wire.pause()
        self.say("stuck")
        run(self.clock, 0.1)
        wire.cut()
        self.say("meanwhile")
        run(self.clock, 0.1)
        join(self.ana, self.bia)
        run(self.clock, 3)
        self.check()

    def test_another_epoch(self) -> None:
        """If another process turns out to write the same feed before a message is signed, it is signed in a new epoch, and its
        ticket knows that; what was said before is called as it was."""
        self.say("old")
        run(self.clock, 0.1)
        old = self.tickets["old"].id
        self.say("between", "the epochs")
        self.ana.hears(self.stranger(), fork_frame(Fork(self.ana.shown[0], Writer(1, epoch=1).write("theirs"))))
        self.say("new")
        run(self.clock, 0.1)
        epochs = [ticket.id.epoch for ticket in self.tickets.values() if ticket.id is not None]
        self.assertEqual((epochs, self.tickets["old"].id), ([1, 2, 2, 2], old))
        del self.tickets["old"]  # of a fork nobody takes anything
        join(self.ana, self.bia)
        run(self.clock, 3)
        self.check()

    def stranger(self) -> Recorder:
        """Return a link with somebody."""
        wire = Recorder()
        self.ana.replica.attach(wire)
        return wire


class EpochsTests(SynchronousTestCase):
    """What is remembered of epochs."""

    def test_bounded(self) -> None:
        """However often a process had to begin anew, a few epochs are remembered: the last."""
        epochs, clock = count(1), Clock()
        signer = Signer(Identity(b"a" * 32), Group(), "Ana")
        own = OwnFeed(signer, HybridClock(lambda: 0), Inventory(), lambda: next(epochs), clock, lambda batch: None)
        tickets = []
        for _ in range(EPOCHS_REMEMBERED + 1):
            own.begin()
            tickets += [own.add(Say("a")), own.add(Say("b"))]
            own.flush()
        ids = [ticket.id for ticket in tickets]
        self.assertEqual(ids[:2], [None, None])
        author = signer.identity.id
        self.assertEqual(ids[2:4], [MessageId(author, 2, 1), MessageId(author, 2, 2)])
        self.assertEqual(ids[-1], MessageId(author, EPOCHS_REMEMBERED + 1, 2))


class ConversationTests(SynchronousTestCase):
    """The same, through whole peers."""

    def test_everywhere(self) -> None:
        """What `say` and `whisper` return has the id that the event bears, here and at the other end; so has the message when it
        is found again."""
        world = World(3, 2)
        ana, bia = world.actors
        for actor in world.actors:
            actor.start()
        world.network.run(3)
        assert ana.peer is not None and bia.peer is not None
        conversation = ana.peer.conversation
        tickets = [
            conversation.say("a"),
            conversation.whisper(bia.identity.id, "b"),
            conversation.say("c", "#tea"),
            conversation.say("d", me=True),
        ]
        world.network.run(3)
        ids = [ticket.id for ticket in tickets]
        for actor in world.actors:
            heard = [event for event in actor.lives[-1] if isinstance(event, Messages)]
            self.assertEqual([each.id for event in heard for each in event.each()], ids)
            assert actor.peer is not None
            past = self.successResultOf(actor.peer.conversation.history(9))
            self.assertEqual([message.id for message in past], ids)
