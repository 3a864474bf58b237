"""What every store promises: the tests that each of them runs."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author, ranges
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.records import Away, KnownRecord, Private, Say, Topic
from twisted_chat.core.replication.holes import MAX_HOLES
from twisted_chat.core.replication.store import Held, Hit, Known, Loaded, Store, Which

READER = Author(9).feed.author


def open_private(author: bytes, record: Private) -> str | None:
    """Open what `private` made, for `READER` alone."""
    return record.sealed.decode() if READER in (author, record.to) and record.sealed != b"?" else None


def private(to: Author, text: str) -> Private:
    """Make a private message that anybody could read; "?" nobody can."""
    return Private(to.feed.author, text.encode(), b"")


class StoreContract(SynchronousTestCase):
    """Mix into a test case that sets `store` and says how its Deferreds come to fire."""

    store: Store
    now = 1_700_000_000.0
    """The wall clock, in seconds."""

    def result(self, deferred: Deferred[Any]) -> Any:
        """Return what `deferred` fires with."""
        raise NotImplementedError

    def wall(self) -> float:
        """The clock to give to the store."""
        return self.now

    def keep(self, *batches: Batch) -> None:
        for batch in batches:
            self.assertEqual(self.result(self.store.append(batch)), {})

    def held(self, feed: FeedId) -> Held | None:
        return {each.feed: each for each in self.result(self.store.load()).held}.get(feed)

    def spans(self, feed: FeedId) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return what is announced, and the highest hole."""
        held = self.held(feed)
        assert held is not None
        hole = held.holes[0][:2] if held.holes else (0, 0)
        return (held.low, held.high), hole

    def page(self, limit: int, before: Position | None = None, **which: Any) -> list[Hit]:
        """Return a page of `READER`'s."""
        hits: list[Hit] = self.result(self.store.page(Which(READER, **which), limit, before))
        return hits

    def search(self, words: str, limit: int = 9, **which: Any) -> list[Hit]:
        """Search as `READER`."""
        hits: list[Hit] = self.result(self.store.search(words, Which(READER, **which), limit, open_private))
        return hits

    def read(self, feed: FeedId, first: int, limit: int = 65536) -> list[tuple[int, int]]:
        return ranges(self.result(self.store.read(feed, first, limit)))


class Arriving(StoreContract):
    """What arrived, in that order."""

    def arrived(self, serial: int = 0, limit: int = 65536) -> tuple[list[tuple[int, int]], list[int], int, bool]:
        """Return the ranges that arrived from a number on, their numbers, the last number, and whether there are more."""
        found = self.result(self.store.arrived(serial, limit))
        return (
            ranges([batch for _, batch in found.batches]),
            [each for each, _ in found.batches],
            found.newest,
            found.more,
        )

    def test_order(self) -> None:
        """Batches come in the order in which they were kept, whatever their place, and a hole's when it is filled."""
        ana, bia = Author(1), Author(2)
        one, two, three = ana.batches((1, 4), (5, 7), (8, 8))
        self.assertEqual(self.arrived(), ([], [], 0, False))
        self.keep(one, three, bia.batch(1, 2), two)
        self.assertEqual(self.arrived(), ([(1, 4), (8, 8), (1, 2), (5, 7)], [1, 2, 3, 4], 4, False))
        self.assertEqual(self.arrived(3), ([(1, 2), (5, 7)], [3, 4], 4, False))
        self.assertEqual(self.arrived(5), ([], [], 4, False))

    def test_pages(self) -> None:
        """A page has at most so many bytes, one batch at least, and says whether there are more; with 0 bytes, none."""
        one, two, three = Author().batches((1, 4), (5, 8), (9, 12))
        self.keep(one, two, three)
        self.assertEqual(self.arrived(0, one.size + two.size), ([(1, 4), (5, 8)], [1, 2], 2, True))
        self.assertEqual(self.arrived(2, 1), ([(5, 8)], [2], 2, True))
        self.assertEqual(self.arrived(3, 1), ([(9, 12)], [3], 3, False))
        self.assertEqual(self.arrived(0, 0), ([], [], 3, False))

    def test_numbers_once(self) -> None:
        """The number of a batch that was dropped is no other's afterwards, and what was given up is passed over."""
        author = Author()
        one, two = author.batches((1, 4), (5, 5))
        self.keep(one, two)
        copy = self.result(self.store.arrived(0, 0)).copy
        self.result(self.store.freeze(author.fork(5)))
        self.keep(Author(2).batch(1))
        self.assertEqual(self.arrived(), ([(1, 4), (1, 1)], [1, 3], 3, False))
        self.now += 100
        self.result(self.store.trim(int(self.now * 1000)))
        self.keep(Author(3).batch(1, 2))
        self.assertEqual(self.arrived(), ([(1, 2)], [4], 4, False))
        self.assertEqual(self.result(self.store.arrived(0, 0)).copy, copy)


