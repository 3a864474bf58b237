"""What programs can ask and are told, as a JSON Schema and as a page, both made of `table`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from twisted_chat.frontends.json.table import ERRORS, METHODS, NOTIFICATIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BLANKS = re.compile("\n{3,}")
_REF = "#/$defs/{name}"
_ID: Mapping[str, Any] = {"type": ["string", "number", "null"]}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a line, in either direction. `methods` and `notifications` say which parts belong together."""
    kinds = dict.fromkeys(
        [kind for method in METHODS for kind in (method.params, method.result)]
        + [each.params for each in NOTIFICATIONS]
    )
    references, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    of = dict(zip(kinds, references, strict=True))
    requests = [_call(method.name, of[method.params], _needs(method.params), id=_ID) for method in METHODS]
    told = [_call(each.name, of[each.params], True) for each in NOTIFICATIONS]
    answers = [
        _line({"id": _ID, "result": {"anyOf": [of[kind] for kind in dict.fromkeys(each.result for each in METHODS)]}}),
        _line({"id": _ID, "error": {"$ref": "#/$defs/Error"}}),
    ]
    return {
        "$schema": DIALECT,
        "title": "tcpchat",
        "description": "A line that a program writes (a request) or reads (an answer or a notification).",
        "anyOf": [*requests, *answers, *told],
        "methods": {each.name: {"params": of[each.params], "result": of[each.result]} for each in METHODS},
        "notifications": {each.name: of[each.params] for each in NOTIFICATIONS},
        "$defs": {**components, "Error": _error()},
    }


def _needs(kind: type[msgspec.Struct]) -> bool:
    return any(field.required for field in msgspec.structs.fields(kind))


def _line(properties: Mapping[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    every = {"jsonrpc": {"const": "2.0"}, **properties}
    return {
        "type": "object",
        "properties": every,
        "required": [name for name in every if name not in optional],
        "additionalProperties": False,
    }


def _call(name: str, params: Any, needed: bool, **more: Any) -> dict[str, Any]:
    optional = (*more, *(() if needed else ("params",)))
    return _line({"method": {"const": name}, "params": params, **more}, optional)


def _error() -> dict[str, Any]:
    properties = {
        "code": {"enum": [each.code for each in ERRORS]},
        "message": {"type": "string"},
        "data": {
            "type": "object",
            "properties": {
                "error": {"enum": [each.name for each in ERRORS]},
                "reason": {"type": "string"},
                "ways": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["error"],
            "additionalProperties": False,
        },
    }
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def page() -> str:
    """Return the reference for people."""
    return _BLANKS.sub("\n\n", "\n".join(_page())).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield from ("# The vocabulary of programs", "")
    yield "What a program can ask and is told, in JSON-RPC 2.0, one object a line. [Programs](programs.md) says how to use it."
    yield "This page is made by `python -m docs.reference` of the table that the program goes by; `tcpchat schema` prints the"
    yield "same as a JSON Schema. Parameters have names. What stands in brackets may be left out."
    yield from ("", "## Methods")
    for method in METHODS:
        yield from ("", f"### {method.name}", "", _sentence(method.words), "")
        yield from _fields(method.params, "takes")
        yield from _fields(method.result, "gives")
    yield from ("## Notifications", "", "They come to who has subscribed.")
    for each in NOTIFICATIONS:
        yield from ("", f"### {each.name} (told)", "", _sentence(each.words), "")
        yield from _fields(each.params, "has")
    yield from (
        "## Errors",
        "",
        "Numbers and names stay what they are. `message` is a sentence for people, in the language of the peer.",
    )
    yield "`data.error` is the name, `data.reason` says more where there is more to say."
    yield from ("", "| code | `data.error` | when |", "|---|---|---|")
    yield from (f"| {each.code} | `{each.name}` | {each.words} |" for each in ERRORS)


def _fields(kind: type[msgspec.Struct], verb: str) -> Iterator[str]:
    fields = msgspec.structs.fields(kind)
    if not fields:
        return
    components = msgspec.json.schema_components([kind], ref_template=_REF)[1]
    yield from (f"| it {verb} | type | |", "|---|---|---|")
    for field in fields:
        told = components[kind.__name__]["properties"][field.encode_name]
        name = f"`{field.encode_name}`"
        yield f"| {name if field.required else f'[{name}]'} | {_type(told)} | {_meaning(told)} |"
    yield ""
    for name, told in components.items():
        if name != kind.__name__ and name != "Message":
            yield from _parts(name, told)
    if "Message" in components and kind.__name__ != "Message":
        yield from ("A message is as in the notification [message](#message-told).", "")


def _parts(name: str, told: Mapping[str, Any]) -> Iterator[str]:
    parts = ", ".join(
        f"`{part}` ({_type(of)}{': ' + _meaning(of) if _meaning(of) else ''})"
        for part, of in told["properties"].items()
    )
    yield from (f"`{name}` has {parts}.", "")


def _type(told: Mapping[str, Any]) -> str:
    if "$ref" in told:
        return f"`{told['$ref'].rpartition('/')[2]}`"
    if "anyOf" in told:
        return " or ".join(_type(each) for each in told["anyOf"])
    if "enum" in told:
        return ", ".join(f"`{each}`" for each in told["enum"])
    if told["type"] == "array":
        return f"list of {_type(told['items'])}"
    bounds = f" {told['minimum']}–{told['maximum']}" if "maximum" in told else ""
    return f"{told['type']}{bounds}"


def _meaning(told: Mapping[str, Any]) -> str:
    """Return what a field means; of a part that refers to others, nothing: it is told there."""
    if "description" in told:
        return str(told["description"])
    return next((meaning for each in told.get("anyOf", ()) if (meaning := _meaning(each))), "")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
