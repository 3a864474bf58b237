"""The command line as a whole: defaults, what goes together, what is asked, and how it fails."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.python.usage import Options as BaseOptions
from twisted.trial.unittest import SynchronousTestCase

from tests.kit import forkserver
from twisted_chat import __version__
from twisted_chat.cli import options
from twisted_chat.cli.joining import ENVIRONMENT
from twisted_chat.cli.options import Options
from twisted_chat.cli.prompts import Prompter
from twisted_chat.cli.settings import Settings


def free_ports(count: int) -> list[int]:
    """Ports nobody listens at."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


class Twistd(BaseOptions):
    """The part of twistd's own options that `Options` looks at."""

    optFlags = [["nodaemon"], ["debug"]]
    optParameters = [["pidfile", None, "twistd.pid"]]
    subCommands = [["tcpchat", None, Options, ""]]


class CommandLine(SynchronousTestCase):
    """What the cases below have in common: nobody to ask, and two free known ports."""

    def setUp(self) -> None:
        self.patch(options, "find_terminal", lambda: None)
        self.patch(os, "environ", {key: value for key, value in os.environ.items() if key != ENVIRONMENT})
        self.ports = free_ports(2)
        self.known = ["--ports", ",".join(map(str, self.ports))]
        self.enough = [*self.known, "--name", "Ana", "--port", str(self.ports[0])]

    def parse(self, *arguments: str) -> Settings:
        """The settings for these arguments."""
        parsed = Options()
        parsed.parseOptions(arguments)
        return parsed.settings

    def fail_with(self, *arguments: str) -> str:
        """The line with which these arguments are refused."""
        exit = self.assertRaises(SystemExit, Options().parseOptions, arguments)
        assert isinstance(exit.code, str)  # which Python writes to stderr, exiting with 1
        line, hint = exit.code.split("\n")
        self.assertEqual(hint, "Try 'tcpchat --help'.")
        return line

    def asked(self, *answers: Any) -> list[str]:
        """Put a terminal there with somebody who gives these answers; return what they will have been told."""
        told: list[str] = []
        rest = iter(answers)

        def ask(question: str) -> str:
            told.append(question)
            answer = next(rest)
            if isinstance(answer, str):
                return answer
            raise answer

        self.patch(options, "find_terminal", lambda: Prompter(ask, told.append, ask))
        return told


class SettingsTests(CommandLine):
    """What `settings` says."""

    def test_defaults(self) -> None:
        """With a name and a port alone, everything else is as the documentation says."""
        expected = Settings(
            name="Ana",
            port=5003,
            ports=(5000, 5001, 5002, 5003, 5004),
            links=64,
            listen="127.0.0.1",
            peers=(),
            group="chat",
            log=Path(os.getcwd(), "logs_chat.txt"),
            data=None,
            ephemeral=False,
            keep=None,
            quota=1 << 30,
        )
        self.patch(options, "is_free", lambda host, port: True)
        settings = self.parse("--name", "Ana", "--port", "5003")
        self.assertEqual(settings, expected)
        self.assertEqual((settings.flags["console"], settings.flags["no-notify"]), ("auto", False))

    def test_everything(self) -> None:
        """Every flag reaches its setting."""
        directory = os.path.abspath(self.mktemp())
        os.makedirs(directory)
        first, second = self.ports
        settings = self.parse(
            *f"--name=Bia --port={second} --ports={first},{second} --links=7 --listen=localhost --peer=127.0.0.2".split(),
            *f"--peer=[::1]:80 --group=math --log={directory}/log --data={directory} --console=plain --keep=2d".split(),
            "--quota=500M",
            "--open",
        )
        expected = Settings(
            name="Bia",
            port=second,
            ports=(first, second),
            links=7,
            listen="127.0.0.1",
            peers=(("127.0.0.2", None), ("::1", 80)),
            group="math",
            log=Path(directory, "log"),
            data=Path(directory),
            ephemeral=False,
            keep=2 * 86400,
            open=True,
            quota=500 << 20,
        )
        self.assertEqual(settings, expected)
        self.assertEqual(settings.flags["console"], "plain")

    def test_ephemeral(self) -> None:
        """`--ephemeral` is a flag."""
        self.assertTrue(self.parse(*self.enough, "--ephemeral").ephemeral)

    def test_peers_are_not_shared(self) -> None:
        """The peers of one command line are not those of the next."""
        self.parse(*self.enough, "--peer", "localhost")
        self.assertEqual(self.parse(*self.enough).peers, ())


