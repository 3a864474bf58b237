"""Meshes of real peers on a simulated network: who is linked with whom, and how soon."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_opening import introduce
from tests.net.test_link import Connection
from tests.simulation.network import Node
from tests.simulation.world import FIRST_PORT, START, Actor, World
from twisted_chat.assembly import assemble
from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.events import Joined, Left, Lost, NoLink, Refused, TwoInstances, WrongPassphrase
from twisted_chat.core.feeds.batches import sign_batch
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.wire.frames import Address, Bye, Frame, Greet, Peers, Ping, Pong, TypingFrame, decode, encode
from twisted_chat.core.wire.opening import Dismissed, Introduction, Opening, Role, Step
from twisted_chat.net.addresses import is_loopback
from twisted_chat.net.gossip import MAX_VAIN
from twisted_chat.net.pairs import MAX_ALIKE, MAX_INSTANCES
from twisted_chat.net.pending import MAX_OPENING
from twisted_chat.net.setbacks import LONGEST_WAIT, STEADY
from twisted_chat.peer import NetworkSettings, Parts, PeerSettings
from twisted_chat.storage.memory import MemoryStore

HOST = "127.0.0.1"
CALLER = (HOST, 5009)
"""Where `introduce(9)` says to listen, so that it would be called back there."""
SEEDS = int(os.environ.get("TCPCHAT_SEEDS", "1"))
"""How many times as many seeds are tried as are enough to find the faults that were."""
LINKED_WITHIN = 2.0
"""Seconds after the last start within which everybody is linked with everybody on loopback."""


class Silent(Protocol):
    """A service that takes connections, says `greeting`, and notes what it is sent."""

    def __init__(self, heard: bytearray, greeting: bytes) -> None:
        self.heard = heard
        self.greeting = greeting

    def connectionMade(self) -> None:
        """Say the greeting."""
        if self.greeting:
            self.transport.write(self.greeting)

    def dataReceived(self, data: bytes) -> None:
        """Note it."""
        self.heard += data


class Service(Factory):
    """Makes `Silent`s."""

    noisy = False

    def __init__(self, greeting: bytes = b"") -> None:
        self.greeting = greeting
        self.heard = bytearray()
        self.calls = 0

    def buildProtocol(self, addr: Any) -> Silent:
        """Take a call."""
        self.calls += 1
        return Silent(self.heard, self.greeting)


class Caller(Protocol):
    """A stranger who goes through the opening by hand, and then says what the test tells it to."""

    def __init__(self, introduction: Introduction) -> None:
        self.opening = Opening(introduction, Role.DIALER)
        self.heard: list[Frame] = []
        self.dismissed = ""
        self._rest = b""

    def dataReceived(self, data: bytes) -> None:
        """Go on with the opening, then listen."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self.opening.step is Step.READY:
                self.heard.append(decode(line))
            else:
                try:
                    self.transport.write(self.opening.receive(line))
                except Dismissed as dismissed:
                    self.dismissed = dismissed.reason

    def say(self, frame: Frame) -> None:
        """Send a frame."""
        self.transport.write(encode(frame))


class MeshTestCase(SynchronousTestCase):
    """Some actors; `say`, `crash` and so on are theirs, time is the network's."""

    def world(self, seed: int, count: int, start: bool = True) -> World:
        """Return a world, everybody started at once."""
        world = World(seed, count)
        if start:
            for actor in world.actors:
                actor.start()
        return world

    def settled(self, world: World, seconds: float) -> None:
        """All are linked within `seconds`, and stay so for a while."""
        self.assertTrue(world.network.run_until(world.meshed, seconds), self.links(world))
        world.network.run(3)
        self.assertTrue(world.meshed(), self.links(world))

    def links(self, world: World) -> str:
        """Say who is linked with whom."""
        return f"seed {world.seed}: {[(actor.name, actor.linked_with()) for actor in world.living()]}"

    def call(self, world: World, actor: Actor, introduction: Introduction) -> Caller:
        """Let a stranger call an actor."""
        caller = Caller(introduction)
        factory = ClientFactory.forProtocol(lambda: caller)
        factory.noisy = False
        world.network.node().connectTCP(HOST, FIRST_PORT + actor.number, factory)
        world.network.run(0.5)
        return caller

    def refusals(self, actor: Actor) -> list[Refused]:
        """Return what an actor's peer refused."""
        return [event for event in actor.lives[-1] if isinstance(event, Refused)]


