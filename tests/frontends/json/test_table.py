"""The one table of what programs can ask and are told, and what is made of it."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from jsonschema import Draft202012Validator
from twisted.trial.unittest import SynchronousTestCase

from docs.reference import PAGE
from twisted_chat.core import events
from twisted_chat.frontends.json import subscribing, vocabulary
from twisted_chat.frontends.json.reference import page, schema
from twisted_chat.frontends.json.table import ERRORS, EVENTS, METHODS, NOTIFICATIONS

WARNINGS = {
    "alone", "clock-off", "copied", "crowded", "damaged", "exposed", "fault", "forked", "impostor", "log-failing", "mended",
    "name-kept", "name-unkept", "no-link", "quota-reached", "store-failing", "store-recovered", "trimmed", "two-instances",
    "undiscoverable", "unheard", "unread", "untold", "verified", "wrong-passphrase",
}  # fmt: skip


class TableTests(SynchronousTestCase):
    """Names and numbers stay, for programs depend on them."""

    def test_names(self) -> None:
        """No name is there twice, and what can be subscribed to is what is told."""
        for names in ([each.name for each in METHODS], [each.name for each in NOTIFICATIONS]):
            self.assertEqual(len(names), len(set(names)))
        self.assertEqual(EVENTS, set(get_args(vocabulary.Event)))

    def test_errors(self) -> None:
        """The errors are these."""
        self.assertEqual(
            {each.code: each.name for each in ERRORS},
            {
                -32700: "not-json", -32600: "no-request", -32601: "no-method", -32602: "bad-params", -32603: "fault",
                -32000: "refused", -32001: "busy", -32002: "nobody", -32003: "no-place", -32004: "no-store", -32005: "full",
            },
        )  # fmt: skip

    def test_warnings(self) -> None:
        """The codes of warnings are these: of the events that are told in a sentence and in no notification of their own."""
        told = {kind for kind in get_args(events.Event) if kind not in (*subscribing._TOLD, *subscribing._CHANGED)}
        spared = {"messages", "earlier", "while-away", "receiving", "delivered", "refused"}
        self.assertEqual({subscribing.code(kind) for kind in told} - spared, WARNINGS)


class SchemaTests(SynchronousTestCase):
    """The JSON Schema."""

    def test_sound(self) -> None:
        """It is one, by the public validator; each method and notification is in it."""
        made = schema()
        Draft202012Validator.check_schema(made)
        self.assertEqual(set(made["methods"]), {each.name for each in METHODS})
        self.assertEqual(set(made["notifications"]), {each.name for each in NOTIFICATIONS})
        self.assertEqual(msgspec.json.decode(msgspec.json.encode(made)), made)

    def test_judges(self) -> None:
        """What the peer would refuse, it refuses, and the rest it lets pass."""
        validator = Draft202012Validator(schema())
        call: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "say", "params": {"text": "oi"}}
        for good in (call, {**call, "method": "members", "params": {}}, {"jsonrpc": "2.0", "method": "leave"}):
            self.assertTrue(validator.is_valid(good), good)
        for bad in (
            [call], {**call, "jsonrpc": "1.0"}, {**call, "method": "dance"}, {**call, "params": {}}, {**call, "params": ["oi"]},
            {**call, "params": {"text": 1}}, {**call, "params": {"text": "oi", "loud": True}}, {**call, "more": 1},
            {**call, "id": {}}, {**call, "method": "history", "params": {"count": 0}},
            {**call, "method": "subscribe", "params": {"events": ["message"]}},
        ):  # fmt: skip
            self.assertFalse(validator.is_valid(bad), bad)


class PageTests(SynchronousTestCase):
    """`docs/vocabulary.md`."""

    def test_made(self) -> None:
        """It is what `python -m docs.reference` makes of the table, and names everything there is."""
        self.assertEqual(PAGE.read_text(encoding="utf-8"), page())
        for each in (*METHODS, *NOTIFICATIONS):
            self.assertIn(f"\n### {each.name}", page())
