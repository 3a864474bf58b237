"""Two or three replicas, joined by links in memory: what they tell each other, and what they don't."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import msgspec
from msgspec import Raw
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import Author
from tests.kit.signing import Writer, said
from tests.kit.wires import Party, Recorder, SlowStore, join, mesh, one_turn, run
from twisted_chat.core.clock import COUNTED, LEAD
from twisted_chat.core.errors import FORGED, LIMIT, PROTOCOL, Refusal
from twisted_chat.core.feeds.batches import MAX_RECORDS, Batch, FeedId, parse_batch
from twisted_chat.core.group import MAX_AUTHORS
from twisted_chat.core.replication import unsaved
from twisted_chat.core.replication.announcing import HAVE_INTERVAL
from twisted_chat.core.replication.inventory import MAX_STRANGERS
from twisted_chat.core.replication.listings import MAX_HAVE
from twisted_chat.core.replication.store import Held, Loaded
from twisted_chat.core.replication.unsaved import OWN_UNSAVED, UNSAVED
from twisted_chat.core.wire.frames import BatchFrame, Digest, ForkFrame, Frame, Have, Range, SignedBody, Stop, Want


def ranges(frame: Have) -> dict[bytes, list[tuple[int, int, int]]]:
    """Return what a `have` says, without the tips."""
    return {author: [(told.epoch, told.low, told.high) for told in held] for author, held in frame.feeds.items()}


class ReplicaTestCase(SynchronousTestCase):
    """Ana, Bia and Cai, not linked yet."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.ana, self.bia, self.cai = (Party(self.clock, number) for number in (1, 2, 3))

    def refusal(self, reason: str, party: Party, wire: Recorder, frame: Frame) -> None:
        """`party` refuses a frame for `reason`."""
        refusal = self.assertRaises(Refusal, party.replica.receive, wire, frame)
        self.assertEqual(refusal.reason, reason)

    def listed(self, wire: Recorder) -> dict[FeedId, tuple[int, int]]:
        """Return what the first list says, leaving out feeds nothing was said in yet."""
        lists = wire.frames(Have)
        end = next(index for index, have in enumerate(lists) if have.end)
        return {
            FeedId(author, told.epoch): (told.low, told.high)
            for have in lists[: end + 1]
            for author, ranges in have.feeds.items()
            for told in ranges
            if told.high
        }


