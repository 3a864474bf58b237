"""Groups across a network: three hosts, real peers, and a network that fails, changes and keeps some from others."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from twisted.internet.defer import Deferred

from tests.integration.case import PeersTestCase
from tests.integration.namespaces import Host, Lan
from tests.integration.processes import MODULE, PeerProcess

PORT = 5000
CUT = float(os.environ.get("TCPCHAT_CUT", "15"))
"""Seconds for which a host is cut off."""
CONVERGED = 5.0
"""Seconds after a cut within which everybody has everything."""
FOUND = 10.0
"""Seconds within which a host with another address is found."""
SECRET = "correct horse battery staple"
NAMES = ("Ana", "Bia", "Caio")
LISTEN_IN = """
import select, socket, struct, sys
four, six = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
for one in (four, six):
    one.bind(("", 5353))
all_interfaces = struct.pack("=4s4s", socket.inet_aton("224.0.0.251"), socket.inet_aton("0.0.0.0"))
four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, all_interfaces)
of_eth0 = socket.inet_pton(socket.AF_INET6, "ff02::fb") + struct.pack("@I", socket.if_nametoindex("eth0"))
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, of_eth0)
with open(sys.argv[1], "ab", 0) as heard:
    while True:
        for one in select.select([four, six], [], [])[0]:
            heard.write(one.recv(9000))
