"""That a peer which was forked is as one that was executed."""

from __future__ import annotations

import os
import signal

from twisted.internet.defer import gatherResults

from tests.integration.case import PeersTestCase
from tests.integration.processes import PeerProcess
from tests.kit.forkserver import forks


class TestForked(PeersTestCase):
    """What is started once so and once so."""

    if not forks:
        skip = "forks are made on Linux"

    def both(self, name: str, *arguments: str) -> list[PeerProcess]:
        """Start a peer both ways, each in a directory of its own."""
        started = []
        for self.peers.forked in (True, False):
            home = f"{name}-{self.peers.forked}"
            started.append(self.peers.start(name, self.peers.ports[len(started)], *arguments, home=home))
        return started

    async def test_ends_alike(self) -> None:
        """Both show the same, complain of the same, and end with the same status."""
        for arguments, status in ((("--version",), 0), (("--links", "many"), 1)):
            forked, executed = self.both("Ana", *arguments)
            self.assertEqual(await gatherResults([forked.when_ended(), executed.when_ended()]), [status, status])
            self.assertEqual((forked.lines, forked.errors), (executed.lines, executed.errors))
            self.assertTrue(forked.lines or forked.errors)

    async def test_runs_alike(self) -> None:
        """Both have as many descriptors, of the same kinds, and a working directory of their own; a kill is seen."""
        seen = []
        for peer in self.both("Ana"):
            await peer.wait_for("Welcome")
            place = f"/proc/{peer.pid}"
            self.assertEqual(os.readlink(f"{place}/cwd"), str(peer.log.parent))
            seen.append([os.readlink(f"{place}/fd/{number}").partition(":")[0] for number in os.listdir(f"{place}/fd")])
            self.assertEqual(await peer.kill(), -signal.SIGKILL)
        forked, executed = ([kind for kind in kinds if not kind.startswith("/")] for kinds in seen)
        self.assertEqual(sorted(forked), sorted(executed))