class OneLinkTests(MeshTestCase):
    """Exactly one link stays between two processes, whatever races."""

    def test_simultaneous_start(self) -> None:
        """Five peers that start at once, or within a second: one link a pair within 2 s of the last start, for 50 seeds."""
        slowest = 0.0
        for seed in range(50 * SEEDS):
            world = self.world(seed, 5, start=False)
            for actor in world.actors:
                actor.start()
                if seed % 3:
                    world.network.run(world.network.random.choice([0, 0.01, 0.02, 0.3]))
            began = world.network.clock.seconds()
            self.assertTrue(world.network.run_until(world.meshed, LINKED_WITHIN), self.links(world))
            slowest = max(slowest, world.network.clock.seconds() - began)
            if seed % 10 == 0:
                self.settled(world, 1)
        self.assertLess(slowest, LINKED_WITHIN)

    def test_two(self) -> None:
        """Two that dial each other at the same moment, on links of any speed: one link, that stays, for 100 seeds."""
        for seed in range(100 * SEEDS):
            world = World(seed, 2)
            world.network.delays = (0.0001, 0.5)
            for actor in world.actors:
                actor.start()
            world.network.run(8, 0.05)
            self.assertTrue(world.meshed(), self.links(world))

    def test_quiet(self) -> None:
        """Closing the second link of a pair is shown to nobody: one `Joined` each, nothing left, lost or refused."""
        for seed in range(9 * SEEDS):
            world = self.world(seed, 4)
            self.settled(world, LINKED_WITHIN)
            for actor in world.actors:
                kinds = [type(event) for event in actor.lives[-1]]
                self.assertEqual(kinds.count(Joined), 3)
                self.assertEqual([kind for kind in kinds if kind in (Left, Lost, Refused, TwoInstances)], [])

    def test_parked(self) -> None:
        """Once linked, nobody calls anybody; when a peer is gone and back, it is called or calls, and is linked in 2 s."""
        world = self.world(3, 3)
        self.settled(world, LINKED_WITHIN)
        calls = len(world.network.listeners)
        ports = world.network.ephemeral_port()
        world.network.run(30)
        self.assertEqual(world.network.ephemeral_port(), ports + 1, "nobody called meanwhile")
        self.assertEqual(calls, 3)
        for seed in range(6):
            actor = world.actors[seed % 3]
            actor.crash()
            world.network.run(1 + seed * 5)
            actor.start()
            self.settled(world, LINKED_WITHIN + 0.5)

    def test_self(self) -> None:
        """A peer that reaches itself by another address calls there ever more seldom, and reports nothing: what the one there
        says, whoever it is, does not keep it from calling whoever comes to be there."""
        world = World(1, 1)
        world.actors[0].start()
        mesh = world.actors[0].mesh
        world.network.listeners["127.0.0.2", 5000] = world.network.listeners[HOST, 5000]
        mesh.start([("127.0.0.2", 5000)])
        world.network.run(600, 0.1)
        ports = world.network.ephemeral_port()
        world.network.run(2 * LONGEST_WAIT)
        self.assertIn(world.network.ephemeral_port(), (ports + 2, ports + 3, ports + 4))
        self.assertEqual((mesh.links, self.refusals(world.actors[0])), ([], []))

    def test_stale_instance(self) -> None:
        """A peer that crashed unheard and comes back is linked at once; its old link goes, and it is one member still."""
        for seed in range(9 * SEEDS):
            world = self.world(seed, 3)
            self.settled(world, LINKED_WITHIN)
            actor = world.actors[seed % 3]
            assert actor.node is not None
            for transport in actor.node.transports:
                transport.dead = True
            actor.crash()
            actor.start()
            self.settled(world, LINKED_WITHIN + 3)
            for other in world.actors:
                self.assertEqual([e for e in other.lives[-1] if isinstance(e, TwoInstances)], [])

    def test_half_open(self) -> None:
        """A connection that dies unnoticed, for one end or both, is found out and replaced within 12 s; nothing is lost."""
        for seed in range(9 * SEEDS):
            world = self.world(seed, 3)
            self.settled(world, LINKED_WITHIN)
            actor = world.actors[seed % 3]
            assert actor.node is not None
            dead = world.network.random.choice(actor.node.transports)
            dead.dead = True
            if seed % 2:
                dead.abortConnection()
            actor.say()
            world.network.run(12, 0.02)
            self.assertTrue(world.meshed() and world.equal(), self.links(world))
            for other in world.actors:
                assert other.node is not None
                self.assertEqual([one for one in other.node.transports if one in (dead, dead.other)], [])
                self.assertEqual(len(other.shown()), 1)

    def test_two_instances(self) -> None:
        """The same key in two processes that both answer: both stay linked, and people are warned."""
        world = self.world(5, 2)
        self.settled(world, LINKED_WITHIN)
        twin = Actor(world, 1, [0])
        twin.number = 7
        twin.start()
        world.network.run(4)
        self.assertEqual(world.actors[0].linked_with(), ["P1", "P1"])
        self.assertTrue([e for e in world.actors[0].lives[-1] if isinstance(e, TwoInstances)])
        twin.say()
        world.actors[1].say()
        world.network.run(2)
        self.assertEqual(len(world.actors[0].shown()), 2)

    def test_more_instances(self) -> None:
        """Of the programs that use one key two are linked at a time, others told to go; that is told once, however long it goes
        on; where one of the two is dead, another takes its place."""
        world = self.world(5, 2)
        self.settled(world, LINKED_WITHIN)
        twins = []
        for number in range(7, 12):
            twin = Actor(world, 1, [0])
            twin.number = number
            twin.start()
            twins.append(twin)
        world.network.run(60)
        ana = world.actors[0]
        self.assertEqual(ana.linked_with(), ["P1"] * MAX_INSTANCES)
        self.assertEqual(len([e for e in ana.lives[-1] if isinstance(e, TwoInstances)]), 1)
        for link in list(ana.mesh.links):
            link.transport.dead = True
        world.network.run(10)
        self.assertEqual(ana.linked_with(), ["P1"] * MAX_INSTANCES)
        self.assertFalse([link for link in ana.mesh.links if link.transport.dead])
        for twin in twins:
            twin.crash()
        for _ in range(3):
            world.network.run(LONGEST_WAIT)
            twins[0].start()
            world.network.run(5)
            self.assertEqual(ana.linked_with(), ["P1"] * MAX_INSTANCES)
            twins[0].crash()
        self.assertEqual(len([e for e in ana.lives[-1] if isinstance(e, TwoInstances)]), 1)

    def test_who_does_not_settle(self) -> None:
        """Who calls again and again as one and the same process, and never settles which link stays, has one in the end."""
        for number in range(5):  # whichever end it is that settles it by right
            world = self.world(number, 1)
            callers = [self.call(world, world.actors[0], introduce(9 + number)) for _ in range(20)]
            self.assertLessEqual(len(world.actors[0].mesh.links), MAX_ALIKE)
            for _ in range(30):
                world.network.run(1)
                for caller in callers:
                    for ping in [frame for frame in caller.heard if isinstance(frame, Ping)]:
                        caller.say(Pong(ping.n))
                    caller.heard.clear()
            self.assertEqual(len(world.actors[0].mesh.links), 1)

    def test_links_hold_for_instances(self) -> None:
        """As many links are kept as may be, whoever's they are: a second program of a member is one more."""
        world = World(1, 1)
        world.actors[0].start()
        mesh = world.actors[0].mesh
        mesh._max_links = 2
        for instance in (1, 2, 3):
            self.call(world, world.actors[0], introduce(9, instance=instance))
        self.assertEqual(len(mesh.links), 2)
        refused = self.call(world, world.actors[0], introduce(8))
        self.assertTrue([frame for frame in refused.heard if isinstance(frame, Bye)] or refused.dismissed)

    def come(self, world: World, number: int) -> Caller:
        """Let a stranger come, and say something."""
        caller = self.call(world, world.actors[0], introduce(number))
        batch = sign_batch(introduce(number).identity, Group(), 1, 1, b"", 0, number, "Eve", [Say("hi")])
        caller.transport.write(batch.line)
        world.network.run(1)
        return caller

    def test_room_for_members(self) -> None:
        """Strangers who have taken all links there are make room for a member that was known before, one for one; not for another
        stranger."""
        world = World(1, 2, lambda number: [0] if number else [])
        for actor in world.actors:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        world.actors[1].say()
        world.network.run(1)
        world.actors[1].crash()
        world.actors[0].crash()
        world.network.run(1)
        world.actors[0].start()
        mesh = world.actors[0].mesh
        mesh._max_links = 3
        strangers = [self.come(world, number) for number in range(20, 25)]
        self.assertEqual([caller.dismissed for caller in strangers], [""] * 3 + [errors.FULL] * 2)
        world.actors[1].start()
        self.assertTrue(world.network.run_until(lambda: "P1" in world.actors[0].linked_with(), 5))
        world.network.run(3)
        self.assertEqual(len(mesh.links), 3)

    def test_room_for_whom_was_here(self) -> None:
        """A member that was here, said something and starts anew takes the place of a stranger that came after it, whatever that
        has said; who had to go does not come back for that."""
        world = World(1, 2, lambda number: [0] if number else [])
        for actor in world.actors:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        mesh = world.actors[0].mesh
        mesh._max_links = 3
        world.actors[1].say()
        world.network.run(1)
        world.actors[1].crash()
        world.network.run(1)

        strangers = [self.come(world, number) for number in range(20, 25)]
        self.assertEqual([caller.dismissed for caller in strangers], [""] * 3 + [errors.FULL] * 2)
        world.actors[1].start()
        self.assertTrue(world.network.run_until(lambda: "P1" in world.actors[0].linked_with(), 5))
        world.network.run(LONGEST_WAIT)
        for number in range(20, 25):
            self.come(world, number)
        self.assertIn("P1", world.actors[0].linked_with())
        self.assertEqual(len(mesh.links), 3)
        self.assertEqual(len([event for event in world.actors[0].lives[-1] if isinstance(event, Joined)]), 5)


