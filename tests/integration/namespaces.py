"""Hosts of their own, for tests: network namespaces on one Linux machine, joined by a switch, that nobody else can see.

Each host has one interface, an IPv4 and an IPv6 address, and loopback. Whoever makes a `Lan` calls `end`, whatever happened.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from contextlib import suppress

from twisted.trial.unittest import SkipTest

NETWORK = "10.77.0"
NETWORK6 = "fd77:"
INTERFACE = "eth0"


def _ip(*words: str) -> str:
    return subprocess.run(("ip", *words), check=True, capture_output=True, text=True).stdout


class Host:
    """One host. `number` is the last part of its addresses."""

    def __init__(self, lan: Lan, name: str, number: int) -> None:
        self.lan = lan
        self.name = name
        self.namespace = f"{lan.name}-{name}"
        self.number = number
        self._plug = f"p{number}"

    @property
    def address(self) -> str:
        """Its IPv4 address."""
        return f"{NETWORK}.{self.number}"

    @property
    def address6(self) -> str:
        """Its IPv6 address."""
        return f"{NETWORK6}:{self.number}"

    @property
    def link_local(self) -> str:
        """An address of its that only this network has, with the interface by which every host is on it."""
        return f"fe80::{self.number}%{INTERFACE}"

    @property
    def command(self) -> tuple[str, ...]:
        """What stands before a command that is to run on this host."""
        return ("ip", "netns", "exec", self.namespace)

    def cut(self) -> None:
        """Pull the plug, at the far end of the cable: the host itself sees nothing of it."""
        self.lan.ip("link", "set", self._plug, "nomaster")

    def restore(self) -> None:
        """Put it in again."""
        self.lan.ip("link", "set", self._plug, "master", "switch")

    def move(self, number: int) -> None:
        """Give it other addresses, as DHCP may after sleep."""
        self._ip("address", "flush", "dev", INTERFACE, "scope", "global")
        self.number = number
        self._address()

    def refuse(self, other: Host) -> None:
        """Let nothing get to another host, nor, as that can't be answered, from there."""
        self._ip("route", "add", "blackhole", f"{other.address}/32")
        self._ip("-6", "route", "add", "blackhole", f"{other.address6}/128")

    def narrow(self, most: int) -> None:
        """Let packets of over `most` bytes get lost on the way to it and from it, without a word, as in some VPNs."""
        for host in self.lan.hosts:
            host._ip("link", "set", INTERFACE, "gso_max_segs", "1")  # else several packets pass as one
        self.lan.ip("link", "set", self._plug, "mtu", str(most))

    def _ip(self, *words: str) -> None:
        _ip("-n", self.namespace, *words)

    def begin(self) -> None:
        """Come into being."""
        _ip("netns", "add", self.namespace)
        self._ip("link", "add", "name", INTERFACE, "type", "veth", "peer", "name", self._plug, "netns", self.lan.switch)
        self.lan.ip("link", "set", self._plug, "master", "switch", "up")
        for interface in ("lo", INTERFACE):
            self._ip("link", "set", interface, "up")
        self._address()

    def _address(self) -> None:
        self._ip("address", "add", f"{self.address}/24", "dev", INTERFACE)
        self._ip("address", "add", f"{self.address6}/64", "dev", INTERFACE, "nodad")
        self._ip("address", "replace", f"fe80::{self.number}/64", "dev", INTERFACE, "nodad")
        self._ip("route", "replace", "224.0.0.0/4", "dev", INTERFACE)


class Lan:
    """A network of a few hosts."""

    def __init__(self) -> None:
        """Make the switch. Skips the test where that can't be done."""
        if os.name != "posix" or os.geteuid() != 0 or shutil.which("ip") is None:
            raise SkipTest("network namespaces are made by root, with the command ip")
        self.name = f"chat-{secrets.token_hex(3)}"
        self.switch = f"{self.name}-switch"
        self.hosts: list[Host] = []
        try:
            _ip("netns", "add", self.switch)
            self.ip("link", "add", "name", "switch", "type", "bridge", "mcast_snooping", "0")
            self.ip("link", "set", "switch", "up")
        except subprocess.CalledProcessError as error:
            self.end()
            raise SkipTest(f"network namespaces can't be made here: {error.stderr.strip()}") from None

    def ip(self, *words: str) -> None:
        """Run `ip` at the switch."""
        _ip("-n", self.switch, *words)

    def host(self, name: str) -> Host:
        """Return a new host."""
        host = Host(self, name, len(self.hosts) + 1)
        self.hosts.append(host)
        host.begin()
        return host

    def end(self) -> None:
        """Remove it all. What runs in it should have been ended before."""
        for namespace in [*(host.namespace for host in self.hosts), self.switch]:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", namespace)
