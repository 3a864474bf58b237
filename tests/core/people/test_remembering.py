"""What is known of members, from one start to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Queue
from typing import Any
from zlib import crc32

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.signing import Writer
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.people.remembering import Remembering
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.insisting import Insisting
from twisted_chat.core.replication.store import Known, Loaded
from twisted_chat.storage.database import open_database
from twisted_chat.storage.memory import MemoryStore
from twisted_chat.storage.sqlite import SQLiteStore

ME, EVA = b"m" * 32, b"e" * 32
PATIENCE = 20


class SlowStore(MemoryStore):
    """A store that takes its time to keep what is known of members."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[Known], Deferred[None]]] = []

    def know(self, members: Any) -> Deferred[None]:
        """Wait for `answer`."""
        self.asked.append((list(members), Deferred()))
        return self.asked[-1][1]

    def answer(self) -> list[Known]:
        """Keep what was asked for first, and return it."""
        members, deferred = self.asked.pop(0)
        super().know(members)
        deferred.callback(None)
        return members


class RememberingTests(SynchronousTestCase):
    """Starts with what a store holds."""

    def setUp(self) -> None:
        self.store = MemoryStore()
        self.ana, self.bia = Writer(1), Writer(2)

    def begin(self, name: str = "Me") -> Roster:
        """Start, and return the roster."""
        roster = Roster(ME, name)
        self.remembering = Remembering(roster, self.store, Insisting(Clock()))
        self.assertIsNone(self.successResultOf(self.remembering.begin(self.successResultOf(self.store.load()))))
        return roster

    def named(self, writer: Writer, name: str, lc: int) -> Batch:
        """Keep something `writer` says at a hybrid time under a name."""
        batch = writer.forge(writer.write("oi"), name=name, lc=lc)
        self.store.append(batch)
        return batch

    def test_nothing(self) -> None:
        """An empty store makes a roster of one, which is kept."""
        self.assertEqual([member.shown for member in self.begin().everybody()], ["Me"])
        self.assertEqual(self.successResultOf(self.store.load()).members, [Known(ME, "Me", ("Me",))])

    def test_names_stay_owned(self) -> None:
        """Who owned a name before the start owns it after, also if another comes first."""
        roster = self.begin()
        roster.claim(self.ana.feed.author, "Ana", 1, durable=True)
        roster.claim(self.bia.feed.author, "Ana", 2, durable=True)
        again = self.begin()
        self.assertEqual(
            again.claim(self.bia.feed.author, "Ana", 3, durable=True).shown, f"Ana~{self.bia.feed.author[:2].hex()}"
        )
        self.assertEqual(again.claim(self.ana.feed.author, "Ana", 4, durable=True).shown, "Ana")

    def test_marks_stay(self) -> None:
        """Who was verified or ignored still is."""
        roster = self.begin()
        roster.verify(roster.claim(self.ana.feed.author, "Ana"), True)
        roster.ignore(roster.claim(self.bia.feed.author, "Bia"), True)
        again = self.begin()
        self.assertTrue(again.find("Ana").verified)
        self.assertTrue(again.find("Bia").ignored)

    def test_passing_keys(self) -> None:
        """A key that was not durable owns nothing after a start, though what it said is held; its name is known."""
        roster = self.begin()
        self.named(self.ana, "Ana", 5)
        roster.claim(self.ana.feed.author, "Ana", 5, durable=False)
        again = self.begin()
        self.assertEqual(again.shown(self.ana.feed.author), "Ana")
        self.assertEqual(again.claim(self.bia.feed.author, "Ana", 6, durable=True).shown, "Ana")

    def test_former_version(self) -> None:
        """Where nothing was kept of anybody, a name is owned by who said something under it first, whoever did so last."""
        self.named(self.bia, "Ana", 2)
        self.named(self.ana, "Ana", 1)
        roster = self.begin()
        self.assertEqual(roster.shown(self.ana.feed.author), "Ana")
        self.assertEqual(roster.shown(self.bia.feed.author), f"Ana~{self.bia.feed.author[:2].hex()}")
        self.assertEqual(roster.get(self.bia.feed.author).heard, 2)
        self.assertEqual(self.begin().owner("Ana").id, self.ana.feed.author)

    def test_renamed_meanwhile(self) -> None:
        """Who said something under several names goes by the last, and owns the first."""
        self.named(self.ana, "Ana", 1)
        last = self.named(self.ana, "Anna", 2)
        roster = self.begin()
        self.assertEqual(roster.shown(last.feed.author), "Anna")
        self.assertEqual(
            roster.claim(self.bia.feed.author, "Ana", 3, durable=True).shown, f"Ana~{self.bia.feed.author[:2].hex()}"
        )

    def test_one_call_at_a_time(self) -> None:
        """While the store is busy what changes waits, the newest of each member only; at the end all goes out."""
        self.store = SlowStore()
        roster = self.begin()
        ana = roster.claim(self.ana.feed.author, "Ana")
        for verified in (True, False, True):
            roster.verify(ana, verified)
        self.assertEqual(len(self.store.asked), 1)
        self.store.answer()
        self.assertEqual(self.store.answer(), [Known(self.ana.feed.author, "Ana", ("Ana",), verified=True)])
        roster.ignore(ana, True)
        roster.claim(self.bia.feed.author, "Bia")
        self.remembering.end()
        self.assertEqual([[known.name for known in members] for members, _ in self.store.asked], [["Ana"], ["Bia"]])
        roster.claim(EVA, "Eva")
        self.store.answer()
        self.assertEqual(len(self.store.asked), 1, "nothing after the end")


