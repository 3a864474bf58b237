"""Members by key and by name."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.people.roster import MAX_MEMBERS, MAX_NAMES, Moved, Roster, Several
from twisted_chat.core.replication.store import Known
from twisted_chat.core.writing.skeleton import skeleton

ME, ANA, EVA = b"m" * 32, b"a" * 32, b"\x3f\x2a" + b"e" * 30
TWIN = b"\x3f\x2a" + b"t" * 30
"""A key whose fingerprint begins as Eva's does."""


class OrderTests(SynchronousTestCase):
    """The order in which people are shown members."""

    def test_by_name(self) -> None:
        """It is that of the names as they are written, without case, and not of what they could be taken for."""
        names = ["Ana", "bia", "Ines", "Mia", "P0", "P1", "P2", "Rui"]
        roster = Roster(b"\0" * 32, names[-1])
        for number, name in enumerate(reversed(names[:-1]), 1):
            roster.claim(bytes([number]) * 32, name)
        self.assertEqual([member.shown for member in roster.everybody()], names)


class RosterTests(SynchronousTestCase):
    """Names are claims, keys are facts."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")

    def test_first_come(self) -> None:
        """The first key seen under a name keeps it; another is shown with its fingerprint."""
        self.assertEqual(self.roster.claim(ANA, "Ana").shown, "Ana")
        self.assertEqual(self.roster.claim(EVA, "Ana").shown, "Ana~3f2a")
        self.assertEqual(self.roster.claim(ANA, "Ana").shown, "Ana")

    def test_own_name(self) -> None:
        """Nobody else is shown by this peer's own name."""
        self.assertEqual(self.roster.claim(EVA, "Me").shown, "Me~3f2a")

    def test_look_alikes(self) -> None:
        """Names that differ in case or width only are one name."""
        self.roster.claim(ANA, "Straße")
        for name in ("STRASSE", "strasse", "ＳTRASSE"):
            self.assertEqual(self.roster.claim(EVA, name).shown, f"{name}~3f2a")

    def test_spelled_otherwise(self) -> None:
        """So are names that look alike, in whatever alphabet, or with what can't be seen in them."""
        self.roster.claim(ANA, "Diana")
        for name in ("Dıana", "DІАNА", "D1ana", "Dia\u034fna", "Diana\u2800", "ᴅɪᴀɴᴀ"):
            self.assertTrue(self.roster.claim(EVA, name).shown.endswith("~3f2a"), name)

    def test_capitals(self) -> None:
        """A name in capitals is the same name in every alphabet, also for who owned either."""
        self.roster.claim(ANA, "Νίκη")
        self.assertEqual(self.roster.claim(EVA, "ΝΊΚΗ").shown, "ΝΊΚΗ~3f2a")
        self.assertEqual(self.roster.claim(EVA, "Nikh", 1).shown, "Nikh")

    def test_two_owners(self) -> None:
        """Who is verified under a name gets it from all who have one like it; what they no longer have is free."""
        self.roster.claim(ANA, "Νίκη")
        bia = self.roster.claim(TWIN, "NÍKH")
        self.assertEqual(bia.shown, "NÍKH")
        eva = self.roster.claim(EVA, "ΝΊΚΗ")
        self.assertEqual(eva.shown, "ΝΊΚΗ~3f2a")
        self.roster.verify(eva, True)
        self.assertEqual(eva.shown, "ΝΊΚΗ")
        self.assertEqual((self.roster.shown(ANA), bia.shown), (f"Νίκη~{ANA[:2].hex()}", "NÍKH~3f2a7474"))
        self.assertEqual(bia.names, [])

    def test_made_visible(self) -> None:
        """What nobody could call themselves is visible in what is shown, and is no suffix."""
        self.roster.claim(ANA, "Ana")
        eva = self.roster.claim(EVA, "🔒 Ana")
        self.assertEqual(eva.shown, "\\U0001f512 Ana")
        self.assertFalse(eva.suffixed)
        self.assertEqual(self.roster.claim(EVA, "Ana\u034f", 1).shown, "Ana\\u034f~3f2a")
        self.assertTrue(eva.suffixed)

    def test_a_name_is_kept_after_a_change(self) -> None:
        """Who goes by another name for a while still owns the old one, and comes back to it."""
        self.roster.claim(ANA, "Ana")
        self.assertEqual(self.roster.claim(ANA, "Anna").shown, "Anna")
        self.assertEqual(self.roster.claim(EVA, "Ana").shown, "Ana~3f2a")
        self.assertEqual(self.roster.claim(ANA, "Ana").shown, "Ana")

    def test_names_used(self) -> None:
        """Of the names a member has used the last few are its own, so that one who renames all day costs nothing."""
        for number in range(100):
            member = self.roster.claim(ANA, f"Ana {number}")
        self.assertEqual(member.names, [f"Ana {number}" for number in range(92, 100)])

    def test_unknown(self) -> None:
        """Who was never heard of is nobody."""
        self.assertIsNone(self.roster.get(ANA))
        self.assertEqual(len(self.roster), 1)

    def test_twins(self) -> None:
        """Two keys under one name are never shown alike, though their fingerprints begin alike."""
        for id in (ANA, EVA, TWIN):
            self.roster.claim(id, "Ana")
        self.assertEqual(self.roster.shown(EVA), "Ana~3f2a")
        self.assertEqual(self.roster.shown(TWIN), "Ana~3f2a7474")
        self.assertIs(self.roster.find("ana~3f2a7474"), self.roster.get(TWIN))

    def test_found(self) -> None:
        """A plain name finds its owner, shown by it, and nobody with a suffix; a suffix the one key that begins so."""
        ana, eva = self.roster.claim(ANA, "Ana"), self.roster.claim(EVA, "Ana")
        for name, found in (
            ("ana", ana),
            ("Ana~3f2a", eva),
            ("ANA~3F2A", eva),
            (f"Ana~{EVA.hex()}", eva),
            ("An", None),
        ):
            self.assertIs(self.roster.find(name), found, name)
        self.roster.claim(ANA, "Bia", 1)
        self.assertEqual(self.roster.find("Ana"), Moved(ana))
        self.roster.claim(EVA, "Eva", 1)
        self.assertEqual((self.roster.find("Ana"), self.roster.find("Ana~3f2a")), (Moved(ana), Moved(eva)))
        twin = self.roster.claim(TWIN, "Ana")
        self.assertEqual(self.roster.find("Ana~3f2a"), Several((twin,)))

    def test_found_by_look_alikes(self) -> None:
        """A name that only looks as if it had a suffix does not mislead: neither is found by what both are shown as."""
        self.roster.claim(ANA, "Ana")
        eva, other = self.roster.claim(EVA, "Ana"), self.roster.claim(b"o" * 32, "Ana～3f2a")
        if skeleton(other.shown) == skeleton(eva.shown):
            self.assertEqual(self.roster.find("Ana~3f2a"), Several((eva, other)))

    def test_released(self) -> None:
        """A member owns its newest names only: an older one is free again."""
        for number in range(MAX_NAMES + 1):
            self.roster.claim(ANA, f"Ana {number}")
        self.assertEqual(self.roster.claim(EVA, "Ana 0").shown, "Ana 0")
        self.assertEqual(self.roster.claim(EVA, "Ana 1").shown, "Ana 1~3f2a")


