"""Stories with two hostile ones in them: nothing they do harms anybody else, and if it did, a story would show it.

The environment variable `TCPCHAT_HOSTILE` is the number of stories; `python -m tests.simulation --hostile` tells more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.hostile import HostileStory, small
from tests.simulation.story import Violation
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import FORGED, Refusal
from twisted_chat.core.feeds import batches
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.group import Group
from twisted_chat.core.replication import inventory
from twisted_chat.core.replication.forks import Forks
from twisted_chat.core.replication.holding import Holding
from twisted_chat.core.replication.holes import Hole
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.sources import Sources
from twisted_chat.core.wire.frames import MAX_INT

STORIES = int(os.environ.get("TCPCHAT_HOSTILE", "8"))


TRIES = 60
"""Stories in which a fault must be found; it is after few, with the seeds given, but another
change may make it more."""


def tell(seed: int, misled: bool = False) -> None:
    """Tell one, of three peers; raise `Violation`, which names the seed, if a promise is broken."""
    with small():
        HostileStory(seed, 3, misled).tell(6 if misled else 12)


class HostileStories(SynchronousTestCase):
    """A member and a relay that do whatever the protocol allows by type, among those who keep to it; many clocks are wrong."""

    def test_no_harm(self) -> None:
        """Honest ones stay linked, hold and show all that honest ones said, in one order, each thing once, and nothing grows."""
        for seed in range(STORIES):
            tell(seed)


class FaultTests(SynchronousTestCase):
    """A fault that somebody hostile can use is found by some story."""

    def found(self, what: str, first: int, *faults: tuple[Any, str, Any], misled: bool = False) -> None:
        """Some story, of those from the seed `first` on, breaks a promise in these words, with these faults planted."""
        patches = [self.patch(*fault) for fault in faults]
        try:
            for seed in range(first, first + TRIES):
                try:
                    tell(seed, misled)
                except Violation as violation:
                    self.assertIn(what, str(violation))
                    return
            self.fail(f"{what}: not in {TRIES} stories")
        finally:
            for patch in patches:
                patch.restore()
            self.flushLoggedErrors()

    def test_hanging_up_for_a_third_party(self) -> None:
        """A link that ends for what a third party signed: a fork too many."""

        def conflict(forks: Forks, holding: Holding, batch: Batch, number: int, unproven: Callable[[], None]) -> None:
            if not forks.keeps(batch.feed):
                raise Refusal(FORGED, "a contradiction")
            known(forks, holding, batch, number, unproven)

        known = Forks.conflict
        self.found("link", 2, (Forks, "conflict", conflict))

    def test_a_forgotten_hole(self) -> None:
        """Jumping again while what was jumped over may come, and remembering the last hole only."""

        def beyond(sources: Sources, holding: Holding, ahead: Any, behind: Any, fills: bool) -> list[Any]:
            return known(sources, holding, ahead, behind, False)

        def extend(holding: Holding, batch: Batch) -> None:
            added(holding, batch)
            holding.holes = holding.holes[:1]

        known, added = Sources._beyond, Holding.extend
        self.found("hold different things", 0, (Sources, "_beyond", beyond), (Holding, "extend", extend), misled=True)

    def test_a_hole_filled_with_anything(self) -> None:
        """Filling a hole with what is no chain with what is held."""
        yes = lambda hole, batch: True  # noqa: E731
        self.found("holds what contradicts itself", 7, (Hole, "follows", yes), (Hole, "leads", yes))

    def test_a_number_without_a_bound(self) -> None:
        """Taking a record of a number that nobody may announce."""
        self.found("link", 2, (batches, "MAX_NUMBER", MAX_INT))

    def test_lines_split_by_entries(self) -> None:
        """Lines in which entries are counted and not bytes."""
        self.found("wrote", 0, (inventory, "_RANGE_BYTES", 1))

    def test_answers_out_of_order(self) -> None:
        """Clocks that do not follow what is far ahead."""
        known = HybridClock.observe

        def observe(clock: HybridClock, stamp: int, count: int = 1) -> None:
            if stamp < clock.wall_ms() * 1000 + 24 * 3600 * 10**6:
                known(clock, stamp, count)

        self.found("having been shown", 0, (HybridClock, "observe", observe))

    def test_promising_what_is_not_written(self) -> None:
        """Announcing what is not on the disk."""
        known = Holding.extend

        def extend(holding: Holding, batch: Batch) -> None:
            known(holding, batch)
            holding.keep(batch)

        self.found("of which are written", 0, (Holding, "extend", extend))

    def test_anybody_signs(self) -> None:
        """Taking signatures for good."""
        self.found("never said", 6, (Group, "signature_holds", lambda *signed: True))

    def test_made_up_feeds_stay(self) -> None:
        """Keeping in mind whatever is offered."""
        self.found("empty feeds", 0, (Inventory, "release", lambda inventory, holding: None))
