"""Peers that are stopped in their tracks, as when a laptop's lid is closed, and go on later."""

from __future__ import annotations

import os

from twisted.internet.defer import Deferred, DeferredList

from tests.integration.case import PeersTestCase
from tests.integration.chaos import Chaos
from twisted_chat.core.writing.text import MAX_TEXT

FLOOD = 30 * 1024 * 1024
"""Bytes said while a peer is suspended."""
PROMPT = 2.0
"""Seconds in which what is said must be shown, a flood going on beside it."""
KILLS = int(os.environ.get("TCPCHAT_KILLS", "25"))
"""How many of `chaos`; `python -m tests.integration.chaos --kills 500` does it alone."""


class TestShortSuspension(PeersTestCase):
    async def test_costs_the_others_nothing(self) -> None:
        """While a peer is suspended the others chat at their usual speed, and 30 MiB that it does not read cost them no
        memory; when it goes on it gets all of it, once and in order."""
        ana, bia, caio = (self.peers.start(name) for name in ("Ana", "Bia", "Caio"))
        await self.peers.linked()
        caio.suspend()
        filling = "x" * (MAX_TEXT - 20)
        count = FLOOD // MAX_TEXT
        numbers = [str(number) for number in range(count)]
        began = self.reactor.seconds()
        ana.say(*(f"Ana.1 {number} {filling}" for number in numbers))
        last = f"Ana: Ana.1 {count - 1} "
        await bia.eventually(lambda: last in bia.log_tail(), "all of it")
        self.measured("30 MiB logged by a neighbour after", self.reactor.seconds() - began, "s")
        began = self.reactor.seconds()
        bia.say("prompt")
        await ana.wait_for("Bia: prompt")
        delay = self.reactor.seconds() - began
        self.measured("a message beside a suspended peer", delay, "s")
        self.assertLess(delay, PROMPT)
        self.assert_healthy(ana, bia)
        began = self.reactor.seconds()
        caio.resume()
        await caio.eventually(lambda: last in caio.log_tail(), "all of it")
        self.measured("caught up with 30 MiB after", self.reactor.seconds() - began, "s")
        self.assert_healthy()
        await self.peers.stop()
        for peer in (bia, caio):
            self.assertEqual([text.split()[1] for author, text in peer.logged() if author == "Ana"], numbers, peer.name)


class TestLongSuspension(PeersTestCase):
    async def test_beside_chaos(self) -> None:
        """Two tests that take about a minute each, most of which one of them waits: `lost_and_back` and `chaos`."""
        both = [Deferred.fromCoroutine(self.lost_and_back()), Deferred.fromCoroutine(self.chaos())]
        for one in await DeferredList(both, consumeErrors=True):
            if not one[0]:
                one[1].raiseException()

    async def chaos(self) -> None:
        """While five peers talk, one after the other is killed and started again, 25 times: in the end all stores are
        equal, nothing is missing that was announced to be on anybody's disk, and nothing is there twice."""
        chaos = Chaos(self.reactor, self.mktemp(), int(os.environ.get("TCPCHAT_SEED", "1")))
        self.addCleanup(lambda: Deferred.fromCoroutine(chaos.peers.end()))
        report = await chaos.run(KILLS)
        self.noted(str(report))
        self.assertEqual(report.faults, [], str(report))

    async def lost_and_back(self) -> None:
        """A peer suspended for longer than a link may be silent is said to be lost; when it goes on it comes back, gets
        all that was said, and nobody sees anything twice."""
        ana, bia, caio = (self.peers.start(name) for name in ("Ana", "Bia", "Caio"))
        await self.peers.linked()
        ana.say("before")
        await caio.wait_for("Ana: before")
        caio.say("mine, before")
        await ana.wait_for("Caio: mine, before")
        meanwhile = [f"meanwhile {number}" for number in range(1000)]
        marks = {peer.name: len(peer.lines) for peer in (ana, bia, caio)}
        caio.suspend()
        caio.say("mine, typed while suspended")
        ana.say(*meanwhile)
        began = self.reactor.seconds()
        for peer in (ana, bia):
            await peer.wait_for("Caio's connection was lost", marks[peer.name])
        self.measured("suspended to said to be lost", self.reactor.seconds() - began, "s")
        ana.say("after the loss")
        await bia.wait_for("Ana: after the loss")
        caio.resume()
        for peer in (ana, bia):
            await peer.wait_for("Caio joined", marks[peer.name])
            await peer.wait_for("Caio: mine, typed while suspended", marks[peer.name])
        await caio.wait_for("Ana: after the loss")
        for peer in (ana, bia, caio):
            messages = peer.logged()
            self.assertEqual((len(messages), len(set(messages))), (1004, 1004), peer.name)
            self.assertEqual([text for _, text in messages if text in meanwhile], meanwhile, peer.name)
        self.assert_healthy()
