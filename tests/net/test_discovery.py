"""What is announced on the network and what is made of others' announcements; the network's part is played by the tests."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_interface
from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.world import FIRST_PORT, HOST, START, World
from twisted_chat.assembly import assemble, fleeting
from twisted_chat.core.events import Undiscoverable
from twisted_chat.core.group import Group
from twisted_chat.net import mdns
from twisted_chat.net.discovery import ASK_SECONDS, LOOK_SECONDS, MAX_HOSTS, SETTLE_SECONDS, Discovery, Report
from twisted_chat.net.mdns import ANSWER_MILLISECONDS, MAX_SERVICES, Network, Seen, own_hosts
from twisted_chat.peer import NetworkSettings, PeerSettings

PORT = 5000


class Threads(Clock):
    """A clock whose threads do at once what they are given, or, when `slow`, when they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.waiting: list[Callable[[], None]] = []

    def getThreadPool(self) -> Threads:
        """Return what runs threads."""
        return self

    def callInThreadWithCallback(self, done: Callable[[bool, Any], None], call: Callable[..., Any], *args: Any) -> None:
        """Do it."""

        def run() -> None:
            try:
                result = call(*args)
            except Exception:  # noqa: BLE001  as a thread does
                done(False, Failure())
            else:
                done(True, result)

        self.waiting.append(run)
        if not self.slow:
            self.work()

    def work(self) -> None:
        """Do what waits."""
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            run()

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        """Call at once."""
        call(*args)


class Announced:
    """What has been announced: a stand-in for `mdns.Responder`."""

    def __init__(self, port: int, hosts: frozenset[Network], seen: Seen) -> None:
        self.port = port
        self.hosts = sorted(str(host.address.ip) for host in hosts)
        self.seen = seen
        self.asked = 0
        self.closed = False

    def ask(self) -> None:
        """Count."""
        self.asked += 1

    def close(self) -> None:
        """Note it."""
        self.closed = True


def at(*addresses: str) -> frozenset[Network]:
    """Return the addresses of a machine, all on one interface."""
    return frozenset(Network(2, ip_interface(address)) for address in addresses)


