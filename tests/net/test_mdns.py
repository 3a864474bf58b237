"""Announcing by multicast DNS, with a stand-in for zeroconf that can fail."""

from __future__ import annotations

import sys
from ipaddress import ip_interface
from types import SimpleNamespace
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net.mdns import Network, Responder

HOSTS = frozenset({Network(1, ip_interface("192.168.0.7/24"))})


class Failing:
    """Plays the package. Whatever it is asked is noted in `done`; at `fails` it raises `error`."""

    def __init__(self, fails: str, error: BaseException) -> None:
        self.done: list[str] = []
        self._fails = fails
        self._error = error

    def do(self, what: str, made: Any = None) -> Any:
        """Note that something was asked for, and return what is `made`."""
        self.done.append(what)
        if what == self._fails:
            raise self._error
        return made

    def Zeroconf(self, interfaces: list[str | int]) -> Any:
        """Open."""
        engine = SimpleNamespace(
            register_service=lambda info: self.do("register"), close=lambda: self.do("close"), loop=None
        )
        return self.do("open", engine)

    def ServiceInfo(self, *arguments: object, **named: object) -> Any:
        """Describe a service."""
        return self.do("describe", object())

    def ServiceBrowser(self, *arguments: object, **named: object) -> Any:
        """Ask who is there."""
        return self.do("browse", SimpleNamespace(cancel=lambda: self.do("cancel")))


class OpenTests(SynchronousTestCase):
    """Opening a responder."""

    def responder(self, fails: str, error: BaseException) -> Failing:
        """Open one that fails somewhere, and return what was done."""
        zeroconf = Failing(fails, error)
        with mock.patch.dict(sys.modules, {"zeroconf": zeroconf}):
            if fails:
                self.assertIs(self.assertRaises(type(error), Responder, 5000, HOSTS, lambda *heard: None), error)
            else:
                Responder(5000, HOSTS, lambda *heard: None)
        return zeroconf

    def test_open(self) -> None:
        """It asks who is there and announces itself, and stays open."""
        self.assertEqual(self.responder("", OSError()).done, ["open", "describe", "browse", "register"])

    def test_fails(self) -> None:
        """Whatever fails, and in whatever way, nothing is left open, and the error goes to whoever wanted it open."""
        for error in (OSError(101, "Network is unreachable"), ValueError("no such interface"), KeyboardInterrupt()):
            self.assertEqual(self.responder("describe", error).done, ["open", "describe", "close"])
            self.assertEqual(self.responder("browse", error).done, ["open", "describe", "browse", "close"])
            register = ["open", "describe", "browse", "register", "cancel", "close"]
            self.assertEqual(self.responder("register", error).done, register)
            self.assertEqual(self.responder("open", error).done, ["open"])
