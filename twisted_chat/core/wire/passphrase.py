"""Two peers of a closed group prove to each other, before anything else, that both know its passphrase.

This is SPAKE2, as the `spake2` package has it, over Ed25519's group. Somebody who listens in, or stands in between, learns
nothing by which passphrases could be tried out. Each guess takes a connection of its own. See "Closed groups" in
`docs/protocol.md`.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata

from twisted_chat.core import errors
from twisted_chat.core.errors import BadText, Refusal

MIN_PASSPHRASE = 8
"""Fewest characters of a passphrase."""
MAX_PASSPHRASE = 1024
"""Most characters of a passphrase."""

_DIALER = b"tcpchat/1 dialer\0"
_LISTENER = b"tcpchat/1 listener\0"
_MAC = b"tcpchat/1 mac\0"


def check_passphrase(text: str) -> str:
    """Return `text` in the one form (NFC, no space around it) in which passphrases are compared.

    Raises `BadText` with code `passphrase-short`, `passphrase-long` or `passphrase-control`.
    """
    text = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise BadText("passphrase-control")
    if len(text) < MIN_PASSPHRASE:
        raise BadText("passphrase-short")
    if len(text) > MAX_PASSPHRASE:
        raise BadText("passphrase-long")
    return text


class Exchange:
    """One end of one SPAKE2 exchange. `start` and `finish` take some milliseconds of a processor each."""

    def __init__(self, passphrase: str, group: str, dialer: bool) -> None:
        """`passphrase` is as `check_passphrase` returns it. With another `group` the exchange fails, as with another
        passphrase."""
        self._passphrase = passphrase.encode()
        self._group = group.encode()
        self._dialer = dialer
        self._key = b""
        self.message = b""
        """The message for the other end, once `start` has been called."""

    def start(self) -> None:
        """Make `message`. Once."""
        from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError  # 7 MiB that open groups can do without
        from spake2.ed25519_basic import NotOnCurve

        end = SPAKE2_A if self._dialer else SPAKE2_B
        dialer, listener = _DIALER + self._group, _LISTENER + self._group
        self._end = end(self._passphrase, idA=dialer, idB=listener, entropy_f=secrets.token_bytes)
        self._faults = (SPAKEError, NotOnCurve, ValueError)
        self.message = self._end.start()

    def finish(self, received: bytes) -> None:
        """Take the other end's message. Once, after `start`. Raises `Refusal(PASSPHRASE)` for a message that no honest peer
        sends."""
        try:
            self._key = self._end.finish(received)
        except self._faults as error:  # our own message sent back, or no point of the group
            raise Refusal(errors.PASSPHRASE, f"pake: {error}") from None

    def mac(self, role: str, transcript: bytes) -> bytes:
        """Return the 32 bytes that prove, for one `role`, that both ends had the same passphrase and heard `transcript`."""
        return hmac.digest(self._key, _MAC + role.encode() + b"\0" + transcript, "sha256")

    def check(self, mac: bytes, role: str, transcript: bytes) -> None:
        """Raise `Refusal(PASSPHRASE)` unless `mac` is that of the other end in `role`."""
        if not hmac.compare_digest(mac, self.mac(role, transcript)):
            raise Refusal(errors.PASSPHRASE, "another passphrase, or another closed group")
