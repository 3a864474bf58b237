"""Refusals, and the word by which the other side hears of each."""


class ChatError(Exception):
    """The root of every error this package raises on purpose."""


class BadText(ChatError):
    """A name, a room or a message that can't be accepted; `code` says why, for the words shown to people, and `character` because
    of what, where that is one character."""

    def __init__(self, code: str, character: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.character = character


class UnknownPlace(ChatError):
    """A place is of another copy of the conversation, or of one that is newer than this."""


class StoreError(ChatError):
    """A store can't do what it was asked for: `code` says why, `path` where, `detail` is mostly the operating system's word."""

    code: str
    path: object
    detail: str


class Refusal(ChatError):
    """Something another peer sent is refused.

    `reason` is a word of the protocol (see `REASONS`), sent in `bye`; `detail` is for the log on this side only.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


LEFT = "left"
DUPLICATE = "duplicate"
SELF = "self"
VERSION = "version"
GROUP = "group"
TLS = "tls"
PASSPHRASE = "passphrase"
WAIT = "wait"
AUTH = "auth"
PROTOCOL = "protocol"
FORGED = "forged"
TIMEOUT = "timeout"
FULL = "full"
LIMIT = "limit"
STRANGER = "stranger"

REASONS = {
    LEFT: "the peer leaves the chat",
    DUPLICATE: "the two peers have another link, which stays",
    SELF: "the dialer reached itself",
    VERSION: "the other speaks no protocol version that this one speaks",
    GROUP: "the other belongs to another group",
    TLS: "this link has to be encrypted, and the other does not want that or can't do it",
    PASSPHRASE: "the other could not prove that it knows the passphrase of the group",
    WAIT: "too many connections from that address did not show that they know the passphrase; in ten minutes again",
    AUTH: "the other could not prove that it holds the key of the id it gave",
    PROTOCOL: "a line that is not a frame, or not one that belongs at this point",
    FORGED: "a batch whose signature or chain does not hold",
    TIMEOUT: "the opening took too long",
    FULL: "this peer has as many links as it keeps",
    LIMIT: "more of something than this peer keeps",
    STRANGER: "the address was announced for another member",
}
"""Every reason a `bye` may carry, with its meaning."""
