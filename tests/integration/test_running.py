"""Starting, running and ending a peer, as people and their systems do."""

from __future__ import annotations

import os
import re
import signal
from importlib.util import find_spec
from pathlib import Path

from twisted.internet.defer import gatherResults
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.trial.unittest import SkipTest

from tests.integration.case import PeersTestCase
from tests.integration.processes import HOST, MODULE, TWISTD, PeerProcess

LINE = re.compile(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\] : \[[A-Z ]+\] .+")
LEFT = "left"
LOST = "connection was lost"
TERMINAL_END = b"\x04"


class TestTwistd(PeersTestCase):
    """`twistd tcpchat`, with the plugin installed."""

    def setUp(self) -> None:
        if find_spec("twisted.plugins.tcpchat_plugin") is None:
            raise SkipTest("the package is not installed, so that twistd can't have its plugin")
        super().setUp()

    async def test_side_by_side_in_one_directory(self) -> None:
        """Two `twistd -n tcpchat` in one directory start, chat, and share `logs_chat.txt`, whose lines stay whole."""
        count = 1000
        command = (*TWISTD, "-n", "tcpchat")
        ana = self.peers.start("Ana", command=command, home="shared")
        bia = self.peers.start("Bia", command=command, home="shared")
        await self.peers.linked()
        for peer in (ana, bia):
            peer.say(*(f"{peer.name}.1 {number} {'x' * number}" for number in range(count)))
        for peer in (ana, bia):
            for author in ("Ana.1", "Bia.1"):
                await peer.wait_for(f"{author} {count - 1} ")
        await self.peers.stop()
        lines = ana.log.read_text().splitlines()
        self.assertEqual([line for line in lines if not LINE.fullmatch(line)], [])
        tags = [sum(tag in line for line in lines) for tag in ("[MSG ENVIADA]", "[MSG RECEBIDA]", "[INF SAIDA]")]
        self.assertEqual(tags, [2 * count, 2 * count, 2])
        self.assertEqual([ana.status, bia.status], [0, 0])
        self.assertEqual(self.peers.faults(), [])

    async def test_daemon(self) -> None:
        """`twistd tcpchat` leaves the terminal, chats without one, and says goodbye when it is told to end."""
        ana = self.peers.start("Ana")
        pidfile = self.peers.directory / "twistd.pid"
        bia = self.peers.start("Bia", command=(*TWISTD, "--pidfile", str(pidfile), "tcpchat"))
        self.assertEqual(await bia.when_ended(), 0, bia.errors)
        self.addCleanup(end_daemon, pidfile)
        self.assertEqual([bia.lines, bia.errors], [[], ""])
        await ana.wait_for("Bia joined")
        ana.say("are you there?")
        received = "[MSG RECEBIDA] Ana: are you there?"
        await ana.eventually(lambda: received in bia.log.read_text(), "the daemon's log")
        os.kill(int(pidfile.read_text()), signal.SIGTERM)
        await ana.wait_for(f"Bia {LEFT}")
        await ana.eventually(lambda: not pidfile.exists(), "the daemon's end")
        self.assertTrue(bia.log.read_text().splitlines()[-1].endswith("[INF SAIDA] Bia, encerrou o chat."))
        self.assertNotIn("[ERRO]", bia.log.read_text())
        self.assertEqual(self.peers.faults(), [])

    async def test_card(self) -> None:
        """`twistd -n tcpchat --name Ana --port 5000`, and the same with Bia and 5002, is all it takes."""
        self.peers.ports = default_ports()
        command = (*TWISTD, "-n", "tcpchat")
        for name, port in (("Ana", 5000), ("Bia", 5002)):
            self.peers.run(name, port, ("--name", name, "--port", str(port)), command)
        ana, bia = self.peers.running["Ana"], self.peers.running["Bia"]
        await ana.wait_for("Bia joined (127.0.0.1:5002)")
        await bia.wait_for("Ana joined (127.0.0.1:5000)")
        ana.say("oi")
        await bia.wait_for("Ana: oi")
        await self.peers.stop()
        self.assertEqual(self.peers.faults(), [])


def default_ports() -> list[int]:
    """Return the known ports, if they are free; else skip the test."""
    from twisted_chat.cli.ports import is_free

    ports = list(range(5000, 5005))
    taken = [port for port in ports if not is_free(HOST, port)]
    if taken:
        raise SkipTest(f"of the default ports another program holds {taken}")
    return ports


