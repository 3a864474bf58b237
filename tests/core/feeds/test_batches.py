"""Batches: what can be sealed, what is refused, and what a signature is worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from tests.kit.signing import Writer, said, sign_any, signed
from twisted_chat.core.clock import MAX_WALL_MS
from twisted_chat.core.errors import FORGED, PROTOCOL, BadText, Refusal
from twisted_chat.core.feeds.batches import (
    MAX_BODY,
    MAX_NESTING,
    MAX_RECORDS,
    Batch,
    FeedId,
    check_signature,
    parse_batch,
    sign_batch,
    split,
)
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.records import Away, Nick, Private, Say, Topic, Unknown
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import MAX_INT, MAX_NUMBER, BatchFrame, decode
from twisted_chat.core.writing.text import MAX_NAME, MAX_ROOM, MAX_TEXT

ANA = Identity(b"a" * 32)
GROUP = Group()


def batch_of(records: Sequence[object], group: Group = GROUP, name: str = "Ana") -> Batch:
    """Return a first batch of Ana's, as it is received."""
    return sign_any(ANA, group, FeedId(ANA.id, 7), 1, b"", 1_700_000_000_000_000, name, records)


def signed_line(body: bytes) -> bytes:
    """Return a line that carries a body."""
    return b'{"t":"batch","sig":"' + b"A" * 86 + b'==","body":' + body + b"}"


def can_be_said(record: Say) -> bool:
    """Whether a message passes the check of what is typed."""
    try:
        record.check()
    except BadText:
        return False
    return True


def escaped(record: Say) -> Raw:
    """Return a message as it may also stand in a batch: with nothing in it but ASCII."""
    return Raw(json.dumps({"k": "say", "text": record.text, "room": record.room, "me": record.me}).encode())


