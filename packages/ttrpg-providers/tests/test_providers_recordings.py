"""Every recorded exchange goes through its format: what it says, however its bytes are cut."""

import importlib
import itertools
import json
import os
import tomllib
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttrpg_core import errors
from ttrpg_core.errors import ProviderError
from ttrpg_core.llm import Delta, Usage
from ttrpg_providers import streams
from ttrpg_providers.failures import failure

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
LISTED = tomllib.loads(Path(__file__).with_name("recordings.toml").read_text("utf-8"))["exchange"]
TALKS = [each for each in LISTED if "other" not in each]
STREAMS = [each for each in TALKS if each.get("frames") and "error" not in each]
SMALL = [
    ("anthropic/llm-anthropic__test_tools.yaml", 0),
    ("anthropic/llm-anthropic__test_prompt_with_prefill_and_stop_sequences.yaml", 0),
    ("openai/llm__test_tools_streaming_variant_c.yaml", 0),
    ("openai/llm__test_responses_basic_streaming.yaml", 0),
    ("gemini/llm-gemini__test_tools_with_gemini_3_thought_signatures.yaml", 1),
    ("ollama/prism__stream-with-tools-1.sse", 0),
]


def name(each) -> str:
    return f"{each['file'].split('/')[1].split('.')[0][-60:]}-{each['number']}"


def fold_of(each):
    return importlib.import_module(f"ttrpg_providers.{each['format']}").Fold()


def said(each, *pieces: bytes) -> list[Delta]:
    """What the bytes say: framed and folded, or read whole."""
    fold = fold_of(each)
    if not each["frames"]:
        return fold.whole(json.loads(b"".join(pieces))) + fold.end()
    frames = getattr(streams, each["frames"])()
    events = [event for piece in pieces for event in frames.feed(piece)] + frames.end()
    return [delta for event in events for delta in fold.event(event)] + fold.end()


def merged(deltas: list[Delta]) -> dict:
    return {
        "text": "".join(delta.text for delta in deltas),
        "thought": "".join(delta.reasoning for delta in deltas),
        "calls": [delta.tool_call for delta in deltas if delta.tool_call],
        "usage": [delta.usage for delta in deltas if delta.usage][-1],
        "finish": [delta.finish for delta in deltas if delta.finish],
    }


@pytest.mark.parametrize("each", [each for each in TALKS if "error" not in each], ids=name)
def test_a_recording_says_what_it_says(recorded, each):
    deltas = said(each, recorded(each["file"])[each["number"]].body)
    found = merged(deltas)
    assert found["text"].startswith(each["text"])
    assert len(found["text"]) == each["length"]
    assert len(found["thought"]) == each.get("thought", 0)
    calls = [[call.name, json.dumps(call.arguments, sort_keys=True)] for call in found["calls"]]
    assert calls == each.get("calls", [])
    assert all(call.id and not call.unread for call in found["calls"])
    assert len({call.id for call in found["calls"]}) == len(calls)
    assert list(attrs.astuple(found["usage"])) == each["usage"]
    assert found["finish"] == [each["finish"]]


@pytest.mark.parametrize("each", [each for each in TALKS if "error" not in each], ids=name)
def test_pieces_of_calls_add_up_to_the_calls(recorded, each):
    deltas = said(each, recorded(each["file"])[each["number"]].body)
    whole = [delta.tool_call for delta in deltas if delta.tool_call]
    pieces = [delta.tool_piece for delta in deltas if delta.tool_piece]
    assert {piece.index for piece in pieces} == set(range(len(whole)))
    for index, call in enumerate(whole):
        mine = [piece for piece in pieces if piece.index == index]
        assert {(piece.id, piece.name) for piece in mine if piece.id} <= {(call.id, call.name)} | {
            (call.id, "")
        }
        text = "".join(piece.arguments for piece in mine)
        assert json.loads(text or "{}") == call.arguments
    for index, delta in enumerate(deltas):  # a call is whole once, after its pieces
        if delta.tool_call:
            assert all(
                later.tool_piece is None or later.tool_piece.id != delta.tool_call.id
                for later in deltas[index:]
            )


@pytest.mark.parametrize("each", [each for each in TALKS if "error" in each], ids=name)
def test_a_recorded_error_is_of_its_kind(recorded, each):
    exchange = recorded(each["file"])[each["number"]]
    assert exchange.status == each.get("status", 200)
    if "status" in each:
        error = failure("x", exchange.status, exchange.body, exchange.headers)
    else:
        with pytest.raises(ProviderError) as caught:
            said(each, exchange.body)
        error = caught.value
    assert type(error) is getattr(errors, each["error"])
    assert error.retry_after == each.get("retry_after")
    if "too_long" in each:
        assert [error.tokens, error.limit] == each["too_long"]


def test_every_recording_is_listed():
    folders = ["anthropic", "gemini", "ollama", "openai"]
    if not (DATA / "llm").exists():
        pytest.skip("the recorded traffic is not here (TTRPG_TEST_DATA)")
    there = {
        f"{folder}/{path.name}"
        for folder in folders
        for path in (DATA / "llm" / folder).iterdir()
        if path.suffix not in {".md", ".mp3"}
    }
    assert there == {each["file"] for each in LISTED}


@pytest.mark.parametrize(("file", "number"), SMALL)
def test_cut_at_every_byte_it_says_the_same(recorded, file, number):
    each = next(each for each in STREAMS if (each["file"], each["number"]) == (file, number))
    body = recorded(file)[number].body
    whole = said(each, body)
    assert said(each, *(body[at : at + 1] for at in range(len(body)))) == whole
    for at in range(len(body)):
        assert said(each, body[:at], body[at:]) == whole


@pytest.mark.parametrize("each", STREAMS, ids=name)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(places=st.lists(st.integers(0, 10**6), max_size=8))
def test_any_cut_of_any_recording_says_the_same(recorded, each, places):
    body = recorded(each["file"])[each["number"]].body
    marks = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(marks)]
    assert said(each, *pieces) == said(each, body)


@pytest.mark.parametrize(("file", "number"), SMALL)
def test_broken_off_anywhere_it_keeps_what_came_and_says_so(recorded, file, number):
    """A cut stream gives a beginning of what the whole one gives, and is an error until its end."""
    each = next(each for each in STREAMS if (each["file"], each["number"]) == (file, number))
    body = recorded(file)[number].body
    text = merged(said(each, body))["text"]
    broken = 0
    for at in range(0, len(body), 7):
        fold, frames = fold_of(each), getattr(streams, each["frames"])()
        found = [delta for event in frames.feed(body[:at]) for delta in fold.event(event)]
        assert text.startswith("".join(delta.text for delta in found))
        if any(delta.finish for delta in found):
            assert fold.end() == []
            continue
        broken += 1
        with pytest.raises(errors.BadReply, match="broke off"):
            fold.end()
    assert broken > len(body) / 7 / 2


def test_usage_of_a_stream_that_is_left_is_known_early(recorded):
    """Anthropic tells the input at the start: a reply that is stopped has a cost all the same."""
    exchange = recorded("anthropic/llm-anthropic__test_tools.yaml")[1]
    fold, frames = fold_of({"format": "anthropic"}), streams.Sse()
    first = fold.event(frames.feed(exchange.body)[0])
    assert first == [Delta(usage=Usage(678, 1))]
