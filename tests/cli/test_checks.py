"""The check of each value on the command line: what is taken, and in which words the rest is refused."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.cli import hosts, settings
from twisted_chat.cli.checks import (
    check_writable,
    compact,
    parse_config,
    parse_console,
    parse_data,
    parse_keep,
    parse_label,
    parse_links,
    parse_log,
    parse_name,
    parse_output,
    parse_passphrase_file,
    parse_port,
    parse_ports,
    parse_quota,
)
from twisted_chat.cli.hosts import parse_listen, parse_peer
from twisted_chat.cli.settings import dialed

KNOWN = (5000, 5001, 5002)


class CheckTests(SynchronousTestCase):
    """The checks that look at nothing but the value."""

    def refused(self, check: Callable[..., Any], *arguments: Any) -> str:
        """The words with which the arguments are refused."""
        return str(self.assertRaises(UsageError, check, *arguments))

    def test_name(self) -> None:
        """A name is taken without the spaces around it."""
        self.assertEqual(parse_name("--name", " Zoë 🦜 "), "Zoë 🦜")

    def test_bad_name(self) -> None:
        """Each fault of a name is told from the others, and the flag and value are named."""
        faults = {
            "": "at least one character",
            "x" * 33: "at most 32 characters",
            "a\x1bb": "control",
            "a\nb": "control",
            "a\udcffb": "control",
            "a:b": "':'",
        }
        for name, fault in faults.items():
            words = self.refused(parse_name, "--group", name)
            self.assertIn(f"--group {name!r}", words)
            self.assertIn(fault, words)

    def test_label(self) -> None:
        """A group, and an identity of former times, may have signs in its name that names no longer have; none is unseen."""
        self.assertEqual(parse_label("--group", " math (2b) \u2713 cafe\u0301 ❤️"), "math (2b) \u2713 café ❤️")
        self.assertIn("a name has no '(':", self.refused(parse_name, "--name", "math (2b)"))
        for hidden in ("ma\u200bth", "math\u2800", "ma\u034fth", "\u3164", "math\u202e", "ma\ufe0fth"):
            self.assertIn("invisible", self.refused(parse_label, "--group", hidden))

    def test_port(self) -> None:
        """A known port is taken."""
        self.assertEqual(parse_port("--port", "5001", KNOWN), 5001)

    def test_bad_port(self) -> None:
        """A port that is no number, out of range or not known is refused as what it is, with the list of good ones."""
        faults = {
            "abc": "is not a number",
            "": "is not a number",
            "-1": "is not a number",
            "5_000": "is not a number",
            "५०००": "is not a number",
            " 5000": "is not a number",
            "0": "is out of range",
            "65536": "is out of range",
            "9" * 5000: "is out of range",
            "5003": "is not among the known ports",
        }
        for port, fault in faults.items():
            words = self.refused(parse_port, "--port", port, KNOWN)
            self.assertIn(fault, words)
            self.assertIn("5000-5002", words)

    def test_ports(self) -> None:
        """Known ports come as numbers and ranges, in the order given, each once."""
        self.assertEqual(parse_ports("--ports", "5000-5004"), (5000, 5001, 5002, 5003, 5004))
        self.assertEqual(parse_ports("--ports", "6000-6001, 5002,5000,6001"), (6000, 6001, 5002, 5000))
        self.assertEqual(len(parse_ports("--ports", "1-64")), 64)

    def test_bad_ports(self) -> None:
        """A list that is none, has ports that don't exist, or more than can be dialed is refused."""
        faults = {
            "": "is not a number",
            "5000,": "is not a number",
            "5000-": "is not a number",
            "a-b": "is not a number",
            "0-5": "is out of range",
            "5000-99999": "is out of range",
            "5004-5000": "write 5000-5004",
            "1-65": "at most 64",
        }
        for ports, fault in faults.items():
            self.assertIn(fault, self.refused(parse_ports, "--ports", ports))

    @given(st.lists(st.integers(1, 65535), min_size=1, max_size=64, unique=True))
    def test_compact(self, ports: list[int]) -> None:
        """What people are shown as a list of ports can be given as one, and means the same."""
        self.assertEqual(parse_ports("--ports", compact(ports)), tuple(ports))

    def test_links(self) -> None:
        """One link and 64 are taken; more, fewer and words are refused with the range."""
        self.assertEqual((parse_links("--links", "1"), parse_links("--links", "64")), (1, 64))
        for links in ("0", "65", "many"):
            self.assertIn("from 1 to 64", self.refused(parse_links, "--links", links))

    def test_keep(self) -> None:
        """A time to keep messages for is a number of hours, days, weeks or years; in seconds it means the same."""
        times = {
            "1h": 3600,
            "12h": 43200,
            "90d": 7776000,
            "2w": 1209600,
            "1y": 31536000,
            "007d": 604800,
            "100y": 3153600000,
        }
        self.assertEqual({given: parse_keep("--keep", given) for given in times}, times)

    def test_bad_keep(self) -> None:
        """A time without a unit, of none or of another kind, and one too short or too long, are refused with what is right."""
        for keep in ("", "d", "90", "90 d", "90m", "90D", "-1d", "1.5d", "٣d", "1d2h", "forever", "d9"):
            self.assertIn("such as 90d", self.refused(parse_keep, "--keep", keep))
        for keep in ("0h", "101y", "9" * 5000 + "d"):
            self.assertIn("from 1h to 100y", self.refused(parse_keep, "--keep", keep))

    def test_quota(self) -> None:
        """A size is a number of KiB, MiB, GiB or TiB, however the unit is written; `none` is no limit."""
        sizes = {"1M": 1 << 20, "1024K": 1 << 20, "500m": 500 << 20, "2G": 2 << 30, "1T": 1 << 40, "none": None}
        self.assertEqual({given: parse_quota("--quota", given) for given in sizes}, sizes)

    def test_bad_quota(self) -> None:
        """A size without a unit or number is refused, and so is one too small to be useful or too large to be meant."""
        for quota in ("", "M", "500", "500 M", "1.5G", "-1G", "٣G", "1GB", "None", "off"):
            self.assertIn("such as 500M, or none", self.refused(parse_quota, "--quota", quota))
        for quota in ("0G", "1023K", "1001T", "9" * 5000 + "G"):
            self.assertIn("from 1M to 1000T", self.refused(parse_quota, "--quota", quota))

    def test_listen(self) -> None:
        """Every address is taken, in one spelling; whether this machine has it is another question."""
        taken = {"127.0.0.1": "127.0.0.1", "127.3.2.1": "127.3.2.1", "::1": "::1", "0:0::1": "::1"}
        taken |= {"localhost": "127.0.0.1", "LocalHost": "127.0.0.1", "::ffff:127.0.0.1": "127.0.0.1"}
        taken |= {"0.0.0.0": "0.0.0.0", "::": "::", "192.168.0.7": "192.168.0.7", "FE80::1%eth0": "fe80::1%eth0"}
        taken |= {"[::1]": "::1", "[fe80::1%eth0]": "fe80::1%eth0"}
        self.assertEqual({given: parse_listen("--listen", given) for given in taken}, taken)

    def test_bad_listen(self) -> None:
        """What is no address of any machine is refused, and the words say what is one."""
        for other in (
            "",
            "example.org",
            "127.1",
            "[::1]:5000",
            "[::1",
            "[127.0.0.1]",
            "192.168.0.7:5000",
            "192.168.0.0/16",
            "224.0.0.251",
            "*",
        ):
            words = self.refused(parse_listen, "--listen", other)
            self.assertIn(f"--listen {other!r} is not an address of this machine", words)
            self.assertIn("192.168.0.7, or 0.0.0.0 for all of them", words)

    def test_peer(self) -> None:
        """A peer is an address or a name, with a port or without; an IPv6 address with a port stands in brackets."""
        peers: dict[str, settings.Peer] = {
            "localhost": ("127.0.0.1", None),
            "127.0.0.2:6000": ("127.0.0.2", 6000),
            "::1": ("::1", None),
            "[::1]": ("::1", None),
            "[::1]:6000": ("::1", 6000),
            "10.0.0.1": ("10.0.0.1", None),
            "[2001:DB8::0:7]:5001": ("2001:db8::7", 5001),
            "fe80::1%eth0": ("fe80::1%eth0", None),
            "[fe80::1%eth0]:5001": ("fe80::1%eth0", 5001),
            "Example.org:5000": ("example.org", 5000),
            "ana": ("ana", None),
            "sala-2.local.": ("sala-2.local.", None),
            "my_pc": ("my_pc", None),
            "ação.example": ("xn--ao-siap.example", None),
        }
        self.assertEqual({given: parse_peer("--peer", given) for given in peers}, peers)

    def test_bad_peer(self) -> None:
        """What can be no host, a port that is none and broken brackets are refused as what they are."""
        faults = {
            "": "names no host",
            ":5000": "names no host",
            "10.0.0.300": "names no host",
            "127.1": "names no host",
            "0.0.0.0": "names no host",
            "[::]:5000": "names no host",
            "224.0.0.251": "names no host",
            "a b": "names no host",
            "-ana": "names no host",
            "ana..local": "names no host",
            "a" * 64: "names no host",
            "ana@example.org": "names no host",
            "1:2:3": "names no host",
            "localhost:": "is not a number",
            "localhost:x": "is not a number",
            "http://ana": "is not a number",
            "localhost:70000": "is out of range",
            "[::1": "write [::1]:5000",
            "[::1]5000": "write [::1]:5000",
        }
        for peer, fault in faults.items():
            self.assertIn(fault, self.refused(parse_peer, "--peer", peer))

    def test_scope(self) -> None:
        """A link-local address that does not say which interface leads to it is refused, with those that there are; the number of
        an interface means its name."""
        [(number, name), *_] = socket.if_nameindex()
        self.assertEqual(parse_listen("--listen", f"fe80::1%{number}"), f"fe80::1%{name}")
        self.assertEqual(parse_peer("--peer", f"[fe80::1%{number}]:5001"), (f"fe80::1%{name}", 5001))
        cases: list[tuple[str, Callable[[str], object], str]] = [
            ("--listen", parse_listen, "fe80::1"),
            ("--peer", parse_peer, "fe80::1"),
            ("--peer", parse_peer, "[fe80::1]:5001"),
        ]
        for own, told in (
            (["fe80::7%wlan0", "fe80::8%eth1"], "such as fe80::1%wlan0; here: wlan0, eth1"),
            ([], "such as fe80::1%eth0; here: –"),
        ):
            self.patch(hosts, "link_local_addresses", lambda own=own: own)
            for flag, check, value in cases:
                words = f"{flag} {value!r} needs the interface that leads there, {told}"
                self.assertEqual(self.refused(check, flag, value), words)

    def test_dialed(self) -> None:
        """Others are always looked for on this machine, also at the address it listens at; and where `--peer` says, each
        place once."""
        home = (("127.0.0.1", 5000), ("127.0.0.1", 5001))
        for listen in ("127.0.0.1", "0.0.0.0", "::"):
            self.assertEqual(dialed(listen, (5000, 5001), ()), home)
        own = (("192.168.0.7", 5000), ("192.168.0.7", 5001))
        self.assertEqual(dialed("192.168.0.7", (5000, 5001), ()), home + own)
        peers: tuple[settings.Peer, ...] = (("ana.local", None), ("127.0.0.1", 5001), ("::1", 7000))
        others = (("ana.local", 5000), ("ana.local", 5001), ("::1", 7000))
        self.assertEqual(dialed("0.0.0.0", (5000, 5001), peers), home + others)

    def test_passphrase_file(self) -> None:
        """A file has a name."""
        self.assertEqual(parse_passphrase_file("--passphrase-file", "math.key"), Path("math.key"))
        self.assertIn("--passphrase-file is empty", self.refused(parse_passphrase_file, "--passphrase-file", ""))

    def test_files(self) -> None:
        """So have a file to be made and a configuration, wherever they were named."""
        self.assertEqual((parse_output("--output", "-"), parse_config("--config", "class.toml")), ("-", "class.toml"))
        for check in (parse_output, parse_config):
            self.assertIn("ana.toml: output is empty", self.refused(check, "ana.toml: output", ""))

    def test_console(self) -> None:
        """The consoles there are, and no others; the words list them."""
        self.assertEqual(
            [parse_console("--console", console) for console in settings.CONSOLES],
            ["auto", "rich", "plain", "json", "none"],
        )
        self.assertIn("auto, rich, plain, json, none", self.refused(parse_console, "--console", "poor"))


