"""What is promised of a language model: a stream that adds up and can be left at any point."""

import asyncio
from typing import ClassVar, get_args

import pytest

from ttrpg_core.llm import Finish, Message, Model, ModelInfo, Reply, Request, Usage, Vendor
from ttrpg_core.testing.suites.inputs import missing

_ENDED = set(get_args(Finish)) - {"cancelled"}


class _Stop(Exception):
    """Raised in the block of a stream, to see where it comes out."""


class ModelTests:
    """Inherit it for one model, behind a recorded or local transport rather than a network.

    ::

        class TestEcho(ModelTests):
            @pytest.fixture
            def model(self):
                return Echo()

    A reply should come in several pieces: half of what is promised is about leaving one midway.
    ``repeatable`` is for a model that says the same again to the same request; set it to False for
    one that rolls dice.
    """

    repeatable: ClassVar[bool] = True

    @pytest.fixture
    def model(self) -> Model:
        """Your model."""
        missing("ModelTests", "model", "a model")

    @pytest.fixture
    def vendor(self) -> Vendor | None:
        """The vendor that your record's target answers; None leaves its tests out."""
        return None

    @pytest.fixture
    def prompt(self) -> Request:
        """What to ask; ``request`` is a name that pytest keeps for itself."""
        return Request([Message("user", "Describe a tavern by the sea at night, in three lines.")])

    @pytest.fixture
    def other_prompt(self) -> Request:
        """Something else to ask, for two at once."""
        return Request([Message("user", "Name five things that a troll carries in its sack.")])

    def open_streams(self, model: Model) -> int | None:
        """How many connections are open now; None when that cannot be seen, and is not tested."""
        return None

    def test_it_is_a_model(self, model: Model) -> None:
        """It has the methods of the protocol, and says what it is."""
        assert isinstance(model, Model)
        assert isinstance(model.info, ModelInfo)
        assert model.info.id.strip()
        assert model.info.id.isprintable()
        assert model.info.context >= 0

    def test_the_text_is_the_sum_of_its_pieces(self, model: Model, prompt: Request) -> None:
        """Pieces added up are the reply's ``text``, and there is something in them."""

        async def run() -> None:
            async with model.stream(prompt) as reply:
                pieces = [piece.text async for piece in reply]
            assert reply.text == "".join(pieces)
            assert reply.text.strip() or reply.tool_calls

        asyncio.run(run())

    def test_a_whole_reply_says_why_it_ended(self, model: Model, prompt: Request) -> None:
        """Read to its end, ``finish`` is one of ours and not "cancelled"."""
        assert asyncio.run(_read(model, prompt)).finish in _ENDED

    def test_a_whole_reply_says_what_it_cost(self, model: Model, prompt: Request) -> None:
        """Read to its end, ``usage`` counts tokens both ways, parts no larger than their whole."""
        usage = asyncio.run(_read(model, prompt)).usage
        assert isinstance(usage, Usage)
        assert usage.input > 0
        assert usage.output > 0
        assert 0 <= usage.cached <= usage.input
        assert 0 <= usage.reasoning <= usage.output

    def test_left_early_it_is_cancelled(self, model: Model, prompt: Request) -> None:
        """Leaving the block midway closes it; what came is kept and ``finish`` is "cancelled"."""

        async def run() -> None:
            async with model.stream(prompt) as reply:
                came = await _first(reply)
            assert reply.text == came
            assert reply.finish == "cancelled"
            self._all_closed(model)

        asyncio.run(run())

    def test_never_read_it_is_cancelled(self, model: Model, prompt: Request) -> None:
        """Entering the block and leaving it at once is no error."""

        async def run() -> None:
            async with model.stream(prompt) as reply:
                pass
            assert reply.text == ""
            assert reply.finish == "cancelled"
            self._all_closed(model)

        asyncio.run(run())

    def test_an_error_in_the_block_comes_out(self, model: Model, prompt: Request) -> None:
        """What the caller raises inside the block is not swallowed or changed."""

        async def run() -> None:
            with pytest.raises(_Stop):
                async with model.stream(prompt) as reply:
                    await _first(reply)
                    raise _Stop
            assert reply.finish == "cancelled"
            self._all_closed(model)

        asyncio.run(run())

    def test_a_cancelled_task_keeps_what_came(self, model: Model, prompt: Request) -> None:
        """Ctrl-C cancels the task that reads: that comes out, the text stays, the stream closes."""

        async def run() -> None:
            replies: list[Reply] = []
            reading = asyncio.Event()

            async def read() -> None:
                async with model.stream(prompt) as reply:
                    replies.append(reply)
                    await _first(reply)
                    reading.set()
                    await asyncio.Event().wait()

            task = asyncio.create_task(read())
            waiting = asyncio.create_task(reading.wait())
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert replies[0].text
            assert replies[0].finish == "cancelled"
            self._all_closed(model)

        asyncio.run(run())

    def test_after_a_cancelled_reply_comes_a_whole_one(self, model: Model, prompt: Request) -> None:
        """A reply that was left does not spoil the next."""

        async def run() -> None:
            async with model.stream(prompt) as left:
                await _first(left)
            whole = await _read(model, prompt)
            assert whole.finish in _ENDED
            assert whole.text.strip() or whole.tool_calls

        asyncio.run(run())

    def test_after_the_end_there_is_no_more(self, model: Model, prompt: Request) -> None:
        """A reply that ended stays ended, and everything is closed after the block."""

        async def run() -> None:
            async with model.stream(prompt) as reply:
                text = await reply.read()
                assert [piece async for piece in reply] == []
                assert await reply.read() == text
            self._all_closed(model)

        asyncio.run(run())

    def test_two_at_once_do_not_mix(
        self, model: Model, prompt: Request, other_prompt: Request
    ) -> None:
        """Streams that are read in turns give what each would give alone."""

        async def run() -> None:
            requests = [prompt, prompt, other_prompt]
            alone = [(await _read(model, request)).text for request in requests]
            async with (
                model.stream(requests[0]) as first,
                model.stream(requests[1]) as second,
                model.stream(requests[2]) as third,
            ):
                replies = [first, second, third]
                sums = await _in_turns(replies)
            assert [reply.text for reply in replies] == sums
            assert all(reply.finish in _ENDED for reply in replies)
            if self.repeatable:
                assert sums == alone
            self._all_closed(model)

        asyncio.run(run())

    def test_the_vendor_lists_its_models(self, vendor: Vendor | None) -> None:
        """Each model that is listed has an id of its own, by which it can be asked for."""
        if vendor is None:
            pytest.skip("there is no fixture 'vendor'")
        assert isinstance(vendor, Vendor)
        listed = asyncio.run(vendor.models())
        ids = [info.id for info in listed]
        assert len(ids) == len(set(ids))
        for name in ids:
            assert vendor.model(name).info.id == name

    def _all_closed(self, model: Model) -> None:
        count = self.open_streams(model)
        assert count in {None, 0}, f"{count} streams are still open"


async def _read(model: Model, request: Request) -> Reply:
    async with model.stream(request) as reply:
        await reply.read()
    return reply


async def _first(reply: Reply) -> str:
    """Read until there is some text; skips when the reply is over by then."""
    while not reply.text:
        await anext(reply)
    if reply.finish != "cancelled":
        pytest.skip("the reply came in one piece, so it cannot be left midway")
    return reply.text


async def _in_turns(replies: list[Reply]) -> list[str]:
    sums = [""] * len(replies)
    left = set(range(len(replies)))
    while left:
        for index in sorted(left):
            try:
                sums[index] += (await anext(replies[index])).text
            except StopAsyncIteration:
                left.discard(index)
    return sums
