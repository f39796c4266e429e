"""How many tokens a request has, before a vendor has counted them.

Two answers for two questions. :func:`estimate` is what to expect, for choosing a model that it fits
and for foretelling a cost; it errs both ways. :func:`at_most` is what no vendor's count passes, for
setting money aside, and is several times as much. ``bench/tokens.py`` measures both on recorded
traffic.

A text has at most as many tokens as UTF-8 bytes: the vocabularies of all these models hold every
byte, and a token stands for at least one. Some fold the text to NFKC first, which can lengthen it,
so the longer of the two counts. What a vendor adds of its own is a sum for each family, below.
"""

import functools
import json
import math
import re
import unicodedata
from collections.abc import Mapping

import attrs

from ttrpg_core.llm import pictures, vocabulary
from ttrpg_core.llm.messages import (
    Image,
    Message,
    Part,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)


@attrs.frozen
class Added:
    """Tokens that are added to the words: once, to each message, tool and call, and by tools.

    ``tools`` comes once where there is a tool, and ``schema`` where the reply has to follow one.
    """

    once: int
    message: int
    tools: int
    tool: int
    schema: int


@attrs.frozen
class Patch:
    """A square of ``side`` pixels has ``tokens``, a picture ``least`` at the least."""

    side: int
    tokens: float = 1.0
    least: int = 1


@attrs.frozen
class Family:
    """Models that count alike. ``letters`` is how many ASCII characters of prose a token has.

    ``written`` is the share of a JSON Schema that is left when the vendor has written it in its own
    way. ``usual`` is what is added as a rule and ``most`` what is never passed. ``pictures`` are
    the most tokens of one image, by the first pattern that the model's name holds.
    """

    name: str
    letters: float
    written: float
    usual: Added
    most: Added
    patch: Patch
    pictures: tuple[tuple[re.Pattern[str], int], ...]


_ANY = re.compile("")
_CLAUDE = Family(
    # The system prompt that tools bring has 290 to 675 tokens, 804 where one is forced:
    # platform.claude.com/docs, "Tool use", the table of models, read in November 2026. An image has
    # a token for each 28 x 28 pixels, 1,568 at the most, 4,784 since Claude 4.7: "Vision", there.
    "claude",
    letters=3.6,
    written=1.1,
    usual=Added(once=4, message=4, tools=480, tool=30, schema=140),
    most=Added(once=100, message=16, tools=804, tool=120, schema=800),
    patch=Patch(28),
    pictures=((re.compile(r"claude-(?:[23]\b|\w+-4(?:-[0-6]\b|-20|\Z))"), 1568), (_ANY, 4784)),
)
_GPT = Family(
    # Three for a message and three before the reply: OpenAI's cookbook, "How to count tokens with
    # tiktoken". Images: developers.openai.com/api/docs/guides/images-vision, read in November 2026:
    # eight tiles after scaling, or patches of 32 x 32 pixels, each up to 2.46 tokens, of which
    # there are 1,536, 10,000 or 30,000 at the most.
    "gpt",
    letters=4.2,
    written=0.5,
    usual=Added(once=4, message=4, tools=12, tool=8, schema=25),
    most=Added(once=64, message=16, tools=128, tool=64, schema=256),
    patch=Patch(32, tokens=1.5),
    pictures=(
        (re.compile(r"gpt-4o-mini"), 2833 + 8 * 5667),
        (re.compile(r"gpt-(?:4\.1|5|5\.4)-(?:mini|nano)|o4-mini|codex|gpt-5\.2"), 3779),
        (re.compile(r"gpt-4|gpt-5(?:-\d|-chat|\Z)|o[13]\b"), 85 + 8 * 170),
        (re.compile(r"gpt-5\.[1345]\b"), 24_600),
        (_ANY, 73_800),
    ),
)
_GEMINI = Family(
    # An image has 258 for each of its tiles, which are said to come to some 2,048 more than the
    # first; 2,240 at the highest resolution of Gemini 3: ai.google.dev/gemini-api/docs, "Media
    # resolution" and "Image understanding", read in November 2026.
    "gemini",
    letters=3.6,
    written=0.7,
    usual=Added(once=1, message=2, tools=8, tool=16, schema=10),
    most=Added(once=64, message=16, tools=256, tool=64, schema=256),
    patch=Patch(48, least=258),
    pictures=((_ANY, 2580),),
)
_OTHER = Family(
    # Templates of models that one runs oneself bring a system prompt, and a longer one for tools.
    # What an image has is the server's affair: as much as the most of the others.
    "other",
    letters=4.0,
    written=0.7,
    usual=Added(once=4, message=4, tools=60, tool=12, schema=10),
    most=Added(once=512, message=32, tools=1024, tool=128, schema=1024),
    patch=Patch(28),
    pictures=((_ANY, 73_800),),
)
FAMILIES = (_CLAUDE, _GPT, _GEMINI, _OTHER)
_NAMES = re.compile(r"(?P<claude>claude)|(?P<gemini>gemini)|(?P<gpt>\b(?:chatgpt|gpt-\d|o\d\b))")
_BY_NAME = {family.name: family for family in FAMILIES}
_BYTES_A_TOKEN = 3.0
"""Of letters outside ASCII: a Chinese character has about one, a Greek letter about a half."""
UNKNOWN_SIZE = (1024, 1024)
"""What an image is taken for whose size cannot be read."""
_SEAL = 0.75
"""Bytes in a letter of base64, in which vendors seal what a model thought."""


