"""`--config FILE`: flags from a file in TOML, under the names that they have on the command line.

What is wrong with the file is a `UsageError` of one sentence, which names the file and the line or key. Values of keys that are
not known are not repeated: one may be a passphrase.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, NoReturn

from twisted.python.usage import UsageError

from twisted_chat.cli.flags import CONFIGURABLE, GROUP, PASSPHRASE_FILE, Flag, Form
from twisted_chat.core.marks import N_
from twisted_chat.speech.i18n import _

MAX_BYTES = 64 * 1024
"""Most bytes of a configuration file."""
MAX_VALUE = 4096
"""Most characters of a value: the name of a file has no more on most systems."""
MAX_NUMBER = 2**63 - 1
"""The highest number that TOML promises to hold. No flag takes one so large."""
MAX_KEY = 40
"""Most characters of an unknown key that are shown."""
SECRETS = {"passphrase", "password", "senha"}
"""Keys under which somebody may try to give the passphrase itself."""

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, N_("true or false")),
    (str, N_("text in quotes")),
    ((int, float), N_("a number")),
    (list, N_("a list")),
    (dict, N_("a table")),
    ((date, time), N_("a date or time")),
)
"""The kinds of values in TOML. The first that fits counts: in Python a bool is an int."""


def load(path: str) -> dict[str, Any]:
    """Return what a file says, by key, unchecked. At most `MAX_BYTES` are read."""
    if sys.version_info >= (3, 11):  # most peers have no such file
        import tomllib
    else:
        import tomli as tomllib

    where = f"--config {path}"
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{where}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(_("{where}: a configuration has at most {most} bytes").format(where=where, most=MAX_BYTES))
    try:
        keys: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError(_("{where}: it is not text in UTF-8").format(where=where)) from None
    except RecursionError:
        raise UsageError(_("{where}: it has lists in lists without end").format(where=where)) from None
    except ValueError as error:  # its message may have what stands there, and is in English
        line = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        raise UsageError(
            _("{where}: write each key once, then = and its value, text in quotes, such as {sample}").format(
                where=_("{path}, line {n}").format(path=path, n=line[1]) if line else path, sample=_sample(GROUP)
            )
        ) from None
    return keys


def check(path: str, given: Mapping[str, object]) -> dict[str, Any]:
    """Return the values that a file gives to flags, by name, each as the flag's own check returns it.

    Keys of flags that the command at hand has not are checked as well: the file may be for several commands.
    """
    return {key: _value(path, _known(path, key), value) for key, value in given.items()}


def source(path: str, flag: str) -> str:
    """Return how people are told that a flag was given in a file."""
    return f"{path}: {flag}"


def _known(path: str, key: str) -> Flag:
    """Return the flag of a key."""
    if key in CONFIGURABLE:
        return CONFIGURABLE[key]
    from difflib import get_close_matches  # for who mistypes

    key = key if len(key) <= MAX_KEY else f"{key[: MAX_KEY - 1]}…"
    if key.casefold() in SECRETS:
        words = _(
            "{path}: a passphrase has no place in a file that is handed on; name the file that has it: {sample}"
        ).format(path=path, sample=_sample(PASSPHRASE_FILE))
    elif near := get_close_matches(key.casefold(), CONFIGURABLE, 1):
        words = _("{path}: there is no key {key!r}; did you mean {near}?").format(path=path, key=key, near=near[0])
    else:
        words = _("{path}: there is no key {key!r}; keys are flags without their --, such as {sample}").format(
            path=path, key=key, sample=_sample(GROUP)
        )
    raise UsageError(words)


def _value(path: str, flag: Flag, given: object) -> Any:
    where = source(path, flag.name)
    if flag.form is Form.SWITCH:
        return given if isinstance(given, bool) else _refuse(where, flag, given)
    if flag.form is Form.LIST and isinstance(given, list):
        return flag.parse(where, [",".join(_text(where, flag, each) for each in given)])
    if flag.form is Form.REPEATED and isinstance(given, list):
        return flag.parse(where, [_text(where, flag, each) for each in given])
    text = _text(where, flag, given)
    return flag.parse(where, [_path(where, path, text) if flag.form is Form.PATH and text else text])


def _text(where: str, flag: Flag, given: object) -> str:
    """Return a value as it would stand on the command line."""
    if isinstance(given, str):
        if len(given) > MAX_VALUE:
            raise UsageError(
                _("{where} is too long: it has over {most} characters").format(where=where, most=MAX_VALUE)
            )
        return given
    if flag.form in (Form.NUMBER, Form.LIST) and isinstance(given, int) and not isinstance(given, bool):
        return str(max(-MAX_NUMBER, min(given, MAX_NUMBER)))  # Python does not write longer ones
    _refuse(where, flag, given)


def _path(where: str, path: str, text: str) -> str:
    """Return the name of a file, if it is not absolute from the directory of the configuration file on; `~` is one's home."""
    if "\0" in text:
        raise UsageError(_("{where} {text!r} can't be the name of a file").format(where=where, text=text))
    return str(Path(path).absolute().parent / os.path.expanduser(text))


def _refuse(where: str, flag: Flag, given: object) -> NoReturn:
    kind = next(kind for kind in _KINDS if isinstance(given, kind[0]))
    raise UsageError(
        _("{where} can't be {kind}: write it as in {sample}").format(where=where, kind=_(kind[1]), sample=_sample(flag))
    )


def _sample(flag: Flag) -> str:
    return f"{flag.name} = {flag.sample}"
