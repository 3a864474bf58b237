"""A link's first lines, told as a story between two ends."""

from __future__ import annotations

import base64

from twisted.trial.unittest import SynchronousTestCase

from tests.core.wire.test_frames import GOOD
from tests.core.wire.test_frames import line as good_line
from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import FRAMES, VERSION, Auth, Bye, Frame, Greet, Hello, Pake, Ping, decode, encode
from twisted_chat.core.wire.opening import EXPECTED, Answer, Dismissed, Introduction, Opening, Role, Slow, Step


def introduce(
    number: int, name: str = "", group: str = "chat", instance: int = 0, passphrase: str = ""
) -> Introduction:
    """Return what peer `number` says of itself."""
    identity = Identity(bytes([number]) * 32)
    its_group = Group(group, bool(passphrase))
    return Introduction(identity, its_group, name or f"P{number}", 5000 + number, instance or number, True, passphrase)


def b64(data: bytes) -> bytes:
    """Return bytes as they stand on a line."""
    return base64.b64encode(data)


class Story(SynchronousTestCase):
    """Ana dials Bia."""

    def setUp(self) -> None:
        self.ana = Opening(introduce(1), Role.DIALER)
        self.bia = Opening(introduce(2), Role.LISTENER)

    def pass_on(self, line: bytes, to: Opening) -> bytes:
        """Deliver one line; return the answer."""
        self.assertEqual(line.count(b"\n"), 1)
        return to.receive(line[:-1])

    def open_until(self, step: Step, end: Opening) -> bytes:
        """Go on until `end` is at `step`; return the line it is to be sent next."""
        line, to, other = self.bia.begin(), self.ana, self.bia
        while end.step is not step or to is not end:
            line, to, other = self.pass_on(line, to), other, to
        return line

    def refusal(self, reason: str, end: Opening, line: bytes) -> None:
        """`end` refuses `line` for `reason`, and is not ready."""
        refusal = self.assertRaises(Refusal, end.receive, line.rstrip(b"\n"))
        self.assertEqual(refusal.reason, reason, refusal.detail)
        self.assertIsNot(end.step, Step.READY)


class GoodTests(Story):
    """What happens when both are who they say they are."""

    def test_to_the_end(self) -> None:
        """Greet, hello, hello, auth, auth: then each knows the other's id, and it is proven."""
        self.assertEqual(self.ana.begin(), b"", "a dialer sends nothing before it is greeted")
        said = [self.bia.begin()]
        ends = [self.ana, self.bia]
        while said[-1]:
            said.append(self.pass_on(said[-1], ends[(len(said) - 1) % 2]))
        self.assertEqual([type(decode(line[:-1])) for line in said[:-1]], [Greet, Hello, Hello, Auth, Auth])
        self.assertIs(self.ana.step, Step.READY)
        self.assertIs(self.bia.step, Step.READY)
        assert self.ana.other and self.bia.other
        self.assertEqual(
            (self.ana.other.id, self.ana.other.name, self.ana.other.port), (self.bia.me.identity.id, "P2", 5002)
        )
        self.assertEqual((self.bia.other.id, self.bia.other.instance), (self.ana.me.identity.id, 1))

    def test_nothing_before_it_is_earned(self) -> None:
        """The greeting says nothing of the group or of who listens."""
        greeting = self.bia.begin()
        self.assertEqual(greeting, b'{"t":"greet","v":1,"tls":false}\n')

    def test_never_the_same_lines(self) -> None:
        """Two openings between the same two share no line that proves anything: there is a fresh nonce in each."""
        line = self.open_until(Step.AUTH, self.bia)
        self.setUp()
        self.assertNotEqual(line, self.open_until(Step.AUTH, self.bia))

    def test_later_versions(self) -> None:
        """Frames with unknown tags are ignored in every step, and fields to come are covered by the signatures."""
        for end in (self.ana, self.bia):
            self.assertEqual(end.receive(b'{"t":"later","x":1}'), b"")
        greeting = self.bia.begin().replace(b"}", b',"later":[1]}')
        self.refusal(
            errors.AUTH, self.bia, self.pass_on(self.pass_on(self.pass_on(greeting, self.ana), self.bia), self.ana)
        )

    def test_bye(self) -> None:
        """The other side's `bye` ends the opening in any step, with its word."""
        for step, end in (
            (Step.GREET, self.ana),
            (Step.HELLO, self.bia),
            (Step.HELLO, self.ana),
            (Step.AUTH, self.bia),
        ):
            self.setUp()
            end = self.ana if end.role is Role.DIALER else self.bia
            self.open_until(step, end)
            dismissed = self.assertRaises(Dismissed, end.receive, encode(Bye(errors.FULL))[:-1])
            self.assertEqual(dismissed.reason, errors.FULL)


