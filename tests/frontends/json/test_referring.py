"""What programs do to messages, and are told of them."""

from __future__ import annotations

from typing import Any

from tests.frontends.json.test_client import ClientCase
from twisted_chat.core.feeds.ids import MessageId


class ReferringTests(ClientCase):
    """Ana's program, and Bia."""

    def setUp(self) -> None:
        super().setUp()
        self.client, self.wire = self.connect()
        self.ask(self.client, self.wire, "subscribe")

    def do(self, method: str, **params: Any) -> Any:
        return self.ask(self.client, self.wire, method, **params)

    def newest(self) -> dict[str, Any]:
        message: dict[str, Any] = self.do("history", count=1)["messages"][0]
        return message

    def test_corrected(self) -> None:
        """A message is corrected and taken back by its id; those who subscribed are told how it is now."""
        other, wire = self.connect()
        self.ask(other, wire, "subscribe")
        id = self.do("say", text="helo")["id"]
        self.assertIn("id", self.do("edit", to=id, text="hello"))
        (now,) = self.told(wire, "edited")
        self.assertEqual([now[each] for each in ("id", "text", "original", "edited")], [id, "hello", "helo", True])
        self.do("retract", to=id)
        (now,) = self.told(wire, "retracted")
        self.assertEqual([now[each] for each in ("text", "original", "retracted")], ["", "helo", True])
        self.assertEqual(self.newest(), now)

    def test_answered(self) -> None:
        """An answer has the id of what it answers, for both, and reactions have those who react."""
        id = self.do("say", text="hello")["id"]
        answer = self.do("say", text="me too", re=id)["id"]
        self.assertEqual(self.newest()["re"], id)
        self.other.voice.react(id_of(answer), "👍")
        self.run_for(4)
        (now,) = self.told(self.wire, "reacted")
        self.assertEqual([(each["text"], each["names"]) for each in now["reactions"]], [("👍", ["P1"])])
        self.do("react", to=answer, text="👍")
        self.run_for(4)
        self.assertEqual([len(each["members"]) for each in self.newest()["reactions"]], [2])
        self.do("react", to=answer, text="")
        self.assertEqual([len(each["members"]) for each in self.newest()["reactions"]], [1])

    def test_votes(self) -> None:
        """A poll has its answers, its votes by number, and an end."""
        id = self.do("poll", question="when?", answers=["now", "later"])["id"]
        self.do("react", to=id, text="2")
        self.assertEqual(self.newest()["answers"], ["now", "later"])
        self.assertEqual([each["text"] for each in self.newest()["reactions"]], ["2"])
        self.do("close", to=id)
        self.assertTrue(self.newest()["closed"])
        self.assertEqual(self.do("edit", to=id, text="x\ny\nz")["data"]["reason"], "poll-fixed")
        self.assertEqual(self.do("poll", question="when?", answers=["now", " "])["data"]["reason"], "poll")

    def test_refused(self) -> None:
        """What is no id, no message, private or another's is not touched, and nothing of it is said to all."""
        member = self.do("members")["members"][0]["id"]
        private = self.do("whisper", to=member, text="psst")["id"]
        self.other.say("hi")
        self.run_for()
        others = self.newest()["id"]
        for to, reason in (
            ("x", "no-message"),
            (private, "no-message"),
            (f"{others}9", "no-message"),
            (others, "not-own"),
        ):
            self.assertEqual(self.do("edit", to=to, text="secret")["data"]["reason"], reason)
            self.assertEqual(self.do("retract", to=to)["data"]["reason"], reason)
        self.assertEqual(self.do("react", to=others, text="a b")["data"]["reason"], "reaction")
        self.assertEqual(self.do("say", text="hi", re="x")["data"]["reason"], "no-message")
        self.assertNotIn("secret", str(self.do("history", count=9)))


def id_of(text: str) -> MessageId:
    """Return an id that is one."""
    id = MessageId.parse(text)
    assert id is not None
    return id
