"""Peers that go on for hours, or with TCPCHAT_HOURS=24 for a day, in simulated time."""

from __future__ import annotations

import gc
import os
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.world import World
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.timeline.recent import MAX_RECENT
from twisted_chat.net import connection, dialer

HOURS = int(os.environ.get("TCPCHAT_HOURS", "3"))
HOUR = 3600.0
ON_DISK = {"Batch", "FeedId", "_Kept", "tuple", "dict", "list"}
"""Of these there are some for each batch on the disks, which grow with what is said."""
BOUNDED = {"Messages": 3 * MAX_RECENT}
"""Of these there are so many at most, after whatever time."""
FEW = 40
"""Objects more or less that mean nothing."""


class SoakTests(SynchronousTestCase):
    """Three peers talk; one of them comes and goes."""

    def test_nothing_grows(self) -> None:
        """What a peer has in memory after hours is what it had after one, but for what is kept on its disk."""
        for module in (connection, dialer):  # trial's workers would keep each line of the log until the reactor runs
            self.patch(module, "trace", lambda *change: None)
        world = World(5, 3)
        for actor in world.actors:
            actor.start()
        counts: list[Counter[str]] = []
        for _ in range(HOURS):
            self.hour(world)
            gc.collect()
            counts.append(Counter(type(thing).__name__ for thing in gc.get_objects()))
        more = counts[-1] - counts[0]
        self.assertEqual(
            {name: n for name, n in more.items() if name not in ON_DISK and n > BOUNDED.get(name, FEW)}, {}
        )
        self.assertLess(more["list"] + more["tuple"] + more["dict"], 6 * more[Batch.__name__] + 10 * FEW)

    def hour(self, world: World) -> None:
        """Let an hour pass in which everybody says something every few minutes, and the last comes and goes."""
        *others, last = world.actors
        for minute in range(0, 60, 5):
            for actor in others:
                actor.say()
            world.network.run(5 * 60, 1.0)
            if minute == 30:
                last.crash()
                last.start()
        for actor in world.actors:
            for life in actor.lives:
                life.clear()
            actor.lives[:-1] = []
            actor.said.clear()