class TroubledTests(MeshTestCase):
    """Links that can't last, and words of strangers."""

    def of(self, actor: Actor, *kinds: type[Any]) -> list[Any]:
        """Return the events of some kinds that an actor was shown."""
        return [event for event in actor.lives[-1] if isinstance(event, kinds)]

    def test_refused_when_ready(self) -> None:
        """Two whose links are refused as soon as they are ready try ever more seldom; both are told once, and why, by name. When
        all is well again they are linked within seconds, and that is told once it has lasted."""
        for reason in (errors.FORGED, errors.LIMIT):
            world = self.world(1, 2)
            ana, bia = world.actors
            replica = ana.mesh._replica
            receive = replica.receive

            def refuse(link: Any, frame: Any, reason: str = reason) -> bool:
                raise Refusal(reason)

            replica.receive = refuse  # type: ignore[method-assign]
            world.network.run(60, 0.02)
            ports = world.network.ephemeral_port()
            world.network.run(60, 0.02)
            self.assertLess(world.network.ephemeral_port() - ports, 10)
            self.assertEqual(self.of(ana, NoLink), [NoLink("P1", reason, True)])
            self.assertEqual(self.of(bia, NoLink), [NoLink("P0", reason, False)])
            for actor in world.actors:
                self.assertLessEqual(len(self.of(actor, Joined, Left, Lost)), 2)
                actor.lives[-1].clear()
            replica.receive = receive  # type: ignore[method-assign]
            self.assertTrue(world.network.run_until(world.meshed, LONGEST_WAIT + 1))
            world.network.run(STEADY + 1, 0.02)
            self.assertTrue(world.meshed())
            for actor in world.actors:
                self.assertEqual([type(event) for event in self.of(actor, Joined, Left, Lost, NoLink)], [Joined])

    def test_strangers_words(self) -> None:
        """Whatever somebody says for a while at an address where a peer will be, and before it has shown who it is, the peer is
        linked with within seconds once it is there."""
        for reason in sorted(errors.REASONS):
            world = World(1, 2, lambda number: [0] if number else [])
            service = Service(encode(Greet(1, False)) + encode(Bye(reason)))
            port = world.network.node().listenTCP(FIRST_PORT, service, interface=HOST)
            world.actors[1].start()
            world.network.run(40, 0.02)
            calls = service.calls
            self.assertGreater(calls, 3, reason)
            port.stopListening()
            world.actors[0].start()
            self.assertTrue(world.network.run_until(world.meshed, LONGEST_WAIT + 2), reason)

    def test_callers_words(self) -> None:
        """Whatever callers say who have not shown who they are, those who come from the same address are let in, at once."""
        for reason in sorted(errors.REASONS):
            world = World(1, 2, lambda number: [0] if number else [])
            world.actors[0].start()
            for _ in range(70):
                caller = Caller(introduce(9))
                caller.opening.receive = lambda line, reason=reason: encode(Bye(reason))  # type: ignore[method-assign]
                factory = ClientFactory.forProtocol(lambda caller=caller: caller)
                factory.noisy = False
                world.network.node().connectTCP(HOST, FIRST_PORT, factory)
                world.network.run(0.02)
            world.actors[1].start()
            self.assertTrue(world.network.run_until(world.meshed, LINKED_WITHIN), reason)
            self.assertLessEqual(len(self.of(world.actors[0], NoLink, WrongPassphrase)), 1)

    def test_other_versions(self) -> None:
        """Who finds a peer of another version is told so, once; so is who is called by one, and says who it is by address."""
        world = World(1, 2, lambda number: [0, 1])
        world.network.node().listenTCP(FIRST_PORT, Service(encode(Greet(2, False))), interface=HOST)
        world.actors[1].start()
        world.network.run(120, 0.02)
        told = [NoLink(f"{HOST}:{FIRST_PORT}", errors.VERSION, True)]
        self.assertEqual(self.of(world.actors[1], NoLink), told)
        for _ in range(5):
            caller = Caller(introduce(9))
            caller.opening.receive = lambda line: encode(Bye(errors.VERSION))  # type: ignore[method-assign]
            factory = ClientFactory.forProtocol(lambda caller=caller: caller)
            factory.noisy = False
            world.network.node().connectTCP(HOST, FIRST_PORT + 1, factory)
            world.network.run(0.5)
        self.assertEqual(self.of(world.actors[1], NoLink), [*told, NoLink(HOST, errors.VERSION, True)])


