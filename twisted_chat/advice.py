"""What `/doctor` tells: who can't be reached and why, what else is wrong, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from twisted_chat.core.holes import Runs
from twisted_chat.core.status import AddressStatus, Diagnosis, Finding
from twisted_chat.core.text import clean
from twisted_chat.i18n import _, number
from twisted_chat.net.addresses import endpoint, is_loopback

LITTLE = 100 * 1024 * 1024
"""Free bytes below which a disk is nearly full."""
RUNS_SHOWN = 5
"""Runs of records that are named at once."""
MEBIBYTE = 1024 * 1024

_FOUND: dict[Finding, Callable[[], str]] = {
    Finding.UNKNOWN: lambda: _("⏳ being called; ask again in a few seconds"),
    Finding.LINKED: lambda: _("✅ linked with {member}"),
    Finding.OURSELVES: lambda: _("🏠 this peer itself"),
    Finding.FREE: lambda: _("⚪ free: no program listens there"),
    Finding.UNREACHABLE: lambda: _("❌ unreachable ({detail}): is that machine on, and does its firewall let us in?"),
    Finding.SILENT: lambda: _(
        "❌ something listens and says nothing: another program, or a peer that is suspended or hangs"
    ),
    Finding.FOREIGN: lambda: _("❌ another program, which begins with “{detail}”: end it, or use other --ports"),
    Finding.OTHER_GROUP: lambda: _(
        "🚪 a tcpchat peer of another group: to meet it, both need the same --group, and both a passphrase or none"
    ),
    Finding.OTHER_PASSPHRASE: lambda: _(
        "❌ a tcpchat peer with another passphrase, or of another closed group: not called again for ten minutes"
    ),
    Finding.WAIT: lambda: _(
        "❌ a tcpchat peer that has had too many wrong passphrases from this address: it listens again in ten minutes"
    ),
    Finding.OTHER_VERSION: lambda: _(
        "❌ a tcpchat peer of another version of the protocol ({detail}): update the older of the two"
    ),
    Finding.FULL: lambda: _("❌ a tcpchat peer that has all the links it keeps: its --links can be raised"),
    Finding.STRANGER: lambda: _("❌ not the peer that others said is there, and so not linked with"),
    Finding.REFUSED: lambda: _("❌ a tcpchat peer, but no link came about: {detail}"),
}
"""What is said of an address; `member` and `detail` may be named in it. In functions, for the language is chosen later."""


def advice(diagnosis: Diagnosis, log: str) -> list[str]:
    """Return what is told of a diagnosis, a line each, safe to show; `log` is the path of the log."""
    lines = [_listening(diagnosis), *map(at_address, diagnosis.addresses), *_clocks(diagnosis), *_kept(diagnosis)]
    return [clean(line) for line in [*lines, _("📄 the log is {log}").format(log=log)]]


def _listening(diagnosis: Diagnosis) -> str:
    if diagnosis.listening is None:
        return _("👂 this peer takes no calls: it calls others, and they can't call it")
    address = endpoint(*diagnosis.listening)
    if is_loopback(diagnosis.listening[0]):
        return _("👂 listening at {address}, which only programs on this machine can reach").format(address=address)
    return _("👂 listening at {address}").format(address=address)


def at_address(status: AddressStatus) -> str:
    """Return what is told of an address; not safe to show yet."""
    if status.found.finding is Finding.FOREIGN and not status.found.detail:
        found = _("❌ another program, which hangs up: end it, or use other --ports")
    else:
        found = _FOUND[status.found.finding]().format(member=status.member, detail=status.found.detail)
    if status.member and status.found.finding is not Finding.LINKED:
        found += " " + _("({name} was there before)").format(name=status.member)
    return f"   {endpoint(status.host, status.port)}  {found}"


def _clocks(diagnosis: Diagnosis) -> list[str]:
    if not diagnosis.clocks:
        return []
    lines = []
    for member, ahead in sorted(diagnosis.clocks.items()):
        off = (
            _("{name}'s clock seems to be {seconds} s ahead of ours")
            if ahead > 0
            else _("{name}'s clock seems to be {seconds} s behind ours")
        )
        lines.append("🕰 " + off.format(name=member, seconds=number(abs(ahead), ",.0f")))
    lines.append(
        _("   guessed from when messages say they were said, and when they came; their order does not depend on it")
    )
    return lines


def _kept(diagnosis: Diagnosis) -> list[str]:
    if diagnosis.data is None:
        lines = [_("💾 ephemeral: messages are kept in memory only, until this peer ends")]
    else:
        lines = [_("💾 messages are kept in {data}, {free}").format(data=diagnosis.data, free=_free(diagnosis.free))]
    if diagnosis.trouble:
        lines.append(_("❌ messages can't be kept right now: {detail}").format(detail=_(diagnosis.trouble)))
    for name, lost in sorted(diagnosis.lost.items()):
        which = _("❌ can't be read on this disk any more, and asked of whoever has it: {name} {numbers}")
        lines.append(which.format(name=name, numbers=numbers(lost)))
    if diagnosis.unsaved:
        lines.append(_("⏳ {n} bytes are not yet on disk").format(n=number(diagnosis.unsaved)))
    return lines


def numbers(runs: Runs) -> str:
    """Return the numbers of records, of the first few runs."""
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:RUNS_SHOWN]]
    more = len(runs) - len(shown)
    return ", ".join(shown) + (_(" and {n} more").format(n=more) if more else "")


def _free(free: int | None) -> str:
    if free is None:
        return _("and how much room is left there can't be told")
    room = _("{n} MiB free").format(n=number(free // MEBIBYTE))
    return room if free >= LITTLE else _("only {room}: make room").format(room=room)