@functools.lru_cache(maxsize=256)
def family(model: str) -> Family:
    """The family of a model, named ``vendor/model`` or by its id alone."""
    found = _NAMES.search(model.lower())
    return _BY_NAME[(found and found.lastgroup) or "other"]


def estimate_text(text: str, model: str) -> int:
    """The tokens that a text is likely to have; 0 for none.

    Counted with tiktoken for OpenAI's models, where it is installed and its vocabulary lies on this
    machine already: nothing is fetched.
    """
    if not text:
        return 0
    known = family(model)
    if known is _GPT and (counted := vocabulary.count(text)) is not None:
        return counted
    if text.isascii():
        return max(1, round(len(text) / known.letters))
    plain = sum(map(str.isascii, text))
    other = len(text.encode("utf-8", "replace")) - plain
    return max(1, round(plain / known.letters + other / _BYTES_A_TOKEN))


def estimate(request: Request, model: str) -> int:
    """The input tokens that a vendor is likely to count for a request."""
    known = family(model)
    words = request.system
    total = 0
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Image):
                total += _likely(part, known, model)
            else:
                said, seal = _said(part)
                words += said
                total += round(len(seal) * _SEAL / known.letters)
    shapes = "" if request.schema is None else _schema(request.schema)
    for tool in request.tools:
        words += tool.name + tool.description
        shapes += _schema(tool.schema)
    total += round(estimate_text(shapes, model) * known.written)
    return total + estimate_text(words, model) + _added(request, known.usual)


def at_most(request: Request, model: str) -> int:
    """The input tokens that no vendor's count of a request passes."""
    known = family(model)
    total = _bytes(request.system) + _added(request, known.most)
    if not request.tools and _calls(request.messages):
        total += known.most.tools
    for message in request.messages:
        for part in message.parts:
            total += _picture(known, model) if isinstance(part, Image) else _part_bytes(part)
    for tool in request.tools:
        total += _json_bytes(_whole(tool))
    if request.schema is not None:
        total += _json_bytes(request.schema)
    return total


def _added(request: Request, added: Added) -> int:
    messages = request.messages if not request.system else (*request.messages, None)
    return (
        added.once
        + added.message * len(messages)
        + added.tool * (_calls(request.messages) + len(request.tools))
        + (added.tools if request.tools else 0)
        + (added.schema if request.schema is not None else 0)
    )


def _calls(messages: tuple[Message, ...]) -> int:
    parts = (part for message in messages for part in message.parts)
    return sum(isinstance(part, ToolCall | ToolResult) for part in parts)


def _picture(known: Family, model: str) -> int:
    return next(most for pattern, most in known.pictures if pattern.search(model.lower()))


def _likely(image: Image, known: Family, model: str) -> int:
    wide, high = pictures.size(image.data) or UNKNOWN_SIZE
    patch = known.patch
    count = math.ceil(wide / patch.side) * math.ceil(high / patch.side)
    return min(_picture(known, model), max(patch.least, round(count * patch.tokens)))


def _said(part: Part) -> tuple[str, str]:
    """The words of a part that is no picture, and the vendor's seal on it."""
    if isinstance(part, Text):
        return part.text, ""
    if isinstance(part, ToolResult):
        return part.text, ""
    if isinstance(part, ToolCall):
        return part.name + _schema(part.arguments), ""
    assert isinstance(part, Reasoning)
    return "", part.signature or part.text


def _schema(value: Mapping[str, object]) -> str:
    """A JSON object without its marks, which most vendors write in a shorter way."""
    return re.sub(r'[{}\[\]",]+', " ", json.dumps(value, default=str))


def _part_bytes(part: Part) -> int:
    if isinstance(part, Text):
        return _bytes(part.text)
    if isinstance(part, ToolResult):
        return max(_bytes(part.text), _json_bytes(part.text)) + len(part.id)
    if isinstance(part, ToolCall):
        return _json_bytes([part.id, part.name, dict(part.arguments)]) + _bytes(part.signature)
    assert isinstance(part, Reasoning)
    return _bytes(part.text) + _bytes(part.signature)


def _whole(tool: Tool) -> list[object]:
    return [tool.name, tool.description, dict(tool.schema)]


def _bytes(text: str) -> int:
    size = len(text.encode("utf-8", "replace"))
    if text.isascii():
        return size
    return max(size, len(unicodedata.normalize("NFKC", text).encode("utf-8", "replace")))


def _json_bytes(value: object) -> int:
    """The bytes of a value as the most talkative template writes it: indented, all in ASCII."""
    return len(json.dumps(value, indent=4, default=str))
