"""Whatever somebody hostile sends: what a peer emits then is acceptable to every other, and honest histories stay whole.

The environment variable `TCPCHAT_MISCHIEF` is the number of examples that Hypothesis looks at.
"""

from __future__ import annotations

import os
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.mischief import Mischief, carry
from tests.kit.wires import Party, Recorder, Wire, join
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.keys import Identity
from twisted_chat.core.replication import forks, inventory
from twisted_chat.core.wire.frames import MAX_LINE, Digest, Frame, Have, Range, Want, decode, encode

EXAMPLES = int(os.environ.get("TCPCHAT_MISCHIEF", "25"))


class Line(RuleBasedStateMachine):
    """Ana, Bia and Cai, linked in a line; and two links of somebody hostile, with three keys, to its ends."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.clock = Clock()
        self.clock.advance(1)
        self.parties = [Party(self.clock, number) for number in (1, 2, 3)]
        friends = {party.id for party in self.parties}
        for party in self.parties:
            party.knows = friends.__contains__
        self.wires = [join(one, other) for one, other in zip(self.parties, self.parties[1:], strict=False)]
        self.mischief = Mischief(Random(seed), [Identity(bytes([number]) * 32) for number in (91, 92, 93)])
        self.hostile = [self.intrude(0), self.intrude(2)]
        self.looked: dict[int, int] = {}
        self.pass_time(0.2)

    def ends(self) -> list[Wire]:
        return [end for wire in self.wires for end in (wire, wire.far)]

    def intrude(self, party: int) -> Recorder:
        wire = Recorder(self.mischief.keys[party].id)
        self.parties[party].replica.attach(wire)
        self.parties[party].hears(wire, Digest({}), Have({}, True))
        return wire

    def send(self, which: int, frame: Frame) -> None:
        """Have somebody hostile send a frame; who is hung up on comes back."""
        party, wire = self.parties[2 * which], self.hostile[which]
        try:
            decoded = decode(encode(frame)[:-1])
            assert decoded is not None
            party.hears(wire, decoded)
        except Refusal:
            party.replica.detach(wire)
            self.hostile[which] = self.intrude(2 * which)

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
        """Somebody hostile sends anything."""
        for _ in range(count):
            self.send(which, self.mischief.frame())

    @rule(which=st.sampled_from([0, 1]))
    def answer(self, which: int) -> None:
        """Somebody hostile gives some of what it was asked for."""
        for frame in self.mischief.answers(self.hostile[which].take(Want)):
            self.send(which, frame)

    @rule(which=st.sampled_from([0, 1]))
    def deceive(self, which: int) -> None:
        """Somebody hostile offers what has to be jumped to, gives it, and then offers what was jumped over."""
        for offer in (self.mischief.plot, self.mischief.reveal, self.mischief.reveal):
            self.send(which, offer())
            self.pass_time(5.5)
            self.answer(which)

    @rule(which=st.sampled_from([0, 1]))
    def part(self, which: int) -> None:
        """A link between honest ones breaks."""
        self.wires[which].cut()

    @rule(which=st.sampled_from([0, 1]))
    def relink(self, which: int) -> None:
        """There is another."""
        wire = self.wires[which]
        if not wire.open:
            self.wires[which] = join(wire.owner, wire.far.owner)

    @rule(which=st.sampled_from([0, 1]), far=st.integers(2, 6))
    def withhold(self, which: int, far: int) -> None:
        """Somebody hostile stands between: what was said meanwhile is passed on in parts, and not the first first."""
        self.part(0)
        for _ in range(far):
            self.say(0 if which else 1, 1)
        said = self.mischief.seen[:]
        said = [batch for batch in said if batch.feed.author == self.parties[0 if which else 1].id][-far:]
        for batch in (said[-2], said[-1]):
            self.send(1, Have({batch.feed.author: [Range(batch.feed.epoch, batch.first, batch.last)]}))
            self.pass_time(6)
            self.send(1, carry(batch))

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
            for line in end.lines[self.looked.get(id(end), 0) :]:
                assert len(line) <= MAX_LINE + 1, line[:100]
            self.looked[id(end)] = len(end.lines)
        for wire in self.hostile:
            assert all(len(line) <= MAX_LINE + 1 for line in wire.lines)

    def teardown(self) -> None:
        """Soon all have all that honest ones said, each thing once."""
        if not hasattr(self, "wires"):
            return
        for party in self.parties:
            party.store.slow = False
            party.store.commit()
        for which in (0, 1):
            self.relink(which)
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
        assert not any(honest & set(party.forks) for party in self.parties)
        for party in self.parties:
            check_chains(party)


def check_chains(party: Party) -> None:
    """All that is held of a feed is one chain, but for what is missing."""
    batches: list[Batch] = []
    while page := fired(party.store.everything(batches[-1] if batches else None)):
        batches += page
    for one, other in pairwise(batches):
        assert not one.contradicts(other), (one, other)


def fired(deferred: Deferred[Any]) -> Any:
    """Return what has fired already."""
    found: list[Any] = []
    deferred.addCallback(found.append)
    return found[0]


class MischiefTests(SynchronousTestCase):
    """Stories that Hypothesis searches for."""

    def test_no_mischief_between_others(self) -> None:
        """Nothing that somebody sends has honest peers hang up on each other, or keeps from them what they said."""
        self.patch(forks, "MAX_FORKS", 2)
        self.patch(inventory, "MAX_STRANGERS", 5)
        run_state_machine_as_test(
            Line,
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
