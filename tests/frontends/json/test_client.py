"""A program's requests and what it is told, at a simulated peer."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.programs import FakeWire
from tests.simulation.world import World
from twisted_chat.core.events import Leaving
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.json import subscribing
from twisted_chat.frontends.json.client import MAX_UNANSWERED, Client
from twisted_chat.frontends.json.table import METHODS


class ClientCase(SynchronousTestCase):
    """Ana's peer (P0) has programs; Bia has her own (P1)."""

    def setUp(self) -> None:
        self.world = World(1, 2)
        self.ana, self.bia = self.world.actors
        for actor in self.world.actors:
            actor.start()
        self.run_for(3)
        assert self.ana.peer is not None and self.bia.peer is not None
        self.conversation = self.ana.peer.conversation
        self.other = self.bia.peer.conversation
        self.left: list[str] = []
        self.number = 0

    def run_for(self, seconds: float = 1) -> None:
        self.world.network.run(seconds)

    def connect(self, wire: FakeWire | None = None) -> tuple[Client, FakeWire]:
        wire = wire or FakeWire()
        client = Client(Seat(self.conversation), self.ana.node, wire, lambda: self.left.append("left"))
        self.addCleanup(client.gone)
        return client, wire

    def send(self, client: Client, method: str, **params: Any) -> int:
        """Ask, and return the id of the request."""
        self.number += 1
        line = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        client.feed(json.dumps(line).encode() + b"\n")
        return self.number

    def ask(self, client: Client, wire: FakeWire, method: str, **params: Any) -> Any:
        """Ask, and return the result, or the error; other lines are dropped."""
        number = self.send(client, method, **params)
        self.run_for()
        (answer,) = (line for line in wire.lines() if line.get("id") == number)
        return answer.get("result", answer.get("error"))

    def told(self, wire: FakeWire, method: str) -> list[dict[str, Any]]:
        """Return what was told since last, of one kind."""
        return [line["params"] for line in wire.lines() if line.get("method") == method]


