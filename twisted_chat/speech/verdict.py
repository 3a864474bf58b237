"""The sentences about an archive that was checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from twisted_chat.archive.report import Fault, Flaw, Report
from twisted_chat.core.clock import MAX_WALL_MS
from twisted_chat.core.writing.text import clean, clean_text, shown_name
from twisted_chat.speech.i18n import _, date, ngettext, number

MAX_AUTHORS = 1000
"""Authors that are listed."""

_FAULTS: dict[Fault, Callable[[], str]] = {
    Fault.LONG: lambda: _("longer than any line of an archive is"),
    Fault.ALIEN: lambda: _("neither messages nor the proof of a contradiction ({detail})"),
    Fault.FORGED: lambda: _("{records}: not signed with {name}'s key, or said in another group"),
    Fault.UNCHAINED: lambda: _("{records}: not said after what stands before; something was exchanged"),
    Fault.BACKDATED: lambda: _("{records}: bears a time before that of what it follows"),
    Fault.GAP: lambda: _("{records}: missing before this line"),
    Fault.CONTRADICTION: lambda: _("{records}: said differently before; {name} contradicts itself"),
    Fault.REPEATED: lambda: _("{records}: out of place, or there twice"),
    Fault.FORK: lambda: _("{records}: the proof that {name} signed two different messages there"),
    Fault.UNPROVEN: lambda: _("said to prove that {name} contradicted itself, but proves nothing"),
    Fault.CROWDED: lambda: _("more authors and starts of theirs than can be checked; what follows was not looked at"),
    Fault.CUT_OFF: lambda: _("the last line is missing: the file was cut off after this one"),
    Fault.BROKEN_SEAL: lambda: _(
        "the exporter's signature does not fit: the lines before are not all as they were exported"
    ),
    Fault.SURPLUS: lambda: _("something was added after the end"),
}
"""One sentence a fault, to stand after the number of its line. In functions, since the language is chosen after import."""


def verdict(report: Report) -> Iterator[str]:
    """Yield what people are told of an archive, a line each: at most some 1,100, each safe to show."""
    header = report.header
    when = time.localtime(min(header.at, MAX_WALL_MS) / 1000)
    yield clean(
        _("{name} [{key}] exported this at {when} from the {kind} group {group}").format(
            group=clean_text(header.group),
            kind=kind(header.closed),
            name=shown_name(header.name),
            key=_key(header.id),
            when=f"{date(when)} {time.strftime('%H:%M', when)}",
        )
    )
    authors = report.authors
    yield _("{count}, by {n} of its members").format(
        count=counted(sum(v.messages for v in authors.values())), n=number(len(authors))
    )
    for id, author in list(authors.items())[:MAX_AUTHORS]:
        line = f"   {shown_name(author.name)} [{_key(id)}]: {counted(author.messages)}"
        if author.amendments:
            line += _(", {n} reactions, votes, corrections or the like").format(n=number(author.amendments))
        if author.missing:
            line += _(", {n} before them are not in this file").format(n=number(author.missing))
        yield clean(line)
    if len(authors) > MAX_AUTHORS:
        yield _("   … and {n} more").format(n=number(len(authors) - MAX_AUTHORS))
    for flaw in report.flaws:
        yield clean(_("⚠️ line {line}: {fault}").format(line=number(flaw.line), fault=fault(flaw)))
    if report.faults > len(report.flaws):
        yield _("… and {n} more").format(n=number(report.faults - len(report.flaws)))
    if report.faults:
        n = report.faults
        yield ngettext("❌ {n} thing is not as it should be", "❌ {n} things are not as they should be", n).format(
            n=number(n)
        )
    else:
        yield _("✅ every signature holds, and all is as it was exported")


def fault(flaw: Flaw) -> str:
    """Return what is wrong in a line, to stand after its number. Not safe to show yet."""
    numbers = number(flaw.first) + ("" if flaw.first == flaw.last else f"–{number(flaw.last)}")
    name = shown_name(flaw.name)
    records = f"{name} {numbers}"
    return _FAULTS[flaw.fault]().format(records=records, name=name, detail=flaw.detail)


def kind(closed: bool) -> str:
    """Return whether a group is closed by a passphrase, in a word."""
    return _("closed") if closed else _("open")


def counted(count: int) -> str:
    """Return a number of messages in words."""
    return ngettext("{n} message", "{n} messages", count).format(n=number(count))


def _key(member: bytes) -> str:
    """Return half of a key, too much for anybody to have another with the same."""
    return member[:16].hex(" ", 2)
