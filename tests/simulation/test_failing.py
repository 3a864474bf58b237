"""Stores that fail: each call has an end for that, and all is caught up on afterwards."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.signing import Writer
from tests.kit.wires import Recorder
from tests.simulation.disk import Disk, DiskStore
from tests.simulation.failing import CALLS, FailingStore
from tests.simulation.network import Node
from tests.simulation.world import Actor, World
from twisted_chat.core.answers import Answer
from twisted_chat.core.messages import Past
from twisted_chat.core.replication.insisting import LONGEST_WAIT
from twisted_chat.core.seat import Seat
from twisted_chat.core.wire.frames import BatchFrame
from twisted_chat.frontends.session import Session
from twisted_chat.speech.answers import lines

ASKED = ("/history", "/history 9 #tea", "/history P0x", "/search oi", "/join #tea", "/doctor")
"""What is answered with what the store finds."""


class Screen:
    """Notes what a person is shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.past: list[Past] = []

    def answer(self, answer: Answer) -> None:
        """See `Display`."""
        if isinstance(answer, Past) and answer.messages:
            self.past.append(answer)
        else:
            self.lines += lines(answer)


class FailingStoreTests(SynchronousTestCase):
    """One of three peers has a store that fails."""

    def setUp(self) -> None:
        self.world = World(3, 3)
        self.ana, self.bia, self.caio = self.world.actors
        self.failing: set[str] = set()
        self.countdown = 0
        self.failed = 0
        self.stores: list[FailingStore] = []
        self.bia.store = self.store

    def store(self, disk: Disk, node: Node) -> Any:
        """Return a store that fails as is asked for."""
        self.stores.append(FailingStore(DiskStore(disk, node), self.fails))
        return self.stores[-1]

    def fails(self, name: str) -> bool:
        """Whether a call is to fail now."""
        self.countdown -= 1
        fails = name in self.failing or not self.countdown
        self.failed += fails
        return fails

    def run_until(self, what: Any, seconds: float = 2 * LONGEST_WAIT) -> bool:
        """Let time pass until something is so."""
        return self.world.network.run_until(what, seconds)

    def talk(self, *actors: Actor) -> None:
        """Have everybody say all that can be said."""
        for actor in actors:
            assert actor.peer is not None
            actor.say(3)
            actor.peer.conversation.say("oi", "#tea")
            actor.peer.conversation.whisper(self.bia.identity.id, "psst")
            actor.peer.conversation.set_topic("#tea", "oolong")
            actor.peer.conversation.rename(f"{actor.name}x")
        self.world.network.run(1)

    def fork(self, number: int) -> None:
        """Let the one whose store fails hear of an author who contradicts itself, as guests tell it."""
        assert self.bia.peer is not None
        writer, replica, guest = Writer(number), self.bia.peer.replica, Recorder(b"g" * 32)
        replica.attach(guest)
        for batch in (writer.write("one"), writer.sign(None, "other")):
            replica.receive(guest, BatchFrame(batch.sig, batch.signed().body))
            self.world.network.run(0.2)
        replica.receive(guest, BatchFrame(batch.sig, batch.signed().body))
        self.world.network.run(0.2)
        replica.detach(guest)

    def story(self) -> None:
        """Somebody joins, all talk, somebody catches up from the one whose store fails, alone."""
        self.talk(*self.world.living())
        self.fork(9)
        self.ask()
        self.caio.crash()
        self.talk(self.ana, self.bia)
        self.ana.crash()
        self.caio.disk = Disk(self.world.written)
        self.caio.start()
        self.talk(self.bia, self.caio)
        self.world.network.run(8)
        self.ask()

    def ask(self) -> None:
        """Type every command that looks into the store: each is answered."""
        assert self.bia.peer is not None
        screen = Screen()
        session = Session(Seat(self.bia.peer.conversation), screen, "logs_chat.txt")
        for line in ASKED:
            screen.lines.clear()
            screen.past.clear()
            self.assertTrue(session.run(line))
            self.world.network.run(0.1)
            self.assertTrue(screen.lines or screen.past, line)
            if "page" in self.failing and line != "/doctor" and "search" not in line:
                self.assertIn("Input/output error", screen.lines[-1])

    def check(self, what: str) -> None:
        """All hold and show the same in the end, and nothing was left unhandled."""
        self.ana.start()
        self.assertTrue(self.run_until(self.world.equal), f"{what}: {[actor.held() for actor in self.world.living()]}")
        self.world.network.run(LONGEST_WAIT, 0.1)
        for actor in (self.ana, self.caio):
            said = {text for each in self.world.actors for text in each.said}
            self.assertEqual(said - set(actor.shown()) - self.earlier(actor), set(), what)
        assert self.bia.peer is not None
        replica = self.bia.peer.replica
        self.assertEqual(self.bia.peer.replica.saving.unsaved, 0, what)
        self.assertEqual([holding for holding in replica.holdings.values() if holding.cutting], [], what)
        known = [member.known for member in self.bia.peer.conversation.roster.everybody()]
        names = {member.id: member.names for member in known if not member.nothing}
        self.assertEqual({id: self.bia.disk.members[id].names for id in names}, names, what)
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [], what)

    def earlier(self, actor: Actor) -> set[str]:
        """Return what was shown in former lives."""
        return {record.text for life in actor.lives for event in life for record in getattr(event, "records", [])}

    def begin(self) -> None:
        """Start everybody."""
        for actor in self.world.actors:
            actor.start()
        self.assertTrue(self.run_until(self.world.meshed, 10))

    def test_each_call(self) -> None:
        """Each call of the store in turn fails from the start on, for all of a story; then it does not any more."""
        for name in CALLS:
            self.setUp()
            self.begin()
            self.failing = {name}
            self.story()
            self.failing = set()
            self.check(name)

    def test_one_call(self) -> None:
        """One call fails, the nth, whichever it is."""
        self.begin()
        self.story()
        calls = self.stores[0].counts.total()
        for nth in range(1, calls, max(1, calls // 8)):
            self.setUp()
            self.begin()
            self.countdown = nth
            self.story()
            self.check(f"call {nth} of {calls}")

    def test_leaving(self) -> None:
        """What waits to be asked again is asked once more before the store is closed: no word is lost."""
        self.begin()
        self.failing = {"append", "know"}
        self.bia.say(3)
        self.world.network.run(1)
        self.assertEqual(self.failed, 1)
        self.failing = set()
        assert self.bia.peer is not None
        done: list[None] = []
        stopped: Deferred[None] = self.bia.peer.stop()
        stopped.addCallback(done.append)
        self.assertTrue(self.run_until(lambda: done, 10))
        self.assertEqual([batch.last for batch in self.bia.disk.batches], [3])