"""
"""A program that writes to a file what multicast DNS says."""


class NetworkTestCase(PeersTestCase):
    """A network of hosts with a peer each, in a closed group."""

    timeout = 600 + CUT

    def setUp(self) -> None:
        self.lan = Lan()
        self.addCleanup(self.lan.end)
        super().setUp()
        self.secret = self.peers.directory / "secret"
        self.secret.touch(mode=0o600)
        self.secret.write_text(SECRET + "\n")
        self.hosts = {name: self.lan.host(name) for name in NAMES}

    def start(self, name: str, *arguments: str, host: Host | None = None, listen: str = "::") -> PeerProcess:
        """Start a peer on its host."""
        told = ("--name", name, "--port", str(PORT), "--ports", str(PORT), "--listen", listen)
        closed = ("--passphrase-file", str(self.secret), *arguments)
        command = ((host or self.hosts[name]).command, MODULE)
        return self.peers.run(name, PORT, (*told, *closed), command=sum(command, ()))

    def start_all(self, *arguments: str) -> list[PeerProcess]:
        """Start a peer on each host."""
        return [self.start(name, *arguments) for name in NAMES]

    def after(self, seconds: float) -> Deferred[None]:
        """Fire after some time: a network that is cut says nothing when it has been so for long enough."""
        done: Deferred[None] = Deferred()
        self.reactor.callLater(seconds, done.callback, None)
        return done

    async def all_hear(self, speaker: PeerProcess, text: str, seconds: float = 60) -> float:
        """Have somebody say something; return the seconds until all others had it."""
        began = self.reactor.seconds()
        speaker.say(text)
        for peer in self.peers.running.values():
            if peer is not speaker:
                await peer.wait_for(f"{speaker.name}: {text}", seconds=seconds)
        return float(self.reactor.seconds() - began)

    async def moved(self, name: str) -> None:
        """Give a host another address, and see that its peer is soon found there."""
        self.hosts[name].move(77)
        took = await self.all_hear(self.peers.running[name], "I am elsewhere")
        self.measured("found at another address after", took, "s")
        self.assertLess(took, FOUND)

    async def finish(self) -> None:
        """Have all leave, and look at what they had."""
        await self.peers.stop()
        self.assertEqual(self.peers.faults(), [])
        logged = [sorted(set(peer.logged())) for peer in self.peers.running.values()]
        for peer in self.peers.running.values():
            self.assertEqual(len(set(peer.logged())), len(peer.logged()), f"{peer.name} saw something twice")
        self.assertEqual(logged[1:], logged[:-1])


class TestDiscovery(NetworkTestCase):
    """Peers that know nothing of each other but the passphrase."""

    async def test_cut_off(self) -> None:
        """They find each other and chat. One is cut off for a while, and both sides go on talking; after the cut all histories
        are equal within 5 s."""
        began = self.reactor.seconds()
        ana, bia, caio = self.start_all("--discover")
        await self.peers.linked()
        self.measured("three hosts found each other after", self.reactor.seconds() - began, "s")
        await self.all_hear(ana, "hello")
        host = self.hosts["Caio"]
        host.cut()
        for number in range(3):
            ana.say(f"without Caio {number}")
            caio.say(f"on my own {number}")
            await bia.wait_for(f"Ana: without Caio {number}")
            await self.after(CUT / 3)
        self.assertNotIn("without Caio", "\n".join(caio.lines))
        self.assertNotIn("on my own", "\n".join([*ana.lines, *bia.lines]))
        host.restore()
        began = self.reactor.seconds()
        await caio.wait_for("Ana: without Caio 2")
        for peer in (ana, bia):
            await peer.wait_for("Caio: on my own 2")
        converged = self.reactor.seconds() - began
        self.measured(f"equal after a cut of {CUT:g} s within", converged, "s")
        self.assertLess(converged, CONVERGED)
        await self.finish()

    async def test_moved(self) -> None:
        """The address of one host changes: it is found again within 10 s."""
        ana, bia, _ = (self.start(name, "--discover", listen="0.0.0.0") for name in NAMES)
        await self.peers.linked()
        await self.all_hear(bia, "all here")
        await self.moved("Caio")
        await self.all_hear(ana, "so I see")
        await self.finish()

    async def test_reveals_nothing(self) -> None:
        """Who listens on the network learns that somebody somewhere has a port for tcpchat: no name of a person, a group or a
        machine is announced or asked for. Who knows another passphrase than the others is found, and not let in."""
        group = "knitting circle"
        heard = self.listen_in(self.lan.host("ear"))
        ana, bia = (self.start(name, "--discover", "--group", group) for name in ("Ana", "Bia"))
        await self.peers.linked()
        self.secret.write_text("another passphrase\n")
        caio = self.start("Caio", "--discover", "--group", group)
        await caio.wait_for("🔑")
        await self.peers.stop()
        said = heard.read_bytes().lower()
        self.assertIn(b"\x08_tcpchat\x04_tcp\x05local", said)
        for word in (*NAMES, *group.split(), SECRET, "another", socket.gethostname(), self.lan.name):
            self.assertNotIn(word.lower().encode(), said)
        self.assertNotIn("Caio", "\n".join([*ana.lines, *bia.lines]))
        self.assertEqual(self.peers.faults(), [])

    def listen_in(self, host: Host) -> Path:
        """Write down, from now to the end of the test, every multicast DNS packet that reaches a host."""
        heard = self.peers.directory / "heard"
        heard.touch()
        listener = subprocess.Popen((*host.command, sys.executable, "-c", LISTEN_IN, str(heard)))
        self.addCleanup(listener.wait)
        self.addCleanup(listener.kill)
        return heard


class TestNamed(NetworkTestCase):
    """Peers that are told of one host, and by it of others."""

    async def test_passed_on(self) -> None:
        """Ana knows Bia only, Caio knows Bia only: the two find each other through her, and go on when she has left. They do
        so when one of them gets another address, too."""
        bia = self.start("Bia")
        ana, caio = (self.start(name, "--peer", self.hosts["Bia"].address) for name in ("Ana", "Caio"))
        await self.peers.linked()
        await self.all_hear(ana, "hello")
        await self.peers.stop(bia)
        del self.peers.running["Bia"]
        await self.all_hear(caio, "without Bia")
        await self.moved("Caio")
        await self.all_hear(ana, "so I see")
        await self.peers.stop()
        self.assertEqual(self.peers.faults(), [])

    async def test_link_local(self) -> None:
        """A peer that listens at a link-local address alone is called there, and passes on where others are; all that shows an
        address with a port shows it in brackets, and can be typed as it is."""
        host = self.hosts["Bia"].link_local
        shown = f"[{host}]:{PORT}"
        bia = self.start("Bia", listen=f"[{host}]")
        ana, caio = (self.start(name, "--peer", shown) for name in ("Ana", "Caio"))
        await self.peers.linked()
        await ana.wait_for(f"Bia joined ({shown})")
        for command, told in (("/who", f"Bia ({shown})"), ("/status", f"Bia ({shown}):"), ("/doctor", f"{shown}  ✅")):
            ana.say(command)
            await ana.wait_for(told)
        bia.say("/doctor")
        await bia.wait_for(f"listening at {shown}")
        await self.all_hear(caio, "hello")
        await self.finish()
        entries = "\n".join(bia.log_lines())
        self.assertRegex(entries, rf"Conexão recebida de \(\[fe80::[0-9a-f:]+%eth0\]:{PORT}\) \(Ana\)")

    async def test_narrow(self) -> None:
        """Where packets of over 1,300 bytes get lost on the way, as in some VPNs, those who call are linked, and long messages
        pass both ways."""
        self.hosts["Caio"].narrow(1300)
        bia = self.start("Bia")
        caio = self.start("Caio", "--peer", self.hosts["Bia"].address)
        await self.peers.linked(bia, caio)
        for number in range(3):
            bia.say(f"to Caio {number} " + "x" * 8_000)
            caio.say(f"to Bia {number} " + "x" * 8_000)
        await caio.wait_for("to Caio 2")
        await bia.wait_for("to Bia 2")
        await self.finish()

    async def test_too_narrow(self) -> None:
        """Where packets get lost that are smaller still, so that no link comes about, `/doctor` says that it may be that."""
        self.hosts["Caio"].narrow(700)
        bia = self.start("Bia")
        caio = self.start("Caio", "--peer", self.hosts["Bia"].address)
        for peer in (bia, caio):
            await peer.wait_for(peer.name)
        for _ in range(20):
            await self.after(1)
            caio.say("/doctor")
            if "drops large packets" in "\n".join(caio.lines):
                break
        await caio.wait_for("drops large packets")
        await self.peers.stop()

    async def test_not_all_reach_all(self) -> None:
        """Where a firewall keeps two hosts apart, everything gets from one to the other through the third, both ways."""
        hosts = self.hosts
        hosts["Ana"].refuse(hosts["Caio"])
        hosts["Caio"].refuse(hosts["Ana"])
        bia = self.start("Bia")
        ana, caio = (self.start(name, "--peer", hosts["Bia"].address6) for name in ("Ana", "Caio"))
        await self.peers.linked(ana, bia)
        await self.peers.linked(bia, caio)
        for number in range(5):
            ana.say(f"from Ana {number}")
            caio.say(f"from Caio {number}")
        await caio.wait_for("Ana: from Ana 4")
        await ana.wait_for("Caio: from Caio 4")
        bia.say("and mine")
        for peer in (ana, caio):
            await peer.wait_for("Bia: and mine")
        await self.finish()
