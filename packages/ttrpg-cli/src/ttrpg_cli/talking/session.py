"""A conversation under way: one message after the other, until the lines end."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ttrpg_cli.talking.lines import lines
from ttrpg_cli.talking.showing import Shown, data, decide, say_after
from ttrpg_cli.talking.slash import Slash
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.errors import BadReply, ProviderError, TtrpgError
from ttrpg_core.llm import Image, Part, Text
from ttrpg_core.llm.chats import Chat
from ttrpg_core.talk.turns import Answered, Conversation

WAITING = "Thinking"
INTERRUPTED = 130
"""The exit code after Ctrl-C at the prompt."""
Replies = Callable[[Shown, Answered], Coroutine[Any, Any, None]]


class Session:
    """A conversation and the screen it is shown on."""

    def __init__(self, app: App, talk: Conversation, images: Sequence[Image] = ()) -> None:
        self.app = app
        self.talk = talk
        self.images = list(images)

    def once(self, words: str) -> None:
        """Say one thing, show the reply, and say how to go on.

        What no model was asked, as there is none of that name or no money left, was not said.
        BadReply where the answer is empty.
        """
        before = self.talk.chat
        answered = Answered()
        try:
            self._hear(self._saying(words), answered)
            self.app.screen.show("ttrpg.chat.reply/1", data(self.talk, answered), [])
            if not answered.text.strip() and not answered.proposed:
                raise BadReply("there is no answer", "Ask again, or another model: --model")
        except TtrpgError as error:
            asked = answered.turns or answered.bills
            if not isinstance(error, ProviderError) and not asked:
                self._unsay(before)
            raise
        finally:
            self._how_to_go_on()

    def _unsay(self, before: Chat) -> None:
        """Take back what was said last, with a conversation that was begun by it."""
        self.talk.undo()
        if not before.id and self.talk.chat.id:
            self.talk.chats.remove([self.talk.chat])
            self.talk.chat = before

    def converse(self, first: str, *, plain: bool) -> int:
        """Say what is typed until the lines end; answers the exit code.

        An error costs its message and no more, and Ctrl-C the reply; at the prompt it leaves.
        """
        slash = Slash(self.app, self.talk, self.images, self.retry)
        typed: str | None = first
        coming = lines(slash.names(), plain=plain)
        self.app.screen.say("/help lists what there is besides talking; /quit leaves", "dim")
        try:
            while typed is not None:
                if typed.strip() and not self._heard(typed.strip(), slash):
                    break
                typed = coming.next()
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            self._how_to_go_on()
        return 0

    def _how_to_go_on(self) -> None:
        if self.talk.chat.id:
            self.app.screen.say(f"Go on: ttrpg chat continue {self.talk.chat.id}", "dim")

    def retry(self) -> None:
        """Ask again what was asked last."""
        self.talk.rewind()
        self._hear(self.talk.reply, Answered())

    def _heard(self, typed: str, slash: Slash) -> bool:
        """Do what was typed; False when it says to leave."""
        try:
            if slash.means(typed):
                return slash.run(typed)
            words = typed[1:] if typed.startswith("//") else typed
            self._hear(self._saying(words), Answered())
        except KeyboardInterrupt:
            pass  # what came was kept, and it was said
        except TtrpgError as error:
            self.app.screen.say(f"{error.message}. {error.hint}".rstrip(" ."), "bad")
        return True

    def _saying(self, words: str) -> Replies:
        parts: list[Part] = [Text(text.text(words, "message")), *self.images]
        self.images.clear()

        async def saying(shown: Shown, answered: Answered) -> None:
            await self.talk.say(parts, shown, answered)

        return saying

    def _hear(self, replying: Replies, answered: Answered) -> None:
        """Show a reply while it comes, and what is to be known of it, however it ends."""
        before = self.talk.chat.id
        with contextlib.ExitStack() as after:
            after.callback(self._said_after, answered, before)
            with self.app.screen.stream(WAITING) as stream:
                try:
                    self.app.run(
                        _ended_by_signals(replying(Shown(stream, self.app.screen), answered))
                    )
                except KeyboardInterrupt:
                    answered.stopped = True
                    raise
        decide(self.app, answered.proposed, self.talk)

    def _said_after(self, answered: Answered, before: str) -> None:
        if answered.turns or answered.bills or answered.stopped:
            say_after(self.app, self.talk, answered)
        if before and self.talk.chat.id != before:
            self.app.screen.say(
                f"Somebody went on with {before!r} elsewhere; this goes on as"
                f" {self.talk.chat.id!r}",
                "warn",
            )


async def _ended_by_signals(reply: Coroutine[Any, Any, None]) -> None:
    """Let Ctrl-C, a terminal that is closed, or a polite kill stop a reply, which is kept.

    None of them is heard in the middle of a step, however often it comes, so that what was written
    down and what we know of it are the same. What a shell ignores, as ``nohup`` does, stays so.
    KeyboardInterrupt, or SystemExit with 128 and the signal's number, as a shell has it.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "whoever awaits is a task"
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        task.cancel()

    known = [
        number
        for name in ("SIGINT", "SIGTERM", "SIGHUP")
        if (number := getattr(signal, name, None)) and signal.getsignal(number) != signal.SIG_IGN
    ]
    with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows, or another thread
        for number in known:
            loop.add_signal_handler(number, stop, number)
    try:
        await reply
    except asyncio.CancelledError:
        if not came:
            raise
        if signal.SIGINT in came:
            raise KeyboardInterrupt from None
        raise SystemExit(128 + came[0]) from None
    finally:
        with contextlib.suppress(NotImplementedError, RuntimeError):
            for number in known:
                loop.remove_signal_handler(number)