class RefusalTests(CommandLine):
    """What is wrong is said in one line."""

    def test_missing(self) -> None:
        """Without a terminal to ask at, a missing name or port is an error that shows what to give."""
        self.assertIn("--name is missing", self.fail_with(*self.known, "--port", str(self.ports[0])))
        words = self.fail_with(*self.known, "--name", "Ana")
        self.assertIn("--port is missing", words)
        for port in self.ports:
            self.assertIn(str(port), words)

    def test_one_line(self) -> None:
        """Whatever was given, the refusal is one line without control characters, and names the program."""
        for arguments in (["--na\nme", "x"], ["\x1b[2J\nfoo"], ["--log", "/no/such\n/directory\x07"]):
            line = self.fail_with(*self.enough, *arguments)
            self.assertTrue(line.startswith("tcpchat: "), line)
            self.assertTrue(line.isprintable(), line)

    def test_surplus_word(self) -> None:
        """A word without a flag is named."""
        self.assertIn("'Ana'", self.fail_with("Ana"))

    def test_contradiction(self) -> None:
        """A directory to keep things in and the wish to keep nothing exclude each other."""
        words = self.fail_with(*self.enough, "--ephemeral", "--data", self.mktemp())
        self.assertIn("--data and --ephemeral", words)

    def test_bad_log(self) -> None:
        """A log that can't be written is refused before anything else happens."""
        self.assertIn("--log", self.fail_with(*self.enough, "--log", "/no/such/directory/log"))

    def test_port_in_use(self) -> None:
        """A port in use is refused, and the free ones are named."""
        first, second = self.ports
        with socket.create_server(("127.0.0.1", first)):
            self.patch(options, "holder", lambda *arguments: None)
            words = self.fail_with(*self.enough)
        self.assertIn(f"--port {first} is in use by another program; free are {second}", words)

    def test_port_held_by_peer(self) -> None:
        """If a peer of the group holds the port its name is said, made harmless."""
        with socket.create_server(("127.0.0.1", self.ports[0])):
            self.patch(options, "holder", lambda *arguments: "Bia\x1b[2J")
            self.assertIn("is held by Bia\\x1b\\x5b2J;", self.fail_with(*self.enough))

    def test_holder_is_asked_as_member(self) -> None:
        """The holder of a port is asked by somebody of this name and group who listens nowhere."""
        calls: list[tuple[Any, ...]] = []
        with socket.create_server(("127.0.0.1", self.ports[0])):
            self.patch(options, "holder", lambda *arguments: calls.append(arguments))
            self.fail_with(*self.enough, "--group", "math")
        ((host, port, me),) = calls
        self.assertEqual((host, port), ("127.0.0.1", self.ports[0]))
        self.assertEqual((me.name, me.group.name, me.port, me.durable), ("Ana", "math", 0, False))

    def test_port_not_available(self) -> None:
        """A port that can't be listened at for another reason is refused for that reason."""

        def is_free(host: str, port: int) -> bool:
            if port:
                raise PermissionError(13, "Permission denied")
            return True  # of the address as such

        self.patch(options, "is_free", is_free)
        self.assertIn("is not available (Permission denied); none of --ports is free", self.fail_with(*self.enough))


