"""Lines of JSON-RPC: what is a request, and what is refused by which number."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.frontends.json.lines import MAX_LINE, Lines, Request, Wrong, parse

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


class ParseTests(SynchronousTestCase):
    """One line."""

    def refused(self, line: bytes | str) -> tuple[int, object]:
        """Return the number with which a line is refused, and the id that is answered."""
        wrong = self.assertRaises(Wrong, parse, line.encode() if isinstance(line, str) else line)
        return wrong.error.code, wrong.id

    def test_requests(self) -> None:
        """Each form of a request is understood; one without an id wants no answer, one with null does."""
        self.assertEqual(
            parse(b'{"jsonrpc":"2.0","method":"m","params":{"a":1},"id":"x"}'), Request("m", {"a": 1}, "x", True)
        )
        self.assertEqual(parse(b' {"id":null,"method":"m","jsonrpc":"2.0"} '), Request("m", {}, None, True))
        self.assertEqual(parse(b'{"jsonrpc":"2.0","method":"m"}'), Request("m", {}, None, False))
        self.assertEqual((parse(b""), parse(b" \t\r")), (None, None))

    def test_no_json(self) -> None:
        """What is no JSON, no UTF-8, too long or nested too deep is refused as that, and answered to nobody."""
        deep = "[" * 20_000 + "]" * 20_000
        for line in ("{", "{'a':1}", '{"a":1}}', b'{"a":"\xff"}', b"\xff", '{"a":"\ud800"}'.encode("utf-8", "surrogatepass"),
                     '{"a":"\\ud800"}', "NaN", "x" * (MAX_LINE + 1), deep, "\x00"):  # fmt: skip
            self.assertEqual(self.refused(line), (-32700, None), line[:40])

    def test_no_request(self) -> None:
        """JSON that is no request is refused as that, with its id if that can be told."""
        good = {"jsonrpc": "2.0", "method": "m", "id": 7}
        for line, id in (
            ("[]", None), ("1", None), ("null", None), (json.dumps([good]), None),
            (json.dumps({**good, "jsonrpc": "1.0"}), 7), (json.dumps({"method": "m", "id": 7}), 7),
            (json.dumps({**good, "method": 1}), 7), (json.dumps({**good, "params": "x"}), 7),
            (json.dumps({**good, "params": None}), 7), (json.dumps({**good, "id": True}), None),
            (json.dumps({**good, "id": [1]}), None), (json.dumps({**good, "id": 2**64}), None),
            (json.dumps({**good, "extra": 1}), 7),
        ):  # fmt: skip
            self.assertEqual(self.refused(line), (-32600, id), line)

    @given(st.one_of(st.binary(max_size=80), _JSON.map(lambda value: json.dumps(value).encode())))
    def test_anything(self, line: bytes) -> None:
        """Nothing else is raised, whatever the line."""
        try:
            parse(line)
        except Wrong as wrong:
            self.assertIn(wrong.error.code, (-32700, -32600))


class LinesTests(SynchronousTestCase):
    """Bytes, cut anywhere."""

    @given(st.lists(st.sampled_from([b"a", b"bc", b"", b"x" * 70]), max_size=6), st.integers(1, 9))
    def test_cut(self, lines: list[bytes], step: int) -> None:
        """They come out as they went in, however they were cut."""
        queue, data = Lines(), b"".join(line + b"\n" for line in lines)
        for start in range(0, len(data), step):
            queue.feed(data[start : start + step])
        queue.end()
        self.assertEqual([queue.take() for _ in range(len(queue))], lines)

    def test_bounded(self) -> None:
        """Of a line without an end no more is kept than shows that it is too long; the next one is whole again."""
        queue = Lines()
        for _ in range(100):
            queue.feed(b"x" * MAX_LINE)
        self.assertLessEqual(len(queue._tail), MAX_LINE + 2)
        queue.feed(b"\nnext\r\n")
        self.assertEqual((len(queue.take()), queue.take()), (MAX_LINE + 2, b"next"))