texts = st.one_of(
    st.text(st.sampled_from('ab é°ç😀\n\t"\\/\x00\x1b\x7f\x85\xa0\u2028\ud800'), max_size=5),
    st.builds(str.__mul__, st.sampled_from("aé😀"), st.sampled_from([MAX_TEXT // 4, MAX_TEXT // 4 + 1, MAX_TEXT // 2])),
    st.just("oi"),
)
rooms = st.sampled_from(["#chat", "#tea", "#", "tea", "#a b", "#\x9b", "#" + "x" * MAX_ROOM])


class SealTests(SynchronousTestCase):
    """What is sealed is read again by everybody."""

    def test_there_and_back(self) -> None:
        """A batch that went over the wire says what its author said."""
        records = [Say("oi"), Say("olá\n\t😀", "#sala")]
        sealed = sign_batch(ANA, GROUP, 7, 1, b"", 1_700_000_000_000, 1_700_000_000_000_000, "Ana", records)
        frame = decode(sealed.line[:-1])
        assert isinstance(frame, BatchFrame)
        batch = parse_batch(frame.sig, bytes(frame.body))
        check_signature(GROUP, batch)
        for field in Batch.__struct_fields__:
            self.assertEqual(getattr(batch, field), getattr(sealed, field), field)
        self.assertEqual(batch.records, records)
        self.assertEqual((batch.feed, batch.first, batch.last, batch.name), ((ANA.id, 7), 1, 2, "Ana"))
        self.assertEqual(
            (batch.at, batch.lc, batch.last_lc), (1_700_000_000_000, 1_700_000_000_000_000, 1_700_000_000_000_001)
        )
        self.assertEqual((batch.hash, batch.size), (sealed.hash, len(sealed.body) + 64))

    def test_the_chain_covers_the_signature(self) -> None:
        """The hash that the next batch names differs for any other body or signature."""
        writer = Writer(1)
        one, two = writer.write("a"), writer.write("b")
        self.assertEqual(two.prev, one.hash)
        self.assertEqual(len({one.hash, two.hash, writer.sign(None, "c").hash}), 3)

    def test_records_to_the_limit(self) -> None:
        """512 records make a batch, 513 don't; none don't."""
        self.assertEqual(batch_of(said("x") * MAX_RECORDS).last, MAX_RECORDS)
        for count in (0, MAX_RECORDS + 1):
            self.assertRaises(Refusal, batch_of, said("x") * count)

    def test_text_to_the_limit(self) -> None:
        """8 KiB of text can be said, a byte more can't, by the author nor in another's name."""
        batch_of(said("é" * (MAX_TEXT // 2)))
        for bad in (Say("x" * (MAX_TEXT + 1)), Say("a\x1b[2J"), Say("a", "chat")):
            self.assertRaises(BadText, bad.check)
        self.assertRaises(Refusal, batch_of, [Raw(b'{"k":"say","text":"' + b"x" * (MAX_TEXT + 1) + b'"}')])

    def test_body_to_the_limit(self) -> None:
        """30 KiB of body are read, a byte more is refused before it is looked at."""
        empty = batch_of([Raw(b'{"k":"later","x":""}')])
        fits = b"y" * (MAX_BODY - len(empty.body))
        self.assertEqual(len(batch_of([Raw(b'{"k":"later","x":"' + fits + b'"}')]).body), MAX_BODY)
        self.assertRaises(Refusal, batch_of, [Raw(b'{"k":"later","x":"' + fits + b'y"}')])
        self.assertRaises(Refusal, parse_batch, b"s" * 64, b"[" * (MAX_BODY + 1))


class SplitTests(SynchronousTestCase):
    """`split` cuts what is to be said into batches that fit."""

    @patient
    @given(
        st.lists(st.one_of(st.integers(1, 200), st.integers(MAX_TEXT // 8, MAX_TEXT // 4)), max_size=40),
        st.sampled_from(["x", "é", "😀", "\n", '"', "\\"]),
        st.text(st.sampled_from("x😀"), min_size=1, max_size=MAX_NAME),
        st.integers(1, 30),
    )
    def test_always_fits(self, lengths: list[int], character: str, name: str, times: int) -> None:
        """Whatever is said, in whatever characters and by whatever name: every run can be sealed, and nothing is lost."""
        texts = [character * length for length in lengths] * times
        records = [Say(text) for text in texts]
        runs = list(split(records))
        self.assertEqual([record for run in runs for record in run], records)
        for run in runs:
            first, lc = MAX_NUMBER - MAX_RECORDS, MAX_INT - MAX_RECORDS
            sealed = sign_batch(ANA, GROUP, MAX_INT, first, b"\xff" * 32, MAX_WALL_MS, lc, name, run)
            self.assertEqual(parse_batch(sealed.sig, sealed.body).records, run)

    def test_the_longest(self) -> None:
        """Messages of 8 KiB whose every byte is written as two fit, with the longest room and name."""
        for text in ('"' * MAX_TEXT, "\n" * MAX_TEXT):
            for run in split([Say(text, "#" + "😀" * (MAX_ROOM - 1))] * 5):
                batch_of(run, name="😀" * MAX_NAME)

    def test_few(self) -> None:
        """Nothing is no batch; a page full of short lines is as few as 512 records allow."""
        self.assertEqual(list(split([])), [])
        self.assertEqual([len(run) for run in split([Say("x")] * 1025)], [MAX_RECORDS, MAX_RECORDS, 1])


class GroupTests(SynchronousTestCase):
    """Nothing ever passes from one group to another."""

    def test_separate(self) -> None:
        """A batch signed for one group, open or closed, is forged in every other."""
        groups = [Group(), Group("chat", closed=True), Group("Chat"), Group("chat\0"), Group("")]
        for home in groups:
            batch = batch_of(said("oi"), home)
            for group in groups:
                if group is home:
                    check_signature(group, batch)
                else:
                    self.assertEqual(self.assertRaises(Refusal, check_signature, group, batch).reason, FORGED)

    def test_another_author(self) -> None:
        """Nobody can say anything in Ana's name."""
        batch = batch_of(said("oi"))
        forged = signed(GROUP, Identity(b"e" * 32), batch.body)
        self.assertEqual(self.assertRaises(Refusal, check_signature, GROUP, forged).reason, FORGED)

    def test_not_what_was_signed_for_a_link(self) -> None:
        """A signature over the same digest without the words "batch" and the group is worth nothing here."""
        batch = batch_of(said("oi"))
        for context in (b"", b"tcpchat/1 auth\0", b"tcpchat/1 batch\0"):
            forged = parse_batch(ANA.sign(context + batch.digest), batch.body)
            self.assertRaises(Refusal, check_signature, GROUP, forged)

    def test_any_byte(self) -> None:
        """Change any one byte of body or signature, and the batch is refused."""
        batch = batch_of(said("oi"))
        for place in range(len(batch.body)):
            body = bytearray(batch.body)
            body[place] ^= 1
            self._refused(batch.sig, bytes(body))
        for place in range(64):
            sig = bytearray(batch.sig)
            sig[place] ^= 1
            self._refused(bytes(sig), batch.body)

    def _refused(self, sig: bytes, body: bytes) -> None:
        try:
            check_signature(GROUP, parse_batch(sig, body))
        except Refusal:
            return
        self.fail(f"accepted: {body!r}")


class UnsealTests(SynchronousTestCase):
    """What is not a batch is one `Refusal`."""

    def test_fields(self) -> None:
        """Each field of the body has its limits."""
        good = msgspec.json.decode(batch_of(said("oi")).body)
        for field, values in {
            "author": ["", "AAAA", good["author"][4:], None],
            "epoch": [-1, 2**53, 1.5, "7"],
            "first": [0, 2**53, None],
            "prev": ["AAAA", "A" * 86 + "==", None],
            "at": [-1, MAX_WALL_MS + 1, 0.5],
            "lc": [-1, 2**53],
            "name": ["", " Ana", "Ana ", "A  na", "a\nb", "a:b", "x" * (MAX_NAME + 1), "\u202ea", None],
            "records": [[], None, {}, [1], [{}], [{"k": 1}], [{"k": "say"}], [{"k": "say", "text": ""}],
                        [{"k": "say", "text": "a\x00"}], [{"k": "say", "text": "a", "room": "chat"}],
                        [{"k": "say", "text": "a", "room": None}]],
        }.items():  # fmt: skip
            for value in values:
                self._refused(msgspec.json.encode({**good, field: value}), f"{field} {value!r}")
            self._refused(msgspec.json.encode({key: good[key] for key in good if key != field}), f"no {field}")

    def test_any_unicode(self) -> None:
        """Names and rooms are taken whatever this Python's version of Unicode makes of them: else peers would disagree."""
        good = msgspec.json.decode(batch_of(said("oi")).body)
        for name in ("e\u0301", "a\U00013439b", "👨‍👩‍👧", "a\u0378", "A\u034fna", "(Ana)"):
            records = [{"k": "say", "text": "a", "room": f"#{name}"}, {"k": "nick", "name": name}]
            self.assertEqual(
                parse_batch(b"s" * 64, msgspec.json.encode({**good, "name": name, "records": records})).name, name
            )

    def test_nonsense(self) -> None:
        """Bytes, nesting, digits, surrogates: all refused by the same name, nothing else raised."""
        good = batch_of(said("oi")).body
        for body in (
            b"", b"{}", b"[]", b"null", b"\xff", b"[" * MAX_BODY, good[:-1], good + b"x",
            good.replace(b'"oi"', b'"\\ud800"'),
            good.replace(b'"oi"', b'"\xff"'),
            good.replace(b'"epoch":7', b'"epoch":' + b"9" * 20_000),
            good.replace(b'"k":"say"', b'"k":"later","x":' + b"[" * 10_000 + b"]" * 10_000),
            good.replace(b'"k":"say"', b'"k":"\\udc00"'),
        ):  # fmt: skip
            self._refused(body, repr(body[:80]))

    def test_nesting(self) -> None:
        """However deep in other calls a peer decodes, and whatever interpreter it has, it takes the same batches: what one takes,
        passes on and stores, every other can, and it can again."""
        good = batch_of(said("oi")).body

        def taken(body: bytes, calls: int) -> bool:
            if calls:
                return taken(body, calls - 1)
            try:
                parse_batch(b"s" * 64, body)
            except Refusal:
                return False
            self.assertIsNotNone(decode(signed_line(body)))
            return True

        for depth in (*range(MAX_NESTING - 5, MAX_NESTING + 2), 500, 900, 980, 990, 10_000):
            for opening, closing in (b"[", b"]"), (b'{"x":', b"}"):
                nested = opening * depth + b'"[{\\"{[\\\\"' + closing * depth
                for where, outside in (b'"at"', 1), (b'"k":"say"', 3):
                    body = good.replace(where, b'"x":' + nested + b"," + where)
                    for calls in 0, 200, 400:
                        self.assertEqual(
                            taken(body, calls), depth + outside <= MAX_NESTING, f"{depth} at {where!r}, {calls}"
                        )

    def test_much_that_is_not_nested(self) -> None:
        """Brackets in texts, escaped quotes among them, and brackets beside each other, are no nesting."""
        texts = ["[{" * 200, '"[{' * 200, "\\[{" * 200, '\\"[' * 200, "}]" * 200]
        self.assertEqual(batch_of(said(*texts)).said, said(*texts))
        later = Raw(b'{"k":"later","x":[' + b"[{}]," * 500 + b"0]}")
        self.assertEqual(batch_of([later] * 3).records, [Unknown("later")] * 3)

    @patient
    @given(st.binary(max_size=300))
    def test_random_bytes(self, body: bytes) -> None:
        """No bytes raise anything but `Refusal`."""
        self._refused(body, "random bytes")

    def _refused(self, body: bytes, what: str) -> None:
        try:
            parse_batch(b"s" * 64, body)
        except Refusal as refusal:
            self.assertEqual(refusal.reason, PROTOCOL, what)
        else:
            self.fail(f"accepted: {what}")

    def test_unknown_kinds(self) -> None:
        """Records of kinds to come are kept byte for byte, in their place among those known."""
        later = Raw(b'{ "k":"reaction","of":[1,2.50],"k2":"\\u00e9" }')
        batch = batch_of([*said("a"), later, *said("b")])
        self.assertEqual(batch.records, [Say("a"), Unknown("reaction"), Say("b")])
        self.assertIn(bytes(later), batch.body)
        self.assertIn(bytes(later), batch.line)
        self.assertEqual(batch.last, 3)

    def test_unknown_kinds_excuse_nothing(self) -> None:
        """A record of a later kind beside it makes no bad message good."""
        later = Raw(b'{"k":"reaction"}')
        self.assertRaises(Refusal, batch_of, [later, Raw(b'{"k":"say","text":"a\\u001b"}')])
        self.assertRaises(Refusal, batch_of, [later, Raw(b'{"k":"say"}')])

    @patient
    @given(st.lists(st.builds(Say, texts, rooms, st.booleans()), min_size=1, max_size=3))
    def test_checked_together(self, records: list[Say]) -> None:
        """A batch is refused exactly if one of its messages is that can't be said, however it is written."""
        bad = [record for record in records if not can_be_said(record)]
        if bad:
            self.assertRaises((Refusal, UnicodeEncodeError), batch_of, records)
        else:
            self.assertEqual(batch_of(records).records, records)
        for record in records:
            if record in bad:
                self.assertRaises(Refusal, batch_of, [escaped(record)])
            else:
                self.assertEqual(batch_of([escaped(record)]).records, [record])

    def test_raw_control_characters(self) -> None:
        """A control character that stands in a text as it is, which JSON forbids of most, is refused like an escaped one."""
        good = batch_of(said("oi")).body
        for code in (*range(0x20), *range(0x7F, 0xA0)):
            self._refused(good.replace(b"oi", b"o" + chr(code).encode() + b"i"), f"U+{code:04x}")

    def test_what_it_tells(self) -> None:
        """A batch knows its messages, the rooms they were said in, and what else is in it; and whether that is to be found again
        at the next start, which talk in the usual room is not."""
        private = Private(b"b" * 32, b"sealed", b"copy")
        batch = batch_of([Say("a"), Topic("#tea", "Assam"), Say("b", "#tea"), private, Say("c")])
        self.assertEqual(batch.said, [Say("a"), Say("b", "#tea"), Say("c")])
        self.assertEqual(batch.rooms, ["#chat", "#tea"])
        self.assertEqual(batch.others, [(1, Topic("#tea", "Assam")), (3, private)])
        notable = {
            True: ([Say("a", "#tea")], [Say("a"), Topic("#tea")]),
            False: ([Say("a")], [Say("a"), private, Nick("Bia"), Away("lunch")], [Raw(b'{"k":"dance"}')]),
        }
        for expected, each in notable.items():
            for records in each:
                self.assertIs(batch_of(records).notable, expected, records)

    def test_unknown_fields(self) -> None:
        """Fields to come are signed and relayed like the rest."""
        writer = Writer(1)
        batch = writer.forge(writer.write("oi"), lang="pt")
        check_signature(GROUP, batch)
        self.assertEqual(batch.records, [Say("oi")])


class ForkTests(SynchronousTestCase):
    """Two contradicting batches prove a fork, and nothing else does."""

    def setUp(self) -> None:
        self.ana = Writer(1)
        self.ana.write("a", "b")
        self.one = self.ana.write("c", "d")

    def _proves_nothing(self, fork: Fork) -> None:
        self.assertEqual(self.assertRaises(Refusal, fork.prove, GROUP).reason, FORGED)

    def test_proven(self) -> None:
        """Two batches for one place, of whatever lengths and starts; the feed ends before the first of them."""
        first = self.ana.batches[0]
        cases: list[tuple[Callable[[], Batch], int]] = [
            (lambda: self.ana.sign(first, "x"), 3),
            (lambda: self.ana.sign(first, "c", "d", "e"), 3),
            (lambda: self.ana.sign(None, "a", "b", "x"), 1),
            (lambda: self.ana.sign(self.ana.sign(first, "c"), "x"), 3),
            (lambda: self.ana.forge(self.one, name="Bia"), 3),
        ]
        for other, place in cases:
            for fork in (Fork(self.one, other()), Fork(other(), self.one)):
                fork.prove(GROUP)
                self.assertEqual((fork.place, fork.feed), (place, self.ana.feed))

    def test_no_contradiction(self) -> None:
        """One batch twice, neighbours, and other feeds contradict nothing."""
        self._proves_nothing(Fork(self.one, self.one))
        self._proves_nothing(Fork(self.ana.batches[0], self.one))
        other_epoch, other_author = Writer(1, epoch=8), Writer(2)
        for writer in (other_epoch, other_author):
            writer.write("x", "y")
            self._proves_nothing(Fork(self.one, writer.write("c", "d")))

    def test_signed_twice(self) -> None:
        """One body under two signatures is a fork too, since the next batch can name only one of them as the one before."""
        again = parse_batch(self.ana.sign_otherwise(self.one.body), self.one.body)
        self.assertNotEqual(again.hash, self.one.hash)
        check_signature(GROUP, again)
        Fork(self.one, again).prove(GROUP)

    def test_signed(self) -> None:
        """A proof with one half that its author never signed, or signed for another group, is forged."""
        eva = Writer(2)
        theirs = eva.sign(None, "x")
        body = msgspec.json.encode({**msgspec.json.decode(theirs.body), "author": self.ana.identity.id})
        forged = signed(GROUP, eva.identity, body)
        elsewhere = Writer(1, group=Group("work")).sign(None, "x")
        for half in (forged, elsewhere):
            self._proves_nothing(Fork(self.ana.batches[0], half))
            self._proves_nothing(Fork(half, self.ana.batches[0]))
