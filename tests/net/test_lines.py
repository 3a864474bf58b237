"""The fast line receiver does what Twisted's own does."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineReceiver
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from twisted_chat.core.wire.frames import MAX_LINE
from twisted_chat.net.lines import ChunkedLineReceiver

LIMIT = 12


class Script:
    """What a receiver does when it meets certain lines; all it was given is in `heard`."""

    delimiter = b"\n"
    MAX_LENGTH = LIMIT
    transport: Any
    heard: list[tuple[str, bytes]]

    def lineReceived(self, line: bytes) -> None:
        """Change mode, pause, close or take in more, if the line says so."""
        self.heard.append(("line", line))
        act: Any = self
        if line == b"raw":
            self.left = 5
            act.setRawMode()
        elif line == b"pause":
            act.pauseProducing()
        elif line == b"both":
            act.pauseProducing()
            act.resumeProducing()
        elif line == b"close":
            self.transport.loseConnection()
        elif line == b"more":
            act.dataReceived(b"one\ntwo\nthr")

    def rawDataReceived(self, data: bytes) -> None:
        """Take five bytes, then lines again."""
        self.heard.append(("raw", data[: self.left]))
        taken, rest = data[: self.left], data[self.left :]
        self.left -= len(taken)
        if not self.left:
            act: Any = self
            act.setLineMode(rest)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Note it, and close, as the base class does."""
        self.heard.append(("too long", b""))
        self.transport.loseConnection()


class Ours(Script, ChunkedLineReceiver):
    """The receiver tested."""


class Theirs(Script, LineReceiver):
    """The receiver compared with."""


def hears(receiver: Any, chunks: list[bytes]) -> list[tuple[str, bytes]]:
    """Return what a receiver makes of these chunks; it is resumed after every chunk that paused it."""
    receiver.heard = []
    receiver.makeConnection(StringTransport())
    for chunk in chunks:
        if receiver.transport.disconnecting:
            break
        receiver.dataReceived(chunk)
        for _ in range(20):
            if receiver.paused:
                receiver.heard.append(("paused", b""))
                receiver.resumeProducing()
    merged: list[tuple[str, bytes]] = []
    for kind, data in receiver.heard:
        if kind == "raw" and merged and merged[-1][0] == "raw":
            merged[-1] = ("raw", merged[-1][1] + data)
        else:
            merged.append((kind, data))
    return merged


words = st.sampled_from(
    [b"raw", b"pause", b"both", b"close", b"more", b"", b"a", b"hello", b"x" * LIMIT, b"\r", b"x" * 13]
)
pieces = st.lists(st.one_of(words.map(lambda word: word + b"\n"), st.binary(max_size=4)), max_size=12)


class LikeLineReceiverTests(SynchronousTestCase):
    """Same lines, same order, same modes, whatever the chunks."""

    @patient
    @given(pieces, st.data())
    def test_any_chunks(self, pieces: list[bytes], data: st.DataObject) -> None:
        """Lines, raw data, pauses, ends and lines too long come out as with `LineReceiver`, in whatever chunks they came."""
        stream = b"".join(pieces)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
        chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        self.assertEqual(hears(Ours(), chunks), hears(Theirs(), chunks))

    @patient
    @given(pieces)
    def test_byte_by_byte(self, pieces: list[bytes]) -> None:
        """The same when every byte comes alone."""
        chunks = [bytes([byte]) for byte in b"".join(pieces)]
        self.assertEqual(hears(Ours(), chunks), hears(Theirs(), chunks))

    def test_taken_in_within_a_line(self) -> None:
        """Data that arrives while a line is being delivered, as TLS can bring it, waits for its turn and not for more data."""
        self.assertEqual(hears(Ours(), [b"more\nx\n"]), hears(Theirs(), [b"more\nx\n"]))

    def test_pause_within_a_chunk(self) -> None:
        """Paused from within `lineReceived`, not a line more comes until resumed, and then none is missing."""
        receiver = Ours()
        receiver.heard = []
        receiver.makeConnection(StringTransport())
        receiver.dataReceived(b"a\npause\nb\nc\nhal")
        receiver.dataReceived(b"f\n")
        self.assertEqual(receiver.heard, [("line", b"a"), ("line", b"pause")])
        receiver.resumeProducing()
        self.assertEqual([line for _, line in receiver.heard[2:]], [b"b", b"c", b"half"])

    def test_length(self) -> None:
        """A line of 65,536 bytes is a line; one byte more is too long, with its newline or without, in one chunk or many."""
        for length, chunk, good in (
            (MAX_LINE, MAX_LINE + 1, True),
            (MAX_LINE, 1000, True),
            (MAX_LINE + 1, MAX_LINE + 2, False),
            (MAX_LINE + 1, 1000, False),
        ):
            receiver = Ours()
            receiver.MAX_LENGTH = MAX_LINE
            stream = b"x" * length + b"\n"
            heard = hears(receiver, [stream[at : at + chunk] for at in range(0, len(stream), chunk)])
            self.assertEqual([kind for kind, _ in heard], ["line" if good else "too long"], (length, chunk))

    def test_endless(self) -> None:
        """A line without end is given up when it is too long, and its beginning is not kept."""
        receiver = Ours()
        heard = hears(receiver, [b"x" * 5] * 10)
        self.assertEqual(heard, [("too long", b"")])

    def test_cleared(self) -> None:
        """What has come and is not a whole line can be taken out, as with `LineReceiver`."""
        for receiver in (Ours(), Theirs()):
            self.assertEqual(hears(receiver, [b"a\nb"]), [("line", b"a")])
            self.assertEqual((receiver.clearLineBuffer(), receiver.clearLineBuffer()), (b"b", b""))
