"""Bytes in, cut anywhere; lines of text out, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.errors import BadText
from twisted_chat.frontends.console.lines import MAX_LINE, Lines

TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


def taken(lines: Lines) -> list[str]:
    return [lines.take() for _ in range(len(lines))]


class LinesTests(SynchronousTestCase):
    """What was typed comes out as it was typed."""

    @given(st.lists(TEXT), st.lists(st.integers(1, 7), min_size=1), st.sampled_from(["\n", "\r\n"]))
    def test_cut_anywhere(self, typed: list[str], sizes: list[int], end: str) -> None:
        """However the bytes are cut, in the middle of characters and of line breaks too, the lines are the same."""
        data = "".join(line + end for line in typed).encode()
        lines = Lines()
        while data:
            for size in sizes:
                lines.feed(data[:size])
                data = data[size:]
        self.assertEqual(taken(lines), typed)

    def test_last_line(self) -> None:
        """A last line without a line break counts once there is no more to come; an empty rest is no line."""
        lines = Lines()
        lines.feed(b"a\nb")
        self.assertEqual(taken(lines), ["a"])
        lines.end()
        lines.end()
        self.assertEqual(taken(lines), ["b"])

    def test_not_utf8(self) -> None:
        """A line that is not UTF-8 is refused whole; the next one is fine."""
        lines = Lines()
        lines.feed(b"ol\xe1\nol\xc3\xa1\n")
        self.assertEqual(self.assertRaises(BadText, lines.take).code, "text-encoding")
        self.assertEqual(taken(lines), ["olá"])

    def test_longest(self) -> None:
        """A line of exactly the limit passes, with CRLF too; a byte more does not."""
        for end in (b"\n", b"\r\n"):
            for sizes in ((20_000,), (1,), (MAX_LINE,), (MAX_LINE + 1,)):
                lines = Lines()
                data = b"x" * MAX_LINE + end + b"y" * (MAX_LINE + 1) + end + b"z" + end
                for size in sizes:
                    for start in range(0, len(data), size):
                        lines.feed(data[start : start + size])
                self.assertEqual(len(lines.take()), MAX_LINE)
                self.assertEqual(self.assertRaises(BadText, lines.take).code, "text-long")
                self.assertEqual(taken(lines), ["z"])

    def test_line_without_end(self) -> None:
        """Of a line of 100 MiB only the beginning is kept, and it is one refusal."""
        lines = Lines()
        for _ in range(100 * 16):
            lines.feed(b"x" * 65536)
            self.assertLessEqual(len(lines._tail), MAX_LINE + 2)
        lines.feed(b"\nok\n")
        self.assertEqual(self.assertRaises(BadText, lines.take).code, "text-long")
        self.assertEqual(taken(lines), ["ok"])
