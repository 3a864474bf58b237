"""What is accepted as a batch is the same for every Python: a conversation that one has stored, any other reads."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import parse_batch

ACCEPTED = "8132bd6da18e0fb661ced7c7e6b5d201e6b2022bdf260b5a19b1b0b30080c552"
"""SHA-256 over a byte for each of `bodies`: 1 if it is accepted. With other rules it is another protocol."""

KEY = b64encode(bytes(32)).decode()
GOOD = {
    "author": f'"{KEY}"', "epoch": "7", "first": "1", "prev": '""', "at": "0", "lc": "0", "name": '"Ana"',
    "records": '[{"k":"say","text":"hi"}]',
}  # fmt: skip
NUMBERS = [
    "0", "1", "-1", "-0", "1.0", "1.5", "1e3", "1E2", "01", "+1", "0x1", "true", "null", '"1"', "[1]", "2147483648",
    "1099511627776", "1099511627777", "4503599627370496", "9007199254740991", "9007199254740992", "9007199254740993",
    "18446744073709551616", "1e400", "32503680000000", "32503680000001", "NaN", "Infinity", "",
]  # fmt: skip
BYTES = [
    '""', f'"{KEY}"', f'"{KEY[:-1]}"', f'"{KEY}="', f'"{KEY[:-2]}"', f'" {KEY}"', f'"{KEY[:20]}\\n{KEY[20:]}"', '"AA=="', '"AA"',
    '"A-_="', "null", f'"{KEY[:-2]}B="', f'"{KEY[:-1]}\\u003d"',
]  # fmt: skip
RECORDS = [
    "[]", "{}", "null", '[["say","hi"]]',
    '[{"text":"hi"}]', '[{"k":"say"}]', '[{"k":"say","text":""}]', '[{"k":"later"}]', '[{"k":7}]',
    '[{"k":"say","k":"later","text":"x"}]', '[{"k":"say","text":"x","more":[1,{"y":null}]}]',
    '[{"k":"say","text":"x","room":"#tea"}]', '[{"k":"say","text":"x","room":"#"}]', '[{"k":"say","text":"x","me":1}]',
    '[{"k":"say","text":"x","me":true}]', '[{"k":"topic","room":"#tea"}]', '[{"k":"topic","room":"tea"}]',
    '[{"k":"nick","name":"Zoe"}]', '[{"k":"nick","name":"a:b"}]', '[{"k":"away"}]', '[{"k":"away","text":null}]',
    f'[{{"k":"private","to":"{KEY}","sealed":"","copy":"AA=="}}]', '[{"k":"private","to":"","sealed":"","copy":""}]',
    "[" + ",".join(['{"k":"away"}'] * 512) + "]", "[" + ",".join(['{"k":"away"}'] * 513) + "]",
    '[{"k":"later","x":' + "[" * 300 + "]" * 300 + "}]",
    *('[{"k":"say","text":"' + text + '"}]' for text in ("x" * 8192, "x" * 8193, "é" * 4096, "é" * 4097)),
]  # fmt: skip
CODES = [
    *range(0x300), *range(0x300, 0x3100, 7), *range(0x3100, 0x110000, 997),
    0x2028, 0x2029, 0x202E, 0x2066, 0x3000, 0x3164, 0xFFA0, 0x13439, 0x13441, 0x13442, 0x16FE4, 0x1D159, 0x1FAE9, 0x10FFFF,
]  # fmt: skip


def body(**fields: str) -> bytes:
    """Return a body of these fields as they stand in it, the others being good."""
    whole = ",".join(f'"{name}":{value}' for name, value in {**GOOD, **fields}.items())
    return f"{{{whole}}}".encode("utf-8", "surrogatepass")


def bodies() -> Iterator[bytes]:
    """Yield bodies, most of which are just beside what is good, in an order that is always the same."""
    for field in ("epoch", "first", "at", "lc"):
        yield from (body(**{field: value}) for value in NUMBERS)
    for field in ("author", "prev"):
        yield from (body(**{field: value}) for value in BYTES)
    yield from (body(records=value) for value in RECORDS)
    for left_out in GOOD:
        yield body(**{left_out: "null"})
        yield body().replace(f'"{left_out}"'.encode(), b'"other"')
        yield body().replace(f'"{left_out}"'.encode(), f'"{left_out}":1,"{left_out}"'.encode())
    yield from (
        b"",
        b"{}",
        b"[]",
        b"\xef\xbb\xbf" + body(),
        body() + b" ",
        b" " + body(),
        body()[:-1],
        body() + b"x",
        body() * 2,
    )
    yield from (
        body().replace(b"Ana", bad) for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82")
    )
    for code in CODES:
        character = chr(code)
        units = character.encode("utf-16-be", "surrogatepass")
        escaped = "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
        for spelled in (character, escaped):
            yield body(name=f'"{spelled}"')
            yield body(
                records=f'[{{"k":"say","text":"{spelled}","room":"#{spelled}"}},{{"k":"away","text":"{spelled}"}}]'
            )


def accepted(data: bytes) -> bool:
    """Whether a body is accepted, whoever signed it."""
    try:
        parse_batch(bytes(64), data)
    except Refusal:
        return False
    return True


class AcceptedTests(SynchronousTestCase):
    """Peers that disagree on what is valid would hold different conversations."""

    def test_the_same_set(self) -> None:
        """Exactly this is accepted, on whatever Python this runs."""
        verdicts = bytes(accepted(data) for data in bodies())
        self.assertGreater(sum(verdicts), 1000)
        self.assertGreater(verdicts.count(0), 100)
        self.assertEqual(sha256(verdicts).hexdigest(), ACCEPTED)