class Closed(Story):
    """Ana dials Bia in a closed group; what the connection does, and a thread, the tests do."""

    passphrases = ("correct horse", "correct horse")
    groups = ("work", "work")

    def setUp(self) -> None:
        self.ana, self.bia = (
            Opening(introduce(number, group=group, passphrase=passphrase), role)
            for number, group, passphrase, role in zip((1, 2), self.groups, self.passphrases, Role, strict=True)
        )
        self.said: list[bytes] = []
        self.channels = {self.ana: b"c" * 32, self.bia: b"c" * 32}

    def answer(self, end: Opening, answer: Answer) -> bytes:
        """Compute what `end` wants computed; return what it says."""
        while isinstance(answer, Slow):
            answer.compute()
            answer = answer.then()
        self.said.append(answer)
        return answer

    def hear(self, end: Opening, line: bytes) -> bytes:
        """Let `end` hear a line; return what it says."""
        return self.answer(end, end.receive(line.rstrip(b"\n")))

    def encrypt(self) -> bytes:
        """Go on until both ends are encrypted; return the first line that is."""
        self.assertEqual(self.hear(self.bia, self.hear(self.ana, self.bia.begin())), b"")
        self.assertEqual((self.ana.step, self.bia.step), (Step.SECURED, Step.SECURED))
        self.assertEqual(self.answer(self.bia, self.bia.secured(self.channels[self.bia])), b"")
        return self.answer(self.ana, self.ana.secured(self.channels[self.ana]))

    def open(self) -> None:
        """Go on to the end."""
        line, end, other = self.encrypt(), self.bia, self.ana
        while line:
            line, end, other = self.hear(end, line), other, end

    def refused(self, reason: str, end: Opening, line: bytes) -> None:
        """`end` refuses `line` for `reason`."""
        self.assertEqual(self.assertRaises(Refusal, self.hear, end, line).reason, reason)


class ClosedTests(Closed):
    """What happens when both know the passphrase."""

    def test_to_the_end(self) -> None:
        """Greet, tls, pake twice, mac twice, and only then hello and auth, which both ends prove."""
        greeting = self.bia.begin()
        self.setUp()
        self.open()
        frames = [decode(line[:-1]) for line in [greeting, *filter(None, self.said)]]
        names = "Greet Tls Pake Pake Mac Mac Hello Hello Auth Auth"
        self.assertEqual(" ".join(type(frame).__name__ for frame in frames), names)
        self.assertTrue(self.ana.other and self.bia.other and self.ana.encrypted and self.bia.encrypted)
        self.assertEqual((self.ana.step, self.bia.step), (Step.READY, Step.READY))

    def test_nothing_said_before(self) -> None:
        """Until both have proven the passphrase, no line holds the group's name, a member's, an id, or a port."""
        self.open()
        before = b"".join(line for line in self.said if b'"t":"hello"' not in line and b'"t":"auth"' not in line)
        self.assertIn(b'"t":"mac"', before)
        for secret in (b'"work', b'"P1"', b'"P2"', b":500", b64(self.ana.me.identity.id), b64(self.bia.me.identity.id)):
            self.assertNotIn(secret, before)

    def test_who_may_guess(self) -> None:
        """The dialer shows its half first; from then until it hears the other's proof, the other may have made a guess."""
        pake = self.encrypt()
        answer = self.hear(self.bia, pake)
        self.assertFalse(self.ana.guessed)
        proof = self.hear(self.ana, answer)
        self.assertTrue(self.ana.guessed)
        self.assertIs(self.ana.step, Step.MAC)
        self.hear(self.ana, self.hear(self.bia, proof))
        self.assertIs(self.ana.step, Step.HELLO)