class NetworkTests(CommandLine):
    """What leaves this machine needs a passphrase, or the word that it is to be open."""

    secret = "xyzzy plugh"

    def everywhere(self) -> list[str]:
        """Enough for a peer that listens at all addresses."""
        return [*self.enough, "--listen", "0.0.0.0"]

    def file(self, content: bytes = b"xyzzy plugh\nnot this\n") -> str:
        """A passphrase's file, which nobody else can read."""
        path = Path(self.mktemp())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
        return str(path)

    def test_neither(self) -> None:
        """Without both, listening or dialing off this machine is refused; the words name the flag and both ways out."""
        far = (["--listen", "0.0.0.0"], ["--peer", "localhost", "--peer", "10.0.0.1:5000"], ["--peer", "ana.local"])
        for arguments in far:
            words = self.fail_with(*self.enough, *arguments)
            for named in (arguments[-2], "--passphrase-file", ENVIRONMENT, "tcpchat invite", "--open"):
                self.assertIn(named, words)

    def test_open(self) -> None:
        """An open group may leave this machine if that is asked for: it is exposed then, and only then."""
        self.assertTrue(self.parse(*self.everywhere(), "--open").exposed)
        self.assertTrue(self.parse(*self.enough, "--peer", "ana.local", "--open").exposed)
        self.assertFalse(self.parse(*self.enough, "--open").exposed)
        self.assertFalse(self.parse(*self.everywhere(), "--passphrase-file", self.file()).exposed)

    def test_file(self) -> None:
        """The first line of the file is the passphrase, in its plain form: from any editor, on any system."""
        for content in (self.secret, f"{self.secret}\r\nx", f"\ufeff  {self.secret}\n"):
            settings = self.parse(*self.everywhere(), "--passphrase-file", self.file(content.encode()))
            self.assertEqual(settings.passphrase, self.secret)

    def test_bad_file(self) -> None:
        """A file that can't be used is named with what is wrong with it, and nothing of its content is said."""
        faults = {
            b"": "at least 8 characters",
            b"\n" + b"x" * 8: "at least 8 characters",
            b"x" * 1025: "at most 1,024 characters",
            b"x" * 10_000_000: "at most 1,024 characters",
            b"xyzzy\x00plugh": "control characters",
            "xyzzy plugh".encode("utf-16"): "not text in UTF-8",
        }
        for content, fault in faults.items():
            path = self.file(content)
            words = self.fail_with(*self.enough, "--passphrase-file", path)
            start, _, told = words.partition(f"--passphrase-file {path}: ")
            self.assertTrue(told, words)
            self.assertIn(fault, told)
            self.assertNotIn("xx", start + told)  # a path, made by chance, may have it
        for missing, fault in ((self.mktemp(), "No such file"), (os.path.dirname(path), "Is a directory")):
            self.assertIn(fault, self.fail_with(*self.enough, "--passphrase-file", missing))

    def test_file_for_all(self) -> None:
        """Who has a file that others can read is warned; a pipe is nobody else's."""
        path = self.file()
        told = io.StringIO()
        self.patch(sys, "stderr", told)
        self.parse(*self.enough, "--passphrase-file", path)
        self.assertEqual(told.getvalue(), "")
        os.chmod(path, 0o640)
        self.parse(*self.enough, "--passphrase-file", path)
        self.assertIn(f"--passphrase-file {path}: others can read that file", told.getvalue())
        self.assertEqual(told.getvalue().count("\n"), 1)
        reader, writer = os.pipe()
        os.write(writer, self.secret.encode() + b"\n")
        os.close(writer)
        self.assertEqual(self.parse(*self.enough, "--passphrase-file", f"/dev/fd/{reader}").passphrase, self.secret)
        os.close(reader)
        self.assertEqual(told.getvalue().count("\n"), 1)

    def test_environment(self) -> None:
        """The environment is the second way, and what this process starts does not hear of it; a file goes before it."""
        os.environ[ENVIRONMENT] = "from the environment"
        self.assertEqual(self.parse(*self.everywhere()).passphrase, "from the environment")
        self.assertNotIn(ENVIRONMENT, os.environ)
        os.environ[ENVIRONMENT] = "short"  # and not even looked at
        self.assertEqual(self.parse(*self.enough, "--passphrase-file", self.file()).passphrase, self.secret)
        self.assertNotIn(ENVIRONMENT, os.environ)

    def test_bad_environment(self) -> None:
        """One that can't be a passphrase is refused, an empty one too: nobody is to talk openly by a slip in a script."""
        for value in ("", "1234567"):
            os.environ[ENVIRONMENT] = value
            words = self.fail_with(*self.enough)
            self.assertIn(f"{ENVIRONMENT}: a passphrase has at least 8 characters", words)
            self.assertNotIn("1234567", words)

    def test_open_or_closed(self) -> None:
        """--open and a passphrase, from wherever, exclude each other."""
        os.environ[ENVIRONMENT] = self.secret
        self.assertIn("exclude each other", self.fail_with(*self.enough, "--open"))
        for way in (["--passphrase-file", self.file()], ["--ask-passphrase"]):
            self.assertIn("exclude each other", self.fail_with(*self.enough, "--open", *way))

    def test_never_in_argv(self) -> None:
        """A passphrase on the command line is refused in every form, and not repeated; what follows `--` is no flag."""
        for form in (["--passphrase", self.secret], [f"--passphrase={self.secret}"], ["--pass", self.secret]):
            words = self.fail_with(*self.enough, *form)
            self.assertIn("not given on the command line", words)
            self.assertIn("--ask-passphrase", words)
            self.assertNotIn(self.secret, words)
        self.assertIn("belongs to no option", self.fail_with(*self.enough, "--", "--passphrase"))

    def test_not_shown(self) -> None:
        """The passphrase is in no representation of the settings."""
        self.assertNotIn(self.secret, repr(self.parse(*self.enough, "--passphrase-file", self.file())))

    def test_asked_for(self) -> None:
        """On a terminal it is asked for where it is needed, with a word why, until it can be one; and where that is wished."""
        told = self.asked("short", self.secret)
        self.assertEqual(self.parse(*self.everywhere()).passphrase, self.secret)
        why, question, refusal, again = told
        self.assertIn("--listen 0.0.0.0 reaches other machines", why)
        self.assertTrue(question.startswith("Passphrase of group chat (not shown"))
        self.assertIn("at least 8 characters", refusal)
        self.assertEqual(again, question)
        told = self.asked(self.secret)
        self.assertEqual(self.parse(*self.enough, "--ask-passphrase", "--group", "math").passphrase, self.secret)
        self.assertEqual([question.split(" (")[0] for question in told], ["Passphrase of group math"])

    def test_not_asked_for(self) -> None:
        """It is not asked for where it is given or not needed."""
        told = self.asked()
        self.assertIsNone(self.parse(*self.everywhere(), "--open").passphrase)
        self.assertIsNone(self.parse(*self.enough, "--peer", "localhost").passphrase)
        for wish in ([], ["--ask-passphrase"]):
            self.parse(*self.everywhere(), *wish, "--passphrase-file", self.file())
        self.assertEqual(told, [])

    def test_nobody_to_ask(self) -> None:
        """Off a terminal a wish to be asked is refused, with the other ways."""
        words = self.fail_with(*self.enough, "--ask-passphrase")
        self.assertIn("no terminal to ask at; use --passphrase-file or TCPCHAT_PASSPHRASE", words)

    def test_holder_is_not_asked(self) -> None:
        """Whoever holds a port hears nothing of a closed group: nobody is asked."""
        self.patch(options, "holder", self.fail)
        with socket.create_server(("127.0.0.1", self.ports[0])):
            words = self.fail_with(*self.enough, "--passphrase-file", self.file())
        self.assertIn("in use by another program or peer", words)

    def test_holder_out_of_reach(self) -> None:
        """Off loopback a peer that holds a port speaks in private only: it is not taken for another program."""
        self.patch(options, "is_free", lambda host, port: not port)
        self.patch(options, "holder", lambda *arguments: None)
        self.assertIn("in use by another program or peer", self.fail_with(*self.everywhere(), "--open"))

    def test_another_machine(self) -> None:
        """An address that this machine doesn't have is refused before anything is asked, with those that it has."""
        told = self.asked()
        self.patch(options, "own_addresses", lambda: ["192.168.0.7"])
        words = self.fail_with(*self.known, "--listen", "192.0.2.77")
        self.assertIn("--listen 192.0.2.77: ", words)
        self.assertIn("this machine's are 127.0.0.1, 192.168.0.7, and 0.0.0.0 for all of them", words)
        self.assertEqual(told, [])

    def test_discover(self) -> None:
        """Finding others on the network needs a package, and an address at which they reach us."""
        self.patch(options, "find_spec", lambda name: None)
        words = self.fail_with(*self.everywhere(), "--open", "--discover")
        self.assertIn("pip install 'twisted-chat[lan]'", words)
        self.patch(options, "find_spec", lambda name: name)
        self.assertTrue(self.parse(*self.everywhere(), "--open", "--discover").discover)
        self.assertIn("add --listen 0.0.0.0", self.fail_with(*self.enough, "--discover"))


