"""Events and answers of every kind, for tests of what is told of them."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping, Sequence, Set
from types import UnionType
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields, replace

from twisted_chat.core import answers, events, refusals
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages, Quote, Tally
from twisted_chat.core.people.presence import Whereabouts
from twisted_chat.core.people.roster import Member

AT = int(time.time() * 1000)
FEED = FeedId(b"a" * 32, 1)
HOSTILE = ("\x1b[2J", "a\nb", "\r", "\u2028", "\u202e", "\ud800", "\x9b", "\x00", "{x}", "%s", "{0.__class__}")
"""Texts that do something where they are shown, or put into a sentence, as they are."""
CODES = {
    refusals.Unacceptable: "name-long",
    refusals.UnclearName: "member-several",
    refusals.Unusable: "storage-unusable",
}
"""A code of each refusal that has several."""


def said(*texts: str, name: str = "Ana", own: bool = False) -> Messages:
    return Messages(FEED, 1, 1, name, own, AT, [Say(text) for text in texts])


def sample(kind: type, text: str) -> Any:
    """An event or an answer of any kind, `text` in each of its fields that holds text, something in each that holds several."""
    if kind is Messages:
        return said(text, text, name=text)
    if issubclass(kind, events.Changed):
        return kind(_message(text))
    if kind is answers.Usage:
        return answers.Usage("who", ["who", "quem"], "", False)
    if kind is answers.Who:
        return answers.Who([_person(where, text) for where in answers.Where], 5000)
    if kind in (answers.Original, answers.Votes):
        return (
            answers.Original(_message(text), text)
            if kind is answers.Original
            else answers.Votes(_message(text), [text])
        )
    values = {field.name: _value(field.type, text) for field in fields(kind) if field.name != "code"}
    coded = [field for field in fields(kind) if field.name == "code" and field.required]
    return kind(**values, **({"code": CODES[kind]} if coded else {}))


def _message(text: str) -> Messages:
    """A message of which something has become."""
    message = replace(
        said(text, name=text), quote=Quote(text, text), tally=[Tally("👍", [text])], edited=True, original=text
    )
    return replace(message, records=[Say(text, re=MessageId(b"a" * 32, 1, 1))])


def _person(where: answers.Where, text: str) -> answers.Person:
    return answers.Person(b"a" * 32, text, where, True, True, text, "h", 5000, [text], AT)


def _value(hint: Any, text: str) -> Any:
    """What a field of this type may hold."""
    inside = get_args(hint)
    origin = get_origin(hint)
    if origin is UnionType:
        return _value(inside[0], text)
    if origin is tuple:
        return tuple(_value(each, text) for each in inside)
    if origin is Mapping:
        return {_value(inside[0], text): _value(inside[1], text)}
    if origin in (Sequence, list):
        return [_value(inside[0], text)]
    if origin is Set:
        return {_value(inside[0], text)}
    if hint is FeedId:
        return FEED
    if issubclass(hint, Struct):
        return sample(hint, text)
    if issubclass(hint, enum.Enum):
        return list(hint)[-1]
    return {str: text, int: 5000, bool: True, float: 5000.0, bytes: b"a" * 32}[hint]


def who(
    linked: Sequence[Member],
    reachable: Sequence[tuple[Member, Sequence[str]]] = (),
    gone: Sequence[Member] = (),
    nameless: int = 0,
) -> answers.Who:
    """What `/who` is answered with."""
    return answers.who(Whereabouts(linked, reachable, gone, nameless))