class StrangerTests(MeshTestCase):
    """Whatever else listens on a known port, or calls."""

    def test_foreign_services(self) -> None:
        """Services that are silent, talk first or talk garbage get not a byte, are reported once each, and delay nobody."""
        world = World(1, 5)
        services = [Service(), Service(b"220 mail\r\n"), Service(b"\xff\x00\n" * 100)]
        for number, service in enumerate(services):
            node = world.network.node()
            node.listenTCP(FIRST_PORT + number, service, interface=HOST)
        for actor in world.actors[3:]:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        world.network.run(30)
        for service in services:
            self.assertEqual(service.heard, b"")
            self.assertGreater(service.calls, 5, "it may become a peer any time")
        for actor in world.actors[3:]:
            found = [(event.port, event.reason) for event in self.refusals(actor)]
            self.assertEqual(sorted(found), [(5000, errors.TIMEOUT), (5001, errors.PROTOCOL), (5002, errors.PROTOCOL)])

    def test_becomes_a_peer(self) -> None:
        """When the foreign service makes room for a peer, that peer is linked within 2 s or so."""
        world = World(1, 2)
        node = world.network.node()
        port = node.listenTCP(FIRST_PORT, Service(b"220 mail\r\n"), interface=HOST)
        world.actors[1].start()
        world.network.run(20)
        port.stopListening()
        world.actors[0].start()
        self.settled(world, LINKED_WITHIN)

    def test_full(self) -> None:
        """A peer that keeps as many links as it may tells others so; they go on trying, and it goes on."""
        world = World(1, 4)
        for actor in world.actors[1:]:
            actor.start()
        world.network.run(2)
        node = world.network.node()
        peer = assemble(
            node,
            PeerSettings("Full", Group(), NetworkSettings(HOST, FIRST_PORT, (), max_links=2)),
            Parts(world.actors[0].identity, MemoryStore()),
            lambda: START + world.network.clock.seconds(),
        )
        peer.listen()
        peer.start()
        world.network.run(5)
        self.assertEqual(len(peer.mesh.links), 2)
        refused = [event.reason for actor in world.actors[1:] for event in self.refusals(actor)]
        self.assertEqual(refused, [errors.FULL])
        linked = [actor for actor in world.actors[1:] if "Full" in actor.linked_with()]
        linked[0].crash()
        world.network.run(4)
        self.assertEqual(len(peer.mesh.links), 2, "there is room again")

    def test_other_group(self) -> None:
        """Somebody of another group is told so, and seen by nobody."""
        world = self.world(1, 1)
        caller = self.call(world, world.actors[0], introduce(9, group="work"))
        self.assertEqual((caller.dismissed, caller.opening.other), (errors.GROUP, None))
        self.assertEqual([event.reason for event in self.refusals(world.actors[0])], [errors.GROUP])
        self.assertEqual(world.actors[0].linked_with(), [])

    def test_many_at_once(self) -> None:
        """However many connect in one turn and say nothing, no more than 32 are kept waiting; the rest are told to go."""
        world = self.world(1, 1)
        mesh = world.actors[0].mesh
        connections = []
        for _ in range(200):
            link = mesh.build_link(Role.LISTENER, HOST)
            assert link is not None
            connection = Connection()
            connection.slow = True
            connection.protocol = link
            link.makeConnection(connection)
            connections.append(connection)
        told = [connection.said() for connection in connections]
        self.assertEqual(len([said for said in told if [type(frame) for frame in said] == [Greet]]), MAX_OPENING)
        self.assertEqual(len([said for said in told if said[1:] == [Bye(errors.FULL)]]), 200 - MAX_OPENING)


