"""Archives: what is written holds, and whatever is done to it shows."""

from __future__ import annotations

import io
from collections.abc import Iterable
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import GROUP, Author
from twisted_chat.archive import checking
from twisted_chat.archive.checking import check
from twisted_chat.archive.lines import End, NotAnArchive
from twisted_chat.archive.report import MAX_FLAWS, Fault, Report
from twisted_chat.archive.writing import write
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Close, Edit, React, Retract, Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import MAX_LINE, Ping, encode
from twisted_chat.speech.verdict import verdict

EXPORTER = Identity(b"e" * 32)
AT = 1_700_000_000_123


def exported(batches: Iterable[Batch], forks: Iterable[Fork] = (), group: Group = GROUP) -> bytes:
    """An archive of these."""
    file = io.BytesIO()
    write(file, group, EXPORTER, "Eva", AT, batches, forks)
    return file.getvalue()


def checked(content: bytes) -> Report:
    """What a check of `content` says."""
    return check(io.BytesIO(content))


def faults(content: bytes) -> list[tuple[Fault, int]]:
    """What is wrong, and in which line."""
    return [(flaw.fault, flaw.line) for flaw in checked(content).flaws]


ANA, BIA = Author(1), Author(2, late=500)
SAID = ANA.batches((1, 2), (3, 3), (4, 6)) + BIA.batches((1, 4), (5, 5))
SAID_BY_ANA = SAID[2]
SAID.sort(key=lambda batch: batch.last_lc)
WHOLE = exported(SAID)
LINES = WHOLE.splitlines(keepends=True)


class RoundTripTests(SynchronousTestCase):
    """What was exported."""

    def test_amended(self) -> None:
        """What becomes of messages is in an archive too, as it was signed; it is counted, and not as messages."""
        id = MessageId(*SAID[0].feed, 1)
        batches = [
            *SAID,
            ANA.saying(7, [Edit(id, "x"), React(id, "👍"), Say("y", re=id), Close(id), Retract(id)], SAID_BY_ANA.hash),
        ]
        report = checked(exported(batches))
        self.assertEqual(report.faults, 0)
        voice = report.authors[ANA.feed.author]
        self.assertEqual((voice.messages, voice.amendments), (7, 4))
        self.assertIn("4 reactions", "\n".join(verdict(report)))

    def test_holds(self) -> None:
        """Nothing is wrong with what was just exported, and it says whose messages there are, by whom, from when."""
        report = checked(WHOLE)
        self.assertEqual((report.faults, report.flaws), (0, []))
        header = report.header
        self.assertEqual((header.group, header.closed, header.id, header.name, header.at),
                         ("chat", False, EXPORTER.id, "Eva", AT))  # fmt: skip
        found = {author: (voice.name, voice.messages, voice.missing) for author, voice in report.authors.items()}
        self.assertEqual(found, {ANA.feed.author: ("Ana", 6, 0), BIA.feed.author: ("Ana", 5, 0)})

    def test_count(self) -> None:
        """The number of messages is returned, not that of batches."""
        self.assertEqual(write(io.BytesIO(), GROUP, EXPORTER, "Eva", AT, SAID, ()), 11)

    def test_as_on_the_wire(self) -> None:
        """Each batch stands there as the very line that carries it between peers."""
        self.assertEqual(LINES[1:-1], [batch.line for batch in SAID])

    def test_nothing(self) -> None:
        """A conversation in which nothing was said is an archive too."""
        self.assertEqual(faults(exported([])), [])

    def test_shortened_at_the_start(self) -> None:
        """What the exporter had given up for its age is counted, and is no fault."""
        report = checked(exported(ANA.batches((1, 30), (31, 33))[1:]))
        self.assertEqual((report.faults, report.authors[ANA.feed.author].missing), (0, 30))

    def test_newest_name(self) -> None:
        """An author is listed once, by the name used last, and all its feeds count."""
        again = Author(1, epoch=8, late=9_000_000)
        self.assertEqual(checked(exported([*SAID, again.batch(1)])).authors[ANA.feed.author].messages, 7)


