"""What is said to models and comes back: a reply becomes a turn, errors carry what is known."""

import asyncio
import inspect

import pytest

from ttrpg_core import errors
from ttrpg_core.llm import Delta, Message, Reasoning, Reply, Text, ToolCall, ToolPiece, Usage

SEALED = Reasoning("A name is wanted.", "c2VhbA==", "anthropic")
CALL = ToolCall("call-1", "roll", {"dice": "2d6"}, signature="c2VhbA==")


async def pieces(*deltas):
    for delta in deltas:
        yield delta


def read(*deltas):
    async def go():
        reply = Reply(pieces(*deltas))
        await reply.read()
        return reply

    return asyncio.run(go())


def test_a_reply_becomes_the_turn_it_was():
    reply = read(
        Delta(reasoning="A name "),
        Delta(reasoning="is wanted."),
        Delta(thought=SEALED),
        Delta(text="I "),
        Delta(text="roll."),
        Delta(tool_piece=ToolPiece(0, "call-1", "roll")),
        Delta(tool_piece=ToolPiece(0, arguments='{"dice": "2d6"}')),
        Delta(tool_call=CALL),
        Delta(text="Done."),
        Delta(usage=Usage(9, 5, written=4), finish="tool"),
    )
    assert reply.message() == Message("assistant", [SEALED, Text("I roll."), CALL, Text("Done.")])
    assert (reply.text, reply.reasoning) == ("I roll.Done.", "A name is wanted.")
    assert reply.tool_calls == [CALL]
    assert reply.usage.written == 4


def test_a_reply_that_was_left_is_a_turn_too():
    async def go():
        reply = Reply(pieces(Delta(text="The tide "), Delta(text="is out.", finish="stop")))
        await anext(reply)
        return reply

    reply = asyncio.run(go())
    assert reply.message() == Message("assistant", "The tide ")
    assert reply.finish == "cancelled"


def test_no_repr_shows_a_seal():
    assert "c2VhbA" not in f"{SEALED!r} {CALL!r} {Delta(thought=SEALED, tool_call=CALL)!r}"


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.ProviderError)
    ],
)
def test_every_provider_error_ends_with_five_and_says_what_it_knows(kind):
    error = kind("It broke", "Try later", status=418)
    assert (error.code, error.message, error.hint, error.status) == (
        5,
        "It broke",
        "Try later",
        418,
    )
    assert error.retry_after is None
    assert error.retryable is (kind is errors.RateLimited)


def test_an_error_knows_how_long_to_wait_and_by_how_much_it_was_too_long():
    assert errors.Overloaded("Busy", retryable=True, retry_after=7.5).retry_after == 7.5
    assert errors.RateLimited("Slow", retry_after=0.0).retry_after == 0.0
    error = errors.TooLong("Too long", tokens=1_250_074, limit=1_048_576)
    assert (error.tokens, error.limit, error.retryable) == (1_250_074, 1_048_576, False)