class DiscoveryTests(SynchronousTestCase):
    """One machine, whose addresses are `present`."""

    listen = "0.0.0.0"

    def setUp(self) -> None:
        self.reactor = Threads()
        self.present = at("10.0.0.1/24", "fd77::1/64", "fe80::1/64")
        self.refused: OSError | None = None
        self.responders: list[Announced] = []
        self.reports: list[Any] = []
        self.discovery = self.make()

    def make(self) -> Discovery:
        """Return a discovery that reports to this test."""
        return Discovery(
            self.reactor,
            (self.listen, PORT),
            lambda host, port: self.reports.append(("found", host, port)),
            lambda host, port: self.reports.append(("lost", host, port)),
            self.reports.append,
            self.respond,
            lambda: self.present,
        )

    def respond(self, port: int, hosts: frozenset[Network], seen: Seen) -> Announced:
        """Begin to announce, unless that is refused."""
        if self.refused:
            raise self.refused
        self.responders.append(Announced(port, hosts, seen))
        return self.responders[-1]

    def start(self) -> Announced:
        """Start, and return what is announced."""
        self.successResultOf(self.discovery.start())
        return self.responders[-1]

    def told(self) -> list[Any]:
        """Return what was reported, once it is settled, and forget it."""
        self.reactor.pump([SETTLE_SECONDS] * 2)
        told, self.reports = self.reports, []
        return told

    # What is announced.

    def test_own_hosts(self) -> None:
        """A peer is announced where it can be reached: at the address it listens at, at all of the kinds it listens to."""
        everything = at("10.0.0.1/24", "192.168.0.1/16", "fd77::1/64")
        for listen, announced in (
            ("0.0.0.0", at("10.0.0.1/24", "192.168.0.1/16")),
            ("::", everything),
            ("10.0.0.1", at("10.0.0.1/24")),
            ("::ffff:10.0.0.1", at("10.0.0.1/24")),
            ("fd77:0::1", at("fd77::1/64")),
            ("10.0.0.9", at()),
            ("127.0.0.1", at()),
        ):
            self.assertEqual(own_hosts(listen, everything), announced, listen)

    def test_worth_announcing(self) -> None:
        """Link-local addresses, by which the same peer would be called once more, are announced only where there is no other."""
        other = Network(3, ip_interface("fe80::3/64"))
        for hosts, worth in (
            (self.present, ["10.0.0.1", "fd77::1"]),
            (self.present | {other}, ["10.0.0.1", "fd77::1", "fe80::3"]),
            (at("fe80::1/64", "10.0.0.1/24"), ["10.0.0.1"]),
            (at("fe80::1/64", "169.254.0.1/16"), ["169.254.0.1", "fe80::1"]),
        ):
            self.assertEqual([str(host.address.ip) for host in mdns.announced(hosts)], worth)

    def test_announced(self) -> None:
        """The port and the address are announced until `stop`; then nothing is left ticking."""
        announced = self.start()
        self.assertEqual((announced.port, announced.hosts, announced.closed), (PORT, ["10.0.0.1"], False))
        self.successResultOf(self.discovery.stop())
        self.assertTrue(announced.closed)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_moved(self) -> None:
        """When the machine's addresses change, it is announced at the new ones within 2 s, and no longer at the old ones."""
        first = self.start()
        self.reactor.pump([LOOK_SECONDS] * 10)
        self.assertEqual(len(self.responders), 1)
        self.present = at("10.0.0.2/24")
        self.reactor.advance(LOOK_SECONDS)
        self.assertEqual((first.closed, self.responders[-1].hosts), (True, ["10.0.0.2"]))

    def test_asked_anew(self) -> None:
        """It is asked anew every minute who is there: a network can have been away unnoticed."""
        announced = self.start()
        self.reactor.pump([LOOK_SECONDS] * 150)
        self.assertAlmostEqual(announced.asked, 150 * LOOK_SECONDS / ASK_SECONDS, delta=1)

    def test_refused(self) -> None:
        """Where the network won't have it that is said once, and it is tried until it works."""
        self.refused = OSError("port 5353 is taken")
        self.successResultOf(self.discovery.start())
        self.reactor.pump([LOOK_SECONDS] * 10)
        self.assertEqual(self.reports, ["port 5353 is taken"])
        self.refused = None
        self.reactor.advance(LOOK_SECONDS)
        self.assertFalse(self.responders[-1].closed)

    def test_no_network(self) -> None:
        """Without a network that is said once, and when one comes it is announced there."""
        self.present = at()
        self.successResultOf(self.discovery.start())
        self.reactor.pump([LOOK_SECONDS] * 10)
        self.assertEqual(len(self.reports), 1)
        self.present = at("10.0.0.1/24")
        self.reactor.advance(LOOK_SECONDS)
        self.assertEqual(self.responders[-1].hosts, ["10.0.0.1"])

    def test_stopped_at_any_time(self) -> None:
        """`stop` while the network is being waited for waits, too, and leaves nothing open."""
        self.reactor.slow = True
        for steps in range(3):
            discovery = self.make()
            discovery.start()
            for _ in range(steps):
                self.reactor.work()
            stopped = discovery.stop()
            while self.reactor.waiting:
                self.assertNoResult(stopped)
                self.reactor.work()
            self.successResultOf(stopped)
            self.assertTrue(all(responder.closed for responder in self.responders))
            self.assertEqual(self.reactor.getDelayedCalls(), [])

    # What is found.

    def test_found(self) -> None:
        """Each address is told, IPv4 first, and told again when it is announced anew, and when nobody does so any more."""
        announced = self.start()
        announced.seen("one", ["fd77::9", "10.0.0.9"], 5001)
        announced.seen("two", ["10.0.0.9"], 5001)
        self.assertEqual(set(self.told()), {("found", "10.0.0.9", 5001), ("found", "fd77::9", 5001)})
        self.assertEqual(self.told(), [])
        announced.seen("one", ["fd77::9"], 5001)
        self.assertEqual(self.told(), [("found", "fd77::9", 5001)])
        announced.seen("one", [], 0)
        self.assertEqual(self.told(), [("lost", "fd77::9", 5001)])
        announced.seen("two", ["10.0.0.10"], 5001)
        self.assertEqual(self.told(), [("lost", "10.0.0.9", 5001), ("found", "10.0.0.10", 5001)])

    def test_near_only(self) -> None:
        """What is on no network of this machine is not told, lest it call others; nor is a link-local address without scope."""
        announced = self.start()
        hosts = ["8.8.8.8", "10.0.1.9", "127.0.0.1", "::1", "224.0.0.251", "fe80::9", "fd78::9", "0.0.0.0", "nonsense"]
        announced.seen("one", hosts, 5001)
        self.assertEqual(self.told(), [])
        announced.seen("one", ["fe80::9%eth0"], 5001)
        self.assertEqual(self.told(), [("found", "fe80::9%eth0", 5001)])

    def test_bounded(self) -> None:
        """Of however many services and addresses, so many are told."""
        self.present = at("10.0.0.1/8")
        announced = self.start()
        for service in range(1000):
            hosts = [f"10.{service % 250}.{service // 250}.{number}" for number in range(50)]
            announced.seen(f"{service}", hosts, 5001)
        self.assertEqual(len(self.told()), MAX_SERVICES * MAX_HOSTS)
        announced.seen("0", [], 0)
        self.assertEqual(len(self.told()), MAX_HOSTS)

    def test_flood(self) -> None:
        """Who announces and takes back all the time is heard once a second."""
        announced = self.start()
        for _ in range(1000):
            announced.seen("one", ["10.0.0.9"], 5001)
            announced.seen("one", [], 0)
            self.reactor.advance(0.01)
        self.assertLessEqual(len(self.reports), 2 * 11)

    def test_kept_when_moved(self) -> None:
        """Who was found stays so when this machine's addresses change, if it is heard again."""
        announced = self.start()
        announced.seen("one", ["10.0.0.9"], 5001)
        announced.seen("two", ["10.0.0.10"], 5001)
        self.told()
        self.present = at("10.0.0.2/24")
        self.reactor.advance(LOOK_SECONDS)
        self.responders[-1].seen("one", ["10.0.0.9"], 5001)
        self.assertEqual(self.told(), [])
        self.reactor.advance(ANSWER_MILLISECONDS / 1000)
        self.assertEqual(self.told(), [("lost", "10.0.0.10", 5001), ("found", "10.0.0.9", 5001)])

    def test_silent_after_stop(self) -> None:
        """After `stop` nothing is told."""
        announced = self.start()
        self.discovery.stop()
        announced.seen("one", ["10.0.0.9"], 5001)
        self.assertEqual(self.told(), [])