class DamageTests(SynchronousTestCase):
    """Every kind of damage is named, with its line. Most break the seal too."""

    def assertFault(self, fault: Fault, line: int, content: bytes) -> None:
        self.assertIn((fault, line), faults(content))

    def alter(self, number: int, *instead: bytes) -> bytes:
        """The archive with other lines instead of line `number`."""
        return b"".join([*LINES[: number - 1], *instead, *LINES[number:]])

    def test_changed_text(self) -> None:
        """A word put into somebody's mouth is a forgery, what is said where is untouched is not."""
        content = self.alter(3, LINES[2].replace(b"oi", b"no"))
        self.assertFault(Fault.FORGED, 3, content)
        self.assertNotIn((Fault.FORGED, 2), faults(content))

    def test_other_group(self) -> None:
        """Messages of another group, of its name or not, are not signed for this one."""
        for group in (Group("math"), Group("chat", closed=True)):
            self.assertEqual(faults(exported([SAID[0]], group=group)), [(Fault.FORGED, 2)])

    def test_forged_does_not_count(self) -> None:
        """What is forged is not counted as said."""
        self.assertEqual(checked(exported(SAID[:1], group=Group("math"))).authors, {})

    def test_gap(self) -> None:
        """A batch that is missing in between is named by its numbers, in sealed archives too."""
        one, _, three = ANA.batches((1, 2), (3, 7), (8, 8))
        [finding] = checked(exported([one, three])).flaws
        self.assertEqual((finding.fault, finding.line, finding.first, finding.last), (Fault.GAP, 3, 3, 7))

    def test_exchanged(self) -> None:
        """A batch, well signed, whose forerunner is another than the one there is out of the chain."""
        one = ANA.batch(1, prev=b"")
        stranger = ANA.batches((1, 1), (2, 2))[0]
        other = ANA.batch(2, prev=b"x" * 32)
        self.assertEqual(one.hash, stranger.hash)
        self.assertEqual(faults(exported([one, other])), [(Fault.UNCHAINED, 3)])

    def test_backdated(self) -> None:
        """A batch that bears an earlier time than the one before it."""
        one = ANA.batch(1, prev=b"")
        early = Author(1, late=-5000).batch(2, prev=one.hash)
        self.assertEqual(faults(exported([one, early])), [(Fault.BACKDATED, 3)])

    def test_repeated(self) -> None:
        """What comes again is a fault, and counts once."""
        one, two = ANA.batches((1, 2), (3, 3))
        for batches in ([one, one], [one, two, two], [one, two, one]):
            report = checked(exported(batches))
            self.assertEqual([finding.fault for finding in report.flaws], [Fault.REPEATED])
            self.assertLess(report.authors[ANA.feed.author].messages, 4)

    def test_contradiction(self) -> None:
        """Two different batches for one place, each well signed."""
        one = ANA.batch(1, 2, prev=b"")
        self.assertEqual(faults(exported([one, ANA.batch(2, text="no", prev=b"")])), [(Fault.CONTRADICTION, 3)])

    def test_proof(self) -> None:
        """The proof of a fork is reported with the place it is about."""
        [finding] = checked(exported([], [ANA.fork(3)])).flaws
        self.assertEqual((finding.fault, finding.line, finding.first, finding.name), (Fault.FORK, 2, 3, "Ana"))

    def test_no_proof(self) -> None:
        """What proves nothing is said to prove nothing: the same twice, or a forgery."""
        one = ANA.batch(3)
        forged = Fork(one, replace(ANA.batch(3, text="no"), sig=one.sig))
        for fork in (Fork(one, one), Fork(one, BIA.batch(3)), forged):
            self.assertEqual(faults(exported([], [fork])), [(Fault.UNPROVEN, 2)])

    def test_alien_lines(self) -> None:
        """A line that is none of an archive's is named, and what follows it is looked at."""
        aliens = (
            b"\n", b"{}\n", b"[]\n", b"\xff\n", b"{" * 60000 + b"\n", b"[" * 60000 + b"\n", b'{"t":"secret"}\n', LINES[0],
            encode(Ping(1)), b'{"t":"batch","sig":"","body":{}}\n', LINES[1].replace(b'"records"', b'"chords"'),
            b'{"t":"batch","x":' + b"[" * 30000 + b"]" * 30000 + b"}\n", LINES[1][:-3] + b"\n",
        )  # fmt: skip
        for alien in aliens:
            found = faults(self.alter(1, LINES[0], alien))
            self.assertEqual(found, [(Fault.ALIEN, 2), (Fault.BROKEN_SEAL, len(LINES) + 1)], alien[:40])

    def test_long_line(self) -> None:
        """A line that is too long is passed over; the longest allowed is not too long."""
        for length, fault in ((MAX_LINE + 1, Fault.LONG), (10 * MAX_LINE, Fault.LONG), (MAX_LINE, Fault.ALIEN)):
            found = faults(self.alter(1, LINES[0], b"x" * length + b"\n"))
            self.assertEqual(found, [(fault, 2), (Fault.BROKEN_SEAL, len(LINES) + 1)])

    def test_cut_off(self) -> None:
        """However much is missing at the end, that it is missing is seen."""
        for end in range(len(LINES[0]), len(WHOLE) - 1):
            self.assertTrue(faults(WHOLE[:end]), end)
        self.assertEqual(faults(b"".join(LINES[:-1])), [(Fault.CUT_OFF, len(LINES) - 1)])

    def test_left_out(self) -> None:
        """What was left out afterwards shows even where no gap does: at the end of a feed."""
        self.assertEqual(faults(self.alter(len(LINES) - 1)), [(Fault.BROKEN_SEAL, len(LINES) - 1)])

    def test_surplus(self) -> None:
        """Nothing may follow the end."""
        self.assertEqual(faults(WHOLE + LINES[1] * 3), [(Fault.SURPLUS, len(LINES) + 1)])

    def test_others_seal(self) -> None:
        """Nobody but the exporter can seal what it exported."""
        seal = encode(End(Identity(b"x" * 32).sign(b"")))
        self.assertEqual(faults(self.alter(len(LINES), seal)), [(Fault.BROKEN_SEAL, len(LINES))])

    def test_no_archive(self) -> None:
        """What doesn't begin as an archive does is none."""
        odd = (
            b"",
            b"\n",
            b"\xff",
            b"{}",
            b"x" * 10**6,
            LINES[1],
            b'{"t":"archive","v":1}',
            LINES[0].replace(b"chat", b":"),
        )
        for content in odd:
            self.assertFalse(self.assertRaises(NotAnArchive, checked, content).newer)

    def test_newer(self) -> None:
        """A format that this version doesn't know is told from what is no archive."""
        self.assertTrue(self.assertRaises(NotAnArchive, checked, b'{"t":"archive","v":2,"changed":true}\n').newer)