class WrongPassphraseTests(Closed):
    """What happens when they don't know the same passphrase."""

    passphrases = ("correct horse", "correct house")

    def test_refused(self) -> None:
        """The listener finds out, says nothing that the dialer could try passphrases against, and no names are told."""
        proof = self.hear(self.ana, self.hear(self.bia, self.encrypt()))
        self.refused(errors.PASSPHRASE, self.bia, proof)
        self.assertFalse(self.bia.guessed)
        self.assertNotIn(b"hello", b"".join(self.said))


class OtherClosedGroupTests(WrongPassphraseTests):
    """Another group's name is as bad as another passphrase, and not told from it."""

    passphrases = ("correct horse", "correct horse")
    groups = ("work", "play")


class TamperingTests(Closed):
    """Somebody stands between the two."""

    def test_two_connections(self) -> None:
        """One who ends both TLS connections is found out by the passphrase's proof, which covers the connection."""
        self.channels[self.bia] = b"d" * 32
        self.refused(errors.PASSPHRASE, self.bia, self.hear(self.ana, self.hear(self.bia, self.encrypt())))

    def test_two_connections_of_an_open_group(self) -> None:
        """In an open group the proof of who is there covers the connection."""
        self.ana, self.bia = Opening(introduce(1), Role.DIALER, True), Opening(introduce(2), Role.LISTENER, True)
        self.channels = {self.ana: b"c" * 32, self.bia: b"d" * 32}
        hello = self.encrypt()
        self.refused(errors.AUTH, self.bia, self.hear(self.ana, self.hear(self.bia, hello)))

    def test_reflected(self) -> None:
        """An end that is sent its own half back, or its own proof, does not take it for the other's."""
        self.refused(errors.PASSPHRASE, self.ana, self.encrypt())
        self.setUp()
        proof = self.hear(self.ana, self.hear(self.bia, self.encrypt()))
        self.refused(errors.PASSPHRASE, self.ana, proof)

    def test_no_point(self) -> None:
        """A half that is none, of small order or not on the curve, is refused, whatever it is."""
        for side in b"A", b"B", b"X":
            for point in (bytes(32), b"\xff" * 32, (1).to_bytes(32, "little"), b"\x02" + bytes(31)):
                for end in "ana", "bia":
                    self.setUp()
                    self.encrypt()
                    self.refused(errors.PASSPHRASE, getattr(self, end), encode(Pake(side + point)))

    def test_replayed(self) -> None:
        """The dialer's half and proof of yesterday prove nothing today."""
        pake = self.encrypt()
        proof = self.hear(self.ana, self.hear(self.bia, pake))
        self.setUp()
        self.encrypt()
        self.hear(self.bia, pake)
        self.refused(errors.PASSPHRASE, self.bia, proof)

    def test_stripped(self) -> None:
        """Encryption can't be talked away: a dialer that needs it says nothing, a listener takes no hello in the clear."""
        self.refused(errors.TLS, self.ana, encode(Greet(VERSION, False)))
        self.assertEqual(self.said, [])
        self.bia.begin()
        self.refused(errors.TLS, self.bia, good_line("hello"))

    def test_open_and_closed(self) -> None:
        """Of an open and a closed group's peers each finds out that it is the other's kind."""
        self.bia = Opening(introduce(2), Role.LISTENER, True)
        self.channels[self.bia] = b"c" * 32
        self.refused(errors.GROUP, self.bia, self.encrypt())
        self.setUp()
        self.ana = Opening(introduce(1), Role.DIALER)
        self.channels[self.ana] = b"c" * 32
        self.refused(errors.GROUP, self.bia, self.encrypt())

    def test_offered(self) -> None:
        """A dialer that needs no encryption follows a listener that does."""
        self.ana, self.bia = Opening(introduce(1), Role.DIALER), Opening(introduce(2), Role.LISTENER, True)
        self.channels = {self.ana: b"c" * 32, self.bia: b"c" * 32}
        self.open()
        self.assertIs(self.ana.step, Step.READY)


