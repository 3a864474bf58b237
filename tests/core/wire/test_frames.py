"""What one line on the wire can say, and that nothing else gets past the codec."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, inspect
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from twisted_chat.core.errors import PROTOCOL, Refusal
from twisted_chat.core.feeds.batches import MAX_BODY, FeedId
from twisted_chat.core.replication.holding import TIP_BYTES
from twisted_chat.core.replication.inventory import MAX_DIGESTS, Inventory
from twisted_chat.core.wire.frames import (
    FRAMES,
    MAX_INT,
    MAX_LINE,
    MAX_NUMBER,
    TAGS,
    Address,
    BatchFrame,
    Digest,
    ForkFrame,
    Frame,
    Have,
    Peers,
    SignedBody,
    decode,
    encode,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for what the declared type allows."""
    match kind:
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.StrType():
            return st.text(st.characters(codec="utf-8"), max_size=kind.max_length)
        case inspect.BytesType():
            return st.binary(min_size=kind.min_length or 0, max_size=kind.max_length)
        case inspect.RawType():
            return json_values.map(lambda value: Raw(msgspec.json.encode(value)))
        case inspect.TupleType():
            return st.tuples(*map(values, kind.item_types))
        case inspect.ListType():
            return st.lists(values(kind.item_type), max_size=min(kind.max_length or 4, 4))
        case inspect.DictType():
            return st.dictionaries(values(kind.key_type), values(kind.value_type), max_size=4)
        case inspect.StructType():
            return st.builds(kind.cls, **{field.name: values(field.type) for field in kind.fields})
    raise AssertionError(f"no strategy for {kind}")


frames = st.one_of([values(inspect.type_info(frame)) for frame in FRAMES])

KEY = "A" * 43 + "="
SIG = "A" * 86 + "=="
GOOD = {
    "greet": {"v": 1, "tls": False},
    "tls": {},
    "pake": {"msg": "A" * 44},
    "mac": {"mac": KEY},
    "hello": {"group": "g", "id": KEY, "name": "n", "port": 1, "instance": 1, "nonce": KEY, "durable": True},
    "auth": {"sig": SIG},
    "digest": {"authors": {KEY: "A" * 22 + "=="}},
    "have": {"feeds": {KEY: [[1, 1, 1]]}},
    "want": {"feed": [KEY, 1], "from": 1},
    "stop": {"feed": [KEY, 1]},
    "batch": {"sig": SIG, "body": {"x": 1}},
    "linked": {"members": [KEY]},
    "typing": {"room": "#chat"},
    "fork": {"one": {"sig": SIG, "body": 1}, "other": {"sig": SIG, "body": 2}},
    "ping": {"n": 1},
    "pong": {"n": 1},
    "peers": {"peers": [{"id": KEY, "host": "h", "port": 1}]},
    "bye": {"reason": "r"},
}
"""A good frame by tag, as any JSON library would write it."""


def line(tag: str, **changes: object) -> bytes:
    """Return the good line for a tag, with some fields changed."""
    return msgspec.json.encode({"t": tag, **GOOD[tag], **changes})


class RoundTripTests(SynchronousTestCase):
    """What is encoded comes back the same."""

    @patient
    @given(frames)
    def test_every_frame(self, frame: Frame) -> None:
        """Any frame that can be made is one line, which decodes to an equal frame."""
        encoded = encode(frame)
        self.assertTrue(encoded.endswith(b"\n"))
        self.assertEqual(encoded.count(b"\n"), 1)
        self.assertEqual(decode(encoded[:-1]), frame)

    def test_written_by_others(self) -> None:
        """Each frame, written with another JSON library's habits, decodes; the table here has every frame there is."""
        self.assertEqual(set(GOOD), set(TAGS))
        for tag in GOOD:
            self.assertIsInstance(decode(line(tag)), TAGS[tag])
            self.assertIsInstance(decode(line(tag, later=[1, {"a": None}])), TAGS[tag], "an unknown field is ignored")

    def test_raw_is_kept_byte_for_byte(self) -> None:
        """The body of a batch is not rewritten: spaces, order and escapes are signed as they came."""
        body = rb'{ "b":1.50,  "a" : "\u00e9\/" , "a":[ ] }'
        batch = decode(b'{"t":"batch","sig":"' + SIG.encode() + b'","body":' + body + b"}")
        assert isinstance(batch, BatchFrame)
        self.assertEqual(bytes(batch.body), body)
        self.assertIn(body, encode(batch))

    def test_unknown_names(self) -> None:
        """Frames by unknown names are ignored, not refused."""
        for tag in ("later", "", "PING", "ping ", "é"):
            self.assertNotIn(tag, TAGS)
            self.assertIsNone(decode(msgspec.json.encode({"t": tag, "anything": [1, 2]})), tag)


