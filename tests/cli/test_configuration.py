"""`--config FILE`: what a file can give, what goes before it, and in which words its faults are told."""

from __future__ import annotations

import os
import socket
import sys
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from tests.cli.test_options import CommandLine, Twistd
from tests.kit import forkserver, toml
from tests.kit.patience import WRITTEN
from twisted_chat.cli import send
from twisted_chat.cli.configuration import MAX_BYTES, MAX_KEY, MAX_VALUE, check, load
from twisted_chat.cli.flags import CHAT, CONFIG, CONFIGURABLE, Form
from twisted_chat.cli.joining import ENVIRONMENT
from twisted_chat.cli.options import Options
from twisted_chat.cli.send import Send
from twisted_chat.cli.settings import Settings
from twisted_chat.speech.i18n import choose

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "class.toml"
SECRET = "xyzzy plugh"
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(WRITTEN), st.just(date(2026, 11, 22)), st.sampled_from(
        ["5000-5004", "90d", "1G", "none", "plain", "pt", "::1", "[::1]:5", "fe80::1", "a\0b", "~", "~nobody/x", "ana:1"]
    )),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(WRITTEN, max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
"""What can stand behind a key in TOML."""


class Configured(CommandLine):
    """With a directory for `class.toml`."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(choose, "en")
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir(parents=True)
        self.path = self.directory / "class.toml"

    def file(self, *lines: str) -> list[str]:
        """Write the file, with ports nobody listens at and these lines, and return the flag for it."""
        self.path.write_text("\n".join([f"ports = {self.ports}", *lines]) + "\n", encoding="utf-8")
        return ["--config", str(self.path)]

    def configured(self, *lines: str, flags: tuple[str, ...] = ()) -> Settings:
        """The settings of a file with a name, a port and these lines, and of these flags."""
        return self.parse(*self.file('name = "Ana"', f"port = {self.ports[0]}", *lines), *flags)

    def fault(self, *lines: str, flags: tuple[str, ...] = ()) -> str:
        """The line with which a file is refused, after its name."""
        words = self.fail_with(*self.file(*lines), *flags)
        begin = f"tcpchat: {self.path}"
        self.assertEqual(words[: len(begin)], begin)
        return words[len(begin) :]


class GivenTests(Configured):
    """What a file can give."""

    def test_everything(self) -> None:
        """Each key means what its flag means: a file gives the same settings as the same on the command line."""
        given = {
            "name": '"Bia"', "port": str(self.ports[1]), "links": "7", "listen": '"localhost"', "group": '"math"',
            "peer": '["127.0.0.2", "[::1]:80"]', "log": f'"{self.directory}/log"', "data": f'"{self.directory}"',
            "console": '"plain"', "keep": '"2d"', "quota": '"500M"', "open": "true", "discover": "false",
            "ephemeral": "false", "no-notify": "true", "lang": '"en"', "ask-passphrase": "false",
        }  # fmt: skip
        keys = {flag.name for flag in CHAT if flag is not CONFIG} - {"ports", "passphrase-file"} | {"lang"}
        others = [flag for flag in CHAT if flag.name in keys - set(given)]
        given |= {flag.name: flag.sample for flag in others}
        self.assertEqual(set(given), keys)
        settings = self.parse(*self.file(*(f"{key} = {value}" for key, value in given.items())))
        arguments = [f"--{key}={value.strip(chr(34))}" for key, value in given.items() if key != "peer"]
        arguments = [each.removesuffix("=true") for each in arguments if not each.endswith("=false")]
        expected = self.parse(*self.known, *arguments, "--peer", "127.0.0.2", "--peer", "[::1]:80")
        self.assertEqual(settings, expected)
        self.assertEqual((settings.links, settings.flags["no-notify"], settings.open), (7, True, True))

    def test_lists(self) -> None:
        """Where a flag takes several values, they can stand in one text or in a list."""
        first, second = self.ports
        for ports in (f'"{first},{second}"', f"[{first}, {second}]", f'["{first}", {second}]'):
            self.path.write_text(f'name = "Ana"\nport = {first}\nports = {ports}\n')
            self.assertEqual(self.parse("--config", str(self.path)).ports, (first, second))
        for peers in ('"127.0.0.2"', '["127.0.0.2"]'):
            self.assertEqual(self.configured(f"peer = {peers}").peers, (("127.0.0.2", None),))
        self.assertEqual(self.configured("peer = []").peers, ())

    def test_numbers(self) -> None:
        """A number may stand in quotes, as on the command line."""
        self.assertEqual((self.configured("links = 7").links, self.configured('links = "7"').links), (7, 7))

    def test_paths(self) -> None:
        """Files are looked for beside the configuration, wherever the program was started; `~` is the home directory."""
        key = self.directory / "class.key"
        key.write_text(SECRET)
        key.chmod(0o600)
        settings = self.configured('log = "a.txt"', 'data = "../data"', 'passphrase-file = "class.key"')
        self.assertEqual(settings.log, self.directory / "a.txt")
        self.assertEqual(settings.data and settings.data.resolve(), self.directory.with_name("data"))
        self.assertEqual(settings.passphrase, SECRET)
        os.environ["HOME"] = str(self.directory)
        self.assertEqual(self.configured('log = "~/b.txt"').log, self.directory / "b.txt")
        self.assertEqual(self.configured(f'log = "{self.directory}/c.txt"').log, self.directory / "c.txt")
        self.assertEqual(self.configured().log, Path(os.getcwd(), "logs_chat.txt"))
        self.file('name = "Ana"', f"port = {self.ports[0]}", 'log = "d.txt"')
        relative = os.path.relpath(self.path)
        self.assertEqual(self.parse("--config", relative).log, self.directory / "d.txt")

    def test_any_editor(self) -> None:
        """A mark at the beginning and line ends as Windows' editors write them are no fault."""
        text = f'\ufeffname = "Zoë"\r\nport = {self.ports[0]}\r\nports = {self.ports}\r\n'
        self.path.write_bytes(text.encode())
        self.assertEqual(self.parse("--config", str(self.path)).name, "Zoë")

    def test_asked_for(self) -> None:
        """What neither gives is asked for on a terminal, and what the file gives is not."""
        told = self.asked("Ana")
        self.assertEqual(self.parse(*self.file(f"port = {self.ports[0]}")).name, "Ana")
        self.assertEqual(told, ["Your name: "])

    def test_twistd(self) -> None:
        """twistd's command line takes the file as well."""
        twistd = Twistd()
        twistd.parseOptions(
            ["--nodaemon", "tcpchat", *self.file('name = "Ana"', f"port = {self.ports[0]}", "links = 3")]
        )
        self.assertEqual(twistd.subOptions.settings.links, 3)

    def test_example(self) -> None:
        """The example in the repository is taken as a student takes it, given the passphrase."""
        self.patch(socket.socket, "bind", lambda *_: None)
        os.environ[ENVIRONMENT] = SECRET
        settings = self.parse("--config", str(EXAMPLE), "--name", "Bia", "--port", "5002")
        self.assertEqual((settings.name, settings.port, settings.group), ("Bia", 5002, "math"))
        self.assertEqual((settings.listen, settings.peers), ("0.0.0.0", (("192.168.0.7", None),)))
        self.assertEqual((settings.keep, settings.quota, settings.flags["no-notify"]), (90 * 86400, 500 << 20, False))
        self.assertEqual(settings.log, EXAMPLE.with_name("class.txt"))
        self.assertFalse(settings.exposed)


class PrecedenceTests(Configured):
    """A flag goes before the file, the file before the environment, that before the default."""

    def test_flag(self) -> None:
        """What is on the command line counts, also if it is the default, wherever it stands there and however it is written."""
        lines = ("links = 7", 'group = "math"', 'console = "plain"', 'quota = "none"', 'peer = ["127.0.0.2"]')
        self.assertEqual(self.configured(*lines).links, 7)
        flags = ("--links=64", "--grou", "chat", "--console", "auto", "--quota", "1G", "--peer", "127.0.0.3")
        expected = self.parse(*self.known, "--name", "Ana", "--port", str(self.ports[0]), "--peer", "127.0.0.3")
        self.assertEqual(self.configured(*lines, flags=flags), expected)
        self.file('name = "Bia"', f"port = {self.ports[1]}", *lines)
        self.assertEqual(self.parse(*self.enough, *flags, f"--conf={self.path}"), expected)

    def test_none(self) -> None:
        """A flag whose value is nothing, as `--quota none` is, counts as well."""
        self.assertIsNone(self.configured('quota = "2G"', flags=("--quota", "none")).quota)
        self.assertIsNone(self.configured('quota = "none"').quota)

    def test_switch(self) -> None:
        """A switch on the command line counts where the file has it off."""
        self.assertTrue(self.configured("open = false", flags=("--open",)).open)
        self.assertFalse(self.configured("open = false").open)

    def test_mistake_in_the_file(self) -> None:
        """What the command line replaces is to be right all the same: a mistake is told, and never taken for a default."""
        self.assertEqual(self.fault("links = 65", flags=("--links", "7"))[:14], ": links 65 is ")

    def test_passphrase(self) -> None:
        """The file that the configuration names goes before the environment, and that of the flag before both."""
        for name in ("class", "own"):
            (self.directory / name).write_text(f"{name} {SECRET}")
            (self.directory / name).chmod(0o600)
        os.environ[ENVIRONMENT] = "environment's"
        self.assertEqual(self.configured("links = 7").passphrase, "environment's")
        os.environ[ENVIRONMENT] = "environment's"
        self.assertEqual(self.configured('passphrase-file = "class"').passphrase, f"class {SECRET}")
        flags = ("--passphrase-file", str(self.directory / "own"))
        self.assertEqual(self.configured('passphrase-file = "class"', flags=flags).passphrase, f"own {SECRET}")

    def test_language(self) -> None:
        """The language of the file goes before the environment's, and that of the flag before the file's; faults of the rest
        are told in it."""
        choose("en")
        self.patch(sys.modules["twisted_chat.cli.commandline"], "choose", lambda wish: choose(wish, {"LANG": "en"}))
        spoken = []
        for flags in ((), ("--lang", "en"), ("--lang", "auto")):
            exit = self.assertRaises(
                SystemExit, Options().parseOptions, [*self.file("links = true", 'lang = "pt"'), *flags]
            )
            spoken.append(str(exit.code).partition(": links ")[2].split(":")[0])
        self.assertEqual(spoken, ["não pode ser true ou false", "can't be true or false", "can't be true or false"])


class FaultTests(Configured):
    """What is wrong with a file is one sentence that names it."""

    def test_keys(self) -> None:
        """A key that is none is named, with the nearest that is one."""
        for line, words in (
            ("prot = 5000", ": there is no key 'prot'; did you mean port?"),
            ("passphrase_file = 1", ": there is no key 'passphrase_file'; did you mean passphrase-file?"),
            ("Group = 1", ": there is no key 'Group'; did you mean group?"),
            ('config = "x"', ": there is no key 'config'; keys are flags without their --, such as group = \"math\""),
            (
                "[chat]\nlinks = 1",
                ": there is no key 'chat'; keys are flags without their --, such as group = \"math\"",
            ),
            (
                '"\\u001b[2J" = 1',
                ": there is no key '\\x1b[2J'; keys are flags without their --, such as group = \"math\"",
            ),
        ):
            self.assertEqual(self.fault(line), words)

    def test_types(self) -> None:
        """A value of another type is refused with one that is right; a truth value is no number."""
        for line, words in (
            ("keep = 90", ': keep can\'t be a number: write it as in keep = "90d"'),
            ("name = 5", ': name can\'t be a number: write it as in name = "Ana"'),
            ("log = []", ': log can\'t be a list: write it as in log = "class.txt"'),
            ("port = true", ": port can't be true or false: write it as in port = 5001"),
            ("port = 5000.0", ": port can't be a number: write it as in port = 5001"),
            ("links = 2026-11-22", ": links can't be a date or time: write it as in links = 64"),
            ('open = "yes"', ": open can't be text in quotes: write it as in open = true"),
            ("open = 1", ": open can't be a number: write it as in open = true"),
            ("peer = [5000]", ': peer can\'t be a number: write it as in peer = ["192.168.0.7"]'),
            ("peer = {a = 1}", ': peer can\'t be a table: write it as in peer = ["192.168.0.7"]'),
            ("timeout = [1]", ": timeout can't be a list: write it as in timeout = 10"),
        ):
            self.assertEqual(self.fault(line), words)
        self.path.write_text("ports = [[5000]]")
        self.assertIn("ports can't be a list", self.fail_with("--config", str(self.path)))

    def test_values(self) -> None:
        """A value that the flag's check refuses is refused in the same words, with the file and the key in place of the flag."""
        for line, words in (
            ("links = 65", ": links 65 is out of range: a number from 1 to 64 is needed"),
            ("links = -1", ": links '-1' is not a number: a number from 1 to 64 is needed"),
            ('keep = "90"', ": keep '90' is no time: write a number and h, d, w or y for hours, days, weeks or years"),
            ('peer = ["ana:x"]', ": peer port 'x' is not a number: a number from 1 to 65535 is needed"),
            ('console = "poor"', ": console 'poor' is not one of auto, rich, plain, json, none"),
            ('name = "a:b"', ": name 'a:b': "),
            ('log = ""', ": log is empty: a file name is needed"),
            ('log = "a\\u0000b"', ": log 'a\\x00b' can't be the name of a file"),
            ('listen = "ana"', ": listen 'ana' is not an address of this machine"),
            ("timeout = 0", ": timeout 0 is out of range"),
        ):
            self.assertEqual(self.fault(line)[: len(words)], words)

    def test_together(self) -> None:
        """What is wrong only with the rest is told of the file too, and of the flag where that is to blame."""
        port = ("--port", str(self.ports[0]))
        cases: tuple[tuple[str, tuple[str, ...], str], ...] = (
            ("port = 1", (), "{path}: port 1 is not among the known ports"),
            ("ephemeral = true", (*port, "--data", "x"), "--data and {path}: ephemeral exclude each other"),
            ('log = "no/log"', port, "{path}: log {directory}/no/log: there is no directory"),
            ('listen = "192.0.2.77"', port, "{path}: listen 192.0.2.77: "),
            ('listen = "0.0.0.0"', port, "{path}: listen 0.0.0.0 reaches other machines"),
            ('peer = "10.0.0.1"', port, "{path}: peer 10.0.0.1 reaches other machines"),
            ("discover = true", port, "{path}: discover with --listen 127.0.0.1"),
            ('passphrase-file = "no"', port, "{path}: passphrase-file {directory}/no: No such file"),
            ("ask-passphrase = true", port, "{path}: ask-passphrase: there is no terminal to ask at"),
            (
                "ask-passphrase = true",
                (*port, "--open"),
                "--open and a passphrase exclude each other: leave out --open",
            ),
        )
        for line, flags, words in cases:
            expected = "tcpchat: " + words.format(path=self.path, directory=self.directory)
            told = self.fail_with(*self.file('name = "Ana"', line), *flags)
            self.assertEqual(told[: len(expected)], expected)

    def test_open_or_closed(self) -> None:
        """A file that opens a group is no match for a passphrase in the environment: nobody is to talk openly by a slip."""
        os.environ[ENVIRONMENT] = SECRET
        self.assertIn(": open and a passphrase exclude each other", self.fault('name = "Ana"', "open = true"))

    def test_not_toml(self) -> None:
        """What is not TOML is told with its line, and what stands there is not repeated: it may be secret."""
        words = ': write each key once, then = and its value, text in quotes, such as group = "math"'
        for line in ("group = xyzzy", "group", 'group = "a', "links = 1\nlinks = 2", "passphrase = xyzzy plugh"):
            told = self.fault(line)
            number = 3 if line.startswith("links") else 2
            self.assertIn(told, (f", line {number}{words}", words))
            self.assertNotIn("xyzzy", told)
        self.assertEqual(self.fault("group = xyzzy"), f", line 2{words}")
        self.assertEqual(self.fault("'line 9' = 1\n['line 9']\n"), f", line 3{words}")

    def test_passphrase(self) -> None:
        """A passphrase is refused under each name that it may be given, and not repeated; a file for it may be named."""
        for key in ("passphrase", "Passphrase", "password", "senha"):
            told = self.fault(f'{key} = "{SECRET}"')
            self.assertIn(": a passphrase has no place in a file that is handed on", told)
            self.assertIn('passphrase-file = "class.key"', told)
            self.assertNotIn(SECRET, told)
        for key in ("pass", "passphrase-fil", "secret"):
            self.assertNotIn(SECRET, self.fault(f'{key} = "{SECRET}"'))

    def test_not_a_file(self) -> None:
        """A file that is not there, is a directory, no text, or too large, is refused as what it is."""
        words = self.fail_with("--config", "no.toml")
        self.assertEqual(words, "tcpchat: --config no.toml: No such file or directory")
        self.assertIn("Is a directory", self.fail_with("--config", str(self.directory)))
        self.assertIn("--config is empty: name a configuration file", self.fail_with("--config", ""))
        self.path.write_bytes('group = "é"'.encode("latin-1"))
        self.assertIn(": it is not text in UTF-8", self.fail_with("--config", str(self.path)))
        self.path.write_bytes(b"#" * MAX_BYTES)
        self.assertEqual(load(str(self.path)), {})
        self.path.write_bytes(b"#" * (MAX_BYTES + 1))
        self.assertIn(f"at most {MAX_BYTES} bytes", self.fail_with("--config", str(self.path)))

    def test_endless(self) -> None:
        """A file without an end is read no further than a configuration can go, and one nested without an end is refused."""
        if os.path.exists("/dev/zero"):
            self.assertIn("at most", self.fail_with("--config", "/dev/zero"))
        self.path.write_text("group = " + "[" * (MAX_BYTES - 100))
        self.assertIn(str(self.path), self.fail_with("--config", str(self.path)))
        self.path.write_text("links = " + "9" * (MAX_BYTES - 100))
        self.assertIn(str(self.path), self.fail_with("--config", str(self.path)))

    def test_long(self) -> None:
        """A text, a number and a key that are too long to be meant are refused without being repeated."""
        for line, words in (
            (f'name = "{"x" * 5000}"', f": name is too long: it has over {MAX_VALUE} characters"),
            (f"links = 0x{'f' * 5000}", ": links 9223372036854775807 is out of range: a number from 1 to 64 is needed"),
            (f"ports = [0x{'f' * 5000}]", ": ports 9223372036854775807 is out of range"),
            (
                f"{'x' * 5000} = 1",
                f": there is no key '{'x' * (MAX_KEY - 1)}…'; keys are flags without their --, such as ",
            ),
        ):
            self.path.write_text(line)
            told = self.fail_with("--config", str(self.path)).removeprefix(f"tcpchat: {self.path}")
            self.assertEqual(told[: len(words)], words)
            self.assertLess(len(told), 200)

    def test_process(self) -> None:
        """In a process of its own a mistake is two lines on stderr and a status, and so it is for a subcommand."""
        for command, status in (([], 1), (["send", "--name", "ci", "hi"], 2)):
            done = forkserver.run(".", [*command[:1], *self.file("links = 65"), *command[1:]], os.environ)
            self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
            self.assertIn(f"{self.path}: links 65 is out of range", done.stderr.splitlines()[0])
            self.assertLessEqual(len(done.stderr.splitlines()), 2)


class AnyTests(SynchronousTestCase):
    """Whatever stands in a file, it is taken or refused in a sentence."""

    @given(st.sampled_from(sorted(CONFIGURABLE)), VALUES)
    def test_any_value(self, key: str, value: Any) -> None:
        """Any value of any key is what the flag takes, or a `UsageError` that names the file and the key."""
        try:
            taken = check("class.toml", {key: value})
        except UsageError as error:
            self.assertTrue(str(error).startswith(f"class.toml: {key}"), error)
        else:
            self.assertEqual(list(taken), [key])
            self.assertEqual(CONFIGURABLE[key].form is Form.SWITCH, isinstance(value, bool))

    @given(st.text(WRITTEN, max_size=20), VALUES)
    def test_any_key(self, key: str, value: Any) -> None:
        """So is any key."""
        if key not in CONFIGURABLE:
            words = str(self.assertRaises(UsageError, check, "class.toml", {key: value}))
            self.assertTrue(words.startswith("class.toml: "), words)

    @given(st.binary(max_size=40))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes are TOML or are refused, whatever is wrong with them."""
        path = Path("any.toml")
        path.write_bytes(data)
        try:
            load(str(path))
        except UsageError as error:
            self.assertIn("any.toml", str(error))


class SendTests(Configured):
    """`tcpchat send --config FILE`."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(send, "find_terminal", lambda: None)

    def sending(self, *lines: str, flags: tuple[str, ...] = ()) -> Send:
        """The command line of `tcpchat send` with such a file."""
        command = Send()
        command.parseOptions([*self.file(*lines), *flags, "hi"])
        return command

    def test_given(self) -> None:
        """It takes what it has a flag for, with the same precedence, and leaves the rest of a peer's file aside."""
        command = self.sending(
            'name = "ci"', 'group = "math"', "timeout = 3", "verbose = true", "links = 7", "port = 1"
        )
        self.assertEqual((command["name"], command["group"], command["timeout"]), ("ci", "math", 3))
        self.assertEqual((command["ports"], command["verbose"], command["log"]), (tuple(self.ports), True, None))
        self.assertNotIn("links", command)
        self.assertEqual(self.sending('name = "ci"', "timeout = 3", flags=("--timeout", "10"))["timeout"], 10)

    def test_refused(self) -> None:
        """What is wrong with the file is told, also where it is nothing that this command needs."""
        for lines, words in (
            (("links = 65",), ": links 65 is out of range"),
            (("lnks = 6",), ": there is no key 'lnks'; did you mean links?"),
            (('name = "ci"', 'log = "no/log"'), f": log {self.directory}/no/log: there is no directory"),
        ):
            fault = str(self.assertRaises(UsageError, self.sending, *lines))
            self.assertEqual(fault[: len(f"{self.path}{words}")], f"{self.path}{words}")

    def test_peers_file(self) -> None:
        """A peer takes the file of a script, too."""
        self.assertEqual(self.configured("timeout = 3", "verbose = true").name, "Ana")


class ReaderTests(SynchronousTestCase):
    """The reader of TOML."""

    def test_line(self) -> None:
        """The message of the reader is looked at for its line, and has one as we expect it."""
        error = self.assertRaises(ValueError, toml.loads, "a = 1\nb = c\n")
        self.assertRegex(str(error), r"\(at line 2, column \d+\)$")