class AskedTests(ClientCase):
    """Each method."""

    def test_every_method(self) -> None:
        """Every method in the table is done."""
        client, _ = self.connect()
        self.assertEqual(set(client._run), set(METHODS))

    def test_say(self) -> None:
        """What is said has its id in the answer, the same that everybody knows it by; it is said as asked for."""
        client, wire = self.connect()
        said = self.ask(client, wire, "say", text="olá", room="#tea", me=True, auto=True)
        page = self.successResultOf(self.other.history(1))
        (event,) = page
        (record,) = event.records
        self.assertEqual(
            (str(event.id), record.text, record.room, record.me, record.auto), (said["id"], "olá", "#tea", True, True)
        )

    def test_whisper(self) -> None:
        """A member is named by name or by id; the answer bears the id of the message; only that member can read it."""
        client, wire = self.connect()
        (bia,) = self.ask(client, wire, "members")["members"]
        for to in ("P1", bia["id"]):
            said = self.ask(client, wire, "whisper", to=to, text=f"to {to[:2]}", auto=True)
            (event,) = self.successResultOf(self.other.history(1))
            self.assertEqual((str(event.id), event.private, event.records[0].auto), (said["id"], "P1", True))
        refused = self.ask(client, wire, "whisper", to="Eve", text="x")
        self.assertEqual((refused["code"], refused["data"]["reason"]), (-32002, "member-nobody"))

    def test_order(self) -> None:
        """What is asked after something was said sees it, though all come in one line after another at once."""
        client, wire = self.connect()
        for text in ("um", "dois"):
            self.send(client, "say", text=text)
        number = self.send(client, "history")
        self.run_for()
        (answer,) = (line for line in wire.lines() if line["id"] == number)
        self.assertEqual([each["text"] for each in answer["result"]["messages"]], ["um", "dois"])

    def test_history(self) -> None:
        """Pages lead back to the beginning, each message once; and forward, by places, late ones included."""
        client, wire = self.connect()
        for number in range(7):
            self.bia.say()
            self.ana.peer and self.conversation.say(f"a{number}", "#tea" if number % 2 else "#chat")
            self.run_for(0.1)
        texts: list[str] = []
        page: Any = {"earlier": None}
        while True:
            page = self.ask(client, wire, "history", count=4, before=page["earlier"])
            texts = [*(each["text"] for each in page["messages"]), *texts]
            if page["earlier"] is None:
                break
        self.assertEqual(len(texts), 14)
        self.assertEqual(len(set(texts)), 14)
        forward: list[str] = []
        page = {"place": "", "more": True}
        while page["more"]:
            page = self.ask(client, wire, "history", count=4, after=page["place"])
            forward += [each["text"] for each in page["messages"]]
        self.assertEqual(sorted(forward), sorted(texts))
        tea = self.ask(client, wire, "history", room="#TEA")["messages"]
        self.assertEqual([each["text"] for each in tea], ["a1", "a3", "a5"])
        of_bia = self.ask(client, wire, "history", **{"with": "P1"})["messages"]
        self.assertEqual([each["name"] for each in of_bia], ["P1"] * 7)

    def test_search(self) -> None:
        """The newest with certain words, and whether there are more."""
        client, wire = self.connect()
        for text in ("red tea", "black tea", "coffee"):
            self.conversation.say(text)
            self.run_for(0.1)
        found = self.ask(client, wire, "search", words="tea", count=1)
        self.assertEqual(([each["text"] for each in found["messages"]], found["more"]), (["black tea"], True))

    def test_rooms(self) -> None:
        """A program has rooms of its own, and speaks in the one joined last; another program is not moved by that."""
        client, wire = self.connect()
        other, other_wire = self.connect()
        self.ask(client, wire, "topic", room="#tea", text="leaves")
        self.assertEqual(self.ask(client, wire, "join", room="#tea"), {"room": "#tea", "topic": "leaves"})
        self.ask(client, wire, "say", text="oi")
        self.ask(other, other_wire, "say", text="olá")
        self.assertEqual(
            [event.records[0].room for event in self.successResultOf(self.other.history(2))], ["#tea", "#chat"]
        )
        rooms = self.ask(client, wire, "rooms")
        self.assertEqual((rooms["joined"], len(rooms["rooms"])), (["#chat", "#tea"], 2))
        self.assertEqual(self.ask(client, wire, "part", room="#tea")["joined"], ["#chat"])
        self.assertEqual(self.ask(client, wire, "topic")["room"], "#chat")

    def test_person(self) -> None:
        """Name, absence, ignoring, status."""
        client, wire = self.connect()
        self.assertEqual(self.ask(client, wire, "nick", name=" Ana "), {"name": "Ana"})
        self.assertEqual(self.ask(client, wire, "away", text="lunch"), {})
        self.assertEqual(self.ask(client, wire, "status")["name"], "Ana")
        self.assertEqual(self.ask(client, wire, "ignore", member="P1")["ignored"], True)
        self.bia.say()
        self.assertEqual(len(self.ask(client, wire, "history", after="")["messages"]), 0)
        self.ask(client, wire, "ignore", member="P1", ignored=False)
        self.assertEqual(len(self.ask(client, wire, "history", after="")["messages"]), 1)
        self.assertEqual(self.ask(client, wire, "ignore", member="Ana")["code"], -32002)

    def test_refused(self) -> None:
        """What can't be is refused by a number and a name, and in words; a mistake of ours is logged; nothing ends the wire."""
        client, wire = self.connect()
        for method, params, code, reason in (
            ("dance", {}, -32601, None), ("say", {}, -32602, None), ("say", {"text": 1}, -32602, None),
            ("say", {"text": "x", "loud": 1}, -32602, None), ("history", {"count": 101}, -32602, None),
            ("say", {"text": "\x1b"}, -32000, "text-control"), ("nick", {"name": "🤖"}, -32000, "name-mark"),
            ("join", {"room": "tea"}, -32000, "room-name"), ("subscribe", {"rooms": ["tea"]}, -32000, "room-name"),
            ("history", {"before": "x"}, -32003, None), ("history", {"after": "x"}, -32003, None),
            ("history", {"after": "0" * 16 + ".1.1"}, -32003, None), ("subscribe", {"after": f"{'f' * 16}.1.1"}, -32003, None),
            ("subscribe", {"events": ["dance"]}, -32602, None),
        ):  # fmt: skip
            error = self.ask(client, wire, method, **params)
            self.assertEqual((error["code"], error["data"].get("reason")), (code, reason), (method, params))
            self.assertGreater(len(error["message"].split()), 3)
        client._run[METHODS[0]] = lambda asked: 1 / 0
        self.assertEqual(self.ask(client, wire, "say", text="x")["code"], -32603)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertFalse(wire.closed)

    def test_unanswered(self) -> None:
        """Who gives no id gets no answer, not even a refusal; the thing is done."""
        client, wire = self.connect()
        client.feed(b'{"jsonrpc":"2.0","method":"say","params":{"text":"oi"}}\n{"jsonrpc":"2.0","method":"dance"}\n')
        self.run_for()
        self.assertEqual((wire.lines(), self.bia.shown()), ([], ["oi"]))

    def test_leave(self) -> None:
        """It is answered, and then left."""
        client, wire = self.connect()
        self.assertEqual(self.ask(client, wire, "leave"), {})
        self.assertEqual(self.left, ["left"])