def bad_lines() -> dict[str, bytes]:
    """Return everything that is not a frame, by what is wrong with it."""
    sig = b'"sig":"' + SIG.encode() + b'"'
    digits = b"9" * 65_000
    bad = {
        "nothing": b"",
        "spaces": b"   ",
        "not JSON": b"GET / HTTP/1.1\r",
        "random bytes": bytes(range(256)),
        "UTF-16": '{"t":"bye","reason":"r"}'.encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + line("ping"),
        "an array": b'[{"t":"ping","n":1}]',
        "a string": b'"ping"',
        "null": b"null",
        "no tag": b'{"n":1}',
        "tag not a string": b'{"t":1,"n":1}',
        "tag null": b'{"t":null,"n":1}',
        "cut short": line("ping")[:-1],
        "two objects": line("ping") * 2,
        "unknown tag, cut short": b'{"t":"later"',
        "unknown tag, twice": b'{"t":"later"}{"t":"later"}',
        "unknown tag, bad escape": b'{"t":"later","x":"\\ud800"}',
        "unknown tag, deep": b'{"t":"later","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        "unknown tag, bad UTF-8": b'{"t":"later","x":"\xff"}',
        "deep and open": b"[" * 65_000,
        "deep in raw": b'{"t":"batch",' + sig + b',"body":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        "deep objects in raw": b'{"t":"batch",' + sig + b',"body":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        "deep in unknown field": b'{"t":"ping","n":1,"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        "bad UTF-8 in raw": b'{"t":"batch",' + sig + b',"body":{"x":"\xff"}}',
        "overlong UTF-8 in raw": b'{"t":"batch",' + sig + b',"body":{"x":"\xc0\xaf"}}',
        "surrogate as UTF-8 in raw": b'{"t":"batch",' + sig + b',"body":{"x":"\xed\xa0\x80"}}',
        "bad UTF-8 in unknown field": b'{"t":"ping","n":1,"x":"\xff"}',
        "bad UTF-8 in unknown key": b'{"t":"ping","n":1,"\xff":1}',
        "lone high surrogate": b'{"t":"bye","reason":"\\ud800"}',
        "lone low surrogate": b'{"t":"bye","reason":"\\udc00"}',
        "surrogates turned round": b'{"t":"bye","reason":"\\udc00\\ud800"}',
        "65,000 digits": b'{"t":"ping","n":' + digits[:65_000] + b"}",
        "65,000 digits in text": b'{"t":"ping","n":"' + digits + b'"}',
        "an exponent": b'{"t":"ping","n":1e999999999}',
        "an exponent that is whole": b'{"t":"ping","n":1e3}',
        "a fraction": b'{"t":"ping","n":1.0}',
        "not a number": b'{"t":"ping","n":NaN}',
        "true for 1": b'{"t":"ping","n":true}',
        "text for 1": b'{"t":"ping","n":"1"}',
        "null for 1": b'{"t":"ping","n":null}',
        "2^53": line("ping", n=2**53),
        "2^63": line("ping", n=2**63),
        "2^64": line("ping", n=2**64),
        "below 0": line("ping", n=-1),
        "1 for true": line("greet", tls=1),
        "port 65536": line("hello", port=65536),
        "port 0 of an address": line("peers", peers=[{"id": KEY, "host": "h", "port": 0}]),
        "65 peers": line("peers", peers=[{"id": KEY, "host": "h", "port": 1}] * 65),
        "a host of 65": line("peers", peers=[{"id": KEY, "host": "h" * 65, "port": 1}]),
        "a reason of 65": line("bye", reason="r" * 65),
        "record 0": line("want", **{"from": 0}),
        "lowest 0": line("have", feeds={KEY: [[1, 0, 1]]}),
        "epoch 2^53": line("have", feeds={KEY: [[2**53, 1, 1]]}),
        "a pair for a range": line("have", feeds={KEY: [[1, 1]]}),
        "four for a range": line("have", feeds={KEY: [[1, 1, 1, 1]]}),
        "an object for a feed": line("stop", feed={"author": KEY, "epoch": 1}),
        "id too short": line("stop", feed=[KEY[4:], 1]),
        "id too long": line("stop", feed=["AAAA" + KEY, 1]),
        "id not base64": line("stop", feed=["?" * 44, 1]),
        "id in base64url": line("stop", feed=["-" * 43 + "=", 1]),
        "key too short": line("have", feeds={KEY[4:]: [[1, 1, 1]]}),
        "digest too short": line("digest", authors={KEY: "AAAA"}),
        "signature too short": line("auth", sig=SIG[4:]),
    }  # fmt: skip
    for tag, fields in GOOD.items():
        for field in fields:
            if (tag, field) != ("have", "end"):
                without = {"t": tag, **{name: value for name, value in fields.items() if name != field}}
                bad[f"{tag} without {field}"] = msgspec.json.encode(without)
            if field != "body":
                bad[f"{tag} with {field} of a wrong type"] = line(tag, **{field: [[[0.5]]]})
    return bad


class RefusalTests(SynchronousTestCase):
    """What is not a frame is one `Refusal`, and nothing else ever comes out."""

    def test_each_kind_of_bad_line(self) -> None:
        """Every bad line is refused by the name `protocol`."""
        for what, bad in bad_lines().items():
            try:
                found: object = decode(bad)
            except Refusal as refusal:
                self.assertEqual(refusal.reason, PROTOCOL, what)
                str(refusal).encode()  # it can be logged
            else:
                self.fail(f"{what}: decoded as {found}")

    @patient
    @given(st.binary(max_size=200))
    def test_random_bytes(self, junk: bytes) -> None:
        """Random bytes are refused or ignored; no exception of another kind escapes."""
        self._survives(junk)

    @patient
    @given(frames, st.data())
    def test_damaged_lines(self, frame: Frame, data: st.DataObject) -> None:
        """A good line with some bytes changed, cut or added is a frame that can be sent on, or is refused."""
        damaged = bytearray(encode(frame)[:-1])
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(damaged) - 1)) if damaged else 0
            damaged[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        self._survives(bytes(damaged))

    @patient
    @given(json_values.map(msgspec.json.encode), st.sampled_from(sorted(TAGS)))
    def test_other_json(self, value: bytes, tag: str) -> None:
        """Any JSON, tagged or not, is refused or ignored."""
        self._survives(value)
        self._survives(b'{"t":"' + tag.encode() + b'","x":' + value + b"}")

    def _survives(self, bad: bytes) -> None:
        try:
            frame = decode(bad)
        except Refusal as refusal:
            self.assertEqual(refusal.reason, PROTOCOL)
        else:
            if frame is not None:
                encode(frame)


class LongestLineTests(SynchronousTestCase):
    """The largest frames this peer sends fit a line."""

    def _ids(self, count: int) -> list[bytes]:
        return [number.to_bytes(2, "big") + b"\xff" * 30 for number in range(count)]

    def _fits(self, frame: Frame) -> None:
        encoded = encode(frame)
        self.assertLessEqual(len(encoded) - 1, MAX_LINE)
        self.assertEqual(decode(encoded[:-1]), frame)

    def test_digest(self) -> None:
        """One of as many authors as are put in one; one's own group may once have had more."""
        inventory = Inventory()
        for author in self._ids(MAX_DIGESTS + 5):
            inventory.hold(FeedId(author, 1), own=True)
        digests = inventory.digests()
        self.assertEqual(len(digests), MAX_DIGESTS)
        self._fits(Digest(digests))

    def test_have(self) -> None:
        """A list of feeds is cut into lines that fit, and are not much shorter, be it of many authors or of one, with the largest
        numbers."""
        for authors, epochs in ((1500, 1), (1, 1500), (30, 50)):
            inventory = Inventory()
            feeds = [FeedId(author, MAX_INT - epoch) for author in self._ids(authors) for epoch in range(epochs)]
            for feed in feeds:
                holding = inventory.hold(feed)
                holding.kept_low, holding.kept_high = MAX_NUMBER + 1, MAX_NUMBER
                holding.kept_tip = b"\xff" * TIP_BYTES
            lines = list(inventory.lines(feeds, end=True))
            told = [(author, each.epoch) for line in lines for author, ranges in line.feeds.items() for each in ranges]
            self.assertEqual(told, feeds)
            self.assertEqual([line.end for line in lines], [False] * (len(lines) - 1) + [True])
            for have in lines:
                self._fits(have)
            for have in lines[:-1]:
                self.assertGreater(len(encode(have)), MAX_LINE - 3000)

    def test_peers(self) -> None:
        """64 addresses with hosts of 64 characters, escapes included."""
        for character in ("h", "é", "😀", "\x01"):
            self._fits(Peers([Address(author, character * 64, 65535) for author in self._ids(64)]))

    def test_fork(self) -> None:
        """Two of the longest batches."""
        body = Raw(b'"' + b"x" * (MAX_BODY - 2) + b'"')
        self._fits(ForkFrame(SignedBody(b"\xff" * 64, body), SignedBody(b"\xff" * 64, body)))

    def test_have_leaves_out_what_is_default(self) -> None:
        """`end` is written only when it is true: `have` is the line that is sent most."""
        self.assertEqual(encode(Have({})), b'{"t":"have","feeds":{}}\n')
        self.assertEqual(encode(Have({}, True)), b'{"t":"have","feeds":{},"end":true}\n')
