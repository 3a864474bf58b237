"""Answers as values."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

import msgspec
from msgspec.structs import fields
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.saying import sample
from twisted_chat.core import answers, refusals
from twisted_chat.core.answers import Answer, Where
from twisted_chat.core.people.presence import Whereabouts
from twisted_chat.core.people.roster import Member

ANA = b"a" * 32


class PlainTests(SynchronousTestCase):
    """What programs are to get of answers."""

    def test_json(self) -> None:
        """Every answer is plain JSON, with each of its fields, an id in base64."""
        for kind in get_args(Answer):
            answer: Any = sample(kind, "x\u202e\n")
            plain = msgspec.to_builtins(answer)
            self.assertEqual(json.loads(json.dumps(plain)), json.loads(msgspec.json.encode(answer)), kind)
            self.assertEqual(set(plain), set(kind.__struct_fields__), kind)
        key = msgspec.to_builtins(answers.Key(ANA, "Ana", "0000"))
        self.assertEqual(key, {"id": base64.b64encode(ANA).decode(), "name": "Ana", "digits": "0000"})

    def test_values(self) -> None:
        """Every answer is a frozen struct: nobody who is given it can change it for others."""
        for kind in get_args(Answer):
            self.assertTrue(issubclass(kind, msgspec.Struct) and kind.__struct_config__.frozen, kind)

    def test_codes(self) -> None:
        """The codes of refusals are these: programs depend on them."""
        default = {
            kind.__name__: None if field.required else field.default
            for kind in refusals.NotDone.__subclasses__()
            for field in fields(kind)
            if field.name == "code"
        }
        self.assertEqual(
            default,
            {
                "Unacceptable": None,
                "Busy": "congested",
                "UnclearName": None,
                "NoSuchCommand": "command-unknown",
                "Incomplete": "command-incomplete",
                "NoSuchMessage": "message-unknown",
                "NoPoll": "poll-none",
                "NotThere": "correction-nothing",
                "NoWords": "search-empty",
                "HowMany": "history-count",
                "NobodyAsked": "reply-nobody",
                "OtherKey": "key-other",
                "KeyLength": "key-length",
                "Unusable": None,
                "Failed": "fault",
            },
        )


class WhoTests(SynchronousTestCase):
    """Who is where, as values."""

    def test_members(self) -> None:
        """A member is told with where it is: here with its address, through whom, or gone and since when."""
        ana, bia, caio = (
            Member(letter * 32, name, name) for letter, name in ((b"a", "Ana"), (b"b", "Bia"), (b"c", "Caio"))
        )
        ana.host, ana.port, ana.verified = "h", 5, True
        bia.ignored, bia.away = True, "tea"
        caio.seen, caio.heard = 7_000, 5_000_000
        who = answers.who(Whereabouts([ana], [(bia, ["Ana"])], [caio], 2))
        self.assertEqual(who.nameless, 2)
        self.assertEqual(
            who.members,
            [
                answers.Person(ANA, "Ana", Where.HERE, True, False, "", "h", 5, (), 0),
                answers.Person(b"b" * 32, "Bia", Where.THROUGH, False, True, "tea", "", 0, ["Ana"], 0),
                answers.Person(b"c" * 32, "Caio", Where.GONE, False, False, "", "", 0, (), 5_000),
            ],
        )
        self.assertEqual([person.name for person in who.those(Where.GONE)], ["Caio"])