class Keeping(StoreContract):
    """Appending and reading."""

    def test_nothing(self) -> None:
        """A new store holds nothing and says so."""
        loaded = self.result(self.store.load())
        self.assertEqual((loaded.held, loaded.forks), ([], []))
        feed = Author().feed
        self.assertEqual(self.read(feed, 1), [])
        self.assertEqual(self.page(10), [])
        self.assertEqual(self.search("oi"), [])
        self.assertEqual(self.result(self.store.everything()), [])
        self.assertEqual(self.result(self.store.trim(2**50)), {})

    def test_bytes(self) -> None:
        """A batch comes back byte for byte."""
        batch = Author().batch(1, 3, text="olá 👋 {}")
        self.keep(batch)
        [back] = self.result(self.store.read(batch.feed, 1))
        self.assertEqual((back.sig, back.body, back.records), (batch.sig, batch.body, batch.records))

    def test_held(self) -> None:
        """What is held of a feed is its range, and the hash, place and time of its newest batch."""
        author = Author()
        one, two = author.batches((1, 4), (5, 7))
        self.keep(one, two)
        self.assertEqual(self.held(author.feed), Held(author.feed, 1, 7, two.hash, 5, two.last_lc))

    def test_read_sees_appends(self) -> None:
        """A read sees the append made just before it, kept or not."""
        batch = Author().batch(1)
        self.store.append(batch)
        self.assertEqual(self.read(batch.feed, 1), [(1, 1)])

    def test_read_from_within(self) -> None:
        """Reading starts with the batch that holds the record asked for."""
        author = Author()
        self.keep(*author.batches((1, 4), (5, 7), (8, 8)))
        self.assertEqual(self.read(author.feed, 6), [(5, 7), (8, 8)])
        self.assertEqual(self.read(author.feed, 8), [(8, 8)])
        self.assertEqual(self.read(author.feed, 9), [])

    def test_read_limit(self) -> None:
        """A read returns at most `limit` bytes, but one batch at least."""
        author = Author()
        one, two, three = author.batches((1, 4), (5, 8), (9, 12))
        self.keep(one, two, three)
        self.assertEqual(self.read(author.feed, 1, one.size + two.size), [(1, 4), (5, 8)])
        self.assertEqual(self.read(author.feed, 1, one.size + two.size - 1), [(1, 4)])
        self.assertEqual(self.read(author.feed, 1, 1), [(1, 4)])

    def test_twice(self) -> None:
        """A batch that is held already is not kept again."""
        author = Author()
        one, two = author.batches((1, 4), (5, 7))
        self.keep(one, two, two, one)
        self.assertEqual(self.read(author.feed, 1), [(1, 4), (5, 7)])
        self.assertEqual(self.spans(author.feed), ((1, 7), (0, 0)))

    def test_feeds_apart(self) -> None:
        """Epochs of one author, and authors, don't mix."""
        feeds = [Author(1, epoch=1), Author(1, epoch=2), Author(2, epoch=1)]
        for count, author in enumerate(feeds, 1):
            self.keep(author.batch(1, count))
        for count, author in enumerate(feeds, 1):
            self.assertEqual(self.read(author.feed, 1), [(1, count)])

    def test_acks_in_order(self) -> None:
        """Appends are acknowledged in the order they were made."""
        acked: list[int] = []
        deferreds = []
        for batch in Author().batches(*((n, n) for n in range(1, 20))):
            deferred = self.store.append(batch)
            deferred.addCallback(lambda _, first=batch.first: acked.append(first))
            deferreds.append(deferred)
        for deferred in deferreds:
            self.result(deferred)
        self.assertEqual(acked, list(range(1, 20)))


