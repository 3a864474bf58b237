"""`tcpchat invite`, as whoever founds a group types it, and what it shows as the others type it."""

from __future__ import annotations

import io
import os
import shlex
import socket
import stat
import sys
from math import log2
from pathlib import Path
from typing import Any

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.cli import invite, options
from twisted_chat.cli.invite import ALPHABET, BITS, INDENT, Invite, new_passphrase
from twisted_chat.cli.joining import read_passphrase
from twisted_chat.cli.options import Options
from twisted_chat.cli.subcommands import main
from twisted_chat.core.wire.passphrase import check_passphrase
from twisted_chat.net import own
from twisted_chat.net.own import own_addresses


class PassphraseTests(SynchronousTestCase):
    """`new_passphrase`."""

    def test_strong(self) -> None:
        """It has as much chance in it as it should, in letters that can't be taken for others; two are never the same."""
        first, second = new_passphrase(), new_passphrase()
        self.assertNotEqual(first, second)
        self.assertRegex(first, r"^[2-9a-z]{4}(-[2-9a-z]{4})+$")
        self.assertFalse(set("01ilo") & set(ALPHABET))
        self.assertGreaterEqual(len(first.replace("-", "")) * log2(len(set(ALPHABET))), BITS)

    def test_is_a_passphrase(self) -> None:
        """It is in the form in which passphrases are compared."""
        passphrase = new_passphrase()
        self.assertEqual(check_passphrase(passphrase), passphrase)


class OwnAddressTests(SynchronousTestCase):
    """`own_addresses`."""

    def test_nothing_sent(self) -> None:
        """It is found out without sending anything: whatever there is, is an address that can be listened at, IPv4 first."""
        found = own_addresses()
        self.assertEqual(found, sorted(set(found), key=lambda address: (":" in address, found.index(address))))
        for address in found:
            self.assertTrue(options.is_free(address, 0))

    def test_without_a_way_out(self) -> None:
        """Where no other network can be reached, and the package that lists all addresses is missing, there is no answer."""

        def missing() -> None:
            raise ImportError

        self.patch(own, "_ELSEWHERE", ((socket.AF_INET, "255.255.255.255"),))  # which no address may be connected to
        self.patch(own, "networks", missing)
        self.assertEqual(own_addresses(), [])


class InviteTests(SynchronousTestCase):
    """The command."""

    def setUp(self) -> None:
        self.addresses = ["192.168.0.7", "2001:db8::7"]
        self.patch(invite, "own_addresses", lambda: self.addresses)
        self.file = Path(self.mktemp()).absolute()
        self.file.parent.mkdir(parents=True, exist_ok=True)

    def told(self, *arguments: str, status: int = 0) -> str:
        """Return what the command shows."""
        out, err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        self.assertEqual(main(["invite", *arguments]), status, err.getvalue())
        return out.getvalue() or err.getvalue()

    def shown(self, *arguments: str) -> list[str]:
        """Return what is there to be copied: the passphrase, the founder's command and that of the others."""
        return [line.removeprefix(INDENT) for line in self.told(*arguments).splitlines() if line.startswith(INDENT)]

    def test_shown(self) -> None:
        """There is a passphrase, the founder's command and that of everybody else, none longer than need be."""
        passphrase, own, others = self.shown()
        self.assertEqual(check_passphrase(passphrase), passphrase)
        self.assertEqual(own, "tcpchat --listen 0.0.0.0")
        self.assertEqual(others, "tcpchat --listen 0.0.0.0 --peer 192.168.0.7")

    def test_flags(self) -> None:
        """What was given is in the commands, as a shell takes it."""
        file = str(self.file)
        _, own, others = self.shown(
            "--group", "5º ano", "--ports", "6000-6003,7000", "--port", "7000", "--output", file
        )
        start = "tcpchat --group '5º ano' --ports 6000-6003,7000 --listen 0.0.0.0"
        self.assertEqual(own, f"{start} --port 7000 --passphrase-file {shlex.quote(file)}")
        self.assertEqual(others, f"{start} --peer 192.168.0.7:7000")

    def test_addresses(self) -> None:
        """The others that there are are told too. Where there is IPv6 alone, that is used; where nothing is known, what stands
        for it is explained."""
        self.assertIn("it is also 2001:db8::7.", self.told())
        self.addresses = ["2001:db8::7"]
        self.assertEqual(self.shown()[1:], ["tcpchat --listen ::", "tcpchat --listen :: --peer 2001:db8::7"])
        self.assertTrue(self.shown("--port", "5000")[2].endswith(" --peer '[2001:db8::7]:5000'"))
        self.addresses = []
        self.assertTrue(self.shown()[2].endswith("--peer IP"))
        self.assertIn("in place of IP", self.told())

    def test_can_be_typed(self) -> None:
        """A peer takes both commands as they are shown, and needs but the passphrase, a name and a port."""
        self.patch(options, "is_free", lambda host, port: True)
        self.patch(options, "find_terminal", lambda: None)
        passphrase, *commands = self.shown("--group", "5º ano", "--output", str(self.file))
        for command in commands:
            words = shlex.split(command)[1:]
            if "--passphrase-file" not in words:
                words += ["--passphrase-file", str(self.file)]
            taken = Options()
            taken.parseOptions([*words, "--name", "Ana", "--port", "5000"])
            self.assertEqual((taken.settings.group, taken.settings.passphrase), ("5º ano", passphrase))

    def test_file(self) -> None:
        """The file has the passphrase, and is its owner's only. One that is there is left alone, and nothing is shown."""
        passphrase, *_ = self.shown("--output", str(self.file))
        self.assertEqual(read_passphrase("--passphrase-file", self.file), passphrase)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        words = self.told("--output", str(self.file), status=1)
        self.assertIn("it is there already", words)
        self.assertEqual(words.count("\n"), 1)
        self.assertEqual(read_passphrase("--passphrase-file", self.file), passphrase)
        self.assertIn("No such file", self.told("--output", str(self.file.with_name("no") / "file"), status=1))

    def test_file_on_a_full_disk(self) -> None:
        """A file that can't be written to its end is not left behind, where it would be in the way of the next try."""
        fdopen = os.fdopen

        def full(handle: int, *arguments: Any, **named: Any) -> Any:
            os.close(handle)
            return fdopen(os.open("/dev/full", os.O_WRONLY), *arguments, **named)

        self.patch(os, "fdopen", full)
        self.assertIn("No space left", self.told("--output", str(self.file), status=1))
        self.assertFalse(self.file.exists())

    if not os.path.exists("/dev/full"):
        test_file_on_a_full_disk.skip = "no /dev/full here"  # type: ignore[attr-defined]

    def test_refused(self) -> None:
        """Bad values are named as a peer's are."""
        for arguments, fault in (
            (["--port", "80"], "--port 80 is not among the known ports"),
            (["--group", "a:b"], "--group 'a:b'"),
            (["--output", ""], "--output is empty"),
            (["x"], "'x' belongs to no option"),
        ):
            self.assertIn(fault, str(self.assertRaises(UsageError, Invite().parseOptions, arguments)))