def end_daemon(pidfile: Path) -> None:
    """Kill a daemon that still runs."""
    if pidfile.exists():
        os.kill(int(pidfile.read_text()), signal.SIGKILL)


class TestLeaving(PeersTestCase):
    """The others are told that a peer left, not that it was lost, however it is told to leave."""

    async def test_every_way(self) -> None:
        """`sair` in any case and with spaces, `/sair`, `/quit`, and every signal that ends a process and can be answered: a
        goodbye and no loss; a kill is a loss."""
        ana = self.peers.start("Ana")
        ways = {
            "sair": lambda peer: peer.say("sair"),
            "spaces": lambda peer: peer.say("  SaIr \t"),
            "slash": lambda peer: peer.say("/SAIR"),
            "quit": lambda peer: peer.type(b"last words\r\n/quit"),
            **{
                name: lambda peer: peer.signal(getattr(signal, peer.name))
                for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGKILL")
            },
        }
        names = list(ways)
        for batch in (names[:4], names[4:8], names[8:]):
            leaving = [self.peers.start(name, self.peers.ports[n]) for n, name in enumerate(batch, 1)]
            for peer in leaving:
                await ana.wait_for(f" {peer.name} joined")
                await peer.wait_for("Ana joined")
            for peer in leaving:
                ways[peer.name](peer)
                if peer.name == "quit":
                    peer.close_input()
            await gatherResults([peer.when_ended() for peer in leaving])
            for peer in leaving:
                await self.left(ana, peer)
        await ana.wait_for("quit: last words")
        self.assertEqual(self.peers.faults(), [])

    async def test_all_at_once(self) -> None:
        """Told to leave in several ways at once, a peer leaves once, and takes none of them for a mistake."""
        ana = self.peers.start("Ana")
        bia = self.peers.start("Bia")
        await self.peers.linked()
        bia.say("sair")
        for which in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            bia.signal(which)
        await bia.when_ended()
        await ana.wait_for(f"Bia {LEFT}")
        self.assertEqual(sum("[INF SAIDA]" in line for line in bia.log_lines()), 1)
        self.assertEqual(self.peers.faults(), [])

    async def test_ignored(self) -> None:
        """What is started to ignore SIGHUP, as by `nohup`, goes on."""
        command = ("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *MODULE)
        ana = self.peers.start("Ana", command=command)
        await ana.wait_for("Welcome")
        ana.signal(signal.SIGHUP)
        ana.say("still here")
        await ana.wait_for("(You) 💬: still here")
        await self.peers.stop()
        self.assertEqual(ana.status, 0)

    async def left(self, ana: PeerProcess, peer: PeerProcess) -> None:
        """Assert that all is well with how one peer ended, at both ends."""
        line = await ana.wait_for(lambda line: f" {peer.name} {LEFT}" in line or f"{peer.name}'s {LOST}" in line)
        if peer.name == "SIGKILL":
            self.assertIn(LOST, line)
        else:
            self.assertIn(LEFT, line)
            sent = getattr(signal, peer.name, 0)  # twistd ends by the signal it was sent, once all is done
            self.assertEqual(peer.status, -sent, peer.name)
            self.assertTrue([line for line in peer.lines if "Goodbye" in line], peer.lines)
            self.assertTrue(peer.log_lines()[-1].endswith(f"[INF SAIDA] {peer.name}, encerrou o chat."))


class TestTerminal(PeersTestCase):
    async def test_asks_and_leaves(self) -> None:
        """On a terminal a peer asks for a name and a port, showing which are free, and leaves at Ctrl-D."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        ports = ",".join(map(str, self.peers.ports))
        bia = self.peers.run("Bia", self.peers.ports[1], ("--ports", ports), terminal=True)
        await bia.eventually(lambda: "name" in bia.question, "the question for a name")
        bia.type(b"Bia\n")
        await bia.eventually(lambda: "port" in bia.question, "the question for a port")
        self.assertTrue([line for line in bia.lines if f"{ana.port}  held by Ana" in line], bia.lines)
        bia.type(b"\n")
        await ana.wait_for(f"Bia joined (127.0.0.1:{bia.port})")
        bia.type("olá\n".encode())
        await ana.wait_for("Bia: olá")
        bia.type(TERMINAL_END)
        self.assertEqual(await bia.when_ended(), 0)
        await ana.wait_for(f"Bia {LEFT}")
        self.assertTrue([line for line in bia.lines if "Goodbye" in line])
        self.assertEqual(self.peers.faults(), [])

    async def test_left_at_a_question(self) -> None:
        """Ctrl-D at a question leaves without a word."""
        peer = self.peers.run("nobody", 0, (), terminal=True)
        await peer.eventually(lambda: "name" in peer.question, "the question for a name")
        peer.type(TERMINAL_END)
        self.assertEqual(await peer.when_ended(), 0)
        self.assertEqual(self.peers.faults(), [])


class TestRefusedStarts(PeersTestCase):
    """What can't be is said in a line or two on standard error, with a status that is not 0."""

    async def refused(self, peer: PeerProcess) -> str:
        """Wait for the end of a peer that can't start, and return what it says."""
        status = await peer.when_ended()
        self.assertEqual(status, 1, peer.errors)
        self.assertNotIn("Traceback", peer.errors)
        self.assertLess(peer.errors.count("\n"), 3, peer.errors)
        said, peer.errors = peer.errors, ""
        return said

    async def test_one_identity_one_process(self) -> None:
        """A second process with a name of the same data directory is told who has it: name, port and process."""
        ana = self.peers.start("Ana", home="shared")
        await ana.wait_for("Welcome")
        again = self.peers.start("Ana", self.peers.ports[1], home="shared")
        self.assertIn(f"Ana, port {ana.port}, process {ana.pid}", await self.refused(again))
        ana.say("unharmed")
        await ana.wait_for("(You) 💬: unharmed")
        self.assertEqual([fault for fault in self.peers.faults() if "em uso por outro processo" not in fault], [])

    async def test_port_in_use(self) -> None:
        """A port that is taken is said to be, by whom if that is a peer, and which are free; another program there gets
        no byte."""
        ana = self.peers.start("Ana")
        await ana.wait_for("Welcome")
        heard: list[bytes] = []

        class Service(Protocol):
            def dataReceived(self, data: bytes) -> None:
                heard.append(data)

        listening = self.reactor.listenTCP(self.peers.ports[1], ServerFactory.forProtocol(Service), interface=HOST)
        self.addCleanup(listening.stopListening)
        one = self.peers.start("Bia", ana.port)
        other = self.peers.start("Caio", self.peers.ports[1])
        self.assertIn(f"--port {ana.port} is held by Ana; free are {self.peers.ports[2]}", await self.refused(one))
        self.assertIn("in use by another program", await self.refused(other))
        self.assertEqual(heard, [])
        self.assertEqual(self.peers.faults(), [])


class TestRedirections(PeersTestCase):
    async def test_files_and_the_void(self) -> None:
        """Input from a file is said, and the peer stays for what others say; output goes to a file; with the void for
        input, or with its input closed, a peer takes part as well."""
        self.peers.forked = False
        directory = self.peers.directory
        script, shown = directory / "script", directory / "shown"
        script.write_bytes("oi\r\nolá\nno end".encode())
        ana = self.peers.start("Ana")
        with script.open("rb") as source, shown.open("wb") as sink, open(os.devnull, "rb") as void:
            bia = self.peers.start("Bia", descriptors={0: source.fileno(), 1: sink.fileno()})
            caio = self.peers.start("Caio", descriptors={0: void.fileno()})
            davi = self.peers.start("Davi")
        davi.close_input()
        for name in ("Bia", "Caio", "Davi"):
            await ana.wait_for(f" {name} joined")
        for text in ("oi", "olá", "no end"):
            await ana.wait_for(f"Bia: {text}")
        ana.say("to all")
        await caio.wait_for("Ana: to all")
        await davi.wait_for("Ana: to all")
        await ana.eventually(lambda: "Ana: to all" in shown.read_text(), "Bia's output")
        for peer in (bia, caio, davi):
            peer.signal(signal.SIGTERM)
            self.assertEqual(await peer.when_ended(), -signal.SIGTERM, peer.name)
        self.assertIn("Goodbye", shown.read_text())
        self.assertEqual(self.peers.faults(), [])
