"""`tcpchat invite`: a strong passphrase, and what each one types to meet in the group that it closes."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator, Sequence
from math import ceil, log2
from pathlib import Path

from twisted_chat.cli.checks import compact, parse_port
from twisted_chat.cli.commandline import Subcommand, complain
from twisted_chat.cli.flags import GROUP, INVITE, PORTS
from twisted_chat.cli.joining import ENVIRONMENT
from twisted_chat.cli.standard import show
from twisted_chat.core.marks import N_
from twisted_chat.core.writing.text import clean
from twisted_chat.net.addresses import endpoint
from twisted_chat.net.own import own_addresses
from twisted_chat.speech.i18n import _

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""The characters of passphrases: none that is easily taken for something else, on paper or on a board."""
BITS = 95
"""Bits of chance in a passphrase, at least."""
GROUP_OF = 4
INDENT = "    "


def new_passphrase() -> str:
    """Return a random passphrase, such as `k7mf-3xqp-9hrt-w4bn-c2vd`."""
    letters = [secrets.choice(ALPHABET) for _each in range(ceil(BITS / log2(len(ALPHABET))))]
    return "-".join("".join(letters[start : start + GROUP_OF]) for start in range(0, len(letters), GROUP_OF))


class Invite(Subcommand):
    """`tcpchat invite`: found a closed group. Starts nothing, and sends nothing."""

    summary = staticmethod(lambda: _("make a passphrase, and show what to type to meet in a group that it closes"))
    synopsis = N_("Usage: tcpchat invite [options]")
    longdesc = N_(
        "Run it once, on the machine that the others can call: a teacher's, say. It starts nothing; it shows what to type "
        "there, and what everybody else types."
    )
    flags = INVITE

    def postOptions(self) -> None:
        """Check what depends on more than one flag."""
        super().postOptions()
        if self["port"] is not None:
            self["port"] = parse_port(self.where("port"), self["port"], self["ports"])

    def run(self) -> int:
        """Make the passphrase, save it if that was asked for, and say what to do with it."""
        passphrase = new_passphrase()
        if self["output"] is not None:
            try:
                _save(Path(self["output"]), passphrase)
            except FileExistsError:
                return complain(
                    self["output"], _("it is there already, and may be what a group needs: name another file")
                )
            except OSError as error:
                return complain(self["output"], error.strerror or str(error))
        show("\n".join(self._told(passphrase, own_addresses())))
        return 0

    def _told(self, passphrase: str, addresses: Sequence[str]) -> Iterator[str]:
        own = self._command(
            *_listen(addresses), *_given("port", self["port"]), *_given("passphrase-file", self["output"])
        )
        yield clean(_("🔑 The passphrase of group {group}:").format(group=self["group"]))
        yield from ("", INDENT + passphrase, "")
        yield _("Whoever knows it can take part, and read all that was ever said in the group. Nobody else can.")
        yield ""
        yield _("1. On this machine, type:")
        yield from ("", INDENT + own, "")
        yield _("2. Everybody else types, where tcpchat is installed:")
        yield from ("", INDENT + self._command(*_listen(addresses), "--peer", self._peer(addresses)), "")
        if not addresses:
            yield _("   with this machine's IP address in place of IP: it could not be found out.")
        elif len(addresses) > 1:
            yield _("   If that is not this machine's address in your network: it is also {addresses}.").format(
                addresses=", ".join(addresses[1:])
            )
        yield _("   It asks for the passphrase, a name and a port. Once linked, nobody needs this machine any more.")
        yield _("   Scripts give the passphrase with --passphrase-file FILE or in {variable}.").format(
            variable=ENVIRONMENT
        )
        yield ""
        yield _("If nobody comes: type /doctor. This machine's firewall must let in TCP to port {ports}.").format(
            ports=self["port"] or compact(self["ports"])
        )
        if self["output"] is not None:
            yield clean(_("The passphrase is in {file}, which only you can read.").format(file=self["output"]))

    def _command(self, *words: str) -> str:
        """Return a command line for this group, to be copied into a shell."""
        changed = [
            word
            for flag in (GROUP, PORTS)
            if self[flag.name] != flag.preset()
            for word in _given(flag.name, self[flag.name])
        ]
        return clean(shlex.join(["tcpchat", *changed, *words]))

    def _peer(self, addresses: Sequence[str]) -> str:
        host = addresses[0] if addresses else "IP"
        if self["port"] is None:
            return host
        return endpoint(host, self["port"])


def _listen(addresses: Sequence[str]) -> list[str]:
    """Return the flag to listen at all addresses, of the kind that others are told of."""
    return ["--listen", "::" if addresses and ":" in addresses[0] else "0.0.0.0"]


def _given(flag: str, value: object) -> list[str]:
    """Return a flag with its value as words, none if it was not given."""
    if value is None:
        return []
    return [f"--{flag}", compact(value).replace(" ", "") if isinstance(value, tuple) else str(value)]


def _save(path: Path, passphrase: str) -> None:
    """Write a file that was not there before, for its owner only. If it can't be written it is not there afterwards either."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(passphrase + "\n")
    except OSError:
        path.unlink()
        raise