class Holes(StoreContract):
    """Jumping ahead, and filling what was jumped over."""

    def setUp(self) -> None:
        super().setUp()
        self.author = Author()
        self.feed = self.author.feed

    def test_starts_above(self) -> None:
        """A feed whose first batch isn't its beginning has a hole down to record 1."""
        self.keep(self.author.batch(10, 5))
        self.assertEqual(self.spans(self.feed), ((10, 14), (1, 9)))

    def test_filled_from_the_start(self) -> None:
        """A hole down to record 1 shrinks from its start; once closed, all is announced."""
        self.keep(*self.author.batches((10, 14), (1, 4)))
        self.assertEqual(self.spans(self.feed), ((10, 14), (5, 9)))
        self.keep(self.author.batch(5, 5))
        self.assertEqual(self.spans(self.feed), ((1, 14), (0, 0)))
        self.assertEqual(self.read(self.feed, 1), [(1, 4), (5, 9), (10, 14)])

    def test_jump(self) -> None:
        """Jumping ahead announces the newer run; the older one is still read, up to the hole."""
        self.keep(*self.author.batches((1, 4), (10, 14)))
        self.assertEqual(self.spans(self.feed), ((10, 14), (5, 9)))
        self.assertEqual(self.read(self.feed, 1), [(1, 4)])
        self.assertEqual(self.read(self.feed, 5), [(10, 14)])

    def test_grows_over_a_hole(self) -> None:
        """The newer run goes on while the hole is open."""
        self.keep(*self.author.batches((1, 4), (10, 14), (15, 15), (5, 9), (16, 17)))
        self.assertEqual(self.spans(self.feed), ((1, 17), (0, 0)))

    def test_second_jump(self) -> None:
        """A second jump leaves a second hole; they are filled in any order."""
        self.keep(*self.author.batches((1, 4), (10, 14), (20, 21)))
        self.assertEqual(self.spans(self.feed), ((20, 21), (15, 19)))
        self.keep(*self.author.batches((15, 19)))
        self.assertEqual(self.spans(self.feed), ((10, 21), (5, 9)))
        self.keep(*self.author.batches((30, 31), (5, 8)))
        self.assertEqual(self.spans(self.feed), ((30, 31), (22, 29)))
        self.keep(self.author.batch(9))
        self.assertEqual(self.spans(self.feed), ((30, 31), (22, 29)))
        self.keep(self.author.batch(22, 8))
        self.assertEqual(self.spans(self.feed), ((1, 31), (0, 0)))

    def test_as_many_as_may_be(self) -> None:
        """So many holes are remembered; with one more the batch is not kept, and nothing forgotten."""
        batches = self.author.batches(*((3 * number, 3 * number) for number in range(1, MAX_HOLES + 1)))
        self.keep(*batches, self.author.batch(3 * MAX_HOLES + 3), self.author.batch(3 * MAX_HOLES + 1))
        held = self.held(self.feed)
        assert held is not None
        self.assertEqual((held.high, len(held.holes)), (3 * MAX_HOLES + 1, MAX_HOLES))
        self.assertEqual(held.holes[-1][:3], (1, 2, 1))
        self.assertEqual((held.holes[-1].after, held.holes[-2].before), (batches[0].prev, batches[0].hash))

    def test_does_not_fit(self) -> None:
        """What starts within a hole, or reaches beyond it, is not kept."""
        self.keep(*self.author.batches((10, 14), (3, 4), (1, 10)))
        self.assertEqual(self.spans(self.feed), ((10, 14), (1, 9)))
        self.assertEqual(self.read(self.feed, 1), [(10, 14)])