class ToldTests(ClientCase):
    """What a program is told."""

    def test_messages(self) -> None:
        """From its subscription on, everything that is said, once: own messages, private ones, machines' too."""
        client, wire = self.connect()
        self.bia.say()
        self.run_for()
        self.ask(client, wire, "subscribe")
        self.ask_quietly(client, "say", text="mine")
        self.other.say("bot", auto=True)
        self.run_for()
        self.other.whisper(self.conversation.roster.own.id, "psst")
        self.run_for()
        told = self.told(wire, "message")
        self.assertEqual(sorted(each["text"] for each in told), ["bot", "mine", "psst"])
        by_text = {each["text"]: each for each in told}
        self.assertEqual([by_text[text]["own"] for text in ("mine", "bot")], [True, False])
        self.assertEqual([by_text[text]["auto"] for text in ("mine", "bot")], [False, True])
        self.assertEqual(
            (by_text["psst"]["private"], by_text["psst"]["to"], by_text["psst"]["missed"]), (True, "P0", False)
        )

    def ask_quietly(self, client: Client, method: str, **params: Any) -> None:
        client.feed(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode() + b"\n")

    def test_resumed(self) -> None:
        """A program that is killed at any message goes on behind it, and gets each once; what was said before was missed."""
        for number in range(10):
            self.bia.say(3)
            if number % 3 == 0:
                self.conversation.say(f"a{number}")
            self.run_for(0.1)
        heard: list[str] = []
        place, lives = "", 0
        while len(heard) < 34:
            client, wire = self.connect()
            lives += 1
            self.send(client, "subscribe", after=place)
            self.run_for(0.2)
            told = self.told(wire, "message")[:3]  # it is killed then
            client.gone()
            heard += [each["text"] for each in told]
            place = told[-1]["place"]
            self.assertTrue(all(each["missed"] for each in told))
        self.assertEqual((len(heard), len(set(heard)), lives), (34, 34, 12))
        client, wire = self.connect()
        self.send(client, "subscribe", after=place)
        self.bia.say()
        self.run_for()
        self.assertEqual([each["missed"] for each in self.told(wire, "message")], [False])

    def test_slow(self) -> None:
        """A program that does not read costs little, is not read, and then gets every message; of the rest it is told how much
        was left out."""
        client, wire = self.connect(FakeWire(1000))
        self.send(client, "subscribe")
        self.run_for()
        for _ in range(200):
            self.bia.say(10)
            self.other.away("x")
            self.other.away()
            self.run_for(0.05)
        self.assertTrue(wire.paused)
        self.assertLess(wire.size, 300_000)
        before = wire.size
        self.send(client, "status")
        self.run_for()
        self.assertEqual(wire.size, before)
        wire.read()
        self.run_for(3)
        lines = wire.lines()
        texts = [line["params"]["text"] for line in lines if line.get("method") == "message"]
        self.assertEqual(texts, [f"P1.{number}" for number in range(2000)])
        away = sum(line.get("method") == "away" for line in lines)
        (missed,) = (line["params"]["events"] for line in lines if line.get("method") == "missed")
        self.assertEqual(away + missed, 400)
        self.assertLessEqual(away, subscribing.MAX_WAITING + 60)
        self.assertEqual(lines[-1].get("id") or [line["id"] for line in lines if "id" in line][-1], self.number)
        self.assertFalse(wire.paused)

    def test_events(self) -> None:
        """Comings, goings, names, absences and topics are told, each only to who wants it."""
        client, wire = self.connect()
        quiet, quiet_wire = self.connect()
        self.ask(client, wire, "subscribe")
        self.ask(quiet, quiet_wire, "subscribe", events=["left"])
        self.other.rename("Bia")
        self.other.away("lunch")
        self.other.set_topic("#tea", "leaves")
        self.run_for()
        assert self.bia.peer is not None
        stopped = self.bia.peer.stop()
        self.run_for(7)
        self.successResultOf(stopped)
        told = [(line["method"], line["params"]) for line in wire.lines() if "method" in line]
        self.assertEqual([method for method, _ in told], ["renamed", "away", "topic", "left"])
        self.assertEqual(told[0][1]["new"], "Bia")
        self.assertEqual([line["method"] for line in quiet_wire.lines()], ["left"])
        self.ask(client, wire, "say", text="alone")
        self.conversation.emit(Leaving("P0", "log"))
        self.assertEqual((wire.lines()[-1]["method"], wire.closed), ("leaving", True))

    def test_warning(self) -> None:
        """What people are told in a sentence comes with a code that stays."""
        client, wire = self.connect()
        self.ask(client, wire, "subscribe")
        self.bia.crash()
        self.run_for(40)
        wire.lines()
        self.ask_quietly(client, "say", text="hello?")
        self.run_for()
        (warning,) = self.told(wire, "warning")
        self.assertEqual(warning["code"], "alone")
        self.assertIn("nobody else is here", warning["text"])

    def test_delivered(self) -> None:
        """A program is told how what it said fares, and not of what others said at this peer."""
        client, wire = self.connect()
        self.ask(client, wire, "subscribe", events=["delivered"])
        self.conversation.say("at the console")
        number = self.send(client, "say", text="mine")
        self.run_for(2)
        lines = wire.lines()
        (id,) = (line["result"]["id"] for line in lines if line.get("id") == number)
        told = [line["params"] for line in lines if line.get("method") == "delivered"]
        self.assertEqual({each["id"] for each in told}, {id})
        self.assertEqual(told[-1], {"id": id, "kept": True, "held": 1, "of": 1, "lacking": []})

    def test_rooms(self) -> None:
        """Who wants to hear some rooms hears them, in whatever spelling, and what is private."""
        client, wire = self.connect()
        self.ask(client, wire, "subscribe", rooms=["#Tea"])
        for room in ("#chat", "#tea", "#TEA"):
            self.other.say(room, room)
        self.other.whisper(self.conversation.roster.own.id, "psst")
        self.run_for()
        self.assertEqual([each["text"] for each in self.told(wire, "message")], ["#tea", "#TEA", "psst"])

    def test_unsubscribed(self) -> None:
        """Who ends it hears nothing more; who asks again is told once."""
        client, wire = self.connect()
        for _ in range(3):
            self.ask(client, wire, "subscribe")
        self.bia.say()
        self.run_for()
        self.assertEqual(len(self.told(wire, "message")), 1)
        self.ask(client, wire, "unsubscribe")
        self.bia.say()
        self.run_for()
        self.assertEqual(wire.lines(), [])


