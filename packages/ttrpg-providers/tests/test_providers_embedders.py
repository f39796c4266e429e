"""Vectors over HTTP: what is promised of an embedder, and recorded vectors of each vendor."""

import asyncio
import json
import math
import re
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import attrs
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import AuthError, BadReply
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_core.testing import EmbedderTests
from ttrpg_providers import embedders, vendors

NETWORK = NetworkSettings(connect_seconds=5, first_seconds=5, read_seconds=5, retries=0)
JSON = {"Content-Type": "application/json"}


def context(settings, key="sk-canary") -> Context:
    return Context(settings=settings, secret=lambda *_: key, network=NETWORK)


def hashed(text: str, size: int) -> list[float]:
    """Words by their hash, as a vendor might: not of unit length."""
    vector = [0.0] * size
    vector[0] = 0.5
    for word in re.findall(r"\w+", text.lower()):
        vector[zlib.crc32(word.encode()) % size] += 3.0
    return vector


def answered(sent: dict) -> dict:
    """What each vendor answers to its own request."""
    if "requests" in sent:
        texts = [each["content"]["parts"][0]["text"] for each in sent["requests"]]
        sizes = [each["outputDimensionality"] for each in sent["requests"]]
        return {
            "embeddings": [
                {"values": hashed(text, size)} for text, size in zip(texts, sizes, strict=True)
            ]
        }
    assert all(sent["input"]), "an empty text is refused"
    vectors = [hashed(text, 1536 if "3-small" in sent["model"] else 64) for text in sent["input"]]
    if "encoding_format" in sent:
        data = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
        return {"data": data[::-1]}
    return {"embeddings": vectors}


@pytest.fixture(scope="module")
def reckoning():
    """A server that answers vectors; the address of it, and what it was sent."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
            requests.append(sent)
            body = json.dumps(answered(sent)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}", requests
        http.shutdown()
        thread.join()


class TestOpenAI(EmbedderTests):
    @pytest.fixture
    def embedder(self, reckoning):
        known = vendors.OpenAISettings(base_url=reckoning[0])
        return embedders.openai_embedder(context(known))


class TestGemini(EmbedderTests):
    @pytest.fixture
    def embedder(self, reckoning):
        known = vendors.GeminiSettings(base_url=reckoning[0])
        return embedders.gemini_embedder(context(known))


class TestOllama(EmbedderTests):
    @pytest.fixture
    def embedder(self, reckoning):
        known = vendors.OllamaSettings(base_url=reckoning[0], embedding_dimension=64)
        return embedders.ollama_embedder(context(known))


def test_many_texts_go_in_batches_and_come_back_in_order(reckoning):
    url, requests = reckoning
    known = vendors.OllamaSettings(base_url=url, embedding_dimension=64)
    made = embedders.ollama_embedder(context(known))
    texts = [f"word{place}" for place in range(150)]
    requests.clear()
    assert made.embed(texts) == [made.embed([text])[0] for text in texts]
    assert [len(sent["input"]) for sent in requests[:3]] == [64, 64, 22]


def test_it_can_be_asked_where_a_loop_runs(reckoning):
    known = vendors.OllamaSettings(base_url=reckoning[0], embedding_dimension=64)
    made = embedders.ollama_embedder(context(known))

    async def go():
        return made.embed(["a"])

    assert asyncio.run(go()) == made.embed(["a"])


def test_recorded_vectors_of_openai(server, recorded):
    (exchange,) = recorded("openai/otel__test_embeddings_with_batch_input.yaml")
    server.script["/embeddings"] = [(200, JSON, [exchange.body])]
    made = embedders.openai_embedder(context(vendors.OpenAISettings(base_url=server.url)))
    vectors = made.embed(exchange.sent["input"])
    assert len(vectors) == len(exchange.sent["input"]) > 1
    assert vectors[0][0] == pytest.approx(0.008279107, rel=1e-3)
    assert server.asked[0][2]["input"] == exchange.sent["input"]
    assert made.id == "openai/text-embedding-3-small@1536"


def test_recorded_vectors_of_gemini(server, recorded):
    (exchange,) = recorded("gemini/llm-gemini__test_embedding_batch.yaml")
    server.script["/models/gemini-embedding-2:batchEmbedContents"] = [(200, JSON, [exchange.body])]
    made = embedders.gemini_embedder(context(vendors.GeminiSettings(base_url=server.url)))
    vectors = made.embed(["First text", "Second text"])
    assert [len(vector) for vector in vectors] == [768, 768]
    assert math.hypot(*vectors[1]) == pytest.approx(1)
    assert server.asked[0][2] == exchange.sent


def test_recorded_vectors_of_ollama(server, recorded):
    (exchange,) = recorded("ollama/prism__embeddings-input-1.json")
    server.script["/api/embed"] = [(200, JSON, [exchange.body])]
    known = vendors.OllamaSettings(server.url, "mxbai-embed-large", 1024)
    made = embedders.ollama_embedder(context(known))
    (vector,) = made.embed(["Hello"])
    assert vector[0] == pytest.approx(-0.003966682, rel=1e-3)
    with pytest.raises(BadReply, match="1024 numbers, not of 768"):
        embedders.ollama_embedder(context(attrs.evolve(known, embedding_dimension=768))).embed(
            ["a"]
        )


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"embeddings": []},
        {"embeddings": [[1.0], [1.0]]},
        {"embeddings": [[0.0]]},
        {"embeddings": [["1"]]},
        {"embeddings": [7]},
        {"embeddings": [[float("nan")]]},
    ],
)
def test_what_is_no_vector_is_a_bad_reply(server, page):
    server.script["/api/embed"] = [(200, JSON, [json.dumps(page).encode()])]
    known = vendors.OllamaSettings(server.url, embedding_dimension=1)
    with pytest.raises(BadReply):
        embedders.ollama_embedder(context(known)).embed(["a"])


def test_without_a_key_nothing_is_sent(server):
    known = vendors.OpenAISettings(server.url, embedding="text-embedding-3-large")
    made = embedders.openai_embedder(context(known, key=None))
    assert made.dimension == 3072
    with pytest.raises(AuthError, match="no key"):
        made.embed(["a"])
    assert server.asked == []
