"""To whom what is typed is addressed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from twisted_chat.core.addressing import (
    LENGTHS,
    MOVED,
    NOBODY,
    QUOTES,
    SEVERAL,
    Unclear,
    addressed,
    begun,
    named,
    written,
)
from twisted_chat.core.commands import IGNORE, MSG, VERIFY
from twisted_chat.core.errors import BadText
from twisted_chat.core.keys import fingerprint
from twisted_chat.core.people.roster import Member, Roster
from twisted_chat.core.replication.store import Known
from twisted_chat.core.writing.skeleton import skeleton
from twisted_chat.core.writing.text import check_name

ME, BIA, EVA, TWIN = b"m" * 32, b"b" * 32, b"\xaa\x6c" + b"e" * 30, b"\xaa\x6c" + b"t" * 30
KEYS = [first + bytes([number]) * 31 for first in (b"\xaa", b"\xbb") for number in range(4)]


class AddressingTestCase(SynchronousTestCase):
    """Bia is known."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")
        self.bia = self.roster.claim(BIA, "Bia")

    def to(self, argument: str) -> tuple[str, str]:
        """For whom an argument is, and what."""
        member, rest = addressed(self.roster, MSG, argument)
        return member.shown, rest

    def refused(self, argument: str) -> tuple[str, list[str]]:
        """Why it is for nobody, and how to write it."""
        error = self.assertRaises(Unclear, addressed, self.roster, MSG, argument)
        return error.code, error.ways

    def written(self, *members: Member) -> list[str]:
        """How members are written."""
        return list(written(self.roster, members))


class OneTests(AddressingTestCase):
    """A name that is one member's leads to it."""

    def test_plain(self) -> None:
        """A name ends where the rest begins, or at a colon; how it is written does not count."""
        for argument in ("Bia oi", "bia  oi ", "BIA\noi", "Bia\u00a0oi", "Bia\u3000oi", "Bia: oi", "Bia:oi", "Βіа oi"):
            self.assertEqual(self.to(argument), ("Bia", "oi"), argument)
        self.assertEqual(self.to("Bia"), ("Bia", ""))
        self.assertEqual(self.to("Bia a:\n  b  c"), ("Bia", "a:\n  b  c"))

    def test_quotes(self) -> None:
        """A name in quotes is exactly that, in those that keyboards make of them too."""
        self.roster.claim(EVA, "Bia my")
        for argument in ('"Bia my" oi', "“bia  my” oi", "„Bia my“: oi", '"Bia my":oi', '"Bia my"\noi'):
            self.assertEqual(self.to(argument), ("Bia my", "oi"), argument)
        self.assertEqual(self.to('"Bia" my oi'), ("Bia", "my oi"))
        self.assertEqual(self.refused('"Bia me" oi'), (NOBODY, []))
        for argument in ('"Bia my oi', '"Bia my"oi', '"', '"Bia my'):
            self.assertEqual(self.refused(argument), (QUOTES, []), argument)

    def test_quotes_in_names(self) -> None:
        """A name with quotes in it can be written, and passes for no quoted one."""
        for number, name in enumerate(('"Bia', '"Bia" my', 'B"', '"', "“Bia”")):
            try:
                member = self.roster.claim(bytes([number]) * 32, check_name(name))
            except BadText:
                continue  # then it is nobody's
            (way,) = self.written(member)
            self.assertEqual(self.to(f"{way} my oi"), (name, "my oi"))
        self.assertEqual(self.to('"Bia" my oi'), ("Bia", "my oi"))

    def test_grown(self) -> None:
        """Who added a word to its name is meant by the longer one, though the shorter is its own too."""
        self.roster.claim(BIA, "Bia Lima", 1)
        self.assertEqual(self.to("Bia Lima oi"), ("Bia Lima", "oi"))
        self.assertEqual(self.refused("Bia oi"), (MOVED, ['"Bia Lima"']))


