"""The two stores do the same, whatever is asked of them."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import START, Author
from tests.storage.contract import READER, open_private
from twisted_chat.core.feeds.batches import Batch, Position
from twisted_chat.core.replication.store import Known, Loaded, Store, Which
from twisted_chat.storage import database as databases
from twisted_chat.storage.memory import MemoryStore
from twisted_chat.storage.sqlite import SQLiteStore

AUTHORS = [Author(1), Author(2, late=500)]
BEFORE = Position(START + 5000, AUTHORS[0].feed, 5)
authors = st.sampled_from(AUTHORS)
numbers = st.integers(1, 14)
members = st.builds(
    Known, st.sampled_from([b"a" * 32, b"b" * 32]), st.sampled_from(["Ana", "Bia"]),
    st.lists(st.sampled_from(["Ana", "Bia", "Caio"]), max_size=3).map(tuple), st.booleans(), st.booleans(),
)  # fmt: skip


class Pair(RuleBasedStateMachine):
    """A memory store and an SQLite store that are asked the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000
        self.calls: Queue[Any] = Queue()
        self.directory = tempfile.TemporaryDirectory()
        self.memory: Store = MemoryStore(wall=self.wall)
        self.sqlite: Store = self.open()

    def wall(self) -> float:
        return float(self.now)

    def open(self) -> SQLiteStore:
        path = Path(self.directory.name) / "chat.db"
        return SQLiteStore(path, lambda function, *arguments: self.calls.put((function, arguments)), self.wall)

    def wait(self, deferred: Deferred[Any]) -> Any:
        fired: list[Any] = []
        deferred.addBoth(fired.append)
        while not fired:
            function, arguments = self.calls.get(timeout=20)
            function(*arguments)
        if isinstance(fired[0], Failure):
            fired[0].raiseException()
        return fired[0]

    def both(self, ask: Callable[[Store], Deferred[Any]]) -> None:
        """Ask both, and compare."""
        assert plain(self.wait(ask(self.memory))) == plain(self.wait(ask(self.sqlite)))

    @invariant()
    def measured(self) -> None:
        """What each says it keeps of whom is what it does keep."""
        for store in (self.memory, self.sqlite):
            kept: Counter[bytes] = Counter()
            after = None
            while batches := self.wait(store.everything(after)):
                for batch in batches:
                    kept[batch.feed.author] += batch.size
                after = batches[-1]
            assert +Counter(self.wait(store.sizes())) == kept

    @rule(author=authors, first=numbers, count=st.integers(1, 4))
    def append(self, author: Author, first: int, count: int) -> None:
        batch = author.batch(first, count)
        self.both(lambda store: store.append(batch))
        self.both(lambda store: store.load())

    @rule(author=authors, count=st.integers(1, 4))
    def extend(self, author: Author, count: int) -> None:
        for held in self.wait(self.memory.load()).held:
            if held.feed == author.feed:
                self.append(author, held.high + 1, count)

    @rule(author=authors, which=st.integers(0, 3))
    def fill(self, author: Author, which: int) -> None:
        for held in self.wait(self.memory.load()).held:
            if held.feed == author.feed and held.holes:
                hole = held.holes[which % len(held.holes)]
                self.append(author, hole.first, min(2, hole.last - hole.first + 1))

    @rule(author=authors, first=numbers, limit=st.sampled_from([1, 600, 65536]))
    def read(self, author: Author, first: int, limit: int) -> None:
        self.both(lambda store: store.read(author.feed, first, limit))

    @rule(author=authors, place=st.integers(3, 20))
    def freeze(self, author: Author, place: int) -> None:
        fork = author.fork(place)
        self.both(lambda store: store.freeze(fork))
        self.both(lambda store: store.load())

    @rule(members=st.lists(members, max_size=3))
    def know(self, members: list[Known]) -> None:
        self.both(lambda store: store.know(members))
        self.both(lambda store: store.load())

    @rule(seconds=st.integers(1, 100))
    def later(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self.now > 1100)
    @rule(ago=st.integers(0, 100))
    def trim(self, ago: int) -> None:
        self.both(lambda store: store.trim((self.now - ago) * 1000))
        self.both(lambda store: store.load())

    @rule(count=st.integers(0, 20))
    def look(self, count: int) -> None:
        self.both(lambda store: store.page(Which(READER), count))
        self.both(lambda store: store.page(Which(READER, member=AUTHORS[0].feed.author), count, BEFORE))
        self.both(lambda store: store.search("oi", Which(READER), count, open_private))
        self.both(lambda store: store.search("1", Which(READER), count, open_private))
        self.both(lambda store: store.everything())

    @rule()
    def reopen(self) -> None:
        self.wait(self.sqlite.close())
        self.sqlite = self.open()
        self.both(lambda store: store.load())

    def teardown(self) -> None:
        self.both(lambda store: store.everything())
        self.wait(self.sqlite.close())
        self.directory.cleanup()


def plain(answer: Any) -> Any:
    """Return `answer` in a form that compares by content."""
    if isinstance(answer, Loaded):
        held = sorted(answer.held, key=lambda each: each.feed)
        return held, sorted((fork.feed, fork.place) for fork in answer.forks), answer.members
    if isinstance(answer, Batch):
        return answer.sig, answer.body
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    if hasattr(answer, "number"):
        return plain(answer.batch), answer.number
    return answer


class AlikeTests(SynchronousTestCase):
    """Any sequence of calls."""

    def test_alike(self) -> None:
        """Both stores give the same answers, the one in a database also after it was closed and opened again."""
        self.patch(databases, "_PRAGMAS", databases._PRAGMAS.replace("FULL", "OFF"))  # no machine fails here
        case = Pair.TestCase("runTest")
        case.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
        case.runTest()
