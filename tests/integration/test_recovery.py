"""Coming back: after a kill amid a burst, and to a long history."""

from __future__ import annotations

from twisted.internet.defer import gatherResults

from tests.integration.case import PeersTestCase
from tests.integration.guest import Guest, visit
from tests.integration.processes import PeerProcess
from tests.integration.stores import database, read

BURST = 50_000
CAUGHT_UP = 5.0
"""Seconds after which a peer that was killed holds what the others hold."""
READY = 2.0
"""Seconds of a processor within which a peer with 100,000 messages on disk chats, whatever else the machine does."""


class TestRecovery(PeersTestCase):
    async def test_amid_a_burst_and_to_a_long_history(self) -> None:
        """A peer killed amid a burst of 50,000 messages and started again holds within 5 s of the burst's end what the
        others hold; one with 100,000 messages on disk chats within 2 s of work."""
        ana, bia, caio = (self.peers.start(name) for name in ("Ana", "Bia", "Caio"))
        await self.peers.linked()
        await self.burst(ana, caio, BURST, killed=bia)
        await self.burst(caio, ana, 2 * BURST)
        bia = self.peers.running["Bia"]
        self.assert_healthy()
        await self.peers.stop(bia)

        began = self.reactor.seconds()
        self.peers.forked = False  # else the work of starting Python would not count
        bia = self.peers.start("Bia")
        bia.say("here again")
        await ana.wait_for("Bia: here again")
        ready = self.reactor.seconds() - began
        self.measured(f"start with {2 * BURST:,} messages to heard by others", ready, "s")
        self.measured("and the processor's time for that", bia.processor_time(), "s")
        self.assertLess(bia.processor_time(), READY)
        self.assert_healthy()
        await self.peers.stop()
        stores = [read(database(peer.data, peer.name)) for peer in (ana, bia, caio)]
        for store in stores:
            self.assertEqual(store.faults, [])
            self.assertEqual(store.hashes, stores[0].hashes)
            self.assertEqual(len(set(store.texts)), 2 * BURST + 1)

    async def burst(
        self, author: PeerProcess, other: PeerProcess, everything: int, killed: PeerProcess | None = None
    ) -> None:
        """Have `author` say 50,000 lines at once, and wait until all hold `everything`, one of them killed meanwhile."""
        guests = [await visit(self.reactor, peer.port, Guest()) for peer in (author, other)]
        began = self.reactor.seconds()
        author.say(*(f"{author.name}.1 {number}" for number in range(BURST)))
        if killed is not None:
            await killed.until(lambda: len(killed.lines) > BURST // 5, "a part of the burst")
            await killed.kill()
            self.peers.start(killed.name)

        def holds_all(guest: Guest) -> bool:
            return sum(guest.held.values()) >= everything

        await gatherResults(
            [guest.until(self.reactor, lambda guest=guest: holds_all(guest), "all") for guest in guests]
        )
        ended = self.reactor.seconds()
        self.measured(f"{BURST:,} messages on disk at two peers", ended - began, "s")
        bia = self.peers.running["Bia"]
        await bia.wait_for("Ana joined")
        guest = await visit(self.reactor, bia.port, Guest())
        await guest.until(self.reactor, lambda: holds_all(guest), "all")
        caught_up = self.reactor.seconds() - ended
        self.measured("and at the third", caught_up, "s later")
        self.assertLess(caught_up, CAUGHT_UP)
