"""Whom a peer calls, on a simulated network: several addresses of one peer, addresses that change, names, and hearsay."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_opening import introduce
from tests.net.test_lookup import Resolver
from tests.net.test_mesh import HOST, LINKED_WITHIN, MeshTestCase
from tests.simulation.world import FIRST_PORT, Actor, World
from twisted_chat.assembly import assemble
from twisted_chat.core.group import Group
from twisted_chat.core.status import Finding
from twisted_chat.core.wire.frames import Address, Peers
from twisted_chat.net import dialer as dialer_module
from twisted_chat.net.dialer import BUSY_SECONDS, TRIES, Dialer
from twisted_chat.net.dialer_states import State
from twisted_chat.net.dialing import ANNOUNCED, ASKED
from twisted_chat.net.gossip import MAX_VAIN, MEMORY, VAIN_A_PLACE, Word
from twisted_chat.peer import NetworkSettings, Parts, PeerSettings
from twisted_chat.storage.memory import MemoryStore

LATELY = 600.0
"""Seconds for which an address is called where a member was; in these tests, for the sake of time."""
FOUND_WITHIN = 10.0
"""Seconds after which a peer whose address has changed is linked again."""


def also_at(actor: Actor, *hosts: str) -> None:
    """Let an actor be reached at other addresses, too."""
    listeners = actor.world.network.listeners
    for host in hosts:
        listeners[host, FIRST_PORT + actor.number] = listeners[HOST, FIRST_PORT + actor.number]


def move(actor: Actor, host: str) -> None:
    """Give an actor's machine another address: what is connected dies unnoticed, and the old address is nobody's."""
    assert actor.node is not None
    for address, (node, factory) in list(actor.world.network.listeners.items()):
        if node is actor.node:
            del actor.world.network.listeners[address]
            actor.world.network.listeners[host, address[1]] = (node, factory)
    for transport in list(actor.node.transports):
        transport.dead = True
    actor.node.host = host


class CallsTests(MeshTestCase):
    """Calls that lead to one peer, or to nobody."""

    def test_several_addresses(self) -> None:
        """Two that find each other at three addresses each keep one link, after which nobody calls, for 50 seeds."""
        for seed in range(50):
            world = World(seed, 2, lambda number: [])
            world.network.delays = (0.0001, 0.3)
            for actor in world.actors:
                actor.start()
            for actor, other in (world.actors, reversed(world.actors)):
                also_at(other, "127.0.0.2", "127.0.0.3")
                for host in (HOST, "127.0.0.2", "127.0.0.3"):
                    actor.mesh.calls.seek(host, FIRST_PORT + other.number, ANNOUNCED)
            world.network.run(10, 0.05)
            self.assertTrue(world.meshed(), self.links(world))
            port = world.network.ephemeral_port()
            world.network.run(20, 0.05)
            self.assertEqual(world.network.ephemeral_port(), port + 1, f"seed {seed}: nobody called meanwhile")

    def test_moved(self) -> None:
        """A peer whose address changes unheard is linked with everybody again within 10 s, by its own calls, for 40 seeds."""
        slowest = 0.0
        for seed in range(40):
            world = self.world(seed, 3)
            self.settled(world, LINKED_WITHIN)
            world.network.run(world.network.random.uniform(0, 6))
            actor = world.actors[seed % 3]
            move(actor, "127.0.0.77")
            began = world.network.clock.seconds()
            actor.say()
            world.network.run(0.1)
            self.assertTrue(world.network.run_until(world.equal, FOUND_WITHIN), self.links(world))
            slowest = max(slowest, world.network.clock.seconds() - began)
            world.network.run(FOUND_WITHIN, 0.05)  # the other links that died are missed in their turn
            self.assertTrue(world.meshed(), self.links(world))
        self.assertGreater(slowest, 5.0, "a silent link is not suspected sooner")

    def test_early(self) -> None:
        """Who starts long before whom they call, wherever that is, are linked with it within 5 s of its start."""
        world = World(1, 4, lambda number: [0] if number else [], apart=True)
        for actor in world.actors[1:]:
            actor.start()
        world.network.run(300, 0.1)
        world.actors[0].start()
        self.assertTrue(
            world.network.run_until(lambda: world.actors[0].linked_with() == ["P1", "P2", "P3"], 5), self.links(world)
        )

    def test_network_changes(self) -> None:
        """When the machine's network is another it is called at once wherever that was only waited for, and links that lead
        through it are looked after; where somebody is linked nobody calls."""
        world = World(1, 3, lambda number: [])
        for actor in world.actors[:2]:
            actor.start()
        mesh = world.actors[0].mesh
        mesh.calls.seek(HOST, FIRST_PORT + 1, ASKED)
        mesh.calls.seek(HOST, 6000, ASKED)
        world.network.run(20)
        ports = world.network.ephemeral_port()
        calls = mesh.calls[HOST, 6000]
        dialed: list[float] = []
        self.patch(calls, "connect", lambda: dialed.append(world.network.clock.seconds()))
        mesh._rerouted({"10.0.0.1"})
        self.assertEqual(len(dialed), 1)
        self.assertEqual(world.network.ephemeral_port(), ports + 1)
        mesh._rerouted({HOST})
        world.network.run(1)
        self.assertEqual(world.network.ephemeral_port(), ports + 3, "beside the link there is")
        self.assertTrue(world.meshed())

    def test_called_back(self) -> None:
        """Who was called calls back when the link is lost, but not when the other has left, and not for ever."""
        world = World(1, 2, lambda number: [0] if number else [])
        for actor in world.actors:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        calls, address = world.actors[0].mesh.calls, (HOST, FIRST_PORT + 1)
        self.assertTrue(calls[address].parked)
        world.actors[1].crash()
        world.network.run(0.1)
        self.assertFalse(calls[address].parked)
        world.network.run(30)
        self.assertEqual(set(calls), set())
        world.actors[1].start()
        self.settled(world, LINKED_WITHIN)
        leaving = world.actors[1].peer
        assert leaving is not None
        leaving.stop()
        world.network.run(0.5)
        self.assertEqual(set(calls), set())

    def test_here_already(self) -> None:
        """Where others say that somebody is who is linked, nobody is called, until that link is lost."""
        world = World(1, 3, lambda number: [0])
        for actor in world.actors:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        calls = world.actors[2].mesh.calls
        dead = (HOST, 6000)
        caller = self.call(world, world.actors[2], introduce(9))
        caller.say(Peers([Address(world.actors[1].identity.id, *dead)]))
        world.network.run(0.5)
        self.assertNotIn(dead, calls)

    def test_sought_and_dropped(self) -> None:
        """An address is called while there is a reason; then not, unless somebody is there: that one is missed for a while."""
        self.patch(dialer_module, "LATELY", LATELY)
        world = self.world(1, 2)
        self.settled(world, LINKED_WITHIN)
        calls = world.actors[0].mesh.calls
        for port in (6000, FIRST_PORT + 1):
            calls.seek(HOST, port, ANNOUNCED)
        calls.drop(HOST, FIRST_PORT + 1, "asked for")
        world.network.run(60)
        self.assertIn((HOST, 6000), calls)
        for port in (6000, FIRST_PORT + 1):
            calls.drop(HOST, port, ANNOUNCED)
        self.assertEqual(set(calls), {(HOST, FIRST_PORT + 1)})
        calls[HOST, FIRST_PORT + 1].settled()
        world.actors[1].crash()
        world.network.run(LATELY - 5, 0.1)
        self.assertEqual(set(calls), {(HOST, FIRST_PORT + 1)})
        world.network.run(5 + 3 * TRIES, 0.1)
        self.assertEqual(set(calls), set())

    def test_announced_anew(self) -> None:
        """Where somebody is announced, once more or for another reason, it is called at once, not when its turn would be."""
        world = World(1, 2, lambda number: [])
        world.actors[0].start()
        calls, address = world.actors[0].mesh.calls, (HOST, FIRST_PORT + 1)
        calls.seek(*address, ANNOUNCED)
        world.network.run(60)
        dialer = calls[address]
        self.assertTrue(world.network.run_until(lambda: dialer.state is State.CALLING, 5))
        self.assertTrue(world.network.run_until(lambda: dialer.state is State.WAITING, 5), "more than a second, by now")
        world.actors[1].start()
        calls.seek(*address, ANNOUNCED)
        self.assertTrue(world.network.run_until(world.meshed, 0.5))

    def test_own_address(self) -> None:
        """A peer that listens everywhere does not call its own port on its own machine."""
        world = self.world(1, 1)
        calls = world.actors[0].mesh.calls
        for own, address, called in (
            ("0.0.0.0", (HOST, FIRST_PORT), False),
            ("::", ("::1", FIRST_PORT), False),
            ("0.0.0.0", (HOST, FIRST_PORT + 1), True),
            ("10.0.0.1", ("::ffff:10.0.0.1", FIRST_PORT), False),
            ("10.0.0.1", (HOST, FIRST_PORT), True),
        ):
            calls.clear()
            calls.own = (own, FIRST_PORT)
            calls.seek(*address, ANNOUNCED)
            self.assertEqual(bool(calls), called, address)


class NameTests(MeshTestCase):
    """Hosts that are known by name."""

    def setUp(self) -> None:
        self.linking = World(1, 2, lambda number: [])
        for actor in self.linking.actors:
            actor.start()
        caller = self.linking.actors[0]
        assert caller.node is not None
        self.resolver = caller.node.nameResolver = Resolver()  # type: ignore[attr-defined]
        self.calls = caller.mesh.calls
        self.calls.begin([("ana.local", FIRST_PORT + 1), ("ana.local", 6000)])

    def test_linked(self) -> None:
        """A name is looked up once for all ports, and who is found there is linked; then it is not looked up any more."""
        self.resolver.answer(HOST)
        self.settled(self.linking, LINKED_WITHIN)
        self.linking.network.run(60)
        self.assertEqual(self.resolver.asked, ["ana.local"])
        self.assertEqual(set(self.calls), {(HOST, FIRST_PORT + 1), (HOST, 6000)})

    def test_moved(self) -> None:
        """When the host gets another address it is looked up at once and found there, and the old address is given up."""
        self.resolver.answer(HOST)
        self.settled(self.linking, LINKED_WITHIN)
        moved = self.linking.actors[1]
        move(moved, "127.0.0.77")
        moved.mesh.calls.stop()
        self.assertTrue(self.linking.network.run_until(lambda: len(self.resolver.asked) > 1, FOUND_WITHIN - 1))
        self.resolver.answer("127.0.0.77")
        self.linking.network.run(1)
        self.assertIn(("127.0.0.77", FIRST_PORT + 1), [(link.peer[0], link.hello.port) for link in moved_links(self)])
        self.assertNotIn((HOST, 6000), self.calls)

    def test_unknown(self) -> None:
        """A name that leads nowhere is shown as such, with each port."""
        self.resolver.answer()
        found = {(status.host, status.port): status.found.finding for status in self.linking.actors[0].mesh.survey()}
        self.assertEqual(found["ana.local", 6000], Finding.UNREACHABLE)
        self.assertEqual(found["ana.local", FIRST_PORT + 1], Finding.UNREACHABLE)


def moved_links(test: NameTests) -> list[Any]:
    """Return the links of the one who looks names up."""
    return test.linking.actors[0].mesh.links


class WordTests(MeshTestCase):
    """Words that cost their teller its credit."""

    def test_credit(self) -> None:
        """A member that told of eight addresses where nobody is is not listened to for 10 minutes; another is; and none of those
        addresses is called again meanwhile."""
        world = self.world(1, 1)
        calls = world.actors[0].mesh.calls
        liar, honest = (self.call(world, world.actors[0], introduce(number)) for number in (8, 9))
        known = {(HOST, 5008), (HOST, 5009)}
        lies = [Address(bytes([100 + n]) * 32, HOST, 6000 + n) for n in range(MAX_VAIN)]
        liar.say(Peers(lies))
        world.network.run(0.1)
        self.assertEqual(len(calls), len(known) + MAX_VAIN)
        world.network.run(15)
        self.assertLessEqual(set(calls), known)
        for teller, address, called in (
            (liar, Address(b"x" * 32, HOST, 7000), False),
            (honest, lies[0], False),
            (honest, Address(b"x" * 32, HOST, 7000), True),
        ):
            teller.say(Peers([address]))
            world.network.run(0.1)
            self.assertEqual((HOST, address.port) in calls, called, address)
        world.network.run(MEMORY, 0.1)
        self.assertNotIn((HOST, 7000), calls)

    def test_proven(self) -> None:
        """An address that once answered as announced is called for days more, and costs nobody anything."""
        self.assertGreater(dialer_module.LATELY, 2 * 24 * 3600)
        self.patch(dialer_module, "LATELY", LATELY)
        world = World(1, 3, lambda number: [0])
        for actor in world.actors:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        learned = [actor for actor in world.actors[1:] if any(dialer.expected for dialer in actor.mesh.calls.values())]
        gone = world.actors[1] if learned[0] is world.actors[2] else world.actors[2]
        calls, address = learned[0].mesh.calls, (HOST, FIRST_PORT + gone.number)
        calls[address].settled()
        gone.crash()
        world.network.run(LATELY - 30, 0.1)
        self.assertIn(address, calls)
        world.network.run(60, 0.1)
        self.assertNotIn(address, calls)
        word = Word(*address, gone.identity.id, world.actors[0].identity.id, HOST)
        self.assertTrue(calls._hearsay.takes(word))

    def test_crowd(self) -> None:
        """However many keys somebody makes, and however much they tell, so many addresses are called; and an address where a key
        of its own is said to be counts as vain unless that key is there."""
        world = self.world(1, 1)
        called: set[int] = set()
        node = world.actors[0].node
        assert node is not None
        connect = node.connectTCP

        def count(host: str, port: int, *arguments: Any, **named: Any) -> Any:
            called.add(port)
            return connect(host, port, *arguments, **named)

        node.connectTCP = count  # type: ignore[method-assign]
        for number in range(30):
            liar = self.call(world, world.actors[0], introduce(100 + number))
            said = introduce(100 + number + 1).identity.id
            liar.say(Peers([Address(said, HOST, 10_000 + number * 100 + n) for n in range(60)]))
            world.network.run(1)
        world.network.run(60, 0.1)
        self.assertEqual(len([port for port in called if port >= 10_000]), VAIN_A_PLACE)

    def test_busy(self) -> None:
        """Where a peer answers that has no link to give just now it is called on, and for so long what was said of it is not held
        to be vain; in the end it is forgotten as others are."""
        world = World(1, 2, lambda number: [])
        world.actors[0].start()
        node = world.network.node()
        address = NetworkSettings(HOST, FIRST_PORT + 1, (), 0)
        parts = Parts(world.actors[1].identity, MemoryStore())
        full = assemble(node, PeerSettings("P1", Group(), address), parts, lambda: 0.0)
        full.listen()
        full.start()
        calls, key = world.actors[0].mesh.calls, (HOST, FIRST_PORT + 1)
        teller = self.call(world, world.actors[0], introduce(9))
        teller.say(Peers([Address(world.actors[1].identity.id, *key)]))
        world.network.run(BUSY_SECONDS / 2, 0.1)
        self.assertIs(calls[key].found.finding, Finding.FULL)
        world.network.run(BUSY_SECONDS / 2 + 60, 0.1)
        self.assertNotIn(key, calls)

    def test_waiting_words(self) -> None:
        """What waits for others' words to be proven is not looked at again and again, however often the same one tells more."""
        world = self.world(1, 1)
        liar = self.call(world, world.actors[0], introduce(9))
        liar.say(Peers([Address(b"y" * 32, HOST, 10_000 + number) for number in range(60)]))
        world.network.run(0.5)
        hearsay = world.actors[0].mesh.calls._hearsay
        heeds, looked = hearsay.heeds, [0]

        def count(word: Word) -> bool:
            looked[0] += 1
            return heeds(word)

        self.patch(hearsay, "heeds", count)
        for number in range(100):
            liar.say(Peers([Address(b"y" * 32, HOST, 11_000 + number)]))
        world.network.run(0.5)
        self.assertLess(looked[0], 5 * 100)

    def test_one_after_the_other(self) -> None:
        """What a member tells of more addresses than are called at a time is called as soon as others have answered."""
        world = World(1, 14, lambda number: [0] if number < 12 else [])
        for actor in world.actors[:12]:
            actor.start()
        world.network.run(3)
        self.assertTrue(world.meshed(), self.links(world))


