"""What people are told when they ask: the answers to commands, as sentences in their language.

Every line that leaves here went through `text.clean` exactly once, as in `words`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from twisted_chat.core import addressing
from twisted_chat.core.addressing import Unclear
from twisted_chat.core.clock import MICROSECONDS
from twisted_chat.core.commands import BARE_QUIT, COMMANDS, Command
from twisted_chat.core.events import Alone
from twisted_chat.core.keys import SPOKEN_DIGITS, spoken
from twisted_chat.core.people.roster import Member
from twisted_chat.core.status import Copy, Lack, LinkStatus, Status
from twisted_chat.core.writing.text import MAX_NAME, clean, clean_text
from twisted_chat.net.addresses import endpoint
from twisted_chat.speech.i18n import _, date, ngettext, number
from twisted_chat.speech.words import sentences, verified_mark

_SHOWN_OF_WORD = 32
_LACKS_SHOWN = 5
_NAMES_SHOWN = 20
_SHOWN_OF_NAME = 2 * MAX_NAME
_GONE_SHOWN = 20
MAX_HISTORY = 10_000
"""Messages that can be shown at once."""


def who(
    linked: Sequence[Member],
    reachable: Sequence[tuple[Member, str]] = (),
    gone: Sequence[Member] = (),
    nameless: int = 0,
) -> list[str]:
    """Return who is where: those that are `linked`, those that are `reachable` and through whom, and those that are `gone`; of
    `nameless` others it is only known that they are reachable."""
    lines = [] if linked else sentences(Alone())
    if linked:
        lines.append(ngettext("👥 {n} other is here:", "👥 {n} others are here:", len(linked)).format(n=len(linked)))
        lines += [f"   {each.shown} ({endpoint(each.host, each.port)}){_marks(each)}" for each in linked]
    if distant := len(reachable) + nameless:
        title = ngettext("🔗 {n} more is here, through others:", "🔗 {n} more are here, through others:", distant)
        lines.append(title.format(n=number(distant)))
        lines += [
            _("   {name} (through {names})").format(name=each.shown, names=names) + _marks(each)
            for each, names in reachable
        ]
        lines += [_("   {n} who said nothing yet").format(n=number(nameless))] if nameless else []
    if gone:
        title = ngettext("🌙 {n} other is not here:", "🌙 {n} others are not here:", len(gone))
        lines.append(title.format(n=number(len(gone))))
        lines += [f"   {each.shown} ({_last_seen(each)}){_marks(each)}" for each in gone[:_GONE_SHOWN]]
        lines += [_("   … and {n} more").format(n=number(len(gone) - _GONE_SHOWN))] if len(gone) > _GONE_SHOWN else []
    return [clean(line) for line in lines]


def _marks(member: Member) -> str:
    marks = [
        verified_mark() if member.verified else "",
        _("🔇 ignored") if member.ignored else "",
        _("💤 away: {text}").format(text=clean_text(member.away)) if member.away else "",
    ]
    return "".join(f" {mark}" for mark in marks if mark)


def _last_seen(member: Member) -> str:
    at = time.localtime(max(member.seen, member.heard) // MICROSECONDS)
    return _("last here {when}").format(when=f"{date(at)} {time.strftime('%H:%M', at)}")


def nothing_found() -> str:
    """Return that there are no such messages."""
    return _("nothing found")


def status(status: Status) -> list[str]:
    """Return who holds what, and how the links are."""
    equal = [copy for copy in status.copies if not copy.lacks and not copy.exceeds]
    lines = [
        ngettext(
            "{equal}/{all} peers hold the same {records} record: a message, a topic or the like",
            "{equal}/{all} peers hold the same {records} records: messages, topics and the like",
            status.records,
        ).format(equal=len(equal) + 1, all=len(status.copies) + 1, records=number(status.records))
    ]
    for copy in status.copies:
        if copy.lacks:
            lines.append(_("   {name}: lacks {what}").format(name=copy.member, what=_lacks(copy)))
        if copy.exceeds:
            lines.append(_("   {name}: has {n} more").format(name=copy.member, n=number(copy.exceeds)))
    if status.unsaved:
        lines.append(_("   {n} bytes are not yet on disk here").format(n=number(status.unsaved)))
    if status.full:
        lines.append(_("   no more of {names} is taken: the quota is used up").format(names=", ".join(status.full)))
    lines += map(_link, status.links)
    if status.refused:
        counts = ", ".join(f"{reason} {number(count)}" for reason, count in sorted(status.refused.items()))
        lines.append(_("🚫 connections refused: {counts}").format(counts=counts))
    return [clean(line) for line in lines]


def _lacks(copy: Copy) -> str:
    shown = [f"{lack.author} {_numbers(lack)}" for lack in copy.lacks[:_LACKS_SHOWN]]
    more = len(copy.lacks) - len(shown)
    return ", ".join(shown) + (_(" and {n} more").format(n=more) if more else "")


def _numbers(lack: Lack) -> str:
    return str(lack.first) if lack.first == lack.last else f"{lack.first}–{lack.last}"


def _link(link: LinkStatus) -> str:
    state = _("silent") if link.suspect else _("fine") if link.writable else _("not reading")
    round_trip = "?" if link.round_trip is None else f"{number(link.round_trip * 1000, '.1f')} ms"
    return _("🔗 {name} ({address}): {state}, round trip {round_trip}, {behind} to send").format(
        name=link.member,
        address=endpoint(link.host, link.port),
        state=state,
        round_trip=round_trip,
        behind=number(link.behind),
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
        start = " ".join(part for part in (mark, clean_text(room), waiting) if part)
        lines.append(clean(f"{start} — {clean_text(topic)}" if topic else start))
    return lines


def room_entered(room: str, topic: str) -> str:
    """Return the line that tells which room one is in now, and what that is about."""
    sentence = _("▶ you are in {room}. {topic}")
    return clean(sentence.format(room=clean_text(room), topic=clean_text(topic)).rstrip())


def unclear(error: Unclear, known: Sequence[Member]) -> str:
    """Return why nothing was done with what was typed after a command, and how to write whom it is for."""
    name = error.name[:_SHOWN_OF_NAME]
    calls = [f"/{error.command.name} {way}" for way in error.ways]
    match error.code:
        case addressing.MOVED:
            hint = _("❓ {name} is shown by another name now; nothing was done. Begin with {calls}")
        case addressing.SEVERAL:
            hint = _("❓ {name} is not enough to tell who is meant; nothing was done. Begin with one of: {calls}")
        case addressing.LENGTHS:
            hint = _("❓ that fits several names; nothing was done. Begin with one of: {calls}")
        case addressing.QUOTES:
            hint = _("❓ a name that begins with a quote ends with a quote and a space; nothing was done")
        case _:
            hint = _("❓ nobody is called {name}; known are: {names}")
    names = ", ".join(member.shown for member in known[:_NAMES_SHOWN]) or "—"
    return clean(hint.format(name=name, names=names, calls=", ".join(calls)))


def usage(command: Command) -> str:
    """Return the hint for a command that was given without what it needs."""
    return clean(_("❓ type it like this: {call}").format(call=f"/{command.name} {_(command.arguments)}".rstrip()))


def nobody_to_answer() -> str:
    """Return the hint for an answer to nobody."""
    return _("❓ nobody has said anything to you alone yet; /msg name text begins")


def answered(before: str, now: str) -> str:
    """Return to whom an answer went: to one who was shown as `before` when it asked."""
    return clean(_("✏️ {before} is now called: {now}; that is who got your answer").format(before=before, now=now))


def ignored(name: str, now: bool, written: str) -> str:
    """Return that what a member, who is `written` so, says and does is hidden `now`, or is shown again."""
    sentence = (
        _("🔇 what {name} says and does is hidden from now on; the log has it. To see it again: /ignore {written}")
        if now
        else _("🔊 what {name} says and does is shown again")
    )
    return clean(sentence.format(name=name, written=written))


def own_key(own: Member) -> list[str]:
    """Return this peer's key, to be read aloud to others."""
    hint = _("   others compare it with what they see: /verify {name}. To compare theirs, type that with their names")
    return [_key(own), clean(hint.format(name=own.name))]


def keys(own: Member, other: Member, written: str) -> list[str]:
    """Return this peer's key and another's, who is `written` so, to be compared aloud, and what to do then."""
    hint = (
        _("   ✔ verified: you compared this key. To take that back: /verify {name} no")
        if other.verified
        else _("   compare both by telephone, say; only if they are the same there: /verify {name} yes")
    )
    return [_key(own), _key(other), clean(hint.format(name=written))]


def _key(member: Member) -> str:
    return clean(f"🔑 {member.shown}: {spoken(member.id)}")


def other_key(name: str) -> str:
    """Return that the key that was typed is not a member's."""
    return clean(
        _("🚨 that is NOT the key of {name}: whoever has the key you typed is somebody else").format(name=name)
    )


def no_key(digits: int) -> str:
    """Return that so many digits are no key."""
    sentence = _("❌ a key has {all} digits, and this has {n}: nothing was compared")
    return sentence.format(all=SPOKEN_DIGITS, n=number(digits))


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
