"""Counts of tokens before a vendor counts them: what to expect, and what is never passed."""

import base64
import hashlib
import struct
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.llm import (
    Image,
    Message,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    pictures,
    vocabulary,
)
from ttrpg_core.llm.tokens import FAMILIES, at_most, estimate, estimate_text, family

MODELS = ("anthropic/claude-opus-5-5", "openai/gpt-5.5", "gemini/gemini-3.5-flash", "ollama/qwen3")
SCHEMA = {"type": "object", "properties": {"dice": {"type": "string"}}, "required": ["dice"]}
LONG = "The bridge is guarded at night, and the toll is two coins a head. " * 20

texts = st.text(max_size=80)
json_values = st.dictionaries(texts, st.one_of(texts, st.integers(), st.lists(texts)), max_size=3)
parts = st.one_of(
    st.builds(Text, texts),
    st.builds(ToolCall, texts, texts, json_values),
    st.builds(ToolResult, texts, texts),
    st.builds(Reasoning, texts, texts),
    st.builds(Image, st.binary(max_size=40), st.just("image/png")),
)
messages = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant"]), st.lists(parts, max_size=4)),
    max_size=4,
)
requests = st.builds(
    Request,
    messages,
    system=texts,
    tools=st.lists(st.builds(Tool, texts, texts, json_values), max_size=3).map(tuple),
    schema=st.none() | json_values,
)