class Freezing(StoreContract):
    """Forks."""

    def setUp(self) -> None:
        super().setUp()
        self.author = Author()
        self.feed = self.author.feed

    def freeze(self, place: int) -> Held | None:
        held: Held | None = self.result(self.store.freeze(self.author.fork(place)))
        return held

    def test_cut(self) -> None:
        """The feed ends before the batch that holds the fork's place, and the proof is kept."""
        one, two, three = self.author.batches((1, 4), (5, 7), (8, 9))
        self.keep(one, two, three)
        held = self.freeze(6)
        self.assertEqual(held, Held(self.feed, 1, 4, one.hash, 1, one.last_lc))
        self.assertEqual(self.held(self.feed), held)
        self.assertEqual(self.read(self.feed, 1), [(1, 4)])
        [fork] = self.result(self.store.load()).forks
        self.assertEqual((fork.place, fork.feed), (6, self.feed))
        self.assertEqual(fork.one.body, self.author.fork(6).one.body)

    def test_nothing_left(self) -> None:
        """A feed cut at its start is gone; the proof stays."""
        self.keep(*self.author.batches((1, 4)))
        self.assertIsNone(self.freeze(1))
        self.assertIsNone(self.held(self.feed))
        self.assertEqual(len(self.result(self.store.load()).forks), 1)
        self.assertEqual(self.page(9), [])

    def test_unknown_feed(self) -> None:
        """The proof is kept even if nothing of the feed is; its records before the place can still come."""
        self.assertIsNone(self.freeze(5))
        self.keep(self.author.batch(1, 4))
        self.assertEqual(self.spans(self.feed), ((1, 4), (0, 0)))

    def test_again(self) -> None:
        """Freezing again changes nothing, at a higher place neither; a lower place cuts further."""
        self.keep(*self.author.batches((1, 4), (5, 7), (8, 9)))
        held = self.freeze(8)
        self.assertEqual(self.freeze(8), held)
        self.assertEqual(self.freeze(9), held)
        self.assertEqual([fork.place for fork in self.result(self.store.load()).forks], [8])
        self.freeze(5)
        self.assertEqual(self.spans(self.feed), ((1, 4), (0, 0)))
        self.assertEqual([fork.place for fork in self.result(self.store.load()).forks], [5])

    def test_ahead(self) -> None:
        """A fork beyond what is held takes nothing away."""
        self.keep(*self.author.batches((1, 4), (10, 11)))
        self.freeze(20)
        self.assertEqual(self.spans(self.feed), ((10, 11), (5, 9)))

    def test_in_the_newer_run(self) -> None:
        """Cutting within the newer run leaves the hole below it open."""
        self.keep(*self.author.batches((1, 4), (10, 11), (12, 13)))
        self.freeze(12)
        self.assertEqual(self.spans(self.feed), ((10, 11), (5, 9)))

    def test_below_the_newer_run(self) -> None:
        """If the newer run goes entirely, the older is announced again, and goes on."""
        self.keep(*self.author.batches((1, 4), (10, 11), (5, 6)))
        self.freeze(9)
        self.assertEqual(self.spans(self.feed), ((1, 6), (0, 0)))
        self.keep(self.author.batch(7, 2))
        self.assertEqual(self.spans(self.feed), ((1, 8), (0, 0)))

    def test_below_two_holes(self) -> None:
        """The lowest run is announced if it is what's left."""
        self.keep(*self.author.batches((1, 2), (3, 4), (10, 11), (20, 21)))
        self.freeze(6)
        self.assertEqual(self.spans(self.feed), ((1, 4), (0, 0)))