class PaceTests(ClientCase):
    """A program that writes faster than it can be served."""

    def test_many_at_once(self) -> None:
        """It is read no further than `MAX_UNANSWERED`; all is said in the end, in order, and answered."""
        client, wire = self.connect()
        count = 10 * MAX_UNANSWERED
        line = '{{"jsonrpc":"2.0","id":{n},"method":"say","params":{{"text":"n{n}"}}}}\n'
        client.feed("".join(line.format(n=n) for n in range(count)).encode())
        self.assertTrue(wire.paused)
        self.assertEqual(client._unanswered, MAX_UNANSWERED)
        self.run_for(3)
        self.assertEqual([answer["id"] for answer in wire.lines()], list(range(count)))
        self.assertEqual(self.bia.shown(), [f"n{n}" for n in range(count)])
        self.assertFalse(wire.paused)

    def test_congested(self) -> None:
        """While too much of what was said waits to be kept, requests wait, and none is refused."""
        client, wire = self.connect()
        outlet: Any = self.ana.peer and self.ana.peer.replica
        self.patch(type(outlet), "congested", property(lambda replica: self.congested))
        self.congested = True
        number = self.send(client, "say", text="oi")
        self.run_for()
        self.assertEqual((wire.lines(), wire.paused), ([], True))
        self.congested = False
        self.conversation.relieved()
        self.run_for()
        self.assertEqual(([line["id"] for line in wire.lines()], wire.paused), ([number], False))

    def test_end(self) -> None:
        """At the end of the input the last line counts without its line break, and it is told once all is answered."""
        client, wire = self.connect()
        ended: list[bool] = []
        client.feed(
            b'{"jsonrpc":"2.0","id":1,"method":"say","params":{"text":"oi"}}\n{"jsonrpc":"2.0","id":2,"method":"history"}'
        )
        client.end(lambda: ended.append(client.subscribed))
        self.assertEqual(ended, [])
        self.run_for()
        self.assertEqual(([line["id"] for line in wire.lines()], ended), ([1, 2], [False]))

    def test_gone(self) -> None:
        """A program that goes leaves nothing behind that hears, or waits."""
        client, wire = self.connect()
        watchers = len(self.conversation._watchers._watchers)
        self.ask(client, wire, "subscribe")
        self.send(client, "say", text="oi")
        arrived: Deferred[Any] = Deferred()
        place = self.successResultOf(self.conversation.arrived(None, 0))
        self.patch(self.conversation, "arrived", lambda *asked: arrived)
        self.send(client, "subscribe")
        client.gone()
        arrived.callback(place)
        self.run_for()
        self.assertFalse(client.subscribed)
        self.assertEqual((wire.lines(), len(self.conversation._watchers._watchers)), ([], watchers - 2))
