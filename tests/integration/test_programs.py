"""Programs as real processes: pipes and sockets, kills, and public packages that know nothing of this one."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from tests.integration import programs

if os.name != "posix":
    raise SkipTest("neither pipes nor sockets of programs are there on Windows")


class KillTests(TestCase):
    """The short form of `python -m tests.integration.programs`."""

    timeout = 240

    def test_each_once(self) -> Any:
        """Slow readers at a pipe and at a socket, killed with and without their peers, get every message once and in order."""
        return deferToThread(programs.run, 1_000, 3).addCallback(self.assertEqual, [])
