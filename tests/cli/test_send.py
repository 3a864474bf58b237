"""`tcpchat send`: the text, and what becomes of it, on a simulated network."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.disk import Disk, DiskStore
from tests.simulation.world import HOST, START, World
from twisted_chat.assembly import assemble
from twisted_chat.cli.send import MAX_READ, Delivery, read_text
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.messages import Messages
from twisted_chat.core.replication.store import Store
from twisted_chat.core.writing.text import MAX_TEXT
from twisted_chat.peer import NetworkSettings, Parts, Peer, PeerSettings
from twisted_chat.storage.memory import MemoryStore

BOT = Identity(b"b" * 32)
TIMEOUT = 10.0


class TextTests(SynchronousTestCase):
    """Standard input as one message."""

    def test_line_breaks(self) -> None:
        """All lines are one message; those at its end are not part of it; Windows' are as good as others."""
        self.assertEqual(read_text(io.BytesIO("um\r\ndois\n\n três\r\n\n".encode())), "um\ndois\n\n três")

    @given(st.binary(max_size=50))
    def test_any_bytes(self, data: bytes) -> None:
        """Bytes that are no text are refused, not replaced."""
        try:
            text = read_text(io.BytesIO(data))
        except BadText as error:
            self.assertEqual(error.code, "text-encoding")
        else:
            self.assertEqual(text, data.decode().replace("\r\n", "\n").rstrip("\n"))

    def test_endless(self) -> None:
        """Input without an end is refused once that much was read, wherever it was cut; the longest message is not."""
        endless = io.BytesIO("é".encode() * MAX_READ)
        self.assertEqual(self.assertRaises(BadText, read_text, endless).code, "text-long")
        self.assertLess(endless.tell(), 2 * MAX_READ)
        self.assertEqual(len(read_text(io.BytesIO(b"\r\n" * (MAX_TEXT - 1) + b"x"))), MAX_TEXT)


class DeliveryTests(SynchronousTestCase):
    """A bot that sends, and two members."""

    def setUp(self) -> None:
        self.world = World(1, 2)
        self.disk = Disk(self.world.written)

    def send(self, text: str, store: Store | None = None, auto: bool = False) -> tuple[Peer, Delivery, Deferred[None]]:
        """Start sending."""
        node = self.world.network.node()
        epochs = self.world.network.random
        peer = assemble(
            node,
            PeerSettings("bot", Group(), NetworkSettings(HOST, 0, tuple(map(self.world.address, range(2))))),
            Parts(BOT, store or DiskStore(self.disk, node), new_epoch=lambda: epochs.getrandbits(53)),
            lambda: START + self.world.network.clock.seconds(),
        )
        delivery = Delivery(node, peer)
        return peer, delivery, Deferred.fromCoroutine(delivery.run(text, TIMEOUT, auto))

    def sent(self, text: str, seconds: float, auto: bool = False) -> Delivery:
        """Send, and assert that this is over within `seconds`, with a goodbye."""
        peer, delivery, done = self.send(text, auto=auto)
        self.assertTrue(self.world.network.run_until(lambda: done.called, seconds))
        self.successResultOf(done)
        stopped = peer.stop()
        self.world.network.run(4)
        self.successResultOf(stopped)
        return delivery

    def heard(self, number: int) -> list[str]:
        """Return what the bot said, as a member was shown it."""
        shown = [event for event in self.world.actors[number].lives[-1] if isinstance(event, Messages)]
        return [record.text for event in shown if event.name == "bot" for record in event.records]

    def test_delivered(self) -> None:
        """With somebody there it is over as soon as that one has it on disk, and says who was met."""
        self.world.actors[0].start()
        delivery = self.sent("oi", 2)
        self.assertEqual((delivery.met, delivery.holders), (["P0"], 1))
        self.assertEqual(self.heard(0), ["oi"])

    def test_auto(self) -> None:
        """What a machine says is told as that at the other end."""
        self.world.actors[0].start()
        self.sent("17: failed", 2, auto=True)
        shown = [event for event in self.world.actors[0].lives[-1] if isinstance(event, Messages)]
        self.assertEqual([each.auto for event in shown for each in event.records], [True])

    def test_nobody(self) -> None:
        """With nobody there it is over in time; the next one takes it along, in whichever life it was said."""
        for text in ("um", "dois"):
            delivery = self.sent(text, TIMEOUT + 0.1)
            self.assertEqual((delivery.met, delivery.holders), ([], 0))
        self.world.actors[0].start()
        self.assertEqual(self.sent("três", TIMEOUT).holders, 1)
        self.assertEqual(sorted(self.heard(0)), ["dois", "três", "um"])

    def test_comes_late(self) -> None:
        """Somebody who comes while it waits is enough."""
        _, delivery, done = self.send("oi")
        self.world.network.run(TIMEOUT / 2)
        self.assertNoResult(done)
        self.world.actors[1].start()
        self.world.network.run(3)
        self.successResultOf(done)
        self.assertEqual(delivery.holders, 1)

    def test_full_here(self) -> None:
        """That another has it on disk counts, though this machine's disk takes nothing."""

        class Full(MemoryStore):
            durable = True

            def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
                super().append(batch)  # what waits can be read
                return Deferred()

        self.world.actors[0].start()
        _, delivery, done = self.send("oi", Full())
        self.assertTrue(self.world.network.run_until(lambda: done.called, 2))
        self.assertEqual((delivery.met, delivery.holders), (["P0"], 1))
        self.assertEqual(self.heard(0), ["oi"])

    def test_stop_fails(self) -> None:
        """What the store says when it could not take everything reaches whoever stops the peer."""

        class Full(MemoryStore):
            def close(self) -> Deferred[None]:
                return fail(OSError("disk full"))

        peer, _, done = self.send("oi", Full())
        self.world.network.run(TIMEOUT + 1)
        self.successResultOf(done)
        stopped = peer.stop()
        self.world.network.run(6)
        self.failureResultOf(stopped, OSError)