class PathTests(SynchronousTestCase):
    """The checks that look at the disk."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir(parents=True)
        self.log = self.directory / "logs_chat.txt"

    def fault(self, log: Path) -> str:
        """The words with which `log` is refused."""
        return str(self.assertRaises(UsageError, check_writable, "--log", log))

    def forbid(self, *paths: Path) -> None:
        """Take the right to write to these away. (By pretending: the tests may run as root, who may do everything.)"""
        self.patch(os, "access", lambda path, mode: Path(path) not in paths)

    def test_log_is_absolute(self) -> None:
        """The log is the file that the name meant where the program was started, even after a change of directory."""
        log = parse_log("--log", "chat.txt")
        self.assertEqual(log, Path(os.getcwd(), "chat.txt"))

    def test_log_without_name(self) -> None:
        """An empty name is no log."""
        self.assertIn("--log is empty", str(self.assertRaises(UsageError, parse_log, "--log", "")))

    def test_writable(self) -> None:
        """A log that is there, and one that can be made, are accepted; neither is made or changed."""
        check_writable("--log", self.log)
        self.assertFalse(self.log.exists())
        self.log.write_text("before")
        check_writable("--log", self.log)
        self.assertEqual(self.log.read_text(), "before")

    def test_log_in_no_directory(self) -> None:
        """A missing directory is named; so is a file in its place."""
        self.assertIn(f"there is no directory {self.directory / 'no'}", self.fault(self.directory / "no" / "log"))
        self.log.touch()
        self.assertIn(f"there is no directory {self.log}", self.fault(self.log / "log"))

    def test_log_is_directory(self) -> None:
        """A directory is no log."""
        self.assertIn("that is a directory", self.fault(self.directory))

    def test_log_is_link(self) -> None:
        """A link to a file that can be made is a log; one that leads to no directory is named, and so is the directory."""
        link, there = self.directory / "link", self.directory / "there"
        link.symlink_to(there / "log")
        self.assertIn(f"--log {link}: there is no directory {there}", self.fault(link))
        there.mkdir()
        check_writable("--log", link)
        self.forbid(there)
        self.assertIn(f"may not make files in {there}", self.fault(link))

    def test_log_not_permitted(self) -> None:
        """A file this user may not write to, and a directory this user may make no file in, are told apart."""
        self.forbid(self.log, self.directory)
        self.assertIn(f"may not make files in {self.directory}", self.fault(self.log))
        self.log.touch()
        self.assertIn("may not write to that file", self.fault(self.log))

    def test_file_in_closed_directory(self) -> None:
        """A log that is there may be written to, whatever the directory says: that is all a peer needs."""
        self.log.touch()
        self.forbid(self.directory)
        check_writable("--log", self.log)

    def test_data(self) -> None:
        """A directory, and one that is to be made, are accepted, as absolute paths."""
        self.assertEqual(parse_data("--data", os.path.relpath(self.directory)), self.directory)
        self.assertEqual(parse_data("--data", str(self.directory / "new")), self.directory / "new")

    def test_bad_data(self) -> None:
        """A file or nothing is no directory."""
        self.log.touch()
        for data in (str(self.log), ""):
            self.assertIn("is not a directory", str(self.assertRaises(UsageError, parse_data, "--data", data)))