class NobodyElseTests(AddressingTestCase):
    """What could be for another is for nobody."""

    def test_longer_name(self) -> None:
        """Who takes a name that goes on like a sentence gets nothing of it, here or gone."""
        self.roster.claim(EVA, "Bia my")
        for argument in ("Bia my password is x", "bia  MY: x", "Bia my"):
            self.assertEqual(self.refused(argument), (LENGTHS, ['"Bia"', '"Bia my"']), argument)
        self.assertEqual(self.to("Bia: my password is x"), ("Bia", "my password is x"))
        self.assertEqual(self.to("Bia mystery"), ("Bia", "mystery"))

    def test_longer_name_with_suffix(self) -> None:
        """Nor is it for the shorter, if the longer is somebody's with a suffix, or was somebody's."""
        self.roster.claim(b"z" * 32, "Bia Lima")
        self.roster.claim(EVA, "Bia Lima")
        self.roster.claim(b"z" * 32, "Zoe", 1)
        self.assertEqual(self.refused("Bia Lima oi"), (LENGTHS, ['"Bia"', "Zoe"]))
        self.assertEqual(self.refused("Bia Lima~aa6c oi"), (LENGTHS, ['"Bia"', '"Bia Lima~aa6c"']))

    def test_moved(self) -> None:
        """A name whose owner is shown by another now is nobody's else."""
        self.roster.claim(BIA, "Beatriz", 1)
        self.assertEqual(self.roster.claim(EVA, "Bia").shown, "Bia~aa6c")
        for argument in ("Bia oi", '"bia" oi', "Bia: oi"):
            self.assertEqual(self.refused(argument), (MOVED, ["Beatriz"]))
        self.assertEqual(self.to("Bia~aa6c oi"), ("Bia~aa6c", "oi"))

    def test_suffixes_only(self) -> None:
        """A name that nobody has without a suffix means none of those who have it with one."""
        self.roster.load([Known(EVA, "Zoe"), Known(b"c" * 32, "Zoe")], {})
        self.assertEqual(self.refused("Zoe oi"), (SEVERAL, ["Zoe~aa6c", "Zoe~6363"]))
        self.assertEqual(self.to("Zoe~aa6c oi"), ("Zoe~aa6c", "oi"))

    def test_twins(self) -> None:
        """A suffix that two keys begin with means neither; with more of the key each can be written."""
        eva, twin = self.roster.claim(EVA, "Bia"), self.roster.claim(TWIN, "Zed")
        self.assertEqual(eva.shown, "Bia~aa6c")
        self.assertEqual(self.refused("Bia~aa6c oi"), (SEVERAL, ["Bia~aa6c6565"]))
        self.assertEqual(self.to("bia~AA6C6565 oi"), ("Bia~aa6c", "oi"))
        self.assertEqual(self.written(eva, twin), ["Bia~aa6c6565", "Zed"])

    def test_suffix_after_a_change(self) -> None:
        """What was shown for a key means no other one: a key that begins alike is easily made."""
        self.roster.claim(EVA, "Bia")
        self.roster.claim(EVA, "Eva", 1)
        self.assertEqual(self.refused("Bia~aa6c oi"), (MOVED, ["Eva"]))
        self.roster.claim(TWIN, "Bia")
        self.assertEqual(self.refused("Bia~aa6c oi")[0], SEVERAL)

    def test_nobody(self) -> None:
        """A part of a name, or of a suffix, means nobody."""
        self.roster.claim(EVA, "Bia")
        for argument in ("Bi oi", "Bia~ oi", "Bia~aa oi", "Bia~aa6 oi", "~aa oi", "Bia~bb11 oi", ": oi", "oi"):
            self.assertEqual(self.refused(argument)[0], NOBODY, argument)

    def test_rest_that_fits(self) -> None:
        """Where only one reading makes sense it is that one: a key, say, is no part of a name."""
        self.roster.claim(EVA, "Bia my")
        self.assertEqual(addressed(self.roster, VERIFY, "Bia my", lambda rest: not rest)[0].shown, "Bia my")
        self.assertRaises(Unclear, addressed, self.roster, VERIFY, "Bia my", lambda rest: rest in ("", "my"))

    def test_long(self) -> None:
        """A long argument is no more work than a short one."""
        self.assertEqual(self.to("Bia" + " oi" * 100_000)[0], "Bia")
        self.assertEqual(self.refused("x" * 1_000_000)[0], NOBODY)


