"""Rows: whoever wrote what, under whatever name, no row that is shown or logged can be taken for another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, product
from typing import get_args

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.characters import CODES
from tests.kit.saying import AT, FEED, who
from twisted_chat.archive.lines import Header
from twisted_chat.archive.report import Author, Fault, Flaw, Report
from twisted_chat.chatlog import ChatLog
from twisted_chat.core import answers, errors, events, refusals, status
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.keys import spoken
from twisted_chat.core.messages import Delivered, Messages, Past, Quote, Receiving, Tally
from twisted_chat.core.people.roster import Member
from twisted_chat.core.replication.crowding import Limit
from twisted_chat.core.writing.skeleton import same_room
from twisted_chat.core.writing.text import (
    DEFAULT_ROOM,
    MAX_NAME,
    MAX_ROOM,
    accept_name,
    accept_room,
    clean_text,
    shown_name,
)
from twisted_chat.frontends.console.ink import Ink
from twisted_chat.frontends.console.transcript import Transcript
from twisted_chat.speech.advice import advice
from twisted_chat.speech.answers import lines
from twisted_chat.speech.events import sentences
from twisted_chat.speech.i18n import choose
from twisted_chat.speech.verdict import verdict

NAME, SHOWN, NAMES, ROOM, TEXT, HEX, QUOTED, REACTION = KINDS = tuple(map(chr, range(0xE000, 0xE008)))
"""What stands in a row for a name, a name with or without a piece of a key, several of those, a room's, any text, a key, a text
that is quoted, a reaction."""


def in_name(character: str) -> bool:
    return character == "\\" or shown_name(f"a{character}a") == f"a{character}a"


_IN_NAME: dict[str, bool] = {}


def belongs(character: str, kind: str) -> bool:
    """Whether a character can be part of what `kind` stands for."""
    if kind in (NAME, SHOWN, NAMES):
        extra = {NAME: "", SHOWN: "~", NAMES: "~,"}[kind]
        return _IN_NAME.setdefault(character, in_name(character)) or character in extra
    if kind == QUOTED:
        return character not in "“”"
    return kind == TEXT or (character != " " if kind in (ROOM, REACTION) else character in "0123456789abcdef")


def meet(one: str, other: str) -> bool:
    """Whether what stands at two places can be the same character."""
    if one in KINDS and other in KINDS:
        return True
    if one in KINDS:
        return belongs(other, one)
    return belongs(one, other) if other in KINDS else one == other


def steps(row: str, place: int) -> tuple[int, ...]:
    """Where one comes to by one more character."""
    return (place, place + 1) if row[place] in KINDS else (place + 1,)


def can_be_both(one: str, other: str) -> bool:
    """Whether what fills one row in some way can be what fills another; for a row and itself, whether it can be in two ways."""
    start = (0, 0, one != other)
    seen, open_ = {start}, [start]
    while open_:
        i, j, parted = open_.pop()
        if (i, j) == (len(one), len(other)):
            if parted:
                return True
            continue
        if i == len(one) or j == len(other) or not meet(one[i], other[j]):
            continue
        for state in product(steps(one, i), steps(other, j)):
            reached = (*state, parted or state[0] != state[1])
            if reached not in seen:
                seen.add(reached)
                open_.append(reached)
    return False


def rich(event: events.Event, columns: int = 100_000) -> list[str]:
    """The rows of an event on the rich console, without colours."""
    transcript = Transcript(Ink({"NO_COLOR": "1"}), lambda: "Me", lambda: columns)
    return [re.sub("\x1b\\[[?]?[0-9;]*[a-z]", "", row) for row in transcript.event(event)]


def said(
    name: str,
    text: str,
    room: str = "#chat",
    me: bool = False,
    own: bool = False,
    private: str = "",
    auto: bool = False,
) -> Messages:
    return Messages(FEED, 1, 1, name, own, AT, [Say(text, room, me, auto)], private=private)


def messages() -> Iterator[Messages]:
    """Messages of every kind."""
    for room, me, own, auto in product(("#chat", f"#{ROOM}"), (False, True), (False, True), (False, True)):
        yield said(SHOWN, TEXT, room, me, own, auto=auto)
    for own, auto in product((False, True), (False, True)):
        yield said(SHOWN, TEXT, own=own, private=SHOWN, auto=auto)
    quotes = (Quote(), Quote(SHOWN), Quote(SHOWN, QUOTED))
    for quote, room, me, own in product(quotes, ("#chat", f"#{ROOM}"), (False, True), (False, True)):
        answer = Say(TEXT, room, me, re=MessageId(b"a" * 32, 1, 1))
        yield Messages(FEED, 1, 1, SHOWN, own, AT, [answer], quote=quote)
    for own in (False, True):
        yield Messages(FEED, 1, 1, SHOWN, own, AT, [Say(f"{TEXT}\na\nb", poll=True)])


def amended() -> Iterator[Messages]:
    """Messages of which something has become."""
    for room, own in product(("#chat", f"#{ROOM}"), (False, True)):
        message = said(SHOWN, TEXT, room, own=own)
        tallies = [Tally(REACTION, [NAMES]), Tally(REACTION, [NAMES])]
        yield from (replace(message, tally=tallies[:count]) for count in range(3))
        poll = replace(message, records=[Say(f"q\n{QUOTED}\nb", room, poll=True)], tally=[Tally("1", [NAMES])])
        yield from (poll, replace(poll, closed=True))


def happened() -> Iterator[events.Event]:
    """Every other event that names a member, or tells what one wrote, with all that can be in it."""
    stands_for = {
        "name": (SHOWN,), "old": (SHOWN,), "new": (SHOWN,), "shown": (f"{NAME}~{HEX}",), "claimed": (NAME,),
        "room": (f"#{ROOM}",), "through": ("", NAMES), "text": ("", TEXT), "detail": (TEXT,),
        "verified": (False, True), "dialed": (False, True), "where": (SHOWN,), "ours": (False, True), "count": (2,),
        "ahead": (-600.0, 600.0), "path": ("p",), "limit": tuple(Limit), "most": (4,),
        "host": ("h",), "reason": ("r", errors.VERSION, errors.FORGED, errors.LIMIT, errors.FULL),
        "message": tuple(amended()), "missed": (False,), "port": (5,), "bytes": (9,), "before": (0.0,), "log": ("l",),
        "member": (b"m" * 32,),
    }  # fmt: skip
    for kind in get_args(events.Event):
        names = kind.__struct_fields__
        if not issubclass(kind, (Messages, Past, Delivered, Receiving)):
            for values in product(*(stands_for[name] for name in names)):
                event = kind(**dict(zip(names, values, strict=True)))
                if not (isinstance(event, events.Edited) and event.message.records[0].poll):  # which is not edited
                    yield event


def answered() -> Iterator[str]:
    """What is answered to `/who`, `/status`, `/rooms`, `/verify`, `/doctor` and the like."""
    marked = [
        (verified, ignored, away) for verified in (False, True) for ignored in (False, True) for away in ("", TEXT)
    ]
    members = [
        Member(b"a" * 32, NAME, SHOWN, 1, "h", 5, verified=verified, ignored=ignored, away=away)
        for verified, ignored, away in marked
    ]
    yield from lines(who(members, [(member, [NAMES]) for member in members], members, 3))
    lacks = [status.Lack(b"a" * 32, SHOWN, 2, 3)]
    copies = [status.Copy(b"b" * 32, SHOWN, True, lacks, 0), status.Copy(b"c" * 32, SHOWN, True, [], 4)]
    links = [status.LinkStatus(b"b" * 32, SHOWN, "h", 5, True, False, True, 0.0, 3)]
    yield from lines(status.Status(9, 8, copies, links, [NAMES], {"protocol": 3}))
    room = f"#{ROOM}"
    for topic, current, unread in product(("", TEXT), ("#chat", room), (0, 7)):
        yield from lines(answers.rooms({room: topic}, current, {room: unread}))
        yield from lines(answers.Entered(room, topic))
    yield from lines(answers.OwnKey(answers.Key(b"a" * 32, NAME, spoken(b"a" * 32))))
    yield from lines(answers.RepliedTo(b"a" * 32, SHOWN, SHOWN))
    for message in amended():
        yield from (lines(answers.Original(message, TEXT)) if not message.tally else [])
    yield lines(answers.Votes(replace(message, tally=()), [NAMES]))[1]
    yield from lines(refusals.OtherKey(id=b"a" * 32, name=SHOWN))
    addresses = [
        status.AddressStatus("h", 5, status.Found(finding, detail), member)
        for finding, detail, member in product(status.Finding, ("", TEXT), ("", SHOWN))
    ]
    yield from advice(status.Diagnosis(None, addresses, {SHOWN: 9.0}, None), "l")
    yield from advice(status.Diagnosis(None, (), {SHOWN: -9.0}, None), "l")


def checked() -> Iterator[str]:
    """What `tcpchat verify` tells."""
    for closed, missing, amendments in product((False, True), (0, 7), (0, 2)):
        author = Author(NAME, 3, missing, amendments)
        report = Report(Header(1, TEXT, closed, b"e" * 32, NAME, AT), {b"a" * 32: author})
        report.flaws = [Flaw(fault, 9, NAME, 1, last, TEXT) for fault, last in product(Fault, (1, 2))]
        yield from (row.replace(shown_name(NAME), NAME) for row in verdict(report))


class BorderTests(SynchronousTestCase):
    """Of every row it can be told what it is, where a name ends, and where what somebody wrote begins."""

    language = "en"

    def setUp(self) -> None:
        self.addCleanup(choose, "en")
        choose(self.language)

    def differ(self, rows: Iterable[str]) -> None:
        all_rows = sorted(set(rows))
        for row in all_rows:
            self.assertFalse(can_be_both(row, row), f"can be read in two ways: {row!r}")
        for one, other in combinations(all_rows, 2):
            self.assertFalse(can_be_both(one, other), f"can be the same: {one!r} and {other!r}")

    def notices(self) -> Iterator[str]:
        for event in happened():
            yield from sentences(event)
        yield from answered()

    def test_plain(self) -> None:
        """On the plain console."""
        self.differ([*(row for event in messages() for row in sentences(event)), *self.notices()])

    def test_former_times(self) -> None:
        """Of former times, as `/history` and `/search` show them."""
        for event in messages():
            (row,) = sentences(answers.Newest([event]))[1:-1]
            self.assertRegex(row, r"^\[[0-9: -]+\] ")
        self.differ(sentences(answers.Newest([event]))[1] for event in messages())

    def test_rich(self) -> None:
        """On the rich console."""
        self.differ([*(row for event in messages() for row in rich(event)), *self.notices()])

    def test_log(self) -> None:
        """In the log."""
        log = ChatLog(self.mktemp(), lambda: 0.0, lambda: 0.0)
        self.addCleanup(log.close)
        self.differ(str(log._lines(event)) for event in [*messages(), *happened()] if log._lines(event))

    def test_checked(self) -> None:
        """Of what `tcpchat verify` tells."""
        self.differ(checked())


class PortugueseBorderTests(BorderTests):
    """The same in Portuguese."""

    language = "pt_BR"


def everything(size: int, accept: Callable[[str], object]) -> Iterator[str]:
    """Yield the code points that are accepted, so many at a time: of mere letters, and of those that are unassigned or for
    private use, which there are a million of, some. `tests.core` has them all."""
    accepted: list[str] = []
    for code in CODES:
        if code < 0x20000 and code % 50 and unicodedata.category(chr(code)) in ("Lo", "Cn", "Co", "Cs"):
            continue
        try:
            accept(chr(code))
        except BadText:
            continue
        accepted.append(chr(code))
    for start in range(0, len(accepted), size):
        yield "".join(accepted[start : start + size])


class EveryCodePointTests(SynchronousTestCase):
    """With every code point in a name, in a text and in a room."""

    def setUp(self) -> None:
        log = ChatLog(self.mktemp(), lambda: 0.0, lambda: 0.0)
        self.addCleanup(log.close)
        self.log = log

    def logged(self, event: events.Event) -> str:
        return str(self.log._lines(event)).removesuffix("\n").partition(" : ")[2]

    def test_names(self) -> None:
        """In every place where a name stands it ends where it is known to end: before what no name has."""
        name = r"([^:~()\[\],;#*|“”…·→│]+)"
        for characters in everything(MAX_NAME - 2, lambda each: accept_name(f"a{each}a")):
            called = shown_name(accept_name(f"a{characters}b"))
            message, member = said(called, "x: y"), Member(b"a" * 32, called, called, 1, "h", 5)
            report = Report(Header(1, "g", False, b"e" * 32, "E", AT), {b"a" * 32: Author(f"a{characters}b", 3)})
            copies = [status.Copy(b"a" * 32, called, True, [], 4)]
            for row, form in (
                (sentences(message)[0], rf"\[[0-9:]+\] {name}: x: y"),
                (sentences(answers.Newest([message]))[1], rf"\[[0-9:]+\] {name}: x: y"),
                (rich(message)[0], rf"\[[0-9:]+\] {name}: x: y"),
                (self.logged(message), rf"\[MSG RECEBIDA\] {name}: x: y"),
                (lines(who([member]))[1], rf"   {name} \(h:5\)"),
                (lines(status.Status(9, 0, copies))[1], rf"   {name}: has 4 more"),
                (list(verdict(report))[2], rf"   {name} \[[0-9a-f ]+\]: 3 messages"),
            ):
                match = re.fullmatch(form, row.replace("\u2068", "").replace("\u2069", ""))
                self.assertEqual(match and match[1], called, ascii(row))

    def test_texts(self) -> None:
        """Whatever is written is one row, of which it is the end, and can be told from all else that could have been written."""
        marks = re.compile("[\u2068\u2069]")
        for characters in everything(1024, lambda each: each):
            text = f"[12:00:00] Ana: hi{characters}"
            shown = clean_text(text)
            message, member = said("Eve", text), Member(b"a" * 32, "Eve", "Eve", 1, "h", 5, away=text)
            for row, start in (
                (sentences(message)[0], r"\[[0-9:]+\] Eve: "),
                (sentences(answers.Newest([message]))[1], r"\[[0-9:]+\] Eve: "),
                (self.logged(message), r"\[MSG RECEBIDA\] Eve: "),
                (lines(who([member]))[1], r"   Eve \(h:5\) 💤 away: "),
                (sentences(events.Topical("Eve", "#tea", text))[0], "📌 Eve: #tea is about: "),
            ):
                found = re.match(start, row)
                assert found is not None, ascii(row)
                self.assertEqual(marks.sub("", row[found.end() :]), shown)
                self.assertEqual(len(row.splitlines()), 1)

    def test_rooms(self) -> None:
        """A room ends where the first space is, and is told from every other room."""
        for characters in everything(MAX_ROOM - 1, lambda each: accept_room(f"#{each}")):
            room = f"#{characters}"
            if same_room(room, DEFAULT_ROOM):
                continue
            message = said("Eve", "x: y", room)
            rows = (sentences(message)[0], rich(message)[0], self.logged(message))
            forms = (r"\[[0-9:]+\] (#\S+) Eve: x: y",) * 2 + (r"\[MSG RECEBIDA\] Eve \((#\S+)\): x: y",)
            for row, form in zip(rows, forms, strict=True):
                match = re.fullmatch(form, row.replace("\u2068", "").replace("\u2069", ""))
                self.assertEqual(match and match[1], clean_text(room), ascii(row))