class BoundTests(SynchronousTestCase):
    """A hostile file needs no more memory than an honest one."""

    def test_findings(self) -> None:
        """Faults are described up to a number, and counted beyond."""
        report = checked(LINES[0] + b"x\n" * 1000)
        self.assertEqual((len(report.flaws), report.faults), (MAX_FLAWS, 1001))

    def test_feeds(self) -> None:
        """With more feeds than can be kept in mind the check ends, and says so."""
        with patch.object(checking, "MAX_FEEDS", 3):
            batches = [Author(1, epoch).batch(1) for epoch in range(9)]
            self.assertEqual(faults(exported(batches)), [(Fault.CROWDED, 5)])

    def test_lines(self) -> None:
        """A file that is one endless line is read in pieces."""
        asked: list[int] = []

        class Endless(io.BytesIO):
            def readline(self, size: int | None = -1, /) -> bytes:
                asked.append(size or 0)
                return LINES[0] if len(asked) == 1 else b"x" * (size or 0) if len(asked) < 99 else b""

        self.assertEqual([finding.fault for finding in check(Endless()).flaws], [Fault.LONG, Fault.CUT_OFF])
        self.assertLessEqual(max(asked), MAX_LINE + 1)


class ShownTests(SynchronousTestCase):
    """What people are told of it."""

    def test_names(self) -> None:
        """Names that people could not have chosen are made visible."""
        report = check(io.BytesIO(WHOLE))
        for voice in report.authors.values():
            voice.name = "🔒 Ana (x)"
        self.assertTrue(any("\\U0001f512 Ana \\x28x\\x29 [" in line for line in verdict(report)))


class AnyDamageTests(SynchronousTestCase):
    """Damage nobody thought of."""

    @given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
    def test_any_byte(self, place: int, flip: int) -> None:
        """Whichever byte is changed, and however, it is found, and nothing else happens."""
        content = bytearray(WHOLE)
        content[place] ^= flip
        try:
            self.assertTrue(checked(bytes(content)).faults)
        except NotAnArchive:
            self.assertLess(place, len(LINES[0]))

    @given(st.integers(1, len(LINES) - 2), st.data())
    def test_any_byte_of_a_body(self, number: int, data: st.DataObject) -> None:
        """A byte changed in what somebody signed is found in its line, even if the exporter had sealed it so."""
        line = bytearray(LINES[number])
        start = line.index(b'"body":') + 7
        line[data.draw(st.integers(start, len(line) - 3))] ^= data.draw(st.integers(1, 255))
        found = faults(b"".join([*LINES[:number], bytes(line), *LINES[number + 1 :]]))
        self.assertTrue({(Fault.FORGED, number + 1), (Fault.ALIEN, number + 1)} & set(found))

    @given(st.lists(st.sampled_from([*LINES, b"\n", b"{}\n"]) | st.binary(max_size=50), max_size=20))
    def test_any_lines(self, lines: list[bytes]) -> None:
        """Lines in any order, doubled, left out or of anything else: only the archive itself is all right."""
        content = LINES[0] + b"".join(lines)
        self.assertEqual(checked(content).faults == 0, content == WHOLE)
