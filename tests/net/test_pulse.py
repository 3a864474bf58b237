"""Signs of life."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from twisted_chat.net.pulse import DEAD_AFTER, PING_AFTER, SUSPECT_AFTER, Pulse, Verdict


class PulseTests(SynchronousTestCase):
    """Whether the other end is still there, told from when it was last heard."""

    def test_silence(self) -> None:
        """5 s of silence: a ping is due. 2 s more without answer: suspect. 45 s in all: dead."""
        self.assertEqual((PING_AFTER, SUSPECT_AFTER, DEAD_AFTER), (5.0, 2.0, 45.0))
        pulse = Pulse(100.0)
        for now, verdict in ((100.0, Verdict.FINE), (104.9, Verdict.FINE), (105.0, Verdict.PING)):
            self.assertIs(pulse.check(now), verdict)
        pulse.pinged(105.0)
        for now, verdict in (
            (105.0, Verdict.FINE),
            (106.9, Verdict.FINE),
            (107.0, Verdict.SUSPECT),
            (144.9, Verdict.SUSPECT),
            (145.0, Verdict.DEAD),
        ):
            self.assertIs(pulse.check(now), verdict)

    def test_heard(self) -> None:
        """Anything that arrives ends all suspicion."""
        pulse = Pulse(0.0)
        pulse.pinged(5.0)
        self.assertIs(pulse.check(8.0), Verdict.SUSPECT)
        pulse.heard(9.0)
        self.assertIs(pulse.check(9.0), Verdict.FINE)
        self.assertIs(pulse.check(14.0), Verdict.PING)

    def test_first_ping_counts(self) -> None:
        """Pinging again does not put off the suspicion."""
        pulse = Pulse(0.0)
        pulse.pinged(5.0)
        pulse.pinged(6.9)
        self.assertIs(pulse.check(7.0), Verdict.SUSPECT)

    @patient
    @given(st.lists(st.tuples(st.sampled_from("hpc"), st.floats(0, 10)), max_size=50))
    def test_what_is_heard_lives(self, happenings: list[tuple[str, float]]) -> None:
        """A link heard less than 5 s ago and not pinged since is fine, whatever was before."""
        now = heard = 0.0
        pinged = False
        pulse = Pulse(now)
        for kind, passed in happenings:
            now += passed
            if kind == "h":
                pulse.heard(now)
                heard, pinged = now, False
            elif kind == "p":
                pulse.pinged(now)
                pinged = True
            verdict = pulse.check(now)
            if not pinged and now - heard < PING_AFTER:
                self.assertIs(verdict, Verdict.FINE)
            if now - heard >= DEAD_AFTER:
                self.assertIs(verdict, Verdict.DEAD)
