"""Whatever a peer sends, another takes: every line that any peer emits, whatever state somebody hostile brought it to, is
given to another over a fresh link.

The environment variable `TCPCHAT_TAKEN` is the number of examples that Hypothesis looks at.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.replication.test_mischief import Line
from tests.kit.mischief import carry
from tests.kit.wires import Party, Recorder
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds import batches
from twisted_chat.core.feeds.batches import sign_batch
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.replication import forks, inventory
from twisted_chat.core.replication.replica import Replica
from twisted_chat.core.wire.frames import MAX_INT, MAX_LINE, MAX_NUMBER, Digest, Have, Range, decode, encode

EXAMPLES = int(os.environ.get("TCPCHAT_TAKEN", "15"))
SHORT = 2_000
"""Bytes of entries in a `have`, here: so that a few feeds do not fit one line."""
FEEDS = 50
LONG = MAX_INT - 2 * FEEDS
FLOOD = [
    sign_batch(Identity(b"f" * 32), Group(), LONG + number, 1, b"", 0, 0, "Mal", [Say("x")]) for number in range(FEEDS)
]
"""As many batches: signed once."""


def take(line: bytes, sender: bytes) -> None:
    """Give a line, as the first thing or, if that is not its place, after the lists, to a peer that knows nothing."""
    frame = decode(line[:-1])
    limit = SHORT + len(encode(Have({}, True))) if isinstance(frame, Have) else MAX_LINE + 1
    assert len(line) <= limit, f"{len(line)} bytes: {line[:100]!r}"
    assert isinstance(frame, Replica.handles), frame
    party, wire = Party(Clock(), 77), Recorder(sender)
    party.replica.attach(wire)
    before = [] if isinstance(frame, Digest) else [Digest({}), Have({}, True)]
    try:
        party.hears(wire, *before, frame)
    except Refusal as refusal:
        raise AssertionError(f"{refusal}: {line[:200]!r}") from refusal


class Emitting(Line):
    """Ana, Bia and Cai, and somebody hostile, as in `Line`; all lines are looked at."""

    given: dict[int, int]

    @rule(which=st.sampled_from([0, 1]))
    def flood(self, which: int) -> None:
        """Somebody hostile has more feeds than fit a line, all of which become durable at once."""
        party = self.parties[2 * which]
        party.store.slow = True
        for batch in FLOOD:
            self.send(which, carry(batch))
        party.store.slow = False
        party.store.commit()
        self.pass_time(0.3)

    @rule(which=st.sampled_from([0, 1]), number=st.integers(MAX_NUMBER - 2, MAX_NUMBER), count=st.integers(1, 3))
    def come_to_the_end(self, which: int, number: int, count: int) -> None:
        """Somebody hostile has a record jumped to that is the last there can be, and goes on."""
        key, epoch = self.mischief.keys[which], MAX_INT - number
        self.send(which, Have({key.id: [Range(epoch, number, MAX_NUMBER)]}))
        self.pass_time(5.5)
        batch = sign_batch(key, Group(), epoch, number, b"", 0, 0, "Mal", [Say("x")] * count)
        self.send(which, carry(batch))
        self.pass_time(0.3)

    @invariant()
    def all_is_taken(self) -> None:
        """Whatever was emitted since the last look is acceptable to another."""
        if not hasattr(self, "wires"):
            return
        if not hasattr(self, "given"):
            self.given = {}
        emitted = [(wire, wire.owner.id) for wire in self.ends()]
        emitted += [(wire, party.id) for wire, party in zip(self.hostile, self.parties[::2], strict=True)]
        for wire, sender in emitted:
            for line in wire.lines[self.given.get(id(wire), 0) :]:
                take(line, sender)
            self.given[id(wire)] = len(wire.lines)
        self.kept = [*getattr(self, "kept", []), emitted]  # ids are told apart only while all live


class TakenTests(SynchronousTestCase):
    """Stories that Hypothesis searches for, and the faults that it must find."""

    def setUp(self) -> None:
        self.patch(forks, "MAX_FORKS", 2)
        self.patch(inventory, "_ROOM", SHORT)

    def test_whatever_is_sent_is_taken(self) -> None:
        """By type, by value and by length."""
        run_state_machine_as_test(
            Emitting,
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )

    def test_faults_are_found(self) -> None:
        """Lines split by entries, and a number without a bound, are found once somebody hostile has led there."""
        faults: list[tuple[Any, str, Any, Callable[[Emitting], None]]] = [
            (inventory, "_RANGE_BYTES", 1, lambda told: told.flood(0)),
            (batches, "MAX_NUMBER", MAX_INT, lambda told: told.come_to_the_end(0, MAX_NUMBER, 2)),
        ]
        for where, name, fault, lead in faults:
            for planted in (False, True):
                if planted:
                    self.patch(where, name, fault)
                told = Emitting()
                told.begin(seed=1)
                if planted:
                    self.assertRaises((AssertionError, Refusal), self.look, told, lead)
                else:
                    self.look(told, lead)

    def look(self, told: Emitting, lead: Callable[[Emitting], None]) -> None:
        lead(told)
        told.all_is_taken()
