"""Signatures, and keys that must not verify any."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import patient
from tests.kit.signing import ORDER
from twisted_chat.core.keys import Identity, fingerprint, signature_holds, spoken, spoken_digits

SMALL_ORDER = [
    bytes.fromhex(key)
    for key in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
]
"""Public keys for which a signature can be made that fits many messages."""


class SignatureTests(SynchronousTestCase):
    """What a key signed is told from everything else."""

    def test_same_seed_same_member(self) -> None:
        """An identity is its seed: a restarted peer is the same member."""
        self.assertEqual(Identity(b"s" * 32).id, Identity(b"s" * 32).id)
        self.assertNotEqual(Identity(b"s" * 32).id, Identity(b"t" * 32).id)

    @patient
    @given(st.binary(max_size=100), st.integers(0, 63), st.integers(1, 255))
    def test_what_was_signed(self, message: bytes, place: int, change: int) -> None:
        """A signature holds for its message and author, and not with any byte changed."""
        identity = Identity(b"s" * 32)
        signature = bytearray(identity.sign(message))
        self.assertTrue(signature_holds(identity.id, bytes(signature), message))
        self.assertFalse(signature_holds(identity.id, bytes(signature), message + b"x"))
        self.assertFalse(signature_holds(Identity(b"t" * 32).id, bytes(signature), message))
        signature[place] ^= change
        self.assertFalse(signature_holds(identity.id, bytes(signature), message))

    def test_small_order(self) -> None:
        """Keys of small order verify nothing, not even what fits them: with them anybody could sign anything."""
        for key in SMALL_ORDER:
            for point in SMALL_ORDER:
                for message in (b"", b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"):
                    self.assertFalse(signature_holds(key, point + bytes(32), message), key.hex())

    def test_one_signature_a_message(self) -> None:
        """Nobody but its author can make a second signature out of a first: one plus the group's order is refused."""
        identity = Identity(b"s" * 32)
        signature = identity.sign(b"m")
        other = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
        self.assertFalse(signature_holds(identity.id, other, b"m"))

    def test_wrong_sizes(self) -> None:
        """Keys and signatures of a wrong length verify nothing, and raise nothing."""
        identity = Identity(b"s" * 32)
        signature = identity.sign(b"m")
        for size in (0, 1, 31, 33, 64):
            self.assertFalse(signature_holds((identity.id * 2)[:size], signature, b"m"), size)
        for size in (0, 1, 63):
            self.assertFalse(signature_holds(identity.id, signature[:size], b"m"), size)

    def test_fingerprint(self) -> None:
        """Four characters that are easy to read out."""
        self.assertEqual(fingerprint(b"\x3f\x2a" + bytes(30)), "3f2a")

    def test_spoken(self) -> None:
        """A key that is read aloud is found again, however it was written down."""
        key = spoken(b"\x3f\x2a" + bytes(30))
        digits = key.replace(" ", "")
        self.assertEqual(len(digits), 40)
        for written in (
            key, digits, key.upper(), key.replace(" ", "\u00a0"), key.replace(" ", "\t"), key.replace(" ", "\u3000"),
            key.replace(" ", "-"), key.replace(" ", ":"), key[:24] + "\n    " + key[25:], f"Ada: {key}", f"🔑 Bia my:\n{key}",
            f"\u2068Bia\u2069: {key}.", f"Bia:{digits}", key.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
        ):  # fmt: skip
            self.assertEqual(spoken_digits(written), digits, written)
        for written, found in (
            ("yes", ""),
            ("", ""),
            (key[:9], digits[:8]),
            (f"Ada {key}", "ada" + digits),
            ("Bia:", ""),
        ):
            self.assertEqual(spoken_digits(written), found, written)
