"""What people are told when they ask: the answers to commands, as sentences in their language.

Every line that leaves here went through `text.clean` exactly once, as in `words`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted_chat.core.commands import BARE_QUIT, COMMANDS, Command
from twisted_chat.core.events import Alone, Messages
from twisted_chat.core.keys import spoken
from twisted_chat.core.roster import Member
from twisted_chat.core.status import Copy, LinkStatus, Status
from twisted_chat.core.text import MAX_NAME, clean
from twisted_chat.i18n import _, ngettext, number
from twisted_chat.words import past, sentences

_SHOWN_OF_WORD = 32
_LACKS_SHOWN = 5
_NAMES_SHOWN = 20
MAX_HISTORY = 10_000
"""Messages that can be shown at once."""


def who(members: Sequence[Member]) -> list[str]:
    """Return who is here and where they listen."""
    if not members:
        return sentences(Alone())
    count = ngettext("👥 {n} other is here:", "👥 {n} others are here:", len(members)).format(n=len(members))
    return [count, *(clean(f"   {member.shown} ({member.host}:{member.port}){_away(member)}") for member in members)]


def _away(member: Member) -> str:
    return " " + _("💤 away: {text}").format(text=member.away) if member.away else ""


def found(messages: Sequence[Messages]) -> list[str]:
    """Return what a look into the past found."""
    return past(messages) or [_("nothing found")]


def status(status: Status) -> list[str]:
    """Return who holds what, and how the links are."""
    equal = [copy for copy in status.copies if not copy.lacks and not copy.exceeds]
    lines = [
        _("{equal}/{all} peers hold the same {records} messages").format(
            equal=len(equal) + 1, all=len(status.copies) + 1, records=number(status.records)
        )
    ]
    for copy in status.copies:
        if copy.lacks:
            lines.append(_("   {name} lacks {what}").format(name=copy.member, what=_lacks(copy)))
        if copy.exceeds:
            lines.append(_("   {name} has {n} more").format(name=copy.member, n=number(copy.exceeds)))
    if status.unsaved:
        lines.append(_("   {n} bytes are not yet on disk here").format(n=number(status.unsaved)))
    return [clean(line) for line in [*lines, *map(_link, status.links)]]


def _lacks(copy: Copy) -> str:
    shown = [f"{lack.author} {lack.first}–{lack.last}" for lack in copy.lacks[:_LACKS_SHOWN]]
    more = len(copy.lacks) - len(shown)
    return ", ".join(shown) + (_(" and {n} more").format(n=more) if more else "")


def _link(link: LinkStatus) -> str:
    state = _("silent") if link.suspect else _("fine") if link.writable else _("not reading")
    round_trip = "?" if link.round_trip is None else f"{number(link.round_trip * 1000, '.1f')} ms"
    return _("🔗 {name} ({host}:{port}): {state}, round trip {round_trip}, {behind} to send").format(
        name=link.member, host=link.host, port=link.port, state=state, round_trip=round_trip, behind=number(link.behind)
    )


def how_many(argument: str) -> str:
    """Return the hint for a number that is none."""
    return clean(_("❌ {argument} is not a number from 1 to {most}").format(argument=argument[:32], most=MAX_HISTORY))


def rooms(topics: dict[str, str], current: str, unread: Mapping[str, int]) -> list[str]:
    """Return the rooms that are known: `current` is where one is, `unread` how many messages wait in the others."""
    lines = []
    for room, topic in sorted(topics.items()):
        mark = "▶" if room == current else " "
        waiting = (
            ngettext("({n} unread)", "({n} unread)", unread[room]).format(n=number(unread[room]))
            if unread.get(room)
            else ""
        )
        lines.append(clean(" ".join(part for part in (mark, room, waiting, topic) if part)))
    return lines


def room_entered(room: str, topic: str) -> str:
    """Return the line that tells which room one is in now, and what that is about."""
    return clean(_("▶ you are in {room}. {topic}").format(room=room, topic=topic).rstrip())


def nobody_called(name: str, known: Sequence[Member]) -> str:
    """Return the hint for a name that is nobody's."""
    names = ", ".join(member.shown for member in known[:_NAMES_SHOWN]) or "—"
    return clean(_("❓ nobody is called {name}; known are: {names}").format(name=name[:MAX_NAME], names=names))


def usage(command: Command) -> str:
    """Return the hint for a command that was given without what it needs."""
    return clean(_("❓ type it like this: {call}").format(call=f"/{command.name} {_(command.arguments)}".rstrip()))


def nobody_to_answer() -> str:
    """Return the hint for an answer to nobody."""
    return _("❓ nobody has said anything to you alone yet; /msg name text begins")


def ignored(name: str, now: bool) -> str:
    """Return that what a member says is hidden `now`, or is shown again."""
    sentence = _("🔇 what {name} says is hidden; the log has it") if now else _("🔊 what {name} says is shown again")
    return clean(sentence.format(name=name))


def keys(members: Sequence[Member]) -> list[str]:
    """Return members' keys, to be compared aloud."""
    return [clean(f"🔑 {member.shown}: {spoken(member.id)}") for member in members]


def where_log_is(log: str) -> str:
    """Return where the log is."""
    return clean(_("📄 the log is {log}").format(log=log))


def search_what() -> str:
    """Return the hint for a search without words."""
    return _("❌ search for which words? Such as: /search protocol")


def help_lines(commands: Sequence[Command] = COMMANDS) -> list[str]:
    """Return what the commands are called and what they do, a line each, and for all of them what else can be typed."""
    calls = {command: _call(command) for command in commands}
    width = max(map(len, calls.values()))
    lines = [f"{call:<{width}}  {_(command.help)}" for command, call in calls.items()]
    if commands is COMMANDS:
        lines.append(
            _("{quit} alone leaves too; a line that starts with // is said, with one / less").format(quit=BARE_QUIT)
        )
    return lines


def _call(command: Command) -> str:
    words = ", ".join(f"/{word}" for word in command.words)
    return f"{words} {_(command.arguments)}" if command.arguments else words


def unknown_command(word: str, suggestion: str | None) -> str:
    """Return the hint for a command that does not exist. It was not said to anybody."""
    if suggestion is None:
        hint = _("❓ there is no command /{word}; /help lists them. To say it, start the line with //")
    else:
        hint = _("❓ there is no command /{word}; did you mean /{suggestion}? To say it, start the line with //")
    return clean(hint.format(word=word[:_SHOWN_OF_WORD], suggestion=suggestion))
