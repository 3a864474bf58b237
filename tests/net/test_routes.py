"""A network that changes is noticed."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net.own import ways
from twisted_chat.net.routes import LOOK_SECONDS, MAX_HOSTS, Routes


class RoutesTests(SynchronousTestCase):
    """Ways to hosts."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ways: dict[str, str] = {}
        self.hosts = ["10.0.0.1", "10.0.0.2"]
        self.asked = 0
        self.told: list[set[str]] = []

    def look(self, hosts: object) -> dict[str, str]:
        """Return the ways to hosts."""
        asked = list(hosts)  # type: ignore[call-overload]
        self.asked = max(self.asked, len(asked))
        return {host: self.ways.get(host, "") for host in asked}

    def test_changes(self) -> None:
        """Which ways have changed is told once, within a second; a host that is new is no change."""
        routes = Routes(self.clock, self.look, lambda: self.hosts, self.told.append)
        routes.start()
        self.clock.pump([LOOK_SECONDS] * 3)
        self.assertEqual(self.told, [])
        self.ways["10.0.0.1"] = "10.0.0.77"
        self.hosts.append("10.0.0.3")
        self.clock.pump([LOOK_SECONDS] * 3)
        self.assertEqual(self.told, [{"10.0.0.1"}])
        self.hosts += [f"10.1.0.{number}" for number in range(200)]
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.asked, MAX_HOSTS)
        routes.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_this_machine(self) -> None:
        """On this machine the way to itself is from itself; what is no address has none; nothing raises."""
        found = ways(["127.0.0.1", "::1", "ana.local", "fe80::1%nowhere0", "255.255.255.255"])
        self.assertEqual(found["127.0.0.1"], "127.0.0.1")
        self.assertIn(found["::1"], ("::1", ""))
        self.assertNotIn("ana.local", found)
        self.assertEqual(found["fe80::1%nowhere0"], "")
