"""From what went wrong to the error that a program is answered with."""

from __future__ import annotations

import re
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.addressing import NOBODY, Unclear
from twisted_chat.core.errors import BadText, StoreError, UnknownPlace
from twisted_chat.core.refusals import Failed, UnclearName, Unusable
from twisted_chat.core.voice import Congested
from twisted_chat.frontends.json import table
from twisted_chat.frontends.json.lines import Wrong
from twisted_chat.frontends.json.table import Error
from twisted_chat.speech import programs, refusals

_log = Logger()
_SIGN = re.compile(r"^[❓❌⚠\ufe0f ]+")


def error(error: Error, words: str, **data: Any) -> dict[str, Any]:
    """Return the `error` of an answer."""
    return {"code": error.code, "message": words, "data": {"error": error.name, **data}}


def of_line(wrong: Wrong) -> dict[str, Any]:
    """Return the error for a line that asks for nothing that could be done."""
    words = programs.not_json if wrong.error is table.NOT_JSON else programs.no_request
    return error(wrong.error, words(wrong.detail))


def of_failure(reason: Failure) -> dict[str, Any]:
    """Return the error for what a method failed with. What is a mistake of ours is logged."""
    match reason.value:
        case BadText() as bad:
            return error(table.REFUSED, refusals.wrong(bad), reason=bad.code)
        case Congested():
            return error(table.BUSY, _plain(refusals.congested()))
        case Unclear() as unclear:
            return _unclear(unclear)
        case UnknownPlace():
            return error(table.NO_PLACE, programs.no_place())
        case StoreError() as trouble:
            unusable = Unusable(str(trouble.path), trouble.detail, code=trouble.code)
            return error(table.NO_STORE, refusals.unusable(unusable), reason=trouble.code)
        case _:
            _log.failure("a program's request failed:", reason)
            return error(table.FAULT, _plain(refusals.refusal(Failed())))


def _unclear(unclear: Unclear) -> dict[str, Any]:
    answer = UnclearName(unclear.command.name, unclear.name, unclear.ways, (), code=unclear.code)
    words = _plain(refusals.unclear(answer))
    ways = [] if unclear.code == NOBODY else unclear.ways
    return error(table.NOBODY, words, reason=unclear.code, ways=ways)


def _plain(sentence: str) -> str:
    """Return a sentence without the picture that it begins with on a screen."""
    return _SIGN.sub("", sentence)