class MeetingTests(ReplicaTestCase):
    """What two say to each other when a link is ready."""

    def test_nothing_held(self) -> None:
        """Two that hold nothing exchange a digest and a list of nothing, and that is all."""
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        for end in (wire, wire.far):
            self.assertEqual([type(frame) for frame in end.frames()], [Digest, Have])
            self.assertEqual(self.listed(end), {})

    def test_digest_first(self) -> None:
        """The digest is the first frame, and the complete list follows it before any batch."""
        self.ana.say("oi")
        run(self.clock, 1)
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        self.assertEqual([type(frame) for frame in wire.frames()[:3]], [Digest, Have, BatchFrame])
        self.assertEqual(self.bia.texts(), ["oi"])

    def test_equal(self) -> None:
        """Two that hold the same list nothing: the digest says it all."""
        batches = Author(9).batches((1, 3), (4, 4))
        for party in (self.ana, self.bia):
            party.give(*batches)
        run(self.clock, 1)
        wire = join(self.ana, self.bia)
        run(self.clock, 2)
        for end in (wire, wire.far):
            self.assertEqual([type(frame) for frame in end.frames()], [Digest, Have])
            self.assertEqual(self.listed(end), {})

    def test_only_what_differs(self) -> None:
        """Only authors of whom the two hold different things are listed."""
        same, other = Author(8).batches((1, 3)), Author(9).batches((1, 1), (2, 2))
        for party, batches in ((self.ana, other), (self.bia, other[:1])):
            party.give(*same, *batches)
        run(self.clock, 1)
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        self.assertEqual(self.listed(wire), {other[0].feed: (1, 2)})
        self.assertEqual(self.listed(wire.far), {other[0].feed: (1, 1)})
        self.assertEqual(self.bia.held(), self.ana.held())

    def test_long_history(self) -> None:
        """20 authors with 400 epochs each and nothing new cost under 8 KiB a link (and what is new costs no list of the rest)."""
        authors = [Author(number).identity.id for number in range(11, 31)]
        held = [
            Held(FeedId(author, epoch), 1, 50, b"h" * 32, 50, 1_000_000 + epoch)
            for author in authors
            for epoch in range(400)
        ]
        parties = [Party(self.clock, number, Loaded(list(held))) for number in (1, 2)]
        wire = join(*parties)
        run(self.clock, 2)
        for end in (wire, wire.far):
            self.assertLess(end.bytes, 8 * 1024)
            self.assertEqual(self.listed(end), {})
        parties[0].say("oi")
        run(self.clock, 2)
        self.assertEqual(parties[1].texts(), ["oi"])
        self.assertLess(wire.bytes, 9 * 1024)

    def test_changed_between_digest_and_answer(self) -> None:
        """What becomes durable after the digest went out is told all the same, though the other's digest equals ours now."""
        first, second = Author(9).batches((1, 1), (2, 2))
        self.ana.give(first)
        self.bia.give(first, second)
        run(self.clock, 1)
        wire = Recorder()
        self.ana.replica.attach(wire)
        digest = wire.frames(Digest)[0]
        self.ana.give(second)
        self.ana.hears(wire, Digest({second.feed.author: self.bia.replica.holdings.digest(second.feed.author)}))
        self.assertEqual(self.listed(wire), {second.feed: (1, 2)})
        self.assertNotEqual(digest.authors, {})

    def test_digest_twice(self) -> None:
        """A second digest is refused: who sends many and reads none would have the lists pile up here."""
        self.ana.give(*Author(9).batches((1, 1)))
        wire = Recorder()
        self.ana.replica.attach(wire)
        self.ana.hears(wire, Digest({}))
        self.refusal(PROTOCOL, self.ana, wire, Digest({}))

    def test_list_limit(self) -> None:
        """Of who lists more feeds than anybody could have, what is too much is passed over; what is held here still counts."""
        wire = Recorder()
        self.ana.replica.attach(wire)
        author = b"x" * 32
        for start in range(0, MAX_HAVE, MAX_HAVE // 6):
            ranges = [Range(epoch, 1, 1) for epoch in range(start, start + MAX_HAVE // 6)]
            self.ana.hears(wire, Have({author: ranges}))
        batch = Author(9).batch(1)
        self.ana.give(batch)
        one_more, held = FeedId(author, 2 * MAX_HAVE), batch.feed
        self.ana.hears(wire, Have({author: [Range(0, 1, 2)], held.author: [Range(held.epoch, 1, 5)]}))
        self.ana.hears(wire, Have({author: [Range(one_more.epoch, 1, 1)]}))
        have = self.ana.replica.neighbours[wire].have
        self.assertEqual((have[FeedId(author, 0)], have[held], len(have)), ((1, 2), (1, 5), MAX_HAVE + 1))
        self.assertNotIn(one_more, have)
        self.ana.replica.detach(wire)


class SpeakingTests(ReplicaTestCase):
    """What is said is sealed once a turn and pushed to everybody."""

    def test_one_turn_one_batch(self) -> None:
        """All that is said within one reactor turn is one batch; the next turn's is another."""
        for turn in (["a", "b", "c"], ["d"]):
            self.ana.say(*turn)
            self.assertNotIn(turn[0], self.ana.texts(), "not before the turn ends")
            self.clock.advance(0)
        self.assertEqual([len(batch.records) for batch in self.ana.shown], [3, 1])
        self.assertEqual([batch.first for batch in self.ana.shown], [1, 4])

    def test_a_flood_fills_batches(self) -> None:
        """Of more than fits one batch, what would not fill the last waits a turn for what is said meanwhile, and no longer."""
        texts = [str(number) for number in range(MAX_RECORDS * 5)]
        turns = [texts[: MAX_RECORDS + 9], texts[MAX_RECORDS + 9 : MAX_RECORDS + 12], texts[MAX_RECORDS + 12 :], []]
        sizes = []
        for spoken in turns:
            self.ana.say(*spoken)
            one_turn(self.clock)
            sizes.append([len(batch.records) for batch in self.ana.shown])
        self.assertEqual(sizes, [[512], [512, 12], [512, 12, *[512] * 3], [512, 12, *[512] * 3, 500]])
        self.assertEqual(self.ana.texts(), texts)

    def test_nothing_waits_for_a_turn_that_does_not_come(self) -> None:
        """Whoever leaves, or takes another name, has all sealed at once, under the name it was said by."""
        texts = [str(number) for number in range(MAX_RECORDS + 1)]
        self.ana.say(*texts)
        one_turn(self.clock)
        self.assertFalse(self.ana.replica.receipts.sent())
        self.ana.replica.rename("Ana Maria")
        self.ana.say("b")
        self.ana.replica.flush()
        self.assertTrue(self.ana.replica.receipts.sent())
        self.assertEqual(self.ana.texts(), [*texts, "b"])
        self.assertEqual([batch.name for batch in self.ana.shown], ["P1", "P1", "Ana Maria"])

    def test_chained(self) -> None:
        """Each batch names the one before, and its time is after it, in this epoch and from one life to the next."""
        self.ana.say("a")
        self.clock.advance(0)
        self.ana.say("b")
        self.clock.advance(0)
        one, two = self.ana.shown
        self.assertEqual((one.prev, two.prev), (b"", one.hash))
        self.assertGreater(two.lc, one.last_lc)
        later = Party(Clock(), 1, Loaded([Held(two.feed._replace(epoch=99), 1, 2, two.hash, 2, two.last_lc + 10**15)]))
        later.say("c")
        later.clock.advance(0)
        self.assertEqual(later.shown[0].prev, two.hash)
        self.assertGreater(later.shown[0].lc, two.last_lc + 10**15)
        self.assertEqual(later.shown[0].first, 1)

    def test_answers_come_after(self) -> None:
        """What is said after something was heard is later in hybrid time, whatever the clocks say."""
        self.ana.hybrid.follow(self.ana.hybrid.stamp() + 3_600_000_000)
        join(self.ana, self.bia)
        run(self.clock, 0.1)
        self.ana.say("what time is it?")
        run(self.clock, 0.1)
        self.bia.say("an hour ago")
        run(self.clock, 0.1)
        question, answer = self.ana.shown
        self.assertGreater(answer.lc, question.last_lc)

    def test_before_the_start(self) -> None:
        """What is said while the store is still loading waits for it."""
        clock = Clock()
        party = Party.__new__(Party)
        loading = SlowStore()
        Party.__init__(party, clock, 1, store=loading)
        party.say("a")
        clock.advance(0)
        self.assertEqual(party.texts(), ["a"])

    def test_at_once_before_the_commit(self) -> None:
        """What is said is shown and sent before it is on disk; `have` waits for the disk."""
        self.ana.store.slow = True
        wire = join(self.ana, self.bia)
        run(self.clock, 0.1)
        self.ana.say("oi")
        run(self.clock, 1)
        self.assertEqual((self.ana.texts(), self.bia.texts()), (["oi"], ["oi"]))
        self.assertEqual([frame for frame in wire.frames(Have) if not frame.end], [])
        self.ana.store.commit()
        run(self.clock, 0.1)
        told = [ranges(frame) for frame in wire.frames(Have) if not frame.end]
        self.assertEqual(told[:1], [{self.ana.id: [(1, 1, 1)]}])

    def test_pushed_after_the_list(self) -> None:
        """The own feed is pushed once the other's list is complete, from where the other is."""
        self.ana.say("a")
        self.clock.advance(0)
        self.ana.say("b")
        self.clock.advance(0)
        wire = Recorder()
        self.ana.replica.attach(wire)
        self.ana.hears(wire, Digest({}), Have({self.ana.id: [Range(1, 1, 1)]}))
        self.assertEqual(wire.frames(BatchFrame), [])
        self.ana.hears(wire, Have({}, True))
        self.assertEqual([frame.body for frame in wire.frames(BatchFrame)], [Raw(self.ana.shown[1].body)])

    def test_full_mesh(self) -> None:
        """In a full mesh nothing is sent twice: every batch reaches everybody from its author alone, and nobody asks."""
        parties = [self.ana, self.bia, self.cai, Party(self.clock, 4), Party(self.clock, 5)]
        mesh(*parties)
        run(self.clock, 1)
        for turn in range(20):
            for party in parties:
                party.say(f"{party.id[0]} {turn}")
            run(self.clock, 0.03)
        run(self.clock, 2)
        for party in parties:
            self.assertEqual(len(party.texts()), 100)
            arrived = Counter(line for wire in party.wires for line in wire.arrived if line.startswith(b'{"t":"batch"'))
            self.assertEqual(set(arrived.values()), {1})
            self.assertEqual(len(arrived), 80)
            self.assertEqual([frame for wire in party.wires for frame in wire.frames(Want, Stop)], [])

    def test_sent(self) -> None:
        """One can tell when all that was said has gone to the transports: then one may leave."""
        wire = join(self.ana, self.bia)
        run(self.clock, 0.1)
        self.ana.say("a")
        self.assertFalse(self.ana.replica.receipts.sent())
        self.clock.advance(0)
        self.assertTrue(self.ana.replica.receipts.sent())
        wire.pause()
        self.ana.say("b")
        self.clock.advance(0)
        self.assertFalse(self.ana.replica.receipts.sent())
        wire.resume()
        self.assertTrue(self.ana.replica.receipts.sent())

    def test_sent_over_a_new_link(self) -> None:
        """Over a link that has just come up nothing has gone before the other side has said what it holds."""
        join(self.ana, self.bia)
        self.assertTrue(self.ana.replica.receipts.sent())
        self.ana.say("a")
        self.ana.replica.flush()
        self.assertFalse(self.ana.replica.receipts.sent())
        run(self.clock, 0.1)
        self.assertTrue(self.ana.replica.receipts.sent())
        self.assertEqual(self.bia.texts(), ["a"])


class AnnouncementTests(ReplicaTestCase):
    """`have` is told at most every 50 ms, and only of what is on disk."""

    def announcements(self, wire: Recorder) -> list[Have]:
        """Return the `have` frames after the first list."""
        return [frame for frame in wire.frames(Have) if not frame.end]

    def test_interval(self) -> None:
        """However much is said, `have` goes out at most every 50 ms; the last one tells the end."""
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        for _ in range(100):
            self.ana.say("x")
            run(self.clock, 0.005)
        run(self.clock, 0.1)
        told = self.announcements(wire)
        self.assertLessEqual(len(told), 0.5 / HAVE_INTERVAL + 2)
        self.assertEqual(ranges(told[-1]), {self.ana.id: [(1, 1, 100)]})

    def test_many_links(self) -> None:
        """The more links there are the rarer all hear it; an author, of its own feeds, up to 4 times a second all the same."""
        writer = Writer(9)
        wires = [Recorder(bytes([number]) * 32) for number in range(1, 80)]
        wires.append(Recorder(writer.identity.id))
        for wire in wires:
            self.ana.replica.attach(wire)
        for _ in range(400):
            batch = writer.write("x")
            self.ana.hears(wires[-1], BatchFrame(batch.sig, batch.signed().body))
            run(self.clock, 0.01)
        run(self.clock, 1)
        told = [self.announcements(wire) for wire in wires]
        self.assertEqual({len(each) for each in told[:-1]}, {5}, "every second, and at once")
        self.assertIn(len(told[-1]), range(16, 18))
        for each in told:
            self.assertEqual(ranges(each[-1]), {writer.identity.id: [(7, 1, 400)]})

    def test_at_once_after_a_silence(self) -> None:
        """After a silence the first `have` waits for nothing."""
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        self.ana.say("x")
        self.clock.advance(0)
        self.clock.advance(0)
        self.assertEqual(len(self.announcements(wire)), 1)

    def test_others_messages(self) -> None:
        """What was received is announced as well, once it is on disk here."""
        self.bia.store.slow = True
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        self.ana.say("x")
        run(self.clock, 1)
        self.assertEqual(self.announcements(wire.far), [])
        self.bia.store.commit()
        run(self.clock, 0.1)
        self.assertEqual([ranges(frame) for frame in self.announcements(wire.far)], [{self.ana.id: [(1, 1, 1)]}])

    def test_paused(self) -> None:
        """While a link is full nothing is announced on it; then one frame tells all that changed."""
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        wire.pause()
        for _ in range(10):
            self.ana.say("x")
            run(self.clock, 0.1)
        self.assertEqual(self.announcements(wire), [])
        wire.resume()
        run(self.clock, 0.1)
        self.assertEqual([ranges(frame) for frame in self.announcements(wire)], [{self.ana.id: [(1, 1, 10)]}])
        self.assertEqual(len(self.bia.texts()), 10)

    def test_given_up(self) -> None:
        """What the store gave up is announced no more."""
        self.ana.give(*Author(9).batches((1, 1), (2, 2), (3, 3)))
        wire = join(self.ana, self.bia)
        run(self.clock, 1)
        self.ana.replica.keeping.trimmed({Author(9).feed: 3})
        run(self.clock, 0.1)
        self.assertEqual(ranges(self.announcements(wire)[-1]), {Author(9).feed.author: [(7, 3, 3)]})


class AcceptanceTests(ReplicaTestCase):
    """What comes from a neighbour is refused, dropped or taken; never taken twice."""

    def setUp(self) -> None:
        super().setUp()
        self.writer = Writer(9)
        self.wire = Recorder()
        self.ana.replica.attach(self.wire)

    def frame(self, batch: object) -> BatchFrame:
        """Return the frame that carries a batch."""
        return BatchFrame(batch.sig, batch.signed().body)  # type: ignore[attr-defined]

    def test_taken_once(self) -> None:
        """A batch that comes twice, or over two links, is shown once and answered with silence."""
        batch = self.writer.write("a")
        other = Recorder(b"p" * 32)
        self.ana.replica.attach(other)
        for wire in (self.wire, self.wire, other):
            self.ana.hears(wire, self.frame(batch))
        self.assertEqual(self.ana.texts(), ["a"])

    def test_forged(self) -> None:
        """A batch in another's name is refused, and nothing of it shown."""
        batch = self.writer.write("a")
        eva = Writer(8)
        forged = eva.forge(batch)
        self.assertEqual(forged.feed, batch.feed)
        self.refusal(FORGED, self.ana, self.wire, self.frame(forged))
        self.assertEqual(self.ana.texts(), [])
        self.assertEqual(list(self.ana.replica.holdings.of(batch.feed.author)), [], "it takes no place either")

    def test_vouched_for_by_the_next(self) -> None:
        """A batch whose signature does not hold is refused, even if its author signed a next one that names it: whoever took
        it for that could pass it on to nobody."""
        first = self.writer.write("a")
        bad = parse_batch(bytes(64), self.writer.sign(first, "b").body)
        vouching = self.writer.sign(bad, "c")
        self.assertEqual(vouching.prev, bad.hash)
        self.ana.hears(self.wire, self.frame(first), self.frame(vouching))
        self.refusal(FORGED, self.ana, self.wire, self.frame(bad))
        self.assertEqual(self.ana.texts(), ["a"])
        self.assertEqual(self.ana.held()[first.feed], (1, 1))

    def test_not_a_batch(self) -> None:
        """What is in a batch frame and is no batch is refused."""
        for body in (b"1", b"{}", b'"x"'):
            self.refusal(PROTOCOL, self.ana, self.wire, BatchFrame(bytes(64), Raw(body)))

    def test_gap(self) -> None:
        """A batch beyond a gap is dropped: whoever lacks it asks for it where it belongs."""
        self.writer.write("a")
        self.ana.hears(self.wire, self.frame(self.writer.write("b")))
        self.assertEqual(self.ana.texts(), [])

    def test_backwards_in_time(self) -> None:
        """A batch whose time is not after the last one's is not shown: its author contradicts itself."""
        batch = self.writer.write("a", "b")
        self.ana.hears(self.wire, self.frame(batch))
        bad = self.writer.forge(self.writer.sign(batch, "c"), lc=batch.last_lc)
        self.contradicts(bad, ["a", "b"])

    def test_wrong_chain(self) -> None:
        """So is one that names another one before it."""
        batch = self.writer.write("a")
        self.ana.hears(self.wire, self.frame(batch))
        bad = self.writer.forge(self.writer.sign(batch, "c"), prev="A" * 43 + "=")
        self.contradicts(bad, ["a"])

    def contradicts(self, bad: Batch, shown: list[str]) -> None:
        """A batch, sent twice, ends the feed and not the link."""
        self.wire.lines.clear()
        self.ana.hears(self.wire, self.frame(bad), self.frame(bad))
        self.assertEqual(self.ana.texts(), shown)
        self.assertEqual(self.ana.forks, [bad.feed.author])
        self.assertEqual(len(self.wire.frames(ForkFrame)), 1)
        self.assertEqual(self.ana.held().get(bad.feed), None)

    def test_own_feed(self) -> None:
        """Nobody can put anything into this peer's own feed, not even with its key."""
        self.ana.say("mine")
        self.clock.advance(0)
        copy = Writer(1, epoch=1)
        copy.write("x")
        self.ana.hears(self.wire, self.frame(copy.write("y")), self.frame(copy.batches[0]))
        self.assertEqual(self.ana.texts(), ["mine"])

    def test_unknown_kinds_are_passed_on(self) -> None:
        """Records of kinds to come are kept and relayed byte for byte."""
        batch = self.writer.sign(None, records=[*said("a"), Raw(b'{"k":"later", "x":1}')])
        join(self.ana, self.bia)
        run(self.clock, 0.1)
        self.ana.hears(self.wire, self.frame(batch))
        run(self.clock, 2)
        self.assertEqual([(shown.body, shown.sig) for shown in self.bia.shown], [(batch.body, batch.sig)])

    def test_too_many_authors(self) -> None:
        """What an author beyond the limit says is not taken, who sends it is told so once, and the link stays."""
        loaded = Loaded([
            Held(FeedId(number.to_bytes(32, "big"), 1), 1, 1, b"h" * 32, 1, 1) for number in range(MAX_AUTHORS - 1)
        ])  # fmt: skip
        full = Party(self.clock, 1, loaded)
        full.replica.attach(self.wire)
        self.wire.lines.clear()
        for text in "abc":
            full.hears(self.wire, self.frame(self.writer.write(text)))
        self.assertEqual(self.wire.take(Stop), [Stop(self.writer.feed, LIMIT)])
        full.say("still here")
        self.clock.advance(0)
        self.assertEqual(full.texts(), ["still here"])

    def test_room_for_those_who_are_known(self) -> None:
        """Who is linked, or was heard before, has room where strangers have none any more."""
        strangers = [
            Held(FeedId(number.to_bytes(32, "big"), 1), 1, 1, b"h" * 32, 1, 1) for number in range(MAX_STRANGERS)
        ]
        for member, known, heard in (
            (b"o" * 32, False, False),
            (self.writer.feed.author, False, True),
            (b"o" * 32, True, True),
        ):
            ana = Party(self.clock, 1, Loaded(list(strangers)))
            ana.knows = lambda author, known=known: known
            wire = Recorder(member)
            ana.replica.attach(wire)
            ana.hears(wire, self.frame(self.writer.sign(None, "it is me")))
            self.assertEqual(ana.texts(), ["it is me"] * heard)

    def test_what_others_signed(self) -> None:
        """What is no batch for this version, and another's than the sender's, ends no link: the sender may be of a later one.

        It is not taken, and the sender told so once; of its own author it is refused."""
        good = self.writer.sign(None, "a")
        body = good.body.replace(b'"Ana"', b'"A:na"')
        frame = BatchFrame(self.writer.group.sign(self.writer.identity, sha256(body).digest()), Raw(body))
        self.wire.lines.clear()
        self.ana.hears(self.wire, frame, frame)
        self.assertEqual(self.wire.take(), [Stop(self.writer.feed)])
        half = SignedBody(frame.sig, frame.body)
        self.ana.hears(self.wire, ForkFrame(half, good.signed()), ForkFrame(good.signed(), half))
        self.assertEqual(self.ana.texts(), [])
        own = Recorder(self.writer.feed.author)
        self.ana.replica.attach(own)
        self.refusal(PROTOCOL, self.ana, own, frame)
        self.refusal(PROTOCOL, self.ana, own, ForkFrame(half, good.signed()))

    def test_want_and_stop(self) -> None:
        """A feed is sent from the record wanted on, and kept up, until `stop`; a feed we lack is no error."""
        one, two, three = (self.writer.write(text) for text in "abc")
        self.ana.give(one, two)
        self.ana.hears(self.wire, Want(one.feed, 2), Want(FeedId(b"?" * 32, 1), 1), Stop(FeedId(b"?" * 32, 1)))
        self.assertEqual(self.wire.take(BatchFrame), [self.frame(two)])
        self.ana.give(three)
        self.assertEqual(self.wire.take(BatchFrame), [self.frame(three)])
        self.ana.hears(self.wire, Stop(one.feed))
        self.ana.give(self.writer.write("d"))
        self.assertEqual(self.wire.take(BatchFrame), [])


class PressureTests(ReplicaTestCase):
    """What waits for the disk is bounded."""

    def test_congested(self) -> None:
        """Over 4 MiB of own batches not on disk, this peer is congested; it is told once when that is over."""
        self.ana.store.slow = True
        text = "x" * 8000
        while not self.ana.replica.congested:
            self.ana.say(text)
            self.clock.advance(0)
        waiting = sum(batch.size for batch in self.ana.shown)
        self.assertTrue(OWN_UNSAVED < waiting < OWN_UNSAVED + 40_000, waiting)
        self.assertEqual(self.ana.relieved_times, 0)
        self.ana.store.commit()
        self.assertFalse(self.ana.replica.congested)
        self.assertEqual(self.ana.relieved_times, 1)

    def test_flow(self) -> None:
        """With 8 MiB of anybody's batches waiting links are read no more, until half of it is kept."""
        self.patch(unsaved, "UNSAVED", 200_000)
        self.assertEqual(UNSAVED, 8 * 1024 * 1024)
        self.ana.store.slow = True
        writer, wire = Writer(9), Recorder()
        self.ana.replica.attach(wire)
        while not self.ana.flows:
            batch = writer.write("x" * 8000)
            self.ana.hears(wire, BatchFrame(batch.sig, batch.signed().body))
        self.assertEqual(self.ana.flows, [False])
        self.assertLess(sum(batch.size for batch in self.ana.shown), 220_000)
        waiting, self.ana.store.waiting = self.ana.store.waiting, []
        for kept, keep in enumerate(waiting):
            self.assertEqual(self.ana.flows, [False] if kept <= len(waiting) // 2 else self.ana.flows)
            keep()
        self.assertEqual(self.ana.flows, [False, True])

    def test_full_link(self) -> None:
        """A link that takes nothing costs nothing: not a line goes to it, and others are not held up."""
        slow, fast = join(self.ana, self.bia), join(self.ana, self.cai)
        run(self.clock, 0.1)
        slow.pause()
        sent = len(slow.lines)
        for number in range(200):
            self.ana.say(str(number))
            run(self.clock, 0.01)
        self.assertEqual(len(slow.lines), sent)
        self.assertEqual(len(self.cai.texts()), 200)
        slow.resume()
        run(self.clock, 1)
        self.assertEqual(self.bia.texts(), self.cai.texts())
        self.assertIsNone(fast.refused)

    def test_gone(self) -> None:
        """A link that is gone is told nothing any more, and what it says is not asked for again and again."""
        wire = join(self.ana, self.bia)
        run(self.clock, 0.1)
        wire.cut()
        sent = len(wire.lines)
        self.ana.say("alone")
        run(self.clock, 1)
        self.assertEqual(len(wire.lines), sent)
        self.assertEqual(self.ana.replica.neighbours, {})


class EncodingTests(SynchronousTestCase):
    """Odds and ends of what is written."""

    def test_hybrid_time_fits(self) -> None:
        """The time of any batch is a number every JSON library holds."""
        party = Party(Clock(), 1)
        party.say("x")
        party.clock.advance(0)
        body = msgspec.json.decode(party.shown[0].body)
        self.assertLess(body["lc"], 2**53)
        self.assertEqual(body["at"], body["lc"] // 1000)

    def test_numbers_after_a_restart(self) -> None:
        """What led a peer on in its former life leads it on when it starts: its answers sort after what was shown then."""
        clock, eve, led = Clock(), Writer(9), COUNTED
        party = Party(clock, 1)
        for number in range(20):
            led += LEAD
            eve.batches.append(eve.forge(eve.sign(eve.batches[-1] if number else None, f"{number}"), lc=led))
        party.give(*eve.batches)
        again = Party(clock, 1, self.successResultOf(party.store.load()), party.store)
        again.say("an answer")
        clock.advance(0)
        self.assertGreater(again.shown[0].lc, led)
