"""Random stories: whatever happens to peers and networks, the promises hold.

The environment variable `TCPCHAT_EXAMPLES` is the number of stories that Hypothesis tells, of up to 50 steps.
`python -m tests.simulation` tells longer ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.story import Story

EXAMPLES = int(os.environ.get("TCPCHAT_EXAMPLES", "80"))


class SeededStories(SynchronousTestCase):
    """Stories drawn from seeds: the same every time, and each to be told again by its seed."""

    def tell(self, seed: int, peers: int, steps: int) -> None:
        """Tell one; a broken promise is a failure that names the seed."""
        story = Story(seed, peers)
        for _ in range(steps):
            story.step()
        story.settle()

    def test_two_peers(self) -> None:
        """Two peers, 40 stories: whatever happened, both hold all that was ever on a disk, each thing shown once."""
        for seed in range(1000, 1000 + EXAMPLES // 2):
            self.tell(seed, 2, 12)

    def test_three_peers(self) -> None:
        """The same for three peers, 26 stories."""
        for seed in range(2000, 2000 + EXAMPLES // 3):
            self.tell(seed, 3, 15)

    def test_five_peers(self) -> None:
        """The same for five peers, 5 stories."""
        for seed in range(3000, 3000 + EXAMPLES // 16):
            self.tell(seed, 5, 20)


class Telling(RuleBasedStateMachine):
    """Hypothesis tells the story: it looks for one that breaks a promise, and then for the shortest such."""

    @initialize(seed=st.integers(0, 2**20), peers=st.integers(2, 4))
    def begin(self, seed: int, peers: int) -> None:
        """Begin with everybody there."""
        self.story = Story(seed, peers)
        for actor in self.story.world.actors:
            actor.start()

    @rule()
    def say(self) -> None:
        """See `Story`."""
        self.story.say()

    @rule()
    def amend(self) -> None:
        """See `Story`."""
        self.story.amend()

    @rule()
    def start(self) -> None:
        """See `Story`."""
        self.story.start()

    @rule()
    def crash(self) -> None:
        """See `Story`."""
        self.story.crash()

    @rule()
    def suspend(self) -> None:
        """See `Story`."""
        self.story.suspend()

    @rule()
    def resume(self) -> None:
        """See `Story`."""
        self.story.resume()

    @rule()
    def cut_link(self) -> None:
        """See `Story`."""
        self.story.cut_link()

    @rule()
    def partition(self) -> None:
        """See `Story`."""
        self.story.partition()

    @rule()
    def heal(self) -> None:
        """See `Story`."""
        self.story.heal()

    @rule()
    def back_up(self) -> None:
        """See `Story`."""
        self.story.back_up()

    @rule()
    def restore(self) -> None:
        """See `Story`."""
        self.story.restore()

    @rule(seconds=st.sampled_from([0.02, 0.3, 1.0, 3.0, 8.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.story.world.network.run(seconds)

    @invariant()
    def holds(self) -> None:
        """What must hold at every moment."""
        if hasattr(self, "story"):
            self.story.check()

    def teardown(self) -> None:
        """What must hold once all trouble has ended."""
        if hasattr(self, "story"):
            self.story.settle()


class SearchedStories(SynchronousTestCase):
    """Stories that Hypothesis searches for."""

    def test_no_story_breaks_a_promise(self) -> None:
        """No order of comings, goings, crashes, cuts, restored backups and words loses, doubles or disorders anything."""
        run_state_machine_as_test(
            Telling,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=50,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