class DurableTests(SynchronousTestCase):
    """A key that is gone with its process owns a name for as long as no other wants it."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")
        self.kept: list[Known] = []
        self.roster.keep = self.kept.append

    def test_gives_way(self) -> None:
        """A durable key takes the name from one that is not, and keeps it."""
        self.assertEqual(self.roster.claim(EVA, "Ana", durable=False).shown, "Ana")
        self.assertEqual(self.roster.claim(ANA, "Ana", durable=True).shown, "Ana")
        self.assertEqual(self.roster.shown(EVA), "Ana~3f2a")
        self.assertEqual(self.roster.claim(EVA, "Ana", 1, durable=False).shown, "Ana~3f2a")

    def test_among_themselves(self) -> None:
        """Of two that are not durable, the first keeps the name as long as it is linked."""
        ana = self.roster.claim(ANA, "Ana", durable=False)
        ana.links = 1
        self.assertEqual(self.roster.claim(EVA, "Ana", durable=False).shown, "Ana~3f2a")
        ana.links = 0
        self.assertEqual(self.roster.claim(EVA, "Ana", 1, durable=False).shown, "Ana")
        self.assertEqual(ana.shown, f"Ana~{ANA[:2].hex()}")

    def test_not_kept(self) -> None:
        """No name of such a key is kept, not even if it was taken for durable before it came itself."""
        self.roster.claim(EVA, "Ana", durable=False)
        self.roster.claim(ANA, "Bia")
        self.assertEqual(self.kept[-1], Known(ANA, "Bia", ("Bia",)))
        self.roster.claim(ANA, "Bia", durable=False)
        self.assertEqual([known.names for known in self.kept], [("Bia",), ()])

    def test_verified(self) -> None:
        """If the person knows whose key it is, it keeps the name."""
        self.roster.verify(self.roster.claim(EVA, "Ana", durable=False), True)
        self.assertEqual(self.roster.claim(ANA, "Ana", durable=True).shown, f"Ana~{ANA[:2].hex()}")


class ThoughtTests(SynchronousTestCase):
    """What the person here thinks of members."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")
        self.ana, self.eva = self.roster.claim(ANA, "Ana"), self.roster.claim(EVA, "Ana")
        self.kept: dict[bytes, Known] = {}
        self.roster.keep = lambda known: self.kept.update({known.id: known})

    def test_verified(self) -> None:
        """Who is verified gets the name, and who had it a suffix; taking the mark back leaves that as it is."""
        self.roster.verify(self.eva, True)
        self.assertEqual((self.eva.shown, self.ana.shown), ("Ana", f"Ana~{ANA[:2].hex()}"))
        self.assertEqual(self.kept, {ANA: Known(ANA, "Ana"), EVA: Known(EVA, "Ana", ("Ana",), verified=True)})
        self.roster.verify(self.eva, False)
        self.assertEqual(self.eva.shown, "Ana")
        self.assertFalse(self.kept[EVA].verified)
        self.roster.verify(self.ana, True)
        self.assertEqual((self.eva.shown, self.ana.shown), ("Ana~3f2a", "Ana"))

    def test_own_name(self) -> None:
        """Nobody gets this peer's own name, verified or not."""
        self.roster.claim(EVA, "Me", 1)
        self.roster.verify(self.eva, True)
        self.assertEqual((self.roster.own.shown, self.eva.shown), ("Me", "Me~3f2a"))

    def test_ignored(self) -> None:
        """Who is ignored is so by whatever name."""
        self.roster.ignore(self.eva, True)
        self.roster.claim(EVA, "Eva", 1)
        self.assertTrue(self.roster.ignores(EVA))
        self.assertTrue(self.kept[EVA].ignored)
        self.roster.ignore(self.eva, False)
        self.assertFalse(self.roster.ignores(EVA))
        self.assertFalse(self.roster.ignores(b"?" * 32))


