"""TLS for links.

Certificates prove nothing here: each process makes one for itself. The ids at both ends are proven within the connection, by
signatures, and in closed groups the passphrase as well. Both proofs cover `channel`, which differs at the two ends if somebody
stands between them.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from twisted_chat.net.addresses import is_loopback

_EXPORTER = b"EXPORTER-Channel-Binding"
_CHANNEL_BYTES = 32
_VALID = datetime(2000, 1, 1), datetime(2100, 1, 1)


class Encryption:
    """The encryption of the links of one peer."""

    def __init__(self, closed: bool) -> None:
        """`closed` tells whether the group is."""
        self._closed = closed

    def needed(self, host: str) -> bool:
        """Whether a link with `host` has to be encrypted. In an open group, only links within the machine have not."""
        return self._closed or not is_loopback(host)

    def start(self, transport: Any) -> None:
        """Turn a connection to TLS. Its protocol is told by `handshakeCompleted`."""
        transport.startTLS(self._context)

    @cached_property
    def _context(self) -> Any:
        """TLS 1.3 alone, a new self-signed certificate, no resumption."""
        from cryptography import x509  # some MiB that open groups on one machine can do without
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from OpenSSL import crypto
        from twisted.internet.ssl import CertificateOptions, TLSVersion

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tcpchat")])
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), *_VALID)
        return CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(key),
            certificate=crypto.X509.from_cryptography(builder.sign(key, hashes.SHA256())),
            raiseMinimumTo=TLSVersion.TLSv1_3,
        )


def channel(transport: Any) -> bytes:
    """Return 32 bytes that the two ends of a TLS connection, and nobody else, have in common (`tls-exporter`, RFC 9266)."""
    exported: bytes = transport.getHandle().export_keying_material(_EXPORTER, _CHANNEL_BYTES, b"")
    return exported


def process(transport: Any) -> bytes:
    """Return a digest that tells the process at the other end of a TLS connection from every other. It is made of the
    certificate that the process made at its start, and whose key it has shown to hold. A listener gets nothing, since dialers
    show none."""
    certificate = transport.getHandle().get_peer_certificate()
    return b"" if certificate is None else bytes(certificate.digest("sha256"))
