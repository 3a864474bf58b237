"""The check of each value on the command line: what is taken, and in which words the rest is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat import settings
from twisted_chat.settings import (
    check_writable,
    compact,
    parse_console,
    parse_data,
    parse_keep,
    parse_links,
    parse_listen,
    parse_log,
    parse_name,
    parse_peer,
    parse_port,
    parse_ports,
)

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

    def test_port(self) -> None:
        """A known port is taken."""
        self.assertEqual(parse_port("5001", KNOWN), 5001)

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
            words = self.refused(parse_port, port, KNOWN)
            self.assertIn(fault, words)
            self.assertIn("5000-5002", words)

    def test_ports(self) -> None:
        """Known ports come as numbers and ranges, in the order given, each once."""
        self.assertEqual(parse_ports("5000-5004"), (5000, 5001, 5002, 5003, 5004))
        self.assertEqual(parse_ports("6000-6001, 5002,5000,6001"), (6000, 6001, 5002, 5000))
        self.assertEqual(len(parse_ports("1-64")), 64)

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
            self.assertIn(fault, self.refused(parse_ports, ports))

    @given(st.lists(st.integers(1, 65535), min_size=1, max_size=64, unique=True))
    def test_compact(self, ports: list[int]) -> None:
        """What people are shown as a list of ports can be given as one, and means the same."""
        self.assertEqual(parse_ports(compact(ports)), tuple(ports))

    def test_links(self) -> None:
        """One link and 64 are taken; more, fewer and words are refused with the range."""
        self.assertEqual((parse_links("1"), parse_links("64")), (1, 64))
        for links in ("0", "65", "many"):
            self.assertIn("from 1 to 64", self.refused(parse_links, links))

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
        self.assertEqual({given: parse_keep(given) for given in times}, times)

    def test_bad_keep(self) -> None:
        """A time without a unit, of none or of another kind, and one too short or too long, are refused with what is right."""
        for keep in ("", "d", "90", "90 d", "90m", "90D", "-1d", "1.5d", "٣d", "1d2h", "forever", "d9"):
            self.assertIn("such as 90d", self.refused(parse_keep, keep))
        for keep in ("0h", "101y", "9" * 5000 + "d"):
            self.assertIn("from 1h to 100y", self.refused(parse_keep, keep))

    def test_listen(self) -> None:
        """Every address of this machine alone is taken, in one spelling."""
        taken = {"127.0.0.1": "127.0.0.1", "127.3.2.1": "127.3.2.1", "::1": "::1", "0:0::1": "::1"}
        taken |= {"localhost": "127.0.0.1", "LocalHost": "127.0.0.1"}
        self.assertEqual({given: parse_listen(given) for given in taken}, taken)

    def test_listen_elsewhere(self) -> None:
        """Any other address is refused, however it is spelled, and the words say why and what can be used."""
        others = (
            "0.0.0.0",
            "",
            "::",
            "192.168.0.7",
            "126.255.255.255",
            "::ffff:127.0.0.1",
            "example.org",
            "127.1",
            "[::1]",
        )
        for other in others:
            words = self.refused(parse_listen, other)
            self.assertIn("needs an encrypted group, which this version does not have yet", words)
            self.assertIn("127.0.0.1", words)

    def test_peer(self) -> None:
        """A peer is a host, with a port or without; an IPv6 address with a port stands in brackets."""
        peers: dict[str, settings.Peer] = {
            "localhost": ("127.0.0.1", None),
            "127.0.0.2:6000": ("127.0.0.2", 6000),
            "::1": ("::1", None),
            "[::1]": ("::1", None),
            "[::1]:6000": ("::1", 6000),
        }
        self.assertEqual({given: parse_peer(given) for given in peers}, peers)

    def test_bad_peer(self) -> None:
        """A host elsewhere, a port that is none and broken brackets are refused as what they are."""
        faults = {
            "10.0.0.1": "needs an encrypted group",
            "example.org:5000": "needs an encrypted group",
            "": "needs an encrypted group",
            ":5000": "needs an encrypted group",
            "localhost:": "is not a number",
            "localhost:x": "is not a number",
            "localhost:70000": "is out of range",
            "[::1": "write [::1]:5000",
            "[::1]5000": "write [::1]:5000",
        }
        for peer, fault in faults.items():
            self.assertIn(fault, self.refused(parse_peer, peer))

    def test_console(self) -> None:
        """The consoles there are, and no others; the words list them."""
        self.assertEqual([parse_console(console) for console in settings.CONSOLES], ["auto", "rich", "plain", "none"])
        self.assertIn("auto, rich, plain, none", self.refused(parse_console, "poor"))


class PathTests(SynchronousTestCase):
    """The checks that look at the disk."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir(parents=True)
        self.log = self.directory / "logs_chat.txt"

    def fault(self, log: Path) -> str:
        """The words with which `log` is refused."""
        return str(self.assertRaises(UsageError, check_writable, log))

    def forbid(self, *paths: Path) -> None:
        """Take the right to write to these away. (By pretending: the tests may run as root, who may do everything.)"""
        self.patch(os, "access", lambda path, mode: Path(path) not in paths)

    def test_log_is_absolute(self) -> None:
        """The log is the file that the name meant where the program was started, even after a change of directory."""
        log = parse_log("chat.txt")
        self.assertEqual(log, Path(os.getcwd(), "chat.txt"))

    def test_log_without_name(self) -> None:
        """An empty name is no log."""
        self.assertIn("--log is empty", str(self.assertRaises(UsageError, parse_log, "")))

    def test_writable(self) -> None:
        """A log that is there, and one that can be made, are accepted; neither is made or changed."""
        check_writable(self.log)
        self.assertFalse(self.log.exists())
        self.log.write_text("before")
        check_writable(self.log)
        self.assertEqual(self.log.read_text(), "before")

    def test_log_in_no_directory(self) -> None:
        """A missing directory is named; so is a file in its place."""
        self.assertIn(f"there is no directory {self.directory / 'no'}", self.fault(self.directory / "no" / "log"))
        self.log.touch()
        self.assertIn(f"there is no directory {self.log}", self.fault(self.log / "log"))

    def test_log_is_directory(self) -> None:
        """A directory is no log."""
        self.assertIn("that is a directory", self.fault(self.directory))

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
        check_writable(self.log)

    def test_data(self) -> None:
        """A directory, and one that is to be made, are accepted, as absolute paths."""
        self.assertEqual(parse_data(os.path.relpath(self.directory)), self.directory)
        self.assertEqual(parse_data(str(self.directory / "new")), self.directory / "new")

    def test_bad_data(self) -> None:
        """A file or nothing is no directory."""
        self.log.touch()
        for data in (str(self.log), ""):
            self.assertIn("is not a directory", str(self.assertRaises(UsageError, parse_data, data)))