class Trimming(StoreContract):
    """Giving up what is old."""

    def setUp(self) -> None:
        super().setUp()
        self.author = Author()
        self.feed = self.author.feed

    def keep_at(self, second: int, *batches: Batch) -> None:
        self.now = float(second)
        self.keep(*batches)

    def trim(self, second: int) -> dict[FeedId, int]:
        lows: dict[FeedId, int] = self.result(self.store.trim(second * 1000))
        return lows

    def test_old(self) -> None:
        """Whole batches received before the time are given up, and each feed's new low is told."""
        other = Author(2)
        one, two, three = self.author.batches((1, 4), (5, 7), (8, 9))
        self.keep_at(100, one, other.batch(1))
        self.keep_at(200, two)
        self.keep_at(300, three)
        self.assertEqual(self.trim(100), {})
        self.assertEqual(self.trim(200), {self.feed: 5, other.feed: 2})
        self.assertEqual(self.read(self.feed, 1), [(5, 7), (8, 9)])
        self.assertEqual(self.spans(self.feed), ((5, 9), (0, 0)))

    def test_all(self) -> None:
        """Of a feed given up completely it is still known where it goes on."""
        self.keep_at(100, *self.author.batches((1, 4)))
        self.assertEqual(self.trim(101), {self.feed: 5})
        self.assertEqual(self.spans(self.feed), ((5, 4), (0, 0)))
        self.assertEqual(self.trim(101), {})
        self.keep(self.author.batch(5, 2))
        self.assertEqual(self.spans(self.feed), ((5, 6), (0, 0)))

    def test_forgotten(self) -> None:
        """A feed of which nothing is left can be forgotten, one of which there is something can't."""
        other = Author(2)
        self.keep_at(100, *self.author.batches((1, 4)))
        self.keep_at(300, other.batch(1))
        self.trim(200)
        self.result(self.store.forget([self.feed, other.feed, Author(3).feed]))
        loaded: Loaded = self.result(self.store.load())
        self.assertEqual([held.feed for held in loaded.held], [other.feed])
        self.keep_at(400, *self.author.batches((1, 2)))
        self.assertEqual(self.read(self.feed, 1), [(1, 2)])

    def test_low_end_only(self) -> None:
        """A batch received early stays while one below it does."""
        self.keep_at(100, self.author.batch(5, 2))
        self.keep_at(200, self.author.batch(1, 4))
        self.assertEqual(self.trim(150), {})
        self.assertEqual(self.read(self.feed, 1), [(1, 4), (5, 6)])

    def test_hole(self) -> None:
        """Giving up the run below a hole leaves the hole open; giving up what is above it forgets it."""
        self.keep_at(100, self.author.batch(1, 4))
        self.keep_at(200, self.author.batch(10, 2))
        self.keep_at(300, self.author.batch(12, 2))
        self.assertEqual(self.trim(150), {})
        self.assertEqual(self.spans(self.feed), ((10, 13), (5, 9)))
        self.assertEqual(self.trim(250), {self.feed: 12})
        self.assertEqual(self.spans(self.feed), ((12, 13), (0, 0)))

    def test_hole_closed_after(self) -> None:
        """When a hole closes whose lower run was given up, what is stored is announced."""
        self.keep_at(100, self.author.batch(1, 4))
        self.keep_at(200, self.author.batch(10, 2))
        self.trim(150)
        self.keep(self.author.batch(5, 5))
        self.assertEqual(self.spans(self.feed), ((5, 11), (0, 0)))


class Measuring(StoreContract):
    """How much is kept of whom."""

    def sizes(self) -> dict[bytes, int]:
        return {author: size for author, size in self.result(self.store.sizes()).items() if size}

    def test_nothing(self) -> None:
        """Of nobody anything."""
        self.assertEqual(self.sizes(), {})

    def test_what_is_kept_counts(self) -> None:
        """All batches of all feeds of an author count, what fills a hole too; what is held already counts once."""
        ana, again, bia = Author(1), Author(1, epoch=8), Author(2)
        batches = [ana.batch(1, 4), ana.batch(9, 2), ana.batch(5, 4), again.batch(1), bia.batch(3)]
        self.keep(*batches, ana.batch(5, 2), again.batch(1))
        self.assertEqual(
            self.sizes(),
            {ana.feed.author: sum(batch.size for batch in batches[:4]), bia.feed.author: batches[4].size},
        )

    def test_what_is_given_up_does_not(self) -> None:
        """What is trimmed, or dropped behind a fork, no longer counts."""
        author = Author()
        batches = [author.batch(1, 4), author.batch(5, 2), author.batch(9, 1), author.batch(10, 3)]
        self.keep(batches[0])
        self.now += 100
        self.keep(*batches[1:])
        self.result(self.store.trim(int(self.now * 1000)))
        self.assertEqual(self.sizes(), {author.feed.author: sum(batch.size for batch in batches[1:])})
        self.result(self.store.freeze(author.fork(11)))
        self.assertEqual(self.sizes(), {author.feed.author: batches[1].size + batches[2].size})
        self.result(self.store.freeze(author.fork(2)))
        self.assertEqual(self.sizes(), {})


