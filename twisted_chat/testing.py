"""For the tests of programs that use `twisted_chat.api`: peers in memory, without ports, files or other processes.

    async def test_echo():
        meeting = Meeting()
        bot = asyncio.create_task(run_bot(meeting.chat("echo")))  # whatever you wrote, given its chat
        async with meeting.chat("Ana", auto=False) as ana:
            await meeting.met(ana, 1)
            await ana.say("hello")
            async for message in ana.messages(auto=True):
                assert message.text == "hello"
                break
        bot.cancel()

They are whole peers, in real time; only their connections and what they keep are in memory.
"""

from __future__ import annotations

from twisted_chat.api import Chat
from twisted_chat.calling.awaiting import running_reactor
from twisted_chat.calling.inside import Inside
from twisted_chat.calling.wiring import Wiring

__all__ = ["Meeting"]

MOST = 16


class Meeting:
    """A group of peers in memory, 16 at most.

    >>> Meeting().chat("echo")
    Chat('echo', group='chat')
    """

    def __init__(self) -> None:
        self._wiring: Wiring | None = None

    def chat(self, name: str, auto: bool = True, after: str | None = None) -> Chat:
        """Return a chat for a program's `async with`: it meets the others that were made here. `auto` and `after` are as for
        `Chat`."""
        return Chat(name, auto=auto, after=after, through=_InMemory(name, self))

    async def met(self, chat: Chat, others: int) -> None:
        """Wait until so many others are linked with a chat that was entered."""
        events = chat.events()
        while sum(member["where"] == "here" for member in await chat.members()) < others:
            await anext(events)

    def wiring(self) -> Wiring:
        """Return the connections, which begin with the first peer."""
        if self._wiring is None:
            self._wiring = Wiring(running_reactor()[0])
        return self._wiring


class _InMemory(Inside):
    def __init__(self, name: str, meeting: Meeting) -> None:
        super().__init__(name, fleeting=True, ports=range(1, MOST + 1))
        self._meeting = meeting

    def _settle(self) -> None:
        self.reactor = self._meeting.wiring()
        super()._settle()