class LearningTests(MeshTestCase):
    """Addresses that others pass on."""

    def test_learned(self) -> None:
        """Two that only know a third get to know each other through it."""
        world = World(1, 3, lambda number: [0])
        for actor in world.actors:
            actor.start()
        self.settled(world, LINKED_WITHIN + 1)

    def test_answers_as_somebody_else(self) -> None:
        """An address said to be one member's where another answers, or nobody, is called a few times and forgotten."""
        world = World(1, 3, lambda number: [])
        for actor in world.actors[:2]:
            actor.start()
        caller = self.call(world, world.actors[0], introduce(9))
        dead, wrong = (HOST, 6000), (HOST, FIRST_PORT + 1)
        caller.say(Peers([Address(b"x" * 32, *dead), Address(b"y" * 32, *wrong)]))
        world.network.run(1)
        dialers = world.actors[0].mesh.calls
        self.assertEqual(set(dialers) - {CALLER}, {dead, wrong})
        world.network.run(60)
        self.assertEqual(set(dialers) - {CALLER}, set())
        self.assertEqual([event.reason for event in self.refusals(world.actors[0])], [errors.STRANGER])
        self.assertNotIn("P1", world.actors[0].linked_with())

    def test_only_nearby(self) -> None:
        """Nobody can have this peer call far hosts, names that look like this one, many addresses at a time, or itself."""
        world = self.world(1, 1)
        caller = self.call(world, world.actors[0], introduce(9))
        dialers = world.actors[0].mesh.calls
        hosts = ("1.0.0.1", "example.org", "127.0.0.1.example.org", "127.evil", "")
        caller.say(Peers([Address(bytes([n]) * 32, host, 80) for n, host in enumerate(hosts)]))
        caller.say(Peers([Address(world.actors[0].identity.id, HOST, 7000)]))
        world.network.run(0.5)
        self.assertEqual(set(dialers), {CALLER})
        for start in (0, 60, 120):
            caller.say(Peers([Address(bytes([start + n]) * 32, HOST, 8000 + start + n) for n in range(60)]))
        world.network.run(0.3)
        self.assertEqual(len(dialers), 1 + MAX_VAIN)

    def test_is_loopback(self) -> None:
        """Only numeric addresses, and `localhost`, are this machine."""
        for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost"):
            self.assertTrue(is_loopback(host), host)
        for host in ("10.0.0.1", "127.example.org", "127.0.0.1.example.org", "::2", "", "localhost.example.org"):
            self.assertFalse(is_loopback(host), host)