class AskingTests(CommandLine):
    """What is asked on a terminal."""

    def test_both(self) -> None:
        """Name and port are asked for if neither is given; Enter takes the first free port. Holders' names are made harmless."""
        told = self.asked("Ana", "")
        with socket.create_server(("127.0.0.1", self.ports[0])):
            self.patch(options, "holder", lambda *arguments: "Bia\x1b[2J")
            settings = self.parse(*self.known)
        self.assertEqual((settings.name, settings.port), ("Ana", self.ports[1]))
        self.assertIn(f"  {self.ports[0]}  held by Bia\\x1b\\x5b2J", told)

    def test_only_what_is_missing(self) -> None:
        """What was given is not asked for."""
        told = self.asked()
        self.parse(*self.enough)
        self.assertEqual(told, [])

    def test_mistakes_come_first(self) -> None:
        """Nobody answers questions only to be told that another flag was wrong."""
        told = self.asked("Ana", "")
        self.fail_with(*self.known, "--log", "/no/such/directory/log")
        self.assertEqual(told, [])

    def test_leaving(self) -> None:
        """Ctrl-D ends the program as if nothing had happened, Ctrl-C as Ctrl-C does; neither with a traceback."""
        for interruption, status in ((EOFError, 0), (KeyboardInterrupt, 130)):
            self.asked(interruption)
            self.patch(sys, "stderr", io.StringIO())
            exit = self.assertRaises(SystemExit, Options().parseOptions, self.known)
            self.assertEqual((exit.code, sys.stderr.getvalue()), (status, "\n"))


