"""The check of each value that can stand behind a flag.

A check takes the place where a value was given, such as `--port` or `class.toml: port`, and the value. It returns what the
value means, or raises `UsageError` saying what is wrong and what would be right.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from twisted.python.usage import UsageError

from twisted_chat.cli.settings import CONSOLES, Console
from twisted_chat.core.errors import BadText
from twisted_chat.core.writing.text import check_label, check_name
from twisted_chat.speech.i18n import AUTO, _, known, languages
from twisted_chat.speech.refusals import wrong

MAX_PORT = 65535
MAX_PORTS = 64
"""Ports that can be known: each is dialed on each host."""
MAX_LINKS = 64
"""Most links a peer keeps."""

MAX_TIMEOUT = 24 * 3600
"""Seconds that a message sent from a script may wait for somebody."""

HOUR = 3600.0
DAY = 24 * HOUR
KEEP_UNITS = {"h": HOUR, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}
"""The units of `--keep`, in seconds."""
MAX_KEEP = 100 * KEEP_UNITS["y"]

QUOTA_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
"""The units of `--quota`, in bytes."""
MIN_QUOTA = QUOTA_UNITS["M"]
MAX_QUOTA = 1000 * QUOTA_UNITS["T"]


def parse_name(where: str, value: str) -> str:
    """Return `value` as a name, without the spaces around it."""
    try:
        return check_name(value)
    except BadText as error:
        raise UsageError(f"{where} {value!r}: {wrong(error)}") from None


def parse_label(where: str, value: str) -> str:
    """Return `value` as the name of a group, or of an identity that may be older than what names are now."""
    try:
        return check_label(value)
    except BadText as error:
        raise UsageError(f"{where} {value!r}: {wrong(error)}") from None


def parse_number(where: str, value: str, low: int, high: int, right: str | None = None) -> int:
    """Return `value` as a number from `low` to `high`; `right` says what would be right if that can be said better."""
    right = right or _("a number from {low} to {high} is needed").format(low=low, high=high)
    if not (value.isascii() and value.isdecimal()):
        raise UsageError(_("{where} {value!r} is not a number: {right}").format(where=where, value=value, right=right))
    if len(value) > 9 or not low <= int(value) <= high:
        raise UsageError(_("{where} {value} is out of range: {right}").format(where=where, value=value, right=right))
    return int(value)


def parse_port(where: str, value: str, ports: Sequence[int]) -> int:
    """Return `value` as one of the known `ports`."""
    right = _("choose one of {ports}, or change --ports").format(ports=compact(ports))
    port = parse_number(where, value, 1, MAX_PORT, right)
    if port not in ports:
        raise UsageError(
            _("{where} {port} is not among the known ports: {right}").format(where=where, port=port, right=right)
        )
    return port


def parse_links(where: str, value: str) -> int:
    """Return `value` as a number of links."""
    return parse_number(where, value, 1, MAX_LINKS)


def parse_ports(where: str, value: str) -> tuple[int, ...]:
    """Return the ports of a list such as `5000-5004` or `5000,5002,6000-6003`, each once, in the order given."""
    ports: dict[int, None] = {}
    for part in value.split(","):
        low, dash, high = part.strip().partition("-")
        first = parse_number(where, low, 1, MAX_PORT)
        last = parse_number(where, high, 1, MAX_PORT) if dash else first
        if last < first:
            raise UsageError(
                _("{where} {part!r} runs backwards: write {last}-{first}").format(
                    where=where, part=part, last=last, first=first
                )
            )
        ports.update(dict.fromkeys(range(first, last + 1)))
    if len(ports) > MAX_PORTS:
        raise UsageError(
            _("{where} {value!r} are {count} ports; at most {most} can be known").format(
                where=where, value=value, count=len(ports), most=MAX_PORTS
            )
        )
    return tuple(ports)


def parse_timeout(where: str, value: str) -> int:
    """Return `value` as a number of seconds."""
    return parse_number(where, value, 1, MAX_TIMEOUT)


def parse_console(where: str, value: str) -> Console:
    """Return `value` if it is a console."""
    for console in CONSOLES:
        if value == console:
            return console
    raise _not_one_of(where, value, CONSOLES)


def parse_lang(where: str, value: str) -> str:
    """Return `value` if it is or means a language that can be spoken, such as `pt` and `pt-BR`, or is `auto`."""
    if value == AUTO or known(value):
        return value
    raise _not_one_of(where, value, tongues())


def tongues() -> Sequence[str]:
    """Return what can be given as a language."""
    return [AUTO, *languages()]


def _not_one_of(where: str, value: str, choices: Sequence[str]) -> UsageError:
    return UsageError(
        _("{where} {value!r} is not one of {choices}").format(where=where, value=value, choices=", ".join(choices))
    )


def parse_log(where: str, value: str) -> Path:
    """Return the file `value` as an absolute path, so that it stays the same file wherever the process goes."""
    if not value:
        raise UsageError(_("{where} is empty: a file name is needed, such as logs_chat.txt").format(where=where))
    return Path(value).absolute()


def parse_rpc(where: str, value: str) -> Path:
    """Return the path of a socket as an absolute one; it is looked at when it is made."""
    if not value:
        raise UsageError(_("{where} is empty: name the socket to be made, such as chat.sock").format(where=where))
    return Path(value).absolute()


def parse_data(where: str, value: str) -> Path:
    """Return the directory `value` as an absolute path; it need not exist."""
    if not value or (os.path.exists(value) and not os.path.isdir(value)):
        raise UsageError(
            _("{where} {value!r} is not a directory: name one, or one to be made").format(where=where, value=value)
        )
    return Path(value).absolute()


def parse_keep(where: str, value: str) -> float:
    """Return the seconds that a time such as `12h`, `90d`, `6w` or `1y` has: an hour at least, a hundred years at most."""
    right = _("write a number and h, d, w or y for hours, days, weeks or years, such as 90d")
    count, unit = value[:-1], value[-1:]
    if unit not in KEEP_UNITS or not (count.isascii() and count.isdecimal()):
        raise UsageError(_("{where} {value!r} is no time: {right}").format(where=where, value=value, right=right))
    seconds = int(count[:9]) * KEEP_UNITS[unit]
    if not HOUR <= seconds <= MAX_KEEP or len(count) > 9:
        raise UsageError(
            _("{where} {value} is out of range: from 1h to 100y can be kept").format(where=where, value=value)
        )
    return seconds


def parse_quota(where: str, value: str) -> int | None:
    """Return the bytes that a size such as `500M` or `2G` has, None for `none`."""
    if value == "none":
        return None
    right = _("write a number and K, M, G or T, such as 500M, or none for no limit")
    count, unit = value[:-1], value[-1:].upper()
    if unit not in QUOTA_UNITS or not (count.isascii() and count.isdecimal()):
        raise UsageError(_("{where} {value!r} is no size: {right}").format(where=where, value=value, right=right))
    size = int(count[:9]) * QUOTA_UNITS[unit]
    if not MIN_QUOTA <= size <= MAX_QUOTA or len(count) > 9:
        raise UsageError(
            _("{where} {value} is out of range: from 1M to 1000T, or none").format(where=where, value=value)
        )
    return size


def parse_passphrase_file(where: str, value: str) -> Path:
    """Return the file `value`; what it holds is read once everything else was checked."""
    if not value:
        raise UsageError(_("{where} is empty: name the file whose first line is the passphrase").format(where=where))
    return Path(value)


def parse_config(where: str, value: str) -> str:
    """Return the name of a configuration file; it is read once the command line is known to be one."""
    if not value:
        raise UsageError(_("{where} is empty: name a configuration file, such as class.toml").format(where=where))
    return value


def parse_output(where: str, value: str) -> str:
    """Return the name of a file to make, or `-`."""
    if not value:
        raise UsageError(_("{where} is empty: name the file to make").format(where=where))
    return value


def as_it_is(where: str, value: str) -> str:
    """Return `value`, which is checked once more is known."""
    return value


def check_writable(where: str, log: Path) -> None:
    """Raise `UsageError` unless the log can be appended to; it is not made. Of a link counts where it leads."""
    directory = Path(os.path.realpath(log)).parent
    if os.path.isdir(log):
        fault = _("that is a directory; name a file in it, such as logs_chat.txt")
    elif not os.path.isdir(directory):
        fault = _("there is no directory {name} this user can open; make it, or name a file elsewhere")
    elif os.path.exists(log) and not os.access(log, os.W_OK):
        fault = _("this user may not write to that file; name another")
    elif not os.path.exists(log) and not os.access(directory, os.W_OK | os.X_OK):
        fault = _("this user may not make files in {name}; name a file elsewhere")
    else:
        return
    raise UsageError(_("{where} {log}: {fault}").format(where=where, log=log, fault=fault.format(name=directory)))


def compact(ports: Sequence[int]) -> str:
    """Return `ports` as a list for people, runs joined: `5000-5004, 6000`."""
    runs: list[list[int]] = []
    for port in ports:
        if runs and port == runs[-1][1] + 1:
            runs[-1][1] = port
        else:
            runs.append([port, port])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)
