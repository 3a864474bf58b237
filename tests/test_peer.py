"""One whole peer, on a simulated network."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.simulation.failing import FailingStore
from tests.simulation.world import FIRST_PORT, HOST, START, World
from twisted_chat.assembly import assemble, fleeting
from twisted_chat.core.events import Left, Lost, StoreFailing, StoreRecovered
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.group import Group
from twisted_chat.core.messages import Messages
from twisted_chat.core.replication.store import Loaded, Which
from twisted_chat.core.wire.frames import MAX_INT
from twisted_chat.peer import DELIVERY_SECONDS, NetworkSettings, Peer, PeerSettings, random_whole
from twisted_chat.retention import DAY
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.heads import Head
from twisted_chat.storage.memory import MemoryStore


class LoadingStore(MemoryStore):
    """A store that takes its time to load, and notes when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.loading: Deferred[Loaded] = Deferred()
        self.closed = False

    def load(self) -> Deferred[Loaded]:
        """See `Store.load`."""
        return self.loading

    def close(self) -> Deferred[None]:
        """See `Store.close`."""
        self.closed = True
        return super().close()


class PeerTests(SynchronousTestCase):
    """From the start to the goodbye."""

    def setUp(self) -> None:
        self.world = World(1, 2)
        self.network = self.world.network
        self.ana, self.bia = self.world.actors
        self.store: Any = LoadingStore()
        self.node = self.network.node()
        self.events: list[Any] = []
        self.ahead = 0.0

    def peer(self, **more: Any) -> Peer:
        """Return a peer on the port that nobody else uses here, not started."""
        addresses = tuple((HOST, FIRST_PORT + number) for number in range(3))
        peer = assemble(
            self.node,
            PeerSettings("Me", Group(), NetworkSettings(HOST, FIRST_PORT + 2, addresses), **more),
            replace(fleeting(), store=self.store),
            lambda: START + self.ahead + self.network.clock.seconds(),
        )
        peer.conversation.watch(self.events.append)
        return peer

    def texts(self) -> list[str]:
        """Return what was shown."""
        return [record.text for event in self.events if isinstance(event, Messages) for record in event.records]

    def test_said_while_loading(self) -> None:
        """What is said before the store has loaded is shown and sent once it has; nobody is called before."""
        self.ana.start()
        peer = self.peer()
        peer.listen()
        peer.start()
        peer.conversation.say("early")
        self.network.run(1)
        self.assertEqual((self.texts(), self.ana.linked_with()), ([], []))
        self.store.loading.callback(Loaded())
        self.network.run(2)
        self.assertEqual((self.texts(), self.ana.shown()), (["early"], ["early"]))

    def test_stopped_while_loading(self) -> None:
        """A peer that is stopped before its store has loaded calls nobody any more, and closes the store."""
        self.ana.start()
        peer = self.peer()
        peer.listen()
        peer.start()
        done: list[None] = []
        peer.stop().addCallback(done.append)
        self.network.run(6)
        self.store.loading.callback(Loaded())
        self.network.run(2)
        self.assertEqual((done, self.store.closed, self.ana.linked_with()), ([None], True, []))

    def test_said_and_left_while_loading(self) -> None:
        """What was said before one left, before the store had loaded, is kept: others get it the next time."""
        peer = self.peer()
        peer.listen()
        peer.start()
        peer.conversation.say("kept")
        done: list[None] = []
        peer.stop().addCallback(done.append)
        self.store.loading.callback(Loaded())
        self.network.run(1)
        (hit,) = self.successResultOf(self.store.page(Which(b""), 9))
        self.assertEqual(([record.text for record in hit.batch.records], done), (["kept"], [None]))

    def test_store_that_cannot_load(self) -> None:
        """What the store says is wrong is what `start` fails with."""
        peer = self.peer()
        peer.listen()
        started = peer.start()
        self.store.loading.errback(OSError("no such disk"))
        self.failureResultOf(started, OSError)

    def test_store_that_cannot_be_read_at_the_start(self) -> None:
        """Whichever look into it fails is what `start` fails with; the peer can be stopped."""
        for name in ("load", "read", "notable", "page"):
            self.setUp()
            batch = Author().batch(1)
            self.store.append(batch)
            self.store.loading.callback(Loaded([Head.begin(batch).held(batch.feed)]))
            self.store = FailingStore(self.store, lambda called, name=name: called == name)
            peer = self.peer()
            peer.listen()
            self.failureResultOf(peer.start(), StorageError)
            self.assertIsNone(self.successResultOf(peer.stop()), name)

    def test_last_words(self) -> None:
        """What was said in the very turn in which one leaves still reaches everybody, before the goodbye."""
        for actor in (self.ana, self.bia):
            actor.start()
        self.store.loading.callback(Loaded())
        peer = self.peer()
        peer.listen()
        peer.start()
        self.network.run(3)
        for number in range(3000):
            peer.conversation.say(f"{number} " + "x" * 100)
        done: list[None] = []
        peer.stop().addCallback(done.append)
        peer.stop().addCallback(done.append)
        self.assertTrue(self.network.run_until(lambda: len(done) == 2, DELIVERY_SECONDS))
        self.assertTrue(self.store.closed)
        for actor in (self.ana, self.bia):
            self.assertEqual(len(actor.shown()), 3000)
            told = [event for event in actor.lives[-1] if isinstance(event, (Left, Lost))]
            self.assertEqual(told, [Left("Me")])
            self.assertIs(actor.lives[-1][-1], told[0], "after the last word")

    def test_leaving_takes_no_longer(self) -> None:
        """If others read nothing any more, leaving takes 9 s at most."""
        self.ana.start()
        self.store.loading.callback(Loaded())
        peer = self.peer()
        peer.listen()
        peer.start()
        self.network.run(2)
        assert self.ana.node is not None
        self.ana.node.suspend()
        for number in range(3000):
            peer.conversation.say(f"{number} " + "x" * 100)
        done: list[None] = []
        peer.stop().addCallback(done.append)
        self.network.run(DELIVERY_SECONDS + 4.1)
        self.assertEqual(done, [None])
        self.assertEqual(self.node.transports, [])

    def test_what_fails_at_the_end(self) -> None:
        """Whatever goes wrong with the network at the end is told, and the store is closed: what was said is kept."""
        peer = self.peer()
        peer.listen()
        peer.start()
        self.store.loading.callback(Loaded())
        self.patch(peer.mesh, "stop", lambda: fail(ZeroDivisionError()))
        self.failureResultOf(peer.stop(), ZeroDivisionError)
        self.assertTrue(self.store.closed)

    def begin_keeping(self, ahead: float = 0.0) -> None:
        """Start, with a clock so many seconds ahead, together with Ana; note what is to be given up."""
        self.trims: list[float] = []

        def trim(before_ms: int) -> Deferred[dict[FeedId, int]]:
            self.trims.append(before_ms / 1000)
            return succeed({})

        self.patch(self.store, "trim", trim)
        self.ahead = ahead
        peer = self.peer(keep=90 * DAY)
        peer.listen()
        peer.start()
        self.store.loading.callback(Loaded())
        self.ana.start()
        self.network.run(3)

    def hear(self) -> None:
        """Hear Ana say something."""
        self.ana.say()
        self.network.run(1)

    def test_giving_up(self) -> None:
        """What is old is given up once somebody was heard whose clock agrees with ours, and daily from then on."""
        self.begin_keeping()
        self.assertEqual(self.trims, [])
        self.hear()
        self.hear()
        self.assertEqual(len(self.trims), 1)
        self.assertLess(abs(self.trims[0] - (START - 90 * DAY)), 10)
        self.network.clock.advance(DAY)
        self.assertEqual(len(self.trims), 2)

    def test_clock_that_is_ahead(self) -> None:
        """By a clock that is a year ahead of others nothing is given up; it is once that is set right."""
        self.begin_keeping(365 * DAY)
        self.hear()
        self.hear()
        self.assertEqual(self.trims, [])
        self.ahead = 0
        self.hear()
        self.assertEqual(len(self.trims), 1)

    def test_what_can_not_be_given_up(self) -> None:
        """A store that can't give up what is old is logged, and is asked again the next day."""
        self.begin_keeping()
        self.patch(self.store, "trim", lambda before: fail(OSError("damaged")))
        self.hear()
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.network.clock.advance(DAY)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_trouble(self) -> None:
        """What the store can't do is told, with the system's word, and that it is over."""
        self.peer()
        self.store.trouble("disk full")
        self.store.trouble(None)
        self.assertEqual(self.events, [StoreFailing("disk full"), StoreRecovered()])

    def test_new_epochs(self) -> None:
        """Epochs are random numbers that JSON and SQLite hold exactly: two starts never share one."""
        drawn = {random_whole() for _ in range(1000)}
        self.assertEqual(len(drawn), 1000)
        self.assertTrue(all(0 <= number <= MAX_INT for number in drawn))
        self.assertGreater(max(drawn), MAX_INT // 2)
