"""The state of each link and address, for whoever asks. No call is made for it."""

from __future__ import annotations

from collections.abc import Sequence

from twisted_chat.core.people.roster import Roster
from twisted_chat.core.status import AddressStatus, Finding, Found, LinkStatus
from twisted_chat.core.wire.opening import Role
from twisted_chat.net.dialer import Dialer
from twisted_chat.net.dialing import Calls
from twisted_chat.net.link import Link


def link_status(link: Link, roster: Roster, behind: int) -> LinkStatus:
    """Return the state of a link. `behind` records have yet to be sent over it."""
    return LinkStatus(
        link.member,
        roster.shown(link.member),
        link.peer[0],
        link.hello.port or link.peer[1],
        link.role is Role.DIALER,
        link.suspect,
        link.writable,
        link.round_trip,
        behind,
    )


def survey(calls: Calls, links: Sequence[Link], roster: Roster) -> list[AddressStatus]:
    """Return what was found at each address that is called, and our own, sorted by address. `links` are the ready ones."""
    absent = {(member.host, member.port): member.shown for member in roster.everybody() if not member.linked}
    own = [AddressStatus(*calls.own, Found(Finding.OURSELVES))] if calls.own[1] else []
    nameless = Found(Finding.UNREACHABLE, "no address is known for this name")
    unresolved = [AddressStatus(*address, nameless) for address in calls.unresolved()]
    found = []
    for address, dialer in calls.items():
        member = _linked(address, dialer, calls, links)
        if member is not None:
            found.append(AddressStatus(*address, Found(Finding.LINKED), roster.shown(member)))
        else:
            found.append(AddressStatus(*address, dialer.found, absent.get(address, "")))
    return sorted([*own, *found, *unresolved], key=lambda status: (status.host, status.port))


def _linked(address: tuple[str, int], dialer: Dialer, calls: Calls, links: Sequence[Link]) -> bytes | None:
    """Return the id of the linked peer that an address leads to, None if there is none."""
    for link in links:
        if calls.maker(link) is dialer or calls.leads_to(dialer, link.instance):
            return link.member
        if address == (link.peer[0], link.hello.port):
            return link.member
    return None