class UpgradeTests(SynchronousTestCase):
    """A database that the version before kept members made."""

    def result(self, deferred: Deferred[Any]) -> Any:
        fired: list[Any] = []
        deferred.addBoth(fired.append)
        while not fired:
            function, arguments = self.calls.get(timeout=PATIENCE)
            function(*arguments)
        return fired[0]

    def test_version_one(self) -> None:
        """Its messages are all there, and names belong to who was first under them; a copy of the old one stays."""
        path = Path(self.mktemp())
        ana, bia = Writer(1), Writer(2)
        batches = [ana.write("a"), ana.write("b"), bia.forge(bia.write("c"), name="Ana", lc=1 << 52)]
        self.keep_in_version_one(path, batches)
        self.calls: Queue[tuple[Callable[..., object], tuple[Any, ...]]] = Queue()
        store = SQLiteStore(path, lambda function, *arguments: self.calls.put((function, arguments)))
        self.addCleanup(lambda: self.result(store.close()))
        loaded: Loaded = self.result(store.load())
        self.assertEqual(
            {held.feed: (held.low, held.high) for held in loaded.held}, {ana.feed: (1, 2), bia.feed: (1, 1)}
        )
        roster = Roster(ME, "Me")
        self.assertIsNone(self.result(Remembering(roster, store, Insisting(Clock())).begin(loaded)))
        self.assertEqual(
            (roster.shown(ana.feed.author), roster.shown(bia.feed.author)), ("Ana", f"Ana~{bia.feed.author[:2].hex()}")
        )
        self.assertIn(Known(ana.feed.author, "Ana", ("Ana",)), self.result(store.load()).members)
        self.assertTrue(path.with_name(f"{path.name}.v1.bak").exists())

    def keep_in_version_one(self, path: Path, batches: list[Batch]) -> None:
        """Do what version 1 did, by its schema."""
        heads: dict[FeedId, int] = {}
        with closing(open_database(path, version=1)) as database:
            for batch in batches:
                feed = heads.setdefault(batch.feed, len(heads) + 1)
                database.execute(
                    "INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, 1, ?, 1, 0, 0, ?, ?, ?)",
                    (feed, *batch.feed, batch.last, batch.hash, batch.first, batch.last_lc),
                )
                database.execute(
                    "INSERT INTO batches (feed, first, last, last_lc, received, notable, checksum, sig, body)"
                    " VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?)",
                    (
                        feed,
                        batch.first,
                        batch.last,
                        batch.last_lc,
                        crc32(batch.body, crc32(batch.sig)),
                        batch.sig,
                        batch.body,
                    ),
                )
        with closing(sqlite3.connect(path)) as database:
            self.assertEqual(database.execute("PRAGMA user_version").fetchone(), (1,))
