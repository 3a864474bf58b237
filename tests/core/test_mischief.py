"""Whatever somebody hostile sends: what a peer emits then is acceptable to every other, and honest histories stay whole.

The environment variable `TCPCHAT_MISCHIEF` is the number of examples that Hypothesis looks at.
"""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.mischief import Mischief
from tests.core.wires import Party, Recorder, Wire, join
from twisted_chat.core.errors import Refusal
from twisted_chat.core.frames import MAX_LINE, Digest, Have, Want
from twisted_chat.core.keys import Identity

EXAMPLES = int(os.environ.get("TCPCHAT_MISCHIEF", "60"))


class Line(RuleBasedStateMachine):
    """Ana, Bia and Cai, linked in a line; and two links of somebody hostile, with three keys, to its ends."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.clock = Clock()
        self.clock.advance(1)
        self.parties = [Party(self.clock, number) for number in (1, 2, 3)]
        self.wires = [join(one, other) for one, other in zip(self.parties, self.parties[1:], strict=False)]
        self.mischief = Mischief(Random(seed), [Identity(bytes([number]) * 32) for number in (91, 92, 93)])
        self.hostile = [self.intrude(0), self.intrude(2)]
        self.looked = dict.fromkeys(self.ends(), 0)
        self.pass_time(0.2)

    def ends(self) -> list[Wire]:
        return [end for wire in self.wires for end in (wire, wire.far)]

    def intrude(self, party: int) -> Recorder:
        wire = Recorder(self.mischief.keys[party].id)
        self.parties[party].replica.attach(wire)
        self.parties[party].hears(wire, Digest({}), Have({}, True))
        return wire

    def pass_time(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / 0.05))):
            self.clock.advance(0.05)
            self.clock.advance(0.002)

    @rule(which=st.integers(0, 2), count=st.integers(1, 3))
    def say(self, which: int, count: int) -> None:
        """Somebody honest speaks."""
        party = self.parties[which]
        party.say(*(f"{which} {len(party.shown)} {number}" for number in range(count)))
        self.pass_time(0.01)
        self.mischief.seen = [batch for other in self.parties for batch in other.shown if batch.feed.author == other.id]

    @rule(which=st.sampled_from([0, 1]), count=st.integers(1, 12))
    def misbehave(self, which: int, count: int) -> None:
        """Somebody hostile sends anything; who is hung up on comes back."""
        party = self.parties[2 * which]
        for _ in range(count):
            try:
                party.hears(self.hostile[which], self.mischief.frame())
            except Refusal:
                party.replica.detach(self.hostile[which])
                self.hostile[which] = self.intrude(2 * which)

    @rule(which=st.sampled_from([0, 1]))
    def answer(self, which: int) -> None:
        """Somebody hostile gives some of what it was asked for."""
        for frame in self.mischief.answers(self.hostile[which].take(Want)):
            self.parties[2 * which].hears(self.hostile[which], frame)

    @rule(which=st.sampled_from([0, 1]))
    def relink(self, which: int) -> None:
        """A link between honest ones breaks, and there is another."""
        wire = self.wires[which]
        wire.cut()
        self.check()
        self.wires[which] = join(wire.owner, wire.far.owner)
        self.looked = dict.fromkeys(self.ends(), 0)

    @rule(which=st.integers(0, 2), slow=st.booleans())
    def write(self, which: int, slow: bool) -> None:
        """A disk is slow, or writes what waits."""
        self.parties[which].store.slow = slow
        if not slow:
            self.parties[which].store.commit()

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 6.0, 12.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.pass_time(seconds)

    @invariant()
    def check(self) -> None:
        """No honest link is refused anything, and no line is too long."""
        if not hasattr(self, "wires"):
            return
        for end in self.ends():
            assert end.refused is None, f"{end.owner.replica.own} was hung up on: {end.refused}"
            for line in end.lines[self.looked.get(end, 0) :]:
                assert len(line) <= MAX_LINE + 1, line[:100]
            self.looked[end] = len(end.lines)
        for wire in self.hostile:
            assert all(len(line) <= MAX_LINE + 1 for line in wire.lines)

    def teardown(self) -> None:
        """Soon all have all that honest ones said, each thing once."""
        if not hasattr(self, "wires"):
            return
        for party in self.parties:
            party.store.slow = False
            party.store.commit()
        self.pass_time(25)
        self.check()
        honest = {party.id for party in self.parties}
        stories = [
            sorted((batch.feed, batch.first, batch.hash) for batch in party.shown if batch.feed.author in honest)
            for party in self.parties
        ]
        assert stories[0] == stories[1] == stories[2], [[place[:2] for place in story] for story in stories]
        assert len(set(stories[0])) == len(stories[0])
        held = [
            {feed: range for feed, range in party.held().items() if feed.author in honest} for party in self.parties
        ]
        assert held[0] == held[1] == held[2], held
        assert not any(party.id in party.forks for party in self.parties)


class MischiefTests(SynchronousTestCase):
    """Stories that Hypothesis searches for."""

    def test_no_mischief_between_others(self) -> None:
        """Nothing that somebody sends has honest peers hang up on each other, or keeps from them what they said."""
        run_state_machine_as_test(
            Line,
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