class TimeTests(MeshTestCase):
    """Clocks that jump and processes that stand still."""

    def test_suspended(self) -> None:
        """A peer stopped for 20 s loses no link for good, and has everything soon after it goes on."""
        for seed in range(5):
            world = self.world(seed, 3)
            self.settled(world, LINKED_WITHIN)
            actor = world.actors[seed % 3]
            assert actor.node is not None
            actor.node.suspend()
            world.network.run(20)
            world.actors[(seed + 1) % 3].say()
            actor.node.resume()
            self.assertTrue(world.network.run_until(lambda world=world: world.meshed() and world.equal(), 5))

    def test_suspended_for_long(self) -> None:
        """Stopped for two minutes, its links are given up; it is linked again and has everything within 5 s."""
        world = self.world(1, 3)
        self.settled(world, LINKED_WITHIN)
        actor = world.actors[0]
        assert actor.node is not None
        actor.node.suspend()
        world.network.run(120)
        self.assertEqual([other.linked_with() for other in world.actors[1:]], [["P2"], ["P1"]])
        world.actors[1].say(3)
        actor.node.resume()
        self.assertTrue(world.network.run_until(lambda: world.meshed() and world.equal(), 5), self.links(world))

    def test_wall_clock_jumps(self) -> None:
        """A wall clock that jumps by more than 5 s, as after sleep, has all links pinged at once; by less, none."""
        world = self.world(1, 2)
        self.settled(world, LINKED_WITHIN)
        world.network.run(1)
        for jump, pinged in ((4.0, False), (3600.0, True), (-3600.0, True)):
            world.actors[0].skew += jump
            (link,) = world.actors[0].mesh.links
            pings: list[object] = []
            self.patch(link, "ping", lambda *arguments, pings=pings: pings.append(arguments))
            world.network.run(1.1)
            self.assertEqual(bool(pings), pinged, jump)

    def test_silence_of_our_own_making(self) -> None:
        """While this peer does not read, nobody is suspected of silence."""
        world = self.world(1, 2)
        self.settled(world, LINKED_WITHIN)
        mesh = world.actors[0].mesh
        mesh.flow(False)
        world.network.run(60)
        mesh.flow(True)
        self.settled(world, 5)