class Members(StoreContract):
    """What is known of members besides what they said."""

    def know(self, *members: Known) -> None:
        self.assertIsNone(self.result(self.store.know(members)))

    def members(self) -> list[Known]:
        return list(self.result(self.store.load()).members)

    def test_nobody(self) -> None:
        """A new store knows nobody."""
        self.assertEqual(self.members(), [])

    def test_kept(self) -> None:
        """What is kept of members comes back, in the order in which they became known."""
        bia = Known(b"b" * 32, "Bia 💬", ("Bia", "Bia 💬"), verified=True)
        ana = Known(b"a" * 32, "Ana", ignored=True)
        self.know(bia, ana)
        self.assertEqual(self.members(), [bia, ana])

    def test_replaced(self) -> None:
        """What is kept of one later takes the place of what was kept of it before, and leaves the others alone."""
        ana, bia = Known(b"a" * 32, "Ana", ("Ana",)), Known(b"b" * 32, "Bia", ("Bia",))
        self.know(ana, bia)
        ana = Known(b"a" * 32, "Anna", ("Ana", "Anna"), verified=True, ignored=True)
        self.know(ana)
        self.assertEqual(self.members(), [ana, bia])

    def test_forgotten(self) -> None:
        """Of one of whom there is nothing to keep nothing is kept, and its names can be another's."""
        self.know(Known(b"a" * 32, "Ana", ("Ana",)), Known(b"b" * 32, "Bia", ("Bia",)))
        self.know(Known(b"a" * 32, "Ana"), Known(b"c" * 32, "Caio"), Known(b"b" * 32, "Bia", ("Bia", "Ana")))
        self.assertEqual(self.members(), [Known(b"b" * 32, "Bia", ("Bia", "Ana"))])


