"""Vectors over HTTP: what is promised of an embedder, and recorded vectors of each vendor."""

import asyncio
import json
import math
import re
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from threading import Thread

import attrs
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import AuthError, BadReply, BudgetExceeded
from ttrpg_core.llm.embedding import PricedEmbedder
from ttrpg_core.llm.money import Budget
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
    ("recording", "path", "tokens"),
    [
        ("openai/otel__test_embeddings_with_batch_input.yaml", "/embeddings", 24),
        (
            "gemini/llm-gemini__test_embedding_batch.yaml",
            "/models/gemini-embedding-2:batchEmbedContents",
            4,
        ),
        ("ollama/prism__embeddings-input-1.json", "/api/embed", 10),
    ],
)
def test_the_tokens_of_each_request_are_told(server, recorded, recording, path, tokens):
    (exchange,) = recorded(recording)
    server.script[path] = [(200, JSON, [exchange.body])]
    made = {
        "/embeddings": lambda: embedders.openai_embedder(
            context(vendors.OpenAISettings(server.url))
        ),
        "/api/embed": lambda: embedders.ollama_embedder(
            context(vendors.OllamaSettings(server.url, "mxbai-embed-large", 1024))
        ),
    }.get(path, lambda: embedders.gemini_embedder(context(vendors.GeminiSettings(server.url))))()
    assert isinstance(made, PricedEmbedder)
    texts = ["a"] if path == "/api/embed" else ["a", "b"]
    if path == "/embeddings":
        texts = exchange.sent["input"]
    told = []
    made.counted(texts, told.append)
    assert told == [tokens]


def test_vectors_cost_what_the_user_says_or_nothing_here_or_what_is_listed():
    def price(known, make=embedders.openai_embedder):
        return make(context(known)).price

    here, there = "http://127.0.0.1:8080/v1", "https://api.example/v1"
    own = ("text-embedding-3-small 7 0",)
    assert price(vendors.OpenAISettings()).input == 0.02
    assert price(vendors.OpenAISettings(there, embedding="text-embedding-3-large")).input == 0.13
    for local in (here, "http://localhost:1", "http://[::1]:1"):
        assert price(vendors.OpenAISettings(local)).input == 0
    assert price(vendors.OpenAISettings(here, prices=own)).input == 7
    assert price(vendors.GeminiSettings(), embedders.gemini_embedder).input == 0.2
    odd = vendors.GeminiSettings(embedding="gemini-embedding-9")
    assert price(odd, embedders.gemini_embedder) is None
    far = vendors.OllamaSettings("http://192.168.1.20:11434")
    assert price(far, embedders.ollama_embedder).input == 0
    assert price(vendors.OllamaSettings("https://ollama.com"), embedders.ollama_embedder) is None


def test_vectors_of_a_vendor_are_charged_to_the_budgets(server, app, plugins, monkeypatch):
    plugins.add(EntryPoint("providers", "ttrpg_providers", "ttrpg"), "providers")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    body = {
        "data": [{"index": 0, "embedding": [1.0] * 1536}],
        "usage": {"prompt_tokens": 2, "total_tokens": 2},
    }
    server.script["/embeddings"] = [(200, JSON, [json.dumps(body).encode()])]
    app.paths.config.parent.mkdir(parents=True, exist_ok=True)
    app.paths.config.write_text(
        f'[plugins.openai]\nbase_url = "{server.url}"\nprices = ["text-embedding-3-small 0.02 0"]\n'
    )
    made = app.backend("embedder", "openai")
    made.embed(["Hello there"])
    found = app.purse.store.connection.execute("SELECT model, why, input, cost FROM calls")
    assert [tuple(row) for row in found] == [("openai/text-embedding-3-small", "embed", 2, 40)]
    app.purse.budgets.set(Budget("day", 50))
    with pytest.raises(BudgetExceeded):
        made.embed(["Hello there"])
    assert len(server.asked) == 1


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
