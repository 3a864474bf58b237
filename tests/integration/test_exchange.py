"""Five peers that say a lot at once, undisturbed and with one after the other killed."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import gatherResults

from tests.integration.case import NAMES, PeersTestCase
from tests.integration.processes import PeerProcess
from tests.integration.stores import copied, database, read

EACH = 2000
"""Messages each peer says at once."""


class TestExchange(PeersTestCase):
    async def test_everything_once_and_in_order(self) -> None:
        """Five peers started at once, each piped 2,000 lines at once: each shows and logs all 10,000 messages exactly
        once, each author's in order, within its memory."""
        started = self.reactor.seconds()
        peers = [self.peers.start(name) for name in NAMES]
        for peer in peers:
            peer.say(*(f"{peer.name}.1 {number}" for number in range(EACH)))
        await self.peers.linked()
        self.measured("start to all linked", self.reactor.seconds() - started, "s")
        last = EACH - 1
        await gatherResults([peer.wait_for(f"{name}.1 {last}") for peer in peers for name in NAMES], consumeErrors=True)
        self.measured("start to all shown", self.reactor.seconds() - started, "s")
        self.assert_healthy()
        await self.peers.stop()
        for peer in peers:
            self.assertEqual((len(peer.logged(sent=True)), len(peer.logged(sent=False))), (EACH, 4 * EACH), peer.name)
            shown = [(name, text) for line in peer.lines for name in NAMES if (text := self.text(line, name))]
            for seen in (peer.logged(), shown):
                self.assertEqual(Counter(author for author, _ in seen), dict.fromkeys(NAMES, EACH))
                self.assert_in_order(seen)

    @staticmethod
    def text(line: str, name: str) -> str:
        """Return what `name` said on a line shown, if it is a message of that author."""
        said = line.partition(": ")[2]
        return said if said.startswith(f"{name}.") else ""

    async def test_kill_any_peer_amid_traffic(self) -> None:
        """Whichever peer is killed while all talk and started again as the same member: everybody ends with the same
        messages, and sees each of them once in the life of a process and in its author's order; a log does not get
        again what was on disk."""
        peers = {name: self.peers.start(name) for name in NAMES}
        await self.peers.linked()
        lives = dict.fromkeys(NAMES, 1)
        numbers = dict.fromkeys(NAMES, 0)
        first_lives: dict[str, PeerProcess] = {}
        on_disk: dict[str, set[tuple[str, str]]] = {}
        scratch = self.peers.directory / "scratch"

        def talk(name: str) -> None:
            first = numbers[name]
            numbers[name] += 100
            peers[name].say(*(f"{name}.{lives[name]} {number}" for number in range(first, first + 100)))

        for victim in NAMES:
            seen = {name: len(peers[name].lines) for name in NAMES}
            for name in NAMES:
                talk(name)
            await peers[victim].until(lambda: len(peers[victim].lines) > seen[victim] + 150, "traffic")  # noqa: B023
            await peers[victim].kill()
            on_disk[victim] = set(read(copied(database(peers[victim].data, victim), scratch)).texts)
            first_lives[victim] = peers[victim]
            lives[victim] += 1
            numbers[victim] = 0
            for name in NAMES:
                if name != victim:
                    talk(name)
            peers[victim] = self.peers.start(victim)
            talk(victim)
            for name in NAMES:
                last = f"{name}.{lives[name]} {numbers[name] - 1}"
                await gatherResults([peers[other].wait_for(last) for other in NAMES], consumeErrors=True)
        self.assert_healthy()
        await self.peers.stop()
        stores = {name: read(database(peer.data, name)) for name, peer in peers.items()}
        for name, peer in peers.items():
            self.assertEqual(stores[name].faults, [])
            self.assertEqual(stores[name].hashes, stores["Ana"].hashes, f"{name} holds something else than Ana")
            for life in (first_lives[name], peer):
                self.assert_in_order(life.logged())
            first, second = set(first_lives[name].logged()), set(peer.logged())
            self.assertEqual(second & on_disk[name], set(), f"{name}'s log got again what was on disk")
            self.assertLessEqual(set(stores[name].texts), first | second | on_disk[name], f"{name} was not shown all")