@pytest.fixture(autouse=True)
def no_vocabulary(monkeypatch):
    """Whatever this machine has, the tests count alike."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    vocabulary._encoding.cache_clear()
    yield
    vocabulary._encoding.cache_clear()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("anthropic/claude-haiku-4-5", "claude"),
        ("server/openrouter/anthropic/Claude-Sonnet-5.5", "claude"),
        ("openai/gpt-5.5", "gpt"),
        ("gpt-4o-mini", "gpt"),
        ("openai/o3", "gpt"),
        ("openai/chatgpt-4o-latest", "gpt"),
        ("gemini/gemini-3.5-flash", "gemini"),
        ("ollama/gpt-oss:20b", "other"),
        ("ollama/qwen3", "other"),
        ("server/home/llama-3.3-70b", "other"),
        ("", "other"),
    ],
)
def test_a_model_is_of_a_family(model, name):
    assert family(model).name == name


@given(requests, st.sampled_from(MODELS))
def test_no_estimate_passes_the_bound(request_, model):
    assert 0 <= estimate(request_, model) <= at_most(request_, model)


@given(requests, texts, st.sampled_from(MODELS))
def test_the_bound_holds_every_byte_and_grows_with_what_is_said(request_, text, model):
    more = Request(
        [*request_.messages, Message("user", text)],
        request_.system,
        request_.tools,
        schema=request_.schema,
    )
    assert at_most(more, model) >= at_most(request_, model) + len(text.encode("utf-8", "replace"))
    assert estimate(more, model) >= estimate(request_, model)


@pytest.mark.parametrize("model", MODELS)
def test_what_a_vendor_folds_to_a_longer_text_is_bounded_by_the_longer(model):
    ligature = "\ufdfa"  # one letter of three bytes, eighteen once it is folded
    bound = at_most(Request([Message("user", ligature * 100)]), model)
    assert bound >= 3300


@pytest.mark.parametrize("model", MODELS)
def test_a_seal_and_an_escaped_result_are_in_the_bound(model):
    bare = at_most(Request([Message("user", [])]), model)
    sealed = Request([Message("assistant", [Reasoning("", "c2Vh" * 500)])])
    assert at_most(sealed, model) >= bare + 2000
    result = Request([Message("user", [ToolResult("call-1", "\u00e9\n" * 500)])])
    assert at_most(result, model) >= bare + 500 * len("\\u00e9\\n")


def test_prose_has_about_four_letters_a_token():
    for model in MODELS:
        assert 3 < len(LONG) / estimate_text(LONG, model) < 5
        assert estimate_text("", model) == 0
        assert estimate_text("a", model) == 1
        chinese = "\u6865\u591c\u95f4\u6709\u4eba\u770b\u5b88" * 10
        assert 0.6 < estimate_text(chinese, model) / len(chinese) < 1.5


def test_what_tools_and_a_shape_bring_is_counted():
    for model in MODELS:
        plain = Request([Message("user", "Roll.")])
        tools = Request([Message("user", "Roll.")], tools=(Tool("roll", "Rolls dice.", SCHEMA),))
        shaped = Request([Message("user", "Roll.")], schema=SCHEMA)
        assert estimate(tools, model) > estimate(plain, model) + 10
        assert estimate(shaped, model) > estimate(plain, model) + 10
    claude = "anthropic/claude-opus-4-7"  # its prompt for tools is the longest there is
    assert at_most(tools, claude) >= at_most(plain, claude) + 804


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


PICTURES = {
    "png": png(800, 600),
    "gif": b"GIF89a" + struct.pack("<HH", 800, 600),
    "jpeg": b"\xff\xd8\xff\xe0\x00\x06JFIF\xff\xc0\x00\x11\x08" + struct.pack(">HH", 600, 800),
    "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(10) + struct.pack("<HH", 800, 600),
    "webp, lossless": b"RIFF\x00\x00\x00\x00WEBPVP8L"
    + bytes(5)
    + struct.pack("<I", 799 | 599 << 14),
    "webp, extended": b"RIFF\x00\x00\x00\x00WEBPVP8X"
    + bytes(8)
    + (799).to_bytes(3, "little")
    + (599).to_bytes(3, "little"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_says_how_large_it_is(kind):
    assert pictures.size(PICTURES[kind]) == (800, 600)


@pytest.mark.parametrize("kind", PICTURES)
def test_half_a_picture_says_nothing_and_breaks_nothing(kind):
    for end in range(len(PICTURES[kind]) - 1):
        pictures.size(PICTURES[kind][:end])
    assert pictures.size(PICTURES[kind][: len(PICTURES[kind]) - 2]) is None


@given(st.binary(max_size=80), st.sampled_from([*PICTURES.values(), b""]))
def test_any_bytes_have_a_size_or_none(tail, head):
    found = pictures.size(head[:12] + tail)
    assert found is None or len(found) == 2


def one(image, model):
    return estimate(Request([Message("user", [Image(image, "image/png")])]), model)


def test_a_picture_is_counted_by_its_size_up_to_the_most_of_its_vendor():
    small, large = png(280, 280), png(8000, 8000)
    nothing = estimate(Request([Message("user", [])]), "anthropic/claude-opus-5-5")
    assert one(small, "anthropic/claude-opus-5-5") == nothing + 100  # 28 x 28 pixels each
    assert one(large, "anthropic/claude-opus-5-5") == nothing + 4784
    assert one(large, "anthropic/claude-haiku-4-5") == nothing + 1568
    assert one(large, "anthropic/claude-opus-4-6") == nothing + 1568
    assert one(large, "anthropic/claude-opus-4-7") == nothing + 4784
    for model in MODELS:
        assert one(small, model) <= one(b"no picture", model) <= one(large, model)


def test_the_most_of_a_picture_goes_by_the_model():
    def most(model):
        picture = Request([Message("user", [Image(b"", "image/png")])])
        return at_most(picture, model) - at_most(Request([Message("user", [])]), model)

    assert most("openai/gpt-4o") == most("openai/gpt-5") == 85 + 8 * 170
    assert most("openai/gpt-4o-mini") == 2833 + 8 * 5667
    assert most("openai/gpt-5-nano") == most("openai/gpt-5.4-mini") == 3779
    assert most("openai/gpt-5.5") == 24_600
    assert most("openai/gpt-9") == most("ollama/llava") == 73_800
    assert all(family_.pictures[-1][0].pattern == "" for family_ in FAMILIES)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A vocabulary on the disk, and a stand-in for tiktoken that has a token for each letter."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    opened = []

    class Encoding:
        def encode_ordinary(self, text):
            return list(text.encode())

    def get_encoding(name):
        opened.append(name)
        return Encoding()

    monkeypatch.setitem(sys.modules, "tiktoken", types.SimpleNamespace(get_encoding=get_encoding))
    data = base64.b64encode(b"a") + b" 0\n"
    monkeypatch.setattr(vocabulary, "_SHA256", hashlib.sha256(data).hexdigest())
    vocabulary.kept().write_bytes(data)
    return opened


def test_a_vocabulary_on_the_disk_is_counted_with_for_the_models_that_have_it(kept):
    assert estimate_text(LONG, "openai/gpt-5.5") == len(LONG)
    assert estimate_text(LONG, "anthropic/claude-opus-5-5") < len(LONG) / 3
    assert kept == ["o200k_base"]  # read once


def test_a_vocabulary_that_is_missing_or_damaged_is_never_fetched(kept):
    path = vocabulary.kept()
    path.write_bytes(b"half of i")
    assert estimate_text(LONG, "openai/gpt-5.5") < len(LONG) / 3
    vocabulary._encoding.cache_clear()
    path.unlink()
    assert estimate_text(LONG, "openai/gpt-5.5") < len(LONG) / 3
    assert kept == []  # tiktoken, which would fetch it, was not asked


def test_without_tiktoken_letters_are_counted(kept, monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert estimate_text(LONG, "openai/gpt-5.5") < len(LONG) / 3


def test_the_vocabulary_is_looked_for_where_tiktoken_keeps_it(monkeypatch, tmp_path):
    assert vocabulary.kept() is None  # TIKTOKEN_CACHE_DIR="" says: keep none
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.setenv("DATA_GYM_CACHE_DIR", str(tmp_path))
    assert vocabulary.kept() == tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790"
    monkeypatch.delenv("DATA_GYM_CACHE_DIR")
    assert vocabulary.kept().parent.name == "data-gym-cache"