class Stub:
    """Stands in for a `Discovery`: `found`, `lost` and `trouble` are what it was given."""

    def __init__(self, found: Report, lost: Report, trouble: Callable[[str], None]) -> None:
        self.found = found
        self.lost = lost
        self.trouble = trouble
        self.started = False
        self.ended: Deferred[None] = Deferred()

    def start(self) -> Deferred[None]:
        """See `Discovery`."""
        self.started = True
        return Deferred()

    def stop(self) -> Deferred[None]:
        """See `Discovery`."""
        return self.ended


class InPeerTests(SynchronousTestCase):
    """What a peer does with it."""

    def setUp(self) -> None:
        self.world = World(1, 1)
        self.world.actors[0].start()
        self.stubs: list[Stub] = []
        self.events: list[Any] = []
        address = NetworkSettings(HOST, FIRST_PORT + 1, ())
        node = self.world.network.node()
        parts = replace(fleeting(), discovery=self.stub)
        self.peer = assemble(node, PeerSettings("Me", Group(), address), parts, lambda: START)
        self.peer.conversation.watch(self.events.append)
        self.peer.listen()

    def stub(self, *reports: Any) -> Any:
        """Return what is to find others."""
        self.stubs.append(Stub(*reports))
        return self.stubs[-1]

    def test_linked(self) -> None:
        """Who is found is called, and stays linked when no longer announced; who is not there is no longer called then."""
        self.peer.start()
        (stub,) = self.stubs
        self.assertTrue(stub.started)
        stub.found(HOST, FIRST_PORT)
        stub.found(HOST, 6000)
        self.world.network.run(1)
        self.assertEqual(self.world.actors[0].linked_with(), ["Me"])
        stub.lost(HOST, FIRST_PORT)
        stub.lost(HOST, 6000)
        self.world.network.run(1)
        self.assertEqual(self.world.actors[0].linked_with(), ["Me"])
        self.assertEqual(set(self.peer.mesh.calls), {(HOST, FIRST_PORT)})

    def test_trouble(self) -> None:
        """A trouble is told, and nothing else comes of it."""
        self.peer.start()
        self.stubs[0].trouble("port 5353 is taken")
        self.assertIn(Undiscoverable("port 5353 is taken"), self.events)

    def test_stopped(self) -> None:
        """A peer has not stopped before its goodbye to the network is out."""
        self.peer.start()
        done: list[None] = []
        self.peer.stop().addCallback(done.append)
        self.world.network.run(6)
        self.assertEqual(done, [])
        self.stubs[0].ended.callback(None)
        self.world.network.run(1)
        self.assertEqual(done, [None])