class TypingTests(MeshTestCase):
    """Saying that one types."""

    def test_told(self) -> None:
        """Those who are linked know it until something is said; what is no room ends the link that it came over."""
        world = self.world(5, 3)
        self.settled(world, LINKED_WITHIN)
        ana, *others = world.actors
        assert ana.peer is not None
        ana.peer.conversation.typing.say("#chat")
        world.network.run(0.5)
        for each in others:
            assert each.peer is not None
            self.assertEqual([member.shown for member in each.peer.conversation.typing.who("#chat")], ["P0"])
        self.assertEqual(ana.peer.conversation.typing.who("#chat"), [])
        ana.say()
        world.network.run(0.5)
        self.assertEqual([each.peer and each.peer.conversation.typing.who("#chat") for each in others], [[], []])
        caller = self.call(world, ana, introduce(9))
        caller.say(TypingFrame("chat"))
        world.network.run(0.5)
        self.assertEqual([event.reason for event in self.refusals(ana)][-1:], ["protocol"])


class LeavingTests(MeshTestCase):
    """Going is not the same as being lost."""

    def test_left_and_lost(self) -> None:
        """Who says goodbye has left; who crashes is lost; both are told once."""
        world = self.world(1, 3)
        self.settled(world, LINKED_WITHIN)
        leaving = world.actors[1].peer
        assert leaving is not None
        done: list[None] = []
        leaving.stop().addCallback(done.append)
        world.network.run(5)
        self.assertEqual(done, [None])
        world.actors[1].node = world.actors[1].peer = None
        world.actors[2].crash()
        world.network.run(3)
        told = [event for event in world.actors[0].lives[-1] if isinstance(event, (Left, Lost))]
        self.assertEqual(told, [Left("P1"), Lost("P2")])

    def test_stop_is_quick(self) -> None:
        """`stop` is done within 4 s, even if the others answer nothing any more; nothing is left ticking or listening."""
        world = self.world(1, 3)
        self.settled(world, LINKED_WITHIN)
        for actor in world.actors[1:]:
            assert actor.node is not None
            actor.node.suspend()
        mesh = world.actors[0].mesh
        done: list[None] = []
        mesh.stop().addCallback(done.append)
        world.network.run(4.1)
        self.assertEqual(done, [None])
        self.assertNotIn((HOST, FIRST_PORT), world.network.listeners)
        self.assertIsNone(mesh.build_link(Role.LISTENER, HOST))

    def test_port_taken(self) -> None:
        """A port that is taken is an error at `listen`, before anything is dialed."""
        world = self.world(1, 1)
        node: Node = world.network.node()
        peer = assemble(node, PeerSettings("Me", Group(), NetworkSettings(HOST, FIRST_PORT, ())), wall=lambda: START)
        self.assertRaises(CannotListenError, peer.listen)