class Looking(StoreContract):
    """Over all feeds: the newest, a search, everything."""

    def setUp(self) -> None:
        super().setUp()
        self.ana, self.bia = Author(1), Author(2, late=500)

    def numbers(self, limit: int, before: Position | None = None, **which: Any) -> list[tuple[bytes, int]]:
        return [(hit.batch.feed.author, hit.number) for hit in self.page(limit, before, **which)]

    def test_page(self) -> None:
        """A page has the newest messages in the conversation's order, one by one, whatever batches they are in."""
        ana, bia = self.ana.feed.author, self.bia.feed.author
        self.keep(*(self.bia.batch(n) for n in (1, 2, 3)), *(self.ana.batch(n) for n in (1, 2)), self.ana.batch(3, 2))
        self.assertEqual(self.numbers(3), [(ana, 3), (ana, 4), (bia, 3)])
        self.assertEqual(len(self.numbers(100)), 7)
        self.assertEqual(self.numbers(0), [])

    def test_pages_before(self) -> None:
        """Page by page, each before the first of the one before, everything comes once."""
        self.keep(*self.bia.batches((1, 3), (4, 8)), *self.ana.batches((1, 2), (3, 7)))
        pages: list[Hit] = []
        before = None
        while page := self.page(3, before):
            pages = [*page, *pages]
            before = page[0].position
        self.assertEqual(pages, self.page(100))
        self.assertEqual(len(pages), 15)

    def test_one_time(self) -> None:
        """Batches that all bear one hybrid time fill a page like others."""
        authors = [Author(1, epoch) for epoch in range(1, 30)]
        self.keep(*(author.batch(1, 2) for author in authors))
        newest = [(hit.batch.feed.epoch, hit.number) for hit in self.page(3)]
        self.assertEqual(newest, [(27, 2), (28, 2), (29, 2)])

    def test_only_messages_count(self) -> None:
        """Whatever is no message takes no place of one."""
        self.keep(self.ana.batch(1))
        others: list[KnownRecord] = [Topic("#tea", "x"), Away("lunch"), private(self.bia, "for Bia")]
        self.keep(*(self.bia.saying(n, others) for n in range(2, 60, 3)))
        self.assertEqual(self.numbers(1), [(self.ana.feed.author, 1)])

    def test_of_a_room(self) -> None:
        """What was said in a room is found under whatever was said elsewhere since."""
        tea: list[KnownRecord] = [Say("a", "#tea"), Say("b"), Say("c", "#tea", True)]
        self.keep(self.ana.saying(1, tea), *(self.bia.batch(n) for n in range(4, 40)))
        self.assertEqual(self.numbers(9, room="#tea"), [(self.ana.feed.author, 1), (self.ana.feed.author, 3)])
        self.assertEqual(self.numbers(1, room="#chat"), [(self.bia.feed.author, 39)])
        self.assertEqual(self.numbers(9, room="#none"), [])

    def test_notable(self) -> None:
        """What tells of rooms and topics is found, the newest of it, or of one author however much there is since."""
        ana = self.ana.saying(1, [Say("a", "#tea")])
        bia = [self.bia.saying(n, [Topic(f"#{n}", "x")]) for n in range(2, 9)]
        self.keep(ana, *bia, self.ana.batch(2))
        for batches, limit, author in (
            (bia[-3:], 3, None),
            ([ana], 3, ana.feed.author),
            (bia[-2:], 2, bia[0].feed.author),
            ([ana, *bia], 9, None),
        ):
            found = self.result(self.store.notable(limit, author))
            self.assertEqual([each.sig for each in found], [each.sig for each in batches])

    def test_of_a_member(self) -> None:
        """What a member said, and what it and the reader said to each other alone; without those who are ignored."""
        me = Author(9, late=700)
        self.keep(
            self.ana.saying(1, [Say("a"), private(me, "b"), private(self.bia, "c")]),
            me.saying(2, [Say("d"), private(self.ana, "e"), private(self.bia, "f")]),
            self.bia.batch(3),
        )
        ana, bia, mine = self.ana.feed.author, self.bia.feed.author, me.feed.author
        self.assertEqual(self.numbers(9, member=ana), [(ana, 1), (ana, 2), (mine, 3)])
        everything = [(ana, 1), (ana, 2), (mine, 2), (mine, 3), (bia, 3), (mine, 4)]
        self.assertCountEqual(self.numbers(9), everything)
        self.assertCountEqual(self.numbers(9, without=frozenset([ana])), everything[2:])
        self.assertEqual(self.numbers(9, private=True), [(ana, 2), (mine, 3), (mine, 4)])

    def test_gone(self) -> None:
        """What was given up is in no page."""
        self.keep(*self.ana.batches((1, 1), (2, 2), (3, 3)))
        self.result(self.store.freeze(self.ana.fork(3)))
        self.assertEqual([number for _, number in self.numbers(9)], [1, 2])

    def test_search_private(self) -> None:
        """Private messages are found by those who can read them, among the others and in order."""
        me = Author(9, late=700)
        self.keep(self.ana.saying(1, [private(me, "oi you"), private(self.bia, "oi Bia"), private(me, "?")]))
        self.keep(self.bia.batch(1), me.saying(2, [private(self.ana, "oi, too")]))
        hits = [(hit.batch.feed.author, hit.number) for hit in self.search("oi")]
        self.assertEqual(hits, [(self.ana.feed.author, 1), (self.bia.feed.author, 1), (me.feed.author, 2)])
        self.assertEqual(len(self.search("oi", 2)), 2)

    def test_search_without(self) -> None:
        """Who is ignored takes no place of others in what a search finds."""
        self.keep(self.ana.batch(1), *(self.bia.batch(n) for n in range(2, 40)))
        hits = self.search("oi", 5, without=frozenset([self.bia.feed.author]))
        self.assertEqual([hit.number for hit in hits], [1])

    def test_search(self) -> None:
        """A message is found by the beginnings of its words, whatever their case and accents."""
        batch = self.ana.batch(1, 3, text="Amanhã às {} horas, no CAFÉ!")
        self.keep(batch, self.bia.batch(1, text="amanhece"))

        def found(words: str, limit: int = 10) -> list[tuple[int, int]]:
            return [(hit.batch.first, hit.number) for hit in self.search(words, limit)]

        self.assertEqual(found("cafe amanha"), [(1, 1), (1, 2), (1, 3)])
        self.assertEqual(found("café 2"), [(1, 2)])
        self.assertEqual(found("manha"), [])
        self.assertEqual(found("amanh", limit=2), [(1, 3), (1, 1)])
        self.assertEqual(found('" OR !*'), [])
        self.assertEqual(found("!"), [])
        self.assertEqual(found("amanh", limit=0), [])

    def test_search_any_script(self) -> None:
        """Where words are not parted by spaces, what is looked for may stand anywhere; elsewhere it begins a word."""
        texts = [
            "今天我们在学校学习数学", "東京都に住んでいます", "がっこう", "สวัสดีครับคุณครู", "हिन्दी में लिखो", "bom dia 👍🏽 pessoal",
            "👨‍👩‍👧 em casa", "手机iPhone15很好", "Ação: programação", "ОЛЕГ сказал", "안녕하세요 여러분", "שָׁלוֹם",
        ]  # fmt: skip
        self.keep(*(self.ana.batch(number, text=text) for number, text in enumerate(texts, 1)))
        for words, found in (
            ("学校", [1]), ("学校 数学", [1]), ("校学", [1]), ("学数", []), ("京都", [2]), ("住んで", [2]), ("がっこ", [3]),
            ("かっこう", []),
            ("ครู", [4]), ("ครับคุณ", [4]), ("สวัส", [4]), ("รูค", []), ("हिन्दी", [5]), ("हिन्", [5]), ("लिखो", [5]), ("न्दी", []),
            ("👍", [6]), ("👍🏽", [6]), ("dia 👍 pess", [6]), ("👨‍👩‍👧", [7]), ("👩", [7]), ("👩👧", [7]), ("👎", []),
            ("iphone", [8]), ("手机iph", [8]), ("phone", []), ("很好", [8]), ("acao", [9]), ("AÇÃO prog", [9]), ("gramacao", []),
            ("олег", [10]), ("안녕", [11]), ("שלום", [12]), ("。", []), ("\u0301", []),
        ):  # fmt: skip
            hits = self.search(words, 99)
            self.assertEqual([hit.number for hit in hits], found, words)

    def test_search_new(self) -> None:
        """What came after a search is found by the next; what is gone is not."""
        self.keep(self.ana.batch(1))
        self.assertEqual(len(self.search("oi")), 1)
        self.keep(self.ana.batch(2), self.bia.batch(1, text="tchau"))
        self.assertEqual(len(self.search("oi")), 2)
        self.result(self.store.freeze(self.ana.fork(2)))
        self.assertEqual(len(self.search("oi")), 1)
        self.keep(self.ana.batch(2, text="tchau"))
        self.assertEqual(len(self.search("oi")), 1)
        self.assertEqual(len(self.search("tchau")), 2)

    def test_everything(self) -> None:
        """An export reads all there is, page by page, by feed and number, holes or not."""
        batches = [*self.ana.batches((1, 2), (3, 3), (10, 12)), *self.bia.batches((5, 6), (7, 7))]
        self.keep(*batches)
        seen: list[Batch] = []
        while page := self.result(self.store.everything(seen[-1] if seen else None, limit=500)):
            self.assertLessEqual(len(page), 3)
            seen += page
        expected = sorted(batches, key=lambda batch: (batch.feed, batch.first))
        self.assertEqual([batch.body for batch in seen], [batch.body for batch in expected])