class Nowhere(Clock):
    """A reactor that can't even make a call, as to a link-local address of an interface that is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = 0

    def connectTCP(self, *arguments: Any, **named: Any) -> None:
        """Fail."""
        self.tried += 1
        raise OSError(19, "No such device")


class DialerTests(SynchronousTestCase):
    """One address."""

    def dialer(self) -> tuple[Nowhere, Dialer, list[Dialer]]:
        """Return a dialer, its reactor, and what is forgotten."""
        reactor, forgotten = Nowhere(), []
        return reactor, Dialer(reactor, lambda dialer: None, forgotten.append, "fe80::1%eth9", 5000), forgotten

    def test_no_such_interface(self) -> None:
        """That it can't be called is a call in vain like others: with a reason to call, it is tried again and again."""
        reactor, dialer, forgotten = self.dialer()
        dialer.reasons.add(ANNOUNCED)
        dialer.dial()
        reactor.pump([1.0] * 600)
        self.assertGreater(reactor.tried, 10)
        self.assertEqual((dialer.found.finding, forgotten), (Finding.UNREACHABLE, []))
        dialer.stop()
        self.assertEqual(reactor.getDelayedCalls(), [])

    def test_given_up(self) -> None:
        """Without a reason it is given up after some tries, and nothing is left ticking."""
        reactor, dialer, forgotten = self.dialer()
        dialer.dial()
        reactor.pump([1.0] * 60)
        self.assertEqual((reactor.tried, forgotten), (TRIES + 1, [dialer]))
        self.assertEqual(reactor.getDelayedCalls(), [])

    def test_stopped(self) -> None:
        """One that has been stopped never calls again, whoever asks it to: nobody would be left to stop it."""
        reactor, dialer, forgotten = self.dialer()
        dialer.reasons.add(ANNOUNCED)
        dialer.dial()
        dialer.stop()
        dialer.rest(5.0)
        for ask in (dialer.dial, dialer.wake, dialer.settled, dialer.park, dialer.dial):
            ask()
            reactor.pump([1.0] * 20)
        self.assertEqual((reactor.tried, forgotten, reactor.getDelayedCalls()), (1, [], []))

    def test_rest(self) -> None:
        """Who is to rest does not call for so long, whatever it was waiting for, and calls once then."""
        reactor, dialer, _forgotten = self.dialer()
        dialer.reasons.add(ANNOUNCED)
        dialer.dial()
        dialer.rest(5.0)
        reactor.advance(4.0)
        dialer.dial()
        dialer.rest(5.0)
        dialer.clientConnectionLost(dialer.connector, Failure(ConnectionDone()))
        reactor.pump([0.5] * 9)
        self.assertEqual(reactor.tried, 1)
        reactor.advance(0.6)
        self.assertEqual((reactor.tried, len(reactor.getDelayedCalls())), (2, 1))
