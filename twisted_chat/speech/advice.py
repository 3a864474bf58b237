"""The sentences of `/doctor`: members that can't be reached and why, other faults, and remedies; and why a link ended."""

from __future__ import annotations

from collections.abc import Callable

from twisted_chat.core import errors
from twisted_chat.core.events import ClockOff
from twisted_chat.core.replication.crowding import Limit
from twisted_chat.core.replication.holes import Runs
from twisted_chat.core.status import AddressStatus, Diagnosis, Finding
from twisted_chat.core.writing.text import clean
from twisted_chat.net.addresses import endpoint, is_loopback
from twisted_chat.speech.i18n import _, duration, number

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
        "❌ a tcpchat peer with another passphrase, or of another closed group: linked with once another program is there"
    ),
    Finding.WAIT: lambda: _(
        "❌ a tcpchat peer that has had too many wrong passphrases, and for up to ten minutes lets in only those it knows"
    ),
    Finding.STALLED: lambda: _(
        "❌ a tcpchat peer, but what follows its greeting does not come: it hangs, or a VPN on the way drops large packets"
    ),
    Finding.OTHER_VERSION: lambda: _(
        "❌ a tcpchat peer of another version of the protocol ({detail}): update the older of the two"
    ),
    Finding.FULL: lambda: _("❌ a tcpchat peer that has all the links it keeps: its --links can be raised"),
    Finding.STRANGER: lambda: _("❌ not the peer that others said is there, and so not linked with"),
    Finding.REFUSED: lambda: _("❌ a tcpchat peer, but no link came about: {detail}"),
}
"""The sentence about an address; `member` and `detail` may be named in it. In functions, for the language is chosen later."""

_NO_LINK: dict[tuple[str, bool], Callable[[], str]] = {
    (errors.VERSION, True): lambda: _(
        "⚠️ no link with {where}: a tcpchat peer of another version of the protocol; update the older of the two"
    ),
    (errors.FORGED, True): lambda: _(
        "⚠️ no link with {where} for now: what came from there was not signed by whom it names; it is tried again"
    ),
    (errors.FORGED, False): lambda: _(
        "⚠️ no link with {where} for now: what we sent is held there not to be signed by whom it names; it is tried again"
    ),
    (errors.LIMIT, True): lambda: _(
        "⚠️ no link with {where} for now: more came from there than is kept here; it is tried again"
    ),
    (errors.LIMIT, False): lambda: _(
        "⚠️ no link with {where} for now: we sent more than is kept there; it is tried again"
    ),
    (errors.FULL, True): lambda: _("⚠️ no link with {where} for now: --links are used up; it is tried again"),
    (errors.FULL, False): lambda: _("⚠️ no link with {where} for now: it has all the links it keeps; it is tried again"),
    ("", True): lambda: _(
        "⚠️ no link with {where} for now: it was closed here because of “{reason}”; it is tried again"
    ),
    ("", False): lambda: _(
        "⚠️ no link with {where} for now: it was closed there because of “{reason}”; it is tried again"
    ),
}
"""Why there is no link, by the reason and whether it was this side that would not have it."""


def no_link(reason: str, ours: bool) -> str:
    """Return the sentence that tells why there is no link: `where` and `reason` may be named in it, and it is not yet filled in.

    `reason` is the one in `bye`, and `ours` whether it was this side that would not have the link.
    """
    return _NO_LINK.get((reason, ours), _NO_LINK["", ours])()


_CROWDS: dict[Limit, Callable[[], str]] = {
    Limit.AUTHORS: lambda: _(
        "{count} members have said something in this group; from {most} on, others are heard only while they are linked, or if "
        "they are verified"
    ),
    Limit.FEEDS: lambda: _(
        "of the {most} feeds that are kept beyond a few of each member {count} are used; then only who was started a few times "
        "is heard after the next start"
    ),
    Limit.OWN: lambda: _(
        "this identity has {count} feeds: one for each time its program was killed, or its machine started anew; after {most} "
        "nobody takes what it says: use a new --name before that"
    ),
    Limit.STARTS: lambda: _(
        "{name} has {count} feeds; once there are {most}, new messages from {name} after a restart are not kept here"
    ),
}


def crowd(limit: Limit, count: int, most: int, name: str) -> str:
    """Return which limit is near; not safe to show yet."""
    return _CROWDS[limit]().format(count=number(count), most=number(most), name=name)


def advice(diagnosis: Diagnosis, log: str) -> list[str]:
    """Return what is told of a diagnosis, a line each, safe to show; `log` is the path of the log."""
    lines = [_listening(diagnosis), *map(at_address, diagnosis.addresses), *_clocks(diagnosis), *_kept(diagnosis)]
    lines += [f"⚠️ {crowd(near.limit, near.count, near.most, near.name)}" for near in diagnosis.crowds]
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
        found = (
            _("({name} was there before)").format(name=status.member) + f" {found}"
        )  # what follows may end in any way
    return f"   {endpoint(status.host, status.port)}  {found}"


def _clocks(diagnosis: Diagnosis) -> list[str]:
    if not diagnosis.clocks:
        return []
    lines = [clock_off(ClockOff(ahead, member)) for member, ahead in sorted(diagnosis.clocks.items())]
    if diagnosis.clock:
        lines.append(clock_off(ClockOff(diagnosis.clock)))
    lines.append(
        _("   guessed from when messages say they were said, and when they came; their order does not depend on it")
    )
    return lines


def clock_off(event: ClockOff) -> str:
    """Return whose clock is off, and by how much."""
    if event.name and event.ahead > 0:
        sentence = _("🕰 {name}'s clock seems to be {duration} ahead of ours")
    elif event.name:
        sentence = _("🕰 {name}'s clock seems to be {duration} behind ours")
    elif event.ahead > 0:
        sentence = _("🕰 this machine's clock seems to be {duration} ahead of most others': set it right")
    else:
        sentence = _("🕰 this machine's clock seems to be {duration} behind most others': set it right")
    return clean(sentence.format(name=event.name, duration=duration(abs(event.ahead))))


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
