"""What a peer knows of the addresses it calls, without calling anybody for it."""

from __future__ import annotations

from tests.core.wire.test_opening import introduce
from tests.net.test_link import Connection
from tests.net.test_mesh import HOST, LINKED_WITHIN, MeshTestCase, Service
from tests.simulation.world import FIRST_PORT, START, Actor, World
from twisted_chat.assembly import assemble
from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.group import Group
from twisted_chat.core.status import AddressStatus, Finding, Found
from twisted_chat.core.wire.frames import Address, Greet, Peers, encode
from twisted_chat.core.wire.opening import Step
from twisted_chat.net.diagnosis import answered
from twisted_chat.net.dialer import CONNECT_SECONDS
from twisted_chat.peer import NetworkSettings, Parts, PeerSettings
from twisted_chat.storage.memory import MemoryStore

PATIENCE = 6.0
"""Seconds within which every call comes to an end, that to a silent service included."""


class SurveyTests(MeshTestCase):
    """Whatever may be at a known address is told apart."""

    def found(self, actor: Actor, number: int) -> AddressStatus:
        """Return what an actor knows of the address of actor `number`."""
        (status,) = (status for status in actor.mesh.survey() if status.port == FIRST_PORT + number)
        return status

    def after(self, greeting: bytes) -> Found:
        """Return what is found where a service says `greeting` to whoever calls."""
        world = World(1, 2)
        world.network.node().listenTCP(FIRST_PORT, Service(greeting), interface=HOST)
        world.actors[1].start()
        world.network.run(PATIENCE)
        return self.found(world.actors[1], 0).found

    def of_peer(self, group: str = "chat", max_links: int = 64) -> Found:
        """Return what is found where a peer is, of this group and with room for so many links, that calls nobody."""
        world = World(1, 2)
        address = NetworkSettings(HOST, FIRST_PORT, (), max_links)
        node, identity = world.network.node(), world.actors[0].identity
        settings = PeerSettings("Peer", Group(group), address)
        peer = assemble(node, settings, Parts(identity, MemoryStore()), lambda: START)
        peer.listen()
        peer.start()
        world.actors[1].start()
        world.network.run(PATIENCE)
        return self.found(world.actors[1], 0).found

    def test_peers(self) -> None:
        """Every known address is there once, in order: this peer's own, those of members with names, and what is free."""
        world = World(1, 4)
        for actor in world.actors[:3]:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        self.assertEqual(
            world.actors[0].mesh.survey(),
            [
                AddressStatus(HOST, 5000, Found(Finding.OURSELVES)),
                AddressStatus(HOST, 5001, Found(Finding.LINKED), "P1"),
                AddressStatus(HOST, 5002, Found(Finding.LINKED), "P2"),
                AddressStatus(HOST, 5003, Found(Finding.FREE)),
            ],
        )

    def test_gone(self) -> None:
        """Where a member was, its name stays, with what is there now."""
        world = self.world(1, 2)
        self.settled(world, LINKED_WITHIN)
        world.actors[1].crash()
        world.network.run(PATIENCE)
        self.assertEqual(self.found(world.actors[0], 1), AddressStatus(HOST, FIRST_PORT + 1, Found(Finding.FREE), "P1"))

    def test_before_anything_is_known(self) -> None:
        """A call that is under way has found nothing yet."""
        world = self.world(1, 2)
        self.assertEqual(self.found(world.actors[0], 1).found, Found(Finding.UNKNOWN))

    def test_unreachable(self) -> None:
        """Where nobody answers at all, that is told from where nobody listens."""
        world = World(1, 2, apart=True)
        for actor in world.actors:
            actor.start()
        nodes = [[actor.node] for actor in world.actors if actor.node is not None]
        world.network.partition(nodes)
        world.network.run(CONNECT_SECONDS + 1)
        (status,) = (status for status in world.actors[0].mesh.survey() if status.host == world.address(1)[0])
        self.assertIs(status.found.finding, Finding.UNREACHABLE)

    def test_other_programs(self) -> None:
        """Other programs are told from peers, with how they begin if they talk."""
        self.assertEqual(self.after(b""), Found(Finding.SILENT))
        self.assertEqual(self.after(b"220 mail\r\n"), Found(Finding.FOREIGN, "220 mail\r"))
        self.assertEqual(self.after(b"\xff\x00\n" * 100).finding, Finding.FOREIGN)
        self.assertEqual(self.after(b"x" * 500 + b"\n"), Found(Finding.FOREIGN, "x" * 60))

    def test_peers_without_a_link(self) -> None:
        """Peers there is no link with are told apart by why."""
        self.assertEqual(self.after(encode(Greet(2, False))).finding, Finding.OTHER_VERSION)
        self.assertEqual(self.after(encode(Greet(1, False)) + b"nonsense\n").finding, Finding.REFUSED)
        self.assertEqual(self.of_peer(group="work").finding, Finding.OTHER_GROUP)
        self.assertEqual(self.of_peer(max_links=0).finding, Finding.FULL)

    def test_stalled(self) -> None:
        """A peer that greets, and with which encryption does not come about, is told from one that says no to us."""
        self.assertEqual(self.after(encode(Greet(1, True))).finding, Finding.STALLED)
        self.assertEqual(self.after(encode(Greet(1, False))).finding, Finding.REFUSED)

    def test_steps(self) -> None:
        """What comes in large packets, or answers such, is told from the rest of an opening; the log says what did not come."""
        world = World(1, 2)
        world.network.node().listenTCP(FIRST_PORT, Service(encode(Greet(1, False))), interface=HOST)
        world.actors[1].start()
        world.network.run(PATIENCE)
        self.assertEqual([event.detail for event in self.refusals(world.actors[1])], ["no opening: hello did not come"])
        (dialer,) = (each for each in world.actors[1].mesh.calls.values() if each.port == FIRST_PORT)
        link = dialer.buildProtocol(None)
        assert link is not None
        link.makeConnection(Connection())
        stalled = {Step.SECURED, Step.PAKE}
        for step in Step:
            link.opener._opening.step = step
            found = answered(link, Refusal(errors.TIMEOUT)).finding
            self.assertEqual(found is Finding.STALLED, step in stalled, step)

    def test_announced_for_another(self) -> None:
        """Where another member answers than the one that was announced, that is told."""
        world = World(1, 3, lambda number: [])
        for actor in world.actors[:2]:
            actor.start()
        caller = self.call(world, world.actors[0], introduce(9))
        caller.say(Peers([Address(b"y" * 32, HOST, FIRST_PORT + 1)]))
        world.network.run(1)
        self.assertIs(self.found(world.actors[0], 1).found.finding, Finding.STRANGER)

    def test_changes(self) -> None:
        """What is found follows what is there: a service, nobody, a peer."""
        world = World(1, 2)
        port = world.network.node().listenTCP(FIRST_PORT, Service(b"220 mail\r\n"), interface=HOST)
        world.actors[1].start()
        findings = []
        for change in (lambda: None, port.stopListening, world.actors[0].start):
            change()
            world.network.run(PATIENCE)
            findings.append(self.found(world.actors[1], 0).found.finding)
        self.assertEqual(findings, [Finding.FOREIGN, Finding.FREE, Finding.LINKED])


