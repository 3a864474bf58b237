"""What a call to an address came to, told from how it ended."""

from __future__ import annotations

from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.status import Finding, Found
from twisted_chat.core.wire.opening import Step
from twisted_chat.net.link import Link

UNKNOWN = Found(Finding.UNKNOWN)
LARGE = {Step.SECURED, Step.PAKE}
"""What a dialer waits for that comes in, or answers, large packets: certificates, and what shows whom it knows."""

_TOLD = {
    errors.SELF: Finding.OURSELVES,
    errors.GROUP: Finding.OTHER_GROUP,
    errors.TLS: Finding.OTHER_GROUP,
    errors.WAIT: Finding.WAIT,
    errors.PASSPHRASE: Finding.OTHER_PASSPHRASE,
    errors.VERSION: Finding.OTHER_VERSION,
    errors.FULL: Finding.FULL,
    errors.STRANGER: Finding.STRANGER,
}
"""What the reason for closing a link tells about the other side."""


def unanswered(reason: Failure) -> Found:
    """Return what it means that no connection came about."""
    if reason.check(ConnectionRefusedError):
        return Found(Finding.FREE)
    return Found(Finding.UNREACHABLE, reason.getErrorMessage())


def answered(link: Link, refusal: Refusal | None) -> Found:
    """Return what it means that a dialed link closed before it was ready, because of this side's `refusal` if there is one."""
    reason, detail = (refusal.reason, refusal.detail) if refusal else (link.ended_by, "")
    if reason == errors.TIMEOUT and link.opener.step in LARGE:
        return Found(Finding.STALLED)
    if reason in _TOLD:
        return Found(_TOLD[reason], detail)
    if link.opener.greeted:
        return Found(Finding.REFUSED, f"{reason}: {detail}".strip(": "))
    if reason == errors.TIMEOUT and not link.opener.began_with:
        return Found(Finding.SILENT)
    return Found(Finding.FOREIGN, link.opener.began_with.decode("utf-8", "replace"))
