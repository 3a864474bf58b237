"""The consequences of connections that failed: guesses are counted, calls are put off, and people are told.

The words of somebody who has not proven an id put off a call there by seconds, and have no other effect.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.events import Event, NoLink, Refused, WrongPassphrase
from twisted_chat.core.status import Finding, Found
from twisted_chat.net.addresses import endpoint, place
from twisted_chat.net.diagnosis import answered
from twisted_chat.net.dialer import Dialer
from twisted_chat.net.failures import PERIOD, Failures
from twisted_chat.net.link import Link
from twisted_chat.net.setbacks import LONGEST_WAIT, Setbacks

QUIET: Collection[str] = {errors.SELF, errors.DUPLICATE, errors.LEFT}
"""Reasons for closing a link that are not reported: they are everyday life."""
FULL_WAIT = 4.0
"""Seconds to wait at most where there was no room, or the network let nothing through. That may change at any moment."""
WAITS = {
    Finding.OURSELVES: LONGEST_WAIT,
    Finding.OTHER_GROUP: LONGEST_WAIT,
    Finding.OTHER_PASSPHRASE: LONGEST_WAIT,
    Finding.WAIT: LONGEST_WAIT,
    Finding.OTHER_VERSION: LONGEST_WAIT,
    Finding.FULL: FULL_WAIT,
    Finding.STALLED: FULL_WAIT,
    Finding.STRANGER: LONGEST_WAIT,
    Finding.REFUSED: LONGEST_WAIT,
}
"""Seconds to wait at most, by the outcome of a call. After other outcomes, calls go on as if nobody had answered."""
MAX_MISTRUSTED = 800
"""Members remembered because they did not know the passphrase."""
VERSIONS_TOLD = 3
"""Callers of another version of which people are told within `VERSIONS_SECONDS`."""
VERSIONS_SECONDS = 60.0


class Outcomes:
    """The outcomes of all connections of one peer. `refused` counts the connections that this end refused, by reason."""

    def __init__(self, seconds: Callable[[], float], emit: Callable[[Event], None]) -> None:
        """`seconds` is a monotonic clock. `emit` is called with each event."""
        self.refused: Counter[str] = Counter()
        self.setbacks = Setbacks(seconds)
        self._seconds = seconds
        self._emit = emit
        self._callers = Failures(seconds)
        self._called = Failures(seconds)
        self._versions: list[float] = []
        self._mistrusted: OrderedDict[bytes, float] = OrderedDict()

    # While a connection opens.

    def secured(self, link: Link, dialer: Dialer | None) -> None:
        """Raise `Refusal` if the process at the other end is known not to know the passphrase."""
        if (
            dialer is not None
            and link.opener.process
            and dialer.wrong == link.opener.process
            and self._seconds() < dialer.wrong_until
        ):
            raise Refusal(errors.WAIT, "the same program is there that did not know the passphrase")

    def risk(self, link: Link, dialer: Dialer | None) -> None:
        """Raise `Refusal` if the other end has used up its guesses."""
        if not (self._callers if dialer is None else self._called).allows(link.peer[0]):
            raise Refusal(errors.WAIT, "too many wrong passphrases from there")

    def admit(self, link: Link, dialer: Dialer | None) -> None:
        """Raise `Refusal` if another member was called, or if this one calls too soon after a link that came to nothing."""
        if dialer is not None and dialer.expected not in (None, link.member):
            raise Refusal(errors.STRANGER, f"{endpoint(dialer.host, dialer.port)} answers as somebody else")
        if dialer is None and (kind := self.setbacks.waits(link.member)):
            raise Refusal(kind, "the last link ended so a moment ago")

    def proven(self, link: Link, dialer: Dialer | None) -> None:
        """Note that a link is ready."""
        if dialer is not None:
            self.setbacks.forget(dialer)
        self._callers.proven(link.peer[0])
        self._called.proven(link.peer[0])

    def mistrusts(self, member: bytes) -> bool:
        """Whether the guesses of a member are counted though it is known: it did not know the passphrase a while ago."""
        return self._seconds() - self._mistrusted.get(member, float("-inf")) < PERIOD

    # When it is closed.

    def failed(self, link: Link, dialer: Dialer | None, refusal: Refusal | None) -> None:
        """Deal with a connection that ended before it was a link."""
        self._count_guess(link, dialer, refusal)
        if dialer is not None:
            spared = refusal is not None and refusal.reason == errors.WAIT  # what this end did not risk once more
            found = dialer.found = Found(Finding.OTHER_PASSPHRASE) if spared else answered(link, refusal)
            if found.finding in WAITS:
                wait, _news = self.setbacks.suffer(dialer, found.finding.value, longest=WAITS[found.finding])
                dialer.rest(wait)
            if spared:
                return
        self._report(link, dialer, refusal)

    def _count_guess(self, link: Link, dialer: Dialer | None, refusal: Refusal | None) -> None:
        wrong = link.opener.guessing and errors.PASSPHRASE in (link.ended_by, refusal and refusal.reason)
        if link.known is not None:
            if wrong:
                self._mistrusted.pop(link.known, None)
                self._mistrusted[link.known] = self._seconds()
                while len(self._mistrusted) > MAX_MISTRUSTED:
                    self._mistrusted.popitem(last=False)
        elif dialer is None:
            if wrong and refusal is not None and self._callers.failed(link.peer[0]):
                self._emit(WrongPassphrase(link.peer[0]))
        elif link.opener.unproven:
            if wrong:
                dialer.wrong, dialer.wrong_until = link.opener.process, self._seconds() + PERIOD
            if self._called.failed(link.peer[0]) and wrong:
                self._emit(WrongPassphrase(link.peer[0]))

    def ended(self, link: Link, shown: str, refusal: Refusal | None) -> float:
        """Deal with the end of a ready link with the member `shown`. Return the seconds for which it is not to be called."""
        self._count(refusal)
        if not link.reason or link.reason in QUIET:
            return 0.0
        if refusal is not None:
            self._emit(Refused(*link.peer, refusal.reason, refusal.detail))
        wait, news = self.setbacks.suffer(link.member, link.reason, refusal is not None)
        if news:
            self._emit(NoLink(shown, link.reason, refusal is not None, member=link.member))
        return wait

    def _count(self, refusal: Refusal | None) -> None:
        if refusal is not None and refusal.reason not in QUIET:
            self.refused[refusal.reason] += 1

    def _report(self, link: Link, dialer: Dialer | None, refusal: Refusal | None) -> None:
        self._count(refusal)
        if refusal is None:
            if not link.ended_by:
                return
            refusal = Refusal(link.ended_by, "in the other side's words")
        if refusal.reason in QUIET:
            return
        if dialer is not None:
            if dialer.reported is dialer.found.finding:
                return
            dialer.reported = dialer.found.finding
        self._emit(Refused(*link.peer, refusal.reason, refusal.detail))
        if refusal.reason == errors.VERSION and self._tells_version(link, dialer):
            self._emit(NoLink(endpoint(*link.peer) if dialer else link.peer[0], errors.VERSION, True))

    def _tells_version(self, link: Link, dialer: Dialer | None) -> bool:
        """Whether people are told of another version: always at an address that is called, else once a caller, and of few in a
        minute."""
        if dialer is not None:
            return True
        now = self._seconds()
        self._versions = [at for at in self._versions if now - at < VERSIONS_SECONDS]
        _wait, news = self.setbacks.suffer((errors.VERSION, place(link.peer[0])), errors.VERSION)
        if not news or len(self._versions) >= VERSIONS_TOLD:
            return False
        self._versions.append(now)
        return True