class DiagnosisTests(MeshTestCase):
    """The rest of what `/doctor` is told."""

    def test_clocks(self) -> None:
        """A member whose clock is minutes off is named with about how much; what was caught up on is no evidence."""
        world = World(1, 3)
        for actor, skew in zip(world.actors, (0.0, -200.0, 1.0), strict=True):
            actor.skew = skew
        for actor in world.actors[:2]:
            actor.start()
        self.settled(world, LINKED_WITHIN)
        world.actors[0].say()
        world.network.run(60)
        world.actors[2].start()
        self.settled(world, LINKED_WITHIN)
        late = world.actors[2].peer
        assert late is not None
        self.assertEqual(self.successResultOf(late.diagnose()).clocks, {})
        world.actors[1].say()
        world.network.run(1)
        clocks = self.successResultOf(late.diagnose()).clocks
        self.assertEqual(list(clocks), ["P1"])
        self.assertAlmostEqual(clocks["P1"], -201, places=1)

    def test_trouble(self) -> None:
        """What the store complains of is told until it is over."""
        world = self.world(1, 1)
        peer = world.actors[0].peer
        assert peer is not None
        for trouble in ("No space left on device", None):
            peer._store.trouble(trouble)
            self.assertEqual(self.successResultOf(peer.diagnose()).trouble, trouble or "")
