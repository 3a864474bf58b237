"""What records can say."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import (
    KINDS,
    Away,
    Close,
    Edit,
    Nick,
    Private,
    React,
    Retract,
    Say,
    Topic,
    Unknown,
    decode_record,
)

ID = MessageId(b"a" * 32, 2**53 - 1, 2**40)

SAMPLES = [Say("oi"), Say("oi", "#redes", me=True), Say("oi", auto=True),
           Topic("#redes", "TCP"), Topic("#redes"), Nick("Bia"), Away("almoço"),
           Away(), Private(b"b" * 32, b"sealed", b"copy"),
           Private(b"b" * 32, b"sealed", b"copy", auto=True), Say("oi", re=ID), Say("q\na\nb", poll=True), React(ID, "👍"),
           React(ID), Edit(ID, "olá"), Retract(ID), Close(ID)]  # fmt: skip


class RecordTests(SynchronousTestCase):
    """Every kind of record keeps what it says."""

    def test_round_trip(self) -> None:
        """What is encoded comes back equal, for every kind there is."""
        self.assertEqual({type(sample) for sample in SAMPLES}, set(KINDS))
        for sample in SAMPLES:
            sample.check()
            self.assertEqual(decode_record(msgspec.Raw(msgspec.json.encode(sample))), sample)

    def test_short(self) -> None:
        """The usual message takes no more room than it needs."""
        self.assertEqual(msgspec.json.encode(Say("oi")), b'{"k":"say","text":"oi"}')

    def test_refused(self) -> None:
        """What can't be shown or is too long is refused before it is sealed."""
        for bad in (
            Say(""),
            Say("\x1b[2J"),
            Say("x", "redes"),
            Topic("redes"),
            Topic("#a", "\x07"),
            Nick("a:b"),
            Away("\x00"),
            Edit(ID, ""),
            Edit(ID, "\x1b[2J"),
            *(React(ID, text) for text in ("a b", "\x07", "a\u202eb", "a\xa0b", "\u3164", "a\n", "x" * 33)),
        ):
            self.assertRaises(BadText, bad.check)

    def test_references(self) -> None:
        """What refers to no possible message is no record."""
        good = msgspec.json.decode(msgspec.json.encode(Retract(ID)))
        for bad in ([], good["to"][:2], ["AA==", 1, 1], [good["to"][0], 2**53, 1], [good["to"][0], 1, 0], "x", None):
            with self.assertRaises(msgspec.DecodeError):
                decode_record(msgspec.Raw(msgspec.json.encode({**good, "to": bad})))
        self.assertEqual(MessageId.parse(str(ID)), ID)
        for text in ("", str(ID)[1:], f"{ID}0000", str(ID).replace(".", ","), "x.1.1"):
            self.assertIsNone(MessageId.parse(text))

    def test_later_kinds(self) -> None:
        """A kind nobody knows yet is known as such, whatever it holds."""
        self.assertEqual(decode_record(msgspec.Raw(b'{"k":"dance","steps":[1,2]}')), Unknown("dance"))

    def test_later_fields(self) -> None:
        """A field nobody knows yet is left aside, in every kind there is."""
        for sample in SAMPLES:
            later = msgspec.json.encode(sample)[:-1] + b',"later":[{"x":null}]}'
            self.assertEqual(decode_record(msgspec.Raw(later)), sample)