class TwistdTests(CommandLine):
    """How `Options` gets on with the twistd around it."""

    def twistd(self, *arguments: str) -> Twistd:
        """twistd's options, parsed."""
        twistd = Twistd()
        twistd.parseOptions(arguments)
        return twistd

    def test_no_pidfile(self) -> None:
        """In the foreground no twistd.pid is kept, so that several peers can run in one directory."""
        for flag in ("--nodaemon", "--debug"):
            self.assertEqual(self.twistd(flag, "tcpchat", *self.enough)["pidfile"], "")

    def test_pidfile_asked_for(self) -> None:
        """A pid file that was asked for is kept."""
        twistd = self.twistd("--nodaemon", "--pidfile", "ana.pid", "tcpchat", *self.enough)
        self.assertEqual(twistd["pidfile"], "ana.pid")

    def test_daemon(self) -> None:
        """A daemon has no console, and keeps its pid file."""
        twistd = self.twistd("tcpchat", *self.enough, "--console", "plain")
        self.assertEqual(twistd.subOptions.settings.flags["console"], "none")
        self.assertEqual(twistd["pidfile"], "twistd.pid")

    def test_daemon_asks_nothing(self) -> None:
        """A daemon asks for nothing, even if it is started at a terminal."""
        told = self.asked("Ana", "")
        exit = self.assertRaises(SystemExit, self.twistd, "tcpchat", *self.known)
        self.assertIn("--name is missing", str(exit.code))
        self.assertEqual(told, [])


class ProcessTests(CommandLine):
    """What only a process of its own can show."""

    def run_python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments where the package is found."""
        path = os.pathsep.join(filter(None, (str(Path(options.__file__).parents[2]), os.environ.get("PYTHONPATH"))))
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def parsed(self, before: str = "") -> str:
        """The reactor's name after options were parsed in a process that did `before` first."""
        program = (
            f"{before}\nfrom twisted_chat.cli.options import Options\n"
            f"Options().parseOptions({self.enough!r})\n"
            "from twisted.internet import reactor; print(type(reactor).__name__)"
        )
        done = self.run_python("-c", program)
        self.assertEqual(done.stderr, "")
        return done.stdout.strip()

    def test_asyncio_reactor(self) -> None:
        """The asyncio reactor is installed if none is."""
        self.assertEqual(self.parsed(), "AsyncioSelectorReactor")

    def test_other_reactor(self) -> None:
        """A reactor that is installed already is left alone."""
        before = "from twisted.internet import selectreactor; selectreactor.install()"
        self.assertEqual(self.parsed(before), "SelectReactor")

    def test_failure(self) -> None:
        """A mistake is two lines on stderr, nothing on stdout, and a status that tells scripts."""
        done = forkserver.run(".", ("--name", "Ana", "--port", "x"), os.environ)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(len(done.stderr.splitlines()), 2, done.stderr)

    def test_help(self) -> None:
        """`--help` begins with how the program is called, and names every flag."""
        done = forkserver.run(".", ("--help",), os.environ)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[0], "Usage: tcpchat [options]")
        for flag in Options.flags:
            self.assertIn(f"--{flag.name}", done.stdout)

    def test_version(self) -> None:
        """`--version` says this program's version, not Twisted's."""
        done = self.run_python("-m", "twisted_chat", "--version")
        self.assertEqual((done.returncode, done.stdout), (0, f"tcpchat {__version__}\n"))