class LoadingTests(SynchronousTestCase):
    """From one start to the next."""

    def restarted(self, *known: Known, name: str = "Me", heard: dict[bytes, int] | None = None) -> Roster:
        """Return a roster that begins with what was kept."""
        roster = Roster(ME, name)
        roster.load(known, heard or {})
        return roster

    def test_again(self) -> None:
        """What was kept of a roster makes the same one."""
        before = Roster(ME, "Me")
        kept: dict[bytes, Known] = {}
        before.keep = lambda known: kept.update({known.id: known})
        for id, name, at in ((ANA, "Ana", 1), (EVA, "Ana", 2), (ANA, "Anna", 3), (TWIN, "Zoe", 4)):
            before.claim(id, name, at)
        before.verify(before.claim(TWIN, "Zoe"), True)
        before.ignore(before.claim(EVA, "Ana", 5), True)
        after = self.restarted(*kept.values())
        self.assertEqual([each.known for each in after.everybody()], [each.known for each in before.everybody()])
        self.assertEqual([each.shown for each in after.everybody()], [each.shown for each in before.everybody()])
        self.assertEqual(after.claim(EVA, "Ana", 6).shown, "Ana~3f2a")

    def test_own_name_taken(self) -> None:
        """Who starts under a name that another owned here is shown by it, and nobody else is."""
        roster = self.restarted(Known(ANA, "Ana", ("Ana",)), Known(ME, "Me", ("Me",)), name="Ana")
        self.assertEqual((roster.own.shown, roster.shown(ANA)), ("Ana", f"Ana~{ANA[:2].hex()}"))
        self.assertEqual(roster.own.names, ["Me", "Ana"])

    def test_older_claims(self) -> None:
        """What a member said before what is the newest held of it does not change its name."""
        roster = self.restarted(Known(ANA, "Anna", ("Ana", "Anna")), heard={ANA: 9})
        self.assertEqual(roster.claim(ANA, "Ana", 8).shown, "Anna")
        self.assertEqual(roster.claim(ANA, "Ana", 10).shown, "Ana")


class BoundTests(SynchronousTestCase):
    """However many come, only so many are remembered."""

    def setUp(self) -> None:
        self.roster = Roster(ME, "Me")
        self.kept: dict[bytes, Known] = {}
        self.roster.keep = lambda known: self.kept.update({known.id: known})

    def test_passing(self) -> None:
        """Strangers that come and go are forgotten, the longest gone first; who spoke, is here or is thought of is not."""
        talker, guest, friend, foe = (self.roster.claim(bytes([n]) * 32, f"P{n}") for n in range(4))
        talker.heard, guest.links = 1, 1
        self.roster.verify(friend, True)
        self.roster.ignore(foe, True)
        for number in range(2 * MAX_MEMBERS):
            self.roster.claim((number + 1_000).to_bytes(32, "big"), f"S{number}").seen = number + 1
        self.assertEqual(len(self.roster), MAX_MEMBERS)
        self.assertTrue(all(self.roster.get(member.id) for member in (talker, guest, friend, foe, self.roster.own)))
        self.assertEqual(self.roster.claim(ANA, "S0").shown, "S0")
        self.assertEqual(self.roster.claim(ANA, "P0", 1).shown, f"P0~{ANA[:2].hex()}")
        self.assertLessEqual(sum(not known.nothing for known in self.kept.values()), MAX_MEMBERS)