STEPS = [
    (Role.DIALER, Step.GREET),
    (Role.DIALER, Step.HELLO),
    (Role.DIALER, Step.AUTH),
    (Role.LISTENER, Step.HELLO),
    (Role.LISTENER, Step.AUTH),
]
"""Every step of either end in which it waits for something."""


class BadTests(Story):
    """What is refused, and how it is called."""

    def at(self, role: Role, step: Step) -> tuple[Opening, bytes]:
        """Return a new opening's end at a step, and the line it waits for."""
        self.setUp()
        end = self.ana if role is Role.DIALER else self.bia
        return end, self.open_until(step, end)

    def test_out_of_turn(self) -> None:
        """In every step, every frame but the one expected there (and `bye`) is refused; so is all that is no frame."""
        for role, step in STEPS:
            for frame in FRAMES:
                if frame not in (EXPECTED[step], Bye):
                    end, _ = self.at(role, step)
                    reason = errors.GROUP if (step, frame) == (Step.HELLO, Pake) else errors.PROTOCOL
                    self.refusal(reason, end, good_line(str(frame.__struct_config__.tag)))
            for junk in (b"", b"GET / HTTP/1.1\r", b"\xff\xfe", b"[" * 60_000, b'{"t":"hello"}'):
                end, _ = self.at(role, step)
                self.refusal(errors.PROTOCOL, end, junk)

    def test_table_is_complete(self) -> None:
        """Every step with lines but the last expects one frame, and every such frame has a good line to try elsewhere."""
        self.assertEqual(set(EXPECTED), set(Step) - {Step.SECURED, Step.READY})
        self.assertLessEqual({str(frame.__struct_config__.tag) for frame in EXPECTED.values()}, set(GOOD))

    def test_twice(self) -> None:
        """A line that was right once is out of turn the second time, or proves nothing any more."""
        for role, step in ((Role.DIALER, Step.GREET), (Role.DIALER, Step.HELLO), (Role.LISTENER, Step.HELLO)):
            end, line = self.at(role, step)
            self.pass_on(line, end)
            self.refusal(errors.PROTOCOL, end, line)

    def test_version(self) -> None:
        """A version this peer does not speak is refused by that name, before anything is told."""
        for version in (0, 2, 99):
            self.setUp()
            self.refusal(errors.VERSION, self.ana, encode(Greet(version, False)))

    def test_other_group(self) -> None:
        """Neither end lets somebody of another group in."""
        self.ana = Opening(introduce(1, group="work"), Role.DIALER)
        self.refusal(errors.GROUP, self.bia, self.pass_on(self.bia.begin(), self.ana))
        self.setUp()
        self.open_until(Step.HELLO, self.ana)
        stranger = Hello("work", b"x" * 32, "X", 1, 1, b"n" * 32, True)
        self.refusal(errors.GROUP, self.ana, encode(stranger))

    def test_self(self) -> None:
        """A peer that reached itself finds out at either end; the same key in another process is another peer."""
        self.bia = Opening(self.ana.me, Role.LISTENER)
        self.refusal(errors.SELF, self.bia, self.pass_on(self.bia.begin(), self.ana))
        self.setUp()
        self.bia = Opening(introduce(1, instance=77), Role.LISTENER)
        self.open_until(Step.AUTH, self.ana)

    def test_names(self) -> None:
        """A name with what no peer accepts is refused."""
        for name in ("", " Ana", "a\nb", "a\x1b[2J", "a:b", "Ana~3f2a", "x" * 33, "\u202eanA"):
            self.setUp()
            hello = Hello("chat", b"x" * 32, name, 1, 1, b"n" * 32, True)
            self.refusal(errors.PROTOCOL, self.bia, encode(hello))

    def test_another_key(self) -> None:
        """Who gives Ana's id and has not Ana's key does not get in, at either end."""
        eva = Identity(b"e" * 32)
        for role in Role:
            for signature in (eva.sign(b"tcpchat/1 auth\0"), bytes(64)):
                end, _ = self.at(role, Step.AUTH)
                self.refusal(errors.AUTH, end, encode(Auth(signature)))

    def test_replayed(self) -> None:
        """Ana's lines of yesterday, sent again, prove nothing today: Bia's nonce is another."""
        greeting = self.bia.begin()
        hello = self.pass_on(greeting, self.ana)
        auth = self.pass_on(self.pass_on(hello, self.bia), self.ana)
        self.bia = Opening(introduce(2), Role.LISTENER)
        self.assertEqual(self.bia.begin(), greeting)
        self.pass_on(hello, self.bia)
        self.refusal(errors.AUTH, self.bia, auth)

    def test_replayed_to_the_dialer(self) -> None:
        """Bia's lines of yesterday prove nothing to Ana today either."""
        greeting = self.bia.begin()
        hers = self.pass_on(self.pass_on(greeting, self.ana), self.bia)
        auth = self.pass_on(self.pass_on(hers, self.ana), self.bia)
        self.ana = Opening(introduce(1), Role.DIALER)
        self.pass_on(greeting, self.ana)
        self.pass_on(hers, self.ana)
        self.refusal(errors.AUTH, self.ana, auth)

    def test_reflected(self) -> None:
        """An end that is sent its own lines back takes itself for itself, never for somebody else."""
        self.refusal(errors.SELF, self.ana, self.pass_on(self.bia.begin(), self.ana))
        self.setUp()
        auth = self.pass_on(self.open_until(Step.HELLO, self.ana), self.ana)
        self.refusal(errors.AUTH, self.ana, auth)

    def test_wrong_role(self) -> None:
        """A proof covers the role and every line so far: made as a dialer, or leaving out a line, it is worth nothing."""
        for role, left_out, good in (
            ("listener", 0, True),
            ("dialer", 0, False),
            ("listener", 1, False),
            ("", 0, False),
        ):
            self.setUp()
            greeting = self.bia.begin()
            hello = self.pass_on(greeting, self.ana)
            hers = self.pass_on(hello, self.bia)
            auth = self.pass_on(hers, self.ana)
            lines = [line[:-1] for line in (greeting, hello, hers, auth)][left_out:]
            signed = b"tcpchat/1 auth\0" + role.encode() + b"\0" + b"\n".join(lines)
            proof = encode(Auth(self.bia.me.identity.sign(signed)))
            if good:
                self.assertEqual(self.pass_on(proof, self.ana), b"")
                self.assertIs(self.ana.step, Step.READY)
            else:
                self.refusal(errors.AUTH, self.ana, proof)

    def test_changed_on_the_way(self) -> None:
        """A line changed between the two, be it by a space, ends in a proof that does not hold."""
        for old, new in ((b'"port":5001', b'"port":6666'), (b",", b", ")):
            self.setUp()
            hello = self.pass_on(self.bia.begin(), self.ana)
            auth = self.pass_on(self.pass_on(hello.replace(old, new, 1), self.bia), self.ana)
            self.refusal(errors.AUTH, self.bia, auth)

    def test_nothing_counts_before_the_proof(self) -> None:
        """Until the proof has come the other end is not known, whatever it sends."""
        end, _ = self.at(Role.LISTENER, Step.AUTH)
        frame: Frame = Ping(1)
        self.refusal(errors.PROTOCOL, end, encode(frame))
