"""To whom a typed argument is addressed: to the one member whom it names so that nobody else can be meant, or to nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from twisted_chat.core.commands import Command
from twisted_chat.core.errors import ChatError
from twisted_chat.core.keys import KEY_BYTES, fingerprint
from twisted_chat.core.people.roster import Meaning, Member, Moved, Roster, Several
from twisted_chat.core.writing.skeleton import skeleton
from twisted_chat.core.writing.text import MAX_NAME

_QUOTES = '"“”„'
"""Quotation marks that a name may stand between: keyboards and systems that mean well turn one into the others."""
_QUOTED = re.compile(rf"[{_QUOTES}]((?:[^{_QUOTES}]|([{_QUOTES}])\2)*)[{_QUOTES}](?=[\s:]|\Z):?")
"""A name in quotes: those in it are doubled."""
_MAX_WORDS = MAX_NAME // 2
_MAX_WAYS = 5

NOBODY = "member-nobody"
"""No member is called so."""
MOVED = "member-moved"
"""Who was called so is shown by another name now."""
SEVERAL = "member-several"
"""Several members are called so, or none without a suffix."""
LENGTHS = "member-lengths"
"""Names of several lengths begin the argument, and each is somebody's."""
QUOTES = "member-quotes"
"""A name begins with a quote and does not end with one."""


class Unclear(ChatError):
    """A command was typed, but not clearly for whom, so nothing was done.

    `code` says why, `name` is what was read as a name, and `ways` are how those whom it may be for are written.
    """

    def __init__(self, command: Command, code: str, name: str, ways: Iterable[str] = ()) -> None:
        super().__init__(f"{command.name}: {code}")
        self.command = command
        self.code = code
        self.name = name
        self.ways = list(ways)


def addressed(
    roster: Roster, command: Command, argument: str, fits: Callable[[str], bool] = lambda rest: True
) -> tuple[Member, str]:
    """Return the member that a command's argument begins with, and the rest of it.

    A name ends at a colon, at its closing quote, or where the rest begins. If names of several lengths begin the argument
    and each is somebody's, here or gone, it is for none of them, unless the rest `fits` the command after one name only.
    Raises `Unclear`.
    """
    quoted = _quoted(command, argument)
    readings = [quoted] if quoted is not None else list(_readings(argument))
    found = [(name, rest, meaning) for name, rest in readings if (meaning := roster.find(name)) is not None]
    if len(found) > 1:
        found = [each for each in found if fits(each[1])] or found
    if not found:
        raise Unclear(command, NOBODY, argument if quoted is None else quoted[0])
    members = {member.id: member for _, _, meaning in found for member in _members(meaning)}
    if len(found) > 1 and len(members) > 1:
        raise Unclear(command, LENGTHS, argument, _ways(roster, members.values()))
    # Of one member's several names the longest counts by which it is shown.
    name, rest, meaning = next((each for each in reversed(found) if isinstance(each[2], Member)), found[-1])
    if isinstance(meaning, Member):
        return meaning, rest
    raise _unclear(roster, command, name, meaning)


def named(roster: Roster, command: Command, argument: str) -> Member:
    """Return the member whose name is all of a command's argument. Raises `Unclear`."""
    quoted = _quoted(command, argument)
    name = argument.removesuffix(":") if quoted is None or quoted[1] else quoted[0]
    meaning = roster.find(_joined(name))
    if isinstance(meaning, Member):
        return meaning
    raise _unclear(roster, command, name, meaning)


def begun(argument: str) -> str | None:
    """Return what there is of a name with which an argument begins, before the cursor; None if it has come to its end."""
    if argument.startswith(tuple(_QUOTES)):
        return None if _QUOTED.match(argument) else argument[1:]
    return None if ":" in argument else argument


def written(roster: Roster, members: Iterable[Member]) -> Iterator[str]:
    """Yield how each of `members` is written so that nobody else can be meant, whatever follows."""
    starts = {" ".join(words[:count]) for words in map(str.split, roster.meant()) for count in range(1, len(words))}
    for member in members:
        by_key = (f"{member.plain}~{fingerprint(member.id, groups)}" for groups in range(1, KEY_BYTES // 2 + 1))
        name = next((each for each in (member.shown, *by_key) if roster.find(each) is member), member.shown)
        if len(name.split()) > 1 or name.startswith(tuple(_QUOTES)) or skeleton(name) in starts:
            name = '"' + re.sub(f"([{_QUOTES}])", r"\1\1", name) + '"'
        yield name


def _ways(roster: Roster, members: Iterable[Member]) -> list[str]:
    return list(written(roster, islice(members, _MAX_WAYS)))


def _unclear(roster: Roster, command: Command, name: str, meaning: Moved | Several | None) -> Unclear:
    code = NOBODY if meaning is None else MOVED if isinstance(meaning, Moved) else SEVERAL
    return Unclear(command, code, name, _ways(roster, _members(meaning)))


def _members(meaning: Meaning) -> tuple[Member, ...]:
    match meaning:
        case Several(members):
            return members
        case Moved(member):
            return (member,)
        case Member():
            return (meaning,)
        case None:
            return ()


def _quoted(command: Command, argument: str) -> tuple[str, str] | None:
    """Return the name in quotes with which an argument begins, and the rest; None if it begins with no quote."""
    if not argument.startswith(tuple(_QUOTES)):
        return None
    match = _QUOTED.match(argument)
    if match is None:
        raise Unclear(command, QUOTES, argument)
    return _joined(re.sub(f"([{_QUOTES}])\\1", r"\1", match[1])), argument[match.end() :].strip()


def _readings(argument: str) -> Iterator[tuple[str, str]]:
    """Yield every name that an argument may begin with, the shortest first, and the rest: no name has a colon in it."""
    head, colon, after = argument.partition(":")
    for word in islice(re.finditer(r"\S+", head), _MAX_WORDS):
        rest = after if colon and word.end() == len(head) else argument[word.end() :]
        yield _joined(head[: word.end()]), rest.strip()


def _joined(name: str) -> str:
    """Return a name as it is kept, with one space between its words."""
    return " ".join(name.split())
