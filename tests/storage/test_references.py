"""What refers to which message: found alike by every store, without a look at all that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

from hypothesis import given
from hypothesis import strategies as st

from tests.core.feeds.test_amendments import ANA, BIA, ID, PLACE, REACH, SAID, _batches, become
from tests.kit.feeding import START
from tests.storage import referring
from tests.storage.test_memory import InMemory
from tests.storage.test_sqlite import OnDisk
from twisted_chat.core.feeds.amendments import NOTHING, Amended
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.records import Close, Edit, React
from twisted_chat.storage import finding
from twisted_chat.storage.database import open_database
from twisted_chat.storage.memory import MemoryStore
from twisted_chat.storage.tables import Tables

PATIENCE = 5.0
"""Seconds for twenty looks at what goes by an index: one that goes through all would take longer."""


class MemoryTests(InMemory, referring.Referring):
    """In memory."""

    @given(_batches(), st.randoms())
    def test_alike(self, batches: Sequence[Batch], random: object) -> None:
        """In whatever order it came, with holes, the same becomes of a message."""
        random.shuffle(shuffled := list(batches))  # type: ignore[attr-defined]
        store, tables = MemoryStore(), Tables(open_database(Path(":memory:")), lambda feed: None)
        kept = []
        with closing(tables.connection), tables.transaction():
            for batch in shuffled:
                before = tables.count()
                tables.append(batch, 0)
                store.append(batch)
                kept += [batch] if tables.count() > before else []
            self.assertEqual(tables.references.of(PLACE, REACH), become(*kept))
            self.assertEqual(self.result(store.amended([PLACE], REACH)).get(PLACE, NOTHING), become(*kept))


class DiskTests(OnDisk, referring.Referring):
    """On a disk."""

    def test_floods(self) -> None:
        """Whoever reacts a hundred thousand times has one reaction, and a look at it costs no more than at one."""
        self.keep(SAID)
        for first in range(11, 100_000, 512):
            self.keep(BIA.saying(first, [React(ID, f"{first + each}") for each in range(512)]))
        reach = START + 10**12
        began = monotonic()
        for _ in range(20):
            self.assertEqual(len(self.amended(reach=reach).reactions), 1)
        self.assertLess(monotonic() - began, PATIENCE)

    def test_restart(self) -> None:
        """What refers to a message is found again after a restart, and in what an earlier version kept without a word for it."""
        self.keep(SAID, ANA.saying(11, [Edit(ID, "hello")]), BIA.saying(12, [React(ID, "👍")]))
        expected = Amended("hello", reactions={BIA.feed.author: "👍"})
        self.reopen()
        self.assertEqual(self.amended(), expected)
        self.as_formerly()
        self.assertEqual(self.amended(), expected)
        self.assertEqual(self.reading("hello"), ["helo"])

    def test_no_look_at_all(self) -> None:
        """What is asked for is found by indexes, not by going through tables."""
        self.keep(SAID, ANA.saying(11, [Edit(ID, "hello"), Close(ID)]), BIA.saying(12, [React(ID, "👍")]))
        asked: list[str] = []
        connection = self.store._thread.tables.connection
        self.result(self.store._look(lambda: connection.set_trace_callback(asked.append)))
        self.amended()
        self.result(self.store.find([ID]))
        self.result(self.store._look(lambda: connection.set_trace_callback(None)))
        for statement in asked:
            for *_, step in self.sql(f"EXPLAIN QUERY PLAN {statement}"):
                self.assertFalse(step.startswith("SCAN") and "LIMIT 1" not in statement, (statement, step))

    def test_much_that_does_not_count(self) -> None:
        """A search looks at so many corrections and no more."""
        self.patch(finding, "MAX_LOOKED_AT", 3)
        others = [ID._replace(number=number) for number in range(100, 110)]
        self.keep(SAID, ANA.saying(20, [Edit(each, "helo") for each in others]))
        self.assertEqual(self.reading("helo"), [])

    def test_shredded(self) -> None:
        """What is deleted for its age leaves nothing in the table either."""
        self.keep(SAID, BIA.saying(12, [React(ID, "👍")]))
        self.now += 3600
        self.result(self.store.trim(int(self.now * 1000)))
        self.assertEqual(self.sql("SELECT count(*) FROM marks"), [(0,)])
