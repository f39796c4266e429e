"""Vectors over HTTP: OpenAI, Gemini and Ollama, under the names and settings of the vendors."""

import asyncio
import ipaddress
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import attrs

from ttrpg_core.context import Context
from ttrpg_core.errors import BadReply
from ttrpg_core.llm import ModelInfo, Price
from ttrpg_providers.catalogue import filled, own_prices
from ttrpg_providers.vendor import Line
from ttrpg_providers.vendors import (
    GeminiSettings,
    OllamaSettings,
    OpenAISettings,
    gemini_vendor,
    ollama_vendor,
    openai_vendor,
    settings_of,
)
from ttrpg_providers.wire import Json, count, rows, table

LONGEST = 8000
"""Characters of a text that are sent: no more tokens than the vendors' models read (8,192)."""
EMPTY = "-"
"""What stands for a text without words, which vendors refuse."""
OPENAI_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
GEMINI_DIMENSION = 768
"""Of the sizes that Gemini offers (3,072, 1,536, 768) the one that an index of books wants."""


@attrs.define
class HttpEmbedder:
    """Texts to vectors of unit length, ``batch`` texts a request.

    ``id`` names the vendor, the model and the size: an index of another one is another's.
    ``used`` are the tokens that an answer says it took, 0 for none said.
    """

    line: Line
    model: str
    dimension: int
    path: str
    batch: int
    body: Callable[[Sequence[str]], Json]
    read: Callable[[Json], list[object]]
    used: Callable[[Json], int]
    price: Price | None
    id: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.id = f"{self.line.name}/{self.model}@{self.dimension}"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order. Raises ProviderError."""
        return self.counted(texts, lambda _: None)

    def counted(self, texts: Sequence[str], count: Callable[[int], object]) -> list[list[float]]:
        """As ``embed``, and tells ``count`` the tokens of each request.

        It waits in a thread of its own, so that it can be called where a loop runs already.
        """
        wanted = [text[:LONGEST] if text.strip() else EMPTY for text in texts]
        if not wanted:
            return []
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, self._all(wanted, count)).result()

    async def _all(self, texts: list[str], count: Callable[[int], object]) -> list[list[float]]:
        found: list[list[float]] = []
        for start in range(0, len(texts), self.batch):
            part = texts[start : start + self.batch]
            answer = await self.line.get("POST", self.path, self.body(part))
            count(self.used(answer))
            vectors = self.read(answer)
            if len(vectors) != len(part):
                raise self._unfit(f"{len(vectors)} vectors for {len(part)} texts")
            found += [self._unit(vector) for vector in vectors]
        return found

    def _unit(self, vector: object) -> list[float]:
        numbers = (
            [float(value) for value in vector if isinstance(value, int | float)]
            if isinstance(vector, list)
            else []
        )
        if len(numbers) != self.dimension:
            raise self._unfit(f"a vector of {len(numbers)} numbers, not of {self.dimension}")
        length = math.hypot(*numbers)
        if not 0 < length < math.inf:
            raise self._unfit("a vector that points nowhere")
        return [number / length for number in numbers]

    def _unfit(self, what: str) -> BadReply:
        return BadReply(
            f"{self.line.name} answered {what}", f"Is {self.model} a model that makes vectors?"
        )


def openai_embedder(context: Context) -> HttpEmbedder:
    """The small or the large one of OpenAI."""
    known = settings_of(context, OpenAISettings)
    model = known.embedding

    def body(texts: Sequence[str]) -> Json:
        return {"model": model, "input": list(texts), "encoding_format": "float"}

    def read(reply: Json) -> list[object]:
        ordered = sorted(rows(reply.get("data")), key=lambda each: count(each.get("index")))
        return [each.get("embedding") for each in ordered]

    def used(reply: Json) -> int:
        return count(table(reply.get("usage")).get("prompt_tokens"))

    line = openai_vendor(context).line
    dimension = OPENAI_DIMENSIONS[model]
    price = _price(line, model, known.prices)
    return HttpEmbedder(line, model, dimension, "/embeddings", 128, body, read, used, price)


def gemini_embedder(context: Context) -> HttpEmbedder:
    """Gemini's, cut to a size that it offers."""
    known = settings_of(context, GeminiSettings)
    model = known.embedding

    def body(texts: Sequence[str]) -> Json:
        return {
            "requests": [
                {
                    "model": f"models/{model}",
                    "content": {"parts": [{"text": text}]},
                    "outputDimensionality": GEMINI_DIMENSION,
                }
                for text in texts
            ]
        }

    def read(reply: Json) -> list[object]:
        return [each.get("values") for each in rows(reply.get("embeddings"))]

    def used(reply: Json) -> int:
        return count(table(reply.get("usageMetadata")).get("promptTokenCount"))

    line = gemini_vendor(context).line
    path = f"/models/{model}:batchEmbedContents"
    price = _price(line, model, known.prices)
    return HttpEmbedder(line, model, GEMINI_DIMENSION, path, 100, body, read, used, price)


def ollama_embedder(context: Context) -> HttpEmbedder:
    """A model of Ollama; what is too long for it, it cuts itself."""
    known = settings_of(context, OllamaSettings)

    def body(texts: Sequence[str]) -> Json:
        return {"model": known.embedding, "input": list(texts)}

    def read(reply: Json) -> list[object]:
        vectors = reply.get("embeddings")
        return list(vectors) if isinstance(vectors, list) else []

    def used(reply: Json) -> int:
        return count(reply.get("prompt_eval_count"))

    vendor, size = ollama_vendor(context), known.embedding_dimension
    price = vendor.model(known.embedding).info.price
    path = "/api/embed"
    return HttpEmbedder(vendor.line, known.embedding, size, path, 64, body, read, used, price)


def _price(line: Line, model: str, prices: Sequence[str]) -> Price | None:
    """What vectors cost: what the user says, nothing on this machine, else the vendor's price."""
    free = Price(0, 0, source="runs on this machine") if _here(line.base_url) else None
    own = own_prices(prices, f"plugins.{line.name}.prices")
    return filled(line.name, ModelInfo(model, price=free), own).price


def _here(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