class NamedTests(AddressingTestCase):
    """An argument that is a name and nothing else."""

    def test_whole(self) -> None:
        """It is read whole, with quotes and colon or without."""
        self.roster.claim(EVA, "Bia my")
        for argument in ("Bia  my", '"bia my"', "Bia my:", '"Bia my":'):
            self.assertEqual(named(self.roster, IGNORE, argument).shown, "Bia my")
        for argument in ("Bia mine", '"Bia" my', '"Bia'):
            self.assertRaises(Unclear, named, self.roster, IGNORE, argument)

    def test_begun(self) -> None:
        """What there is of a name before its end."""
        for argument, name in (
            ("", ""),
            ("Bia m", "Bia m"),
            ('"Bia m', "Bia m"),
            ('"Bia my" o', None),
            ("Bia: o", None),
        ):
            self.assertEqual(begun(argument), name)


def likely(members: list[Member]) -> st.SearchStrategy[str]:
    """Arguments that begin with names that members have or had, or are made of parts of them and what may stand around them."""
    names = [name for member in members for name in (member.shown, member.name, *member.names)]
    parts = [part for name in names for part in (name, *name.split())]
    suffixes = [f"~{fingerprint(key, groups)}" for key in KEYS for groups in (1, 2)]
    around = [" ", "  ", "\u00a0", ":", '"', "“", "”", '""', "oi", "~", *suffixes]
    anything = st.lists(st.sampled_from([*parts, *around]), max_size=8).map("".join)
    text = st.lists(st.sampled_from([*parts, "my", "oi"]), max_size=2).map(" ".join)
    addressed = st.tuples(st.sampled_from(names), st.sampled_from([" ", "  ", ":", ": ", '" ']), text).map("".join)
    return st.one_of(anything, addressed, addressed.map('"'.__add__))


NAMES = st.lists(st.sampled_from(["bia", "Bia", "Віа", "my", "yes", "Ana", "“", '"', "~"]), min_size=1, max_size=3)


class AnyTests(SynchronousTestCase):
    """Whatever members call themselves, and whatever is typed."""

    def roster(self, claims: list[tuple[int, list[str], bool]]) -> Roster:
        """Members that took names one after another, some verified."""
        roster = Roster(ME, "Me")
        for at, (number, words, verify) in enumerate(claims):
            try:
                member = roster.claim(KEYS[number], check_name(" ".join(words)), at)
            except BadText:
                continue
            if verify:
                roster.verify(member, True)
        return roster

    CLAIMS = st.lists(st.tuples(st.integers(0, len(KEYS) - 1), NAMES, st.booleans()), min_size=1, max_size=8)

    @patient
    @given(CLAIMS, st.data())
    def test_nobody_but_who_was_written(self, claims: list[tuple[int, list[str], bool]], data: st.DataObject) -> None:
        """It is for the member as whom it was written in full, its key's digits included if they are shown, and there is no
        other whose name begins it too."""
        roster = self.roster(claims)
        argument = data.draw(likely(roster.everybody())).strip()
        try:
            member, rest = addressed(roster, MSG, argument)
        except Unclear:
            return
        self.assertTrue(argument.endswith(rest), "what is said is the end of what was typed")
        typed = " ".join(argument[: len(argument) - len(rest)].split()).removesuffix(":")
        quoted = typed[:1] in ('"', "“", "”")
        if quoted:
            typed = " ".join(typed[1:-1].replace('""', '"').replace("““", "“").replace("””", "”").split())
        shown = skeleton(member.shown)
        by_key = skeleton(f"{member.plain}~{member.id.hex()}").startswith(skeleton(typed)) and "~" in typed
        self.assertTrue(skeleton(typed) == shown or by_key, (argument, typed, member.shown))
        if not quoted:
            for other in roster.everybody():
                for name in (other.shown, other.name, *other.names):
                    begun = skeleton(" ".join(argument.split()) + " ").startswith(
                        (skeleton(name) + " ", skeleton(name) + ":")
                    )
                    self.assertTrue(
                        other is member or roster.owner(name) is member or not begun, (argument, name, member.shown)
                    )

    @patient
    @given(CLAIMS, st.text(st.sampled_from("my yes:~\"'oi"), max_size=8))
    def test_everybody_can_be_written(self, claims: list[tuple[int, list[str], bool]], text: str) -> None:
        """How a member is to be written leads to it, whatever is said after it."""
        roster = self.roster(claims)
        members = roster.everybody()
        for member, way in zip(members, written(roster, members), strict=True):
            self.assertEqual(addressed(roster, MSG, f"{way} {text}"), (member, text.strip()))
            self.assertIs(named(roster, IGNORE, way), member)
