"""Streams: the same events however the bytes are cut, and what odd servers send."""

import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.errors import ProviderError
from ttrpg_providers import streams
from ttrpg_providers.streams import Event, JsonArray, Ndjson, Sse

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
FRAMES = {"sse": Sse, "ndjson": Ndjson, "array": JsonArray}


def events(kind, *pieces: bytes) -> list[Event]:
    frames = FRAMES[kind]()
    found = [event for piece in pieces for event in frames.feed(piece)]
    return found + frames.end()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


WHOLE = {
    "sse": (
        '\ufeff: hello\r\nevent: début\r\ndata: {"a": 1}\r\n\r\ndata: zwei\rdata:zeilen 🐉\r\r'
        "id: 7\nretry: 9\ndata\n\nevent: ping\n\ndata: [DONE]\n"
    ),
    "ndjson": '{"a": "é\\n"}\n\n{"b": [1, 2]}\r\n{"c": "🐉"}',
    "array": '[{"a": "]}\\"{🐉"}\n,\n{"b": [[1], {"c": {}}]},{}]',
}
MEANT = {
    "sse": [
        Event('{"a": 1}', "début"),
        Event("zwei\nzeilen 🐉"),
        Event(""),
        Event("[DONE]"),
    ],
    "ndjson": [Event('{"a": "é\\n"}'), Event('{"b": [1, 2]}'), Event('{"c": "🐉"}')],
    "array": [Event('{"a": "]}\\"{🐉"}'), Event('{"b": [[1], {"c": {}}]}'), Event("{}")],
}


@pytest.mark.parametrize("kind", FRAMES)
def test_it_reads_what_is_meant(kind):
    assert events(kind, WHOLE[kind].encode()) == MEANT[kind]


@pytest.mark.parametrize("kind", FRAMES)
def test_byte_by_byte_it_reads_the_same(kind):
    data = WHOLE[kind].encode()
    assert events(kind, *(data[at : at + 1] for at in range(len(data)))) == MEANT[kind]


@pytest.mark.parametrize("kind", FRAMES)
@given(places=st.lists(st.integers(0, 10_000), max_size=12))
def test_any_cut_gives_the_same_events(kind, places):
    assert events(kind, *cut(WHOLE[kind].encode(), places)) == MEANT[kind]


@pytest.mark.parametrize("kind", FRAMES)
@given(data=st.binary(max_size=300), places=st.lists(st.integers(0, 300), max_size=6))
@settings(max_examples=200)
def test_any_bytes_give_the_same_events_however_cut(kind, data, places):
    assert events(kind, *cut(data, places)) == events(kind, data)


@given(
    st.lists(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_was_framed_comes_back(values, end):
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    whole = "".join(f"data: {text}{end}{end}" for text in texts).encode()
    assert [event.data for event in events("sse", whole)] == texts
    assert [event.data for event in events("array", f"[{','.join(texts)}]".encode())] == texts
    lines = [json.dumps(value) for value in values]
    assert [event.data for event in events("ndjson", "\n".join(lines).encode())] == lines


@pytest.mark.parametrize("kind", FRAMES)
def test_an_endless_event_is_refused(kind, monkeypatch):
    monkeypatch.setattr(streams, "MOST", 1000)
    start = {"sse": b"data: ", "ndjson": b"{", "array": b'[{"'}[kind]
    frames = FRAMES[kind]()
    frames.feed(start)
    pieces = [b"x" * 10] * 300
    with pytest.raises(ProviderError, match="single event"):
        [frames.feed(piece) for piece in pieces]


def test_an_event_of_many_lines_is_bounded_too(monkeypatch):
    monkeypatch.setattr(streams, "MOST", 1000)
    frames = Sse()
    pieces = [b"data: xxxxxxxx\n"] * 300
    with pytest.raises(ProviderError, match="single event"):
        [frames.feed(piece) for piece in pieces]


def recorded() -> list[Path]:
    return sorted((DATA / "llm").rglob("*stream*")) if DATA.exists() else []


@pytest.mark.parametrize("path", recorded() or [None], ids=lambda path: path.name if path else "-")
def test_recordings_read_the_same_at_any_cut(path):
    if path is None:
        pytest.skip("the recorded traffic is not here (TTRPG_TEST_DATA)")
    data = path.read_bytes()
    whole = {kind: events(kind, data) for kind in FRAMES}
    for step in (1, 2, 3, 7, 64, 1000):
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        assert {kind: events(kind, *pieces) for kind in FRAMES} == whole
