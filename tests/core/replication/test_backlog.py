"""What was missed is told by when it was listed."""

from __future__ import annotations

from msgspec import Raw
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.signing import Writer
from tests.kit.wires import Party, Recorder
from twisted_chat.core.replication.backlog import Backlog
from twisted_chat.core.wire.frames import BatchFrame, Have, Range


class BacklogTests(SynchronousTestCase):
    """One feed, of which a neighbour lists some."""

    def setUp(self) -> None:
        self.backlog = Backlog()
        self.ana = Writer(1)

    def test_listed(self) -> None:
        """What was listed was missed, and what comes after that was not."""
        self.backlog.listed(self.ana.feed, 2)
        self.assertEqual([self.backlog.holds(self.ana.write(text)) for text in "abcd"], [True, True, False, False])

    def test_not_listed(self) -> None:
        """What nobody listed was said now."""
        self.assertFalse(self.backlog.holds(self.ana.write("a")))

    def test_heard_live(self) -> None:
        """What comes late of a feed that was heard live, as after a broken link, was not missed."""
        self.backlog.holds(self.ana.write("a"))
        self.backlog.listed(self.ana.feed, 3)
        self.assertEqual([self.backlog.holds(self.ana.write(text)) for text in "bc"], [False, False])

    def test_cleared(self) -> None:
        """Once all has come, nothing that comes was missed."""
        self.backlog.listed(self.ana.feed, 9)
        self.backlog.clear()
        self.assertFalse(self.backlog.holds(self.ana.write("a")))


class ReplicaTests(SynchronousTestCase):
    """The same by a replica."""

    def test_first_list(self) -> None:
        """Only the list with which a link begins tells of what was missed, whatever times the messages bear."""
        clock = Clock()
        party = Party(clock, 5)
        wire = Recorder()
        party.replica.attach(wire)
        ana, caio = Writer(1), Writer(3)
        old, new, other = ana.write("before"), ana.write("since"), caio.write("hello")

        def hear(*batches: object) -> None:
            for batch in batches:
                party.replica.receive(wire, BatchFrame(batch.sig, Raw(batch.body)))  # type: ignore[attr-defined]

        party.replica.receive(wire, Have({ana.feed.author: [Range(ana.feed.epoch, 1, 1)]}, True))
        party.replica.receive(wire, Have({caio.feed.author: [Range(caio.feed.epoch, 1, 1)]}))
        hear(old, new, other)
        self.assertEqual(party.texts(), ["before", "since", "hello"])
        self.assertEqual([batch.hash for batch in party.missed], [old.hash])
