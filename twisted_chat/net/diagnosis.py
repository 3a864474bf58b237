"""The outcome of a call, told from the way in which it ended."""

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
"""The steps at which large packets are under way: certificates, and proofs of acquaintance."""

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
"""The outcomes that follow from the reason for which a link was closed."""


def unanswered(reason: Failure) -> Found:
    """Return the outcome of a call that led to no connection."""
    if reason.check(ConnectionRefusedError):
        return Found(Finding.FREE)
    return Found(Finding.UNREACHABLE, reason.getErrorMessage())


def answered(link: Link, refusal: Refusal | None) -> Found:
    """Return the outcome of a call whose connection ended before it was a link. `refusal` is this side's reason, if it had
    one."""
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
