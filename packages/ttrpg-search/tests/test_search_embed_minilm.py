"""The model in numpy: against a plain computation, against the true weights, and odd folders."""

import json
import math
import struct

import numpy as np
import pytest

from ttrpg_core.context import Context
from ttrpg_core.errors import NotFound, PluginError
from ttrpg_core.testing import EmbedderTests
from ttrpg_search.embed import folder as folders
from ttrpg_search.embed.folder import ModelSettings, find_folder
from ttrpg_search.embed.minilm import MiniLM
from ttrpg_search.embed.safetensors import read_tensors

WIDE, HEADS, LAYERS, INNER = 24, 3, 2, 40
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "dragon", "sleep", "##s", "##ing", ".", ","]
WORDS += ["on", "gold", "red", "lock", "pick", "bonus", "it", "##ed", "its", "add", "your", "a"]
WORDS += ["is", "you"]
WORDS += [*"bcdefghijklmnopqrstuvwxyz", *(f"##{sign}" for sign in "abcdefghijklmnopqrtuvwxyz")]


def write_tensors(path, tensors):
    """A safetensors file."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        kind = {"float32": "F32", "float16": "F16", "int64": "I64"}[str(tensor.dtype)]
        raw = tensor.tobytes()
        place = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": place}
        data += raw
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % 8)
    path.write_bytes(struct.pack("<Q", len(told)) + told + data)


def weights():
    rng = np.random.default_rng(0)

    def some(*shape):
        return (rng.normal(size=shape) * 0.3).astype(np.float32)

    found = {
        "embeddings.position_ids": np.arange(64)[None],
        "embeddings.word_embeddings.weight": some(len(WORDS), WIDE) * 3,
        "embeddings.position_embeddings.weight": some(64, WIDE) * 0.2,
        "embeddings.token_type_embeddings.weight": some(2, WIDE),
    }
    names = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        start = f"encoder.layer.{layer}"
        dense = {f"attention.self.{part}": (WIDE, WIDE) for part in ("query", "key", "value")}
        dense["attention.output.dense"] = (WIDE, WIDE)
        dense["intermediate.dense"] = (INNER, WIDE)
        dense["output.dense"] = (WIDE, INNER)
        for part, shape in dense.items():
            found[f"{start}.{part}.weight"] = some(*shape)
            found[f"{start}.{part}.bias"] = some(shape[0])
        names += [f"{start}.attention.output.LayerNorm", f"{start}.output.LayerNorm"]
    for name in names:
        found[f"{name}.weight"] = 1 + some(WIDE)
        found[f"{name}.bias"] = some(WIDE)
    return found


@pytest.fixture
def model(tmp_path):
    """A folder with a small model."""
    path = tmp_path / "model"
    (path / "1_Pooling").mkdir(parents=True)
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": WIDE,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "max_position_embeddings": 64,
        "layer_norm_eps": 1e-12,
    }
    (path / "config.json").write_text(json.dumps(config))
    (path / "sentence_bert_config.json").write_text('{"max_seq_length": 32}')
    (path / "modules.json").write_text('[{"type": "sentence_transformers.models.Transformer"}]')
    (path / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (path / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    write_tensors(path / "model.safetensors", weights())
    return path


def of(path, **more):
    return MiniLM(Context(settings=ModelSettings(str(path)), **more))


class TestMiniLM(EmbedderTests):
    @pytest.fixture
    def embedder(self, model):
        return of(model)


def plainly(tensors, numbers):
    """The forward pass as the paper tells it: one text, one head, one number at a time."""

    def dense(rows, name):
        return rows @ tensors[f"{name}.weight"].astype(float).T + tensors[f"{name}.bias"]

    def norm(rows, name):
        spread = rows - rows.mean(1, keepdims=True)
        spread /= np.sqrt((spread**2).mean(1, keepdims=True) + 1e-12)
        return spread * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    state = tensors["embeddings.word_embeddings.weight"][numbers].astype(float)
    state += tensors["embeddings.position_embeddings.weight"][: len(numbers)]
    state = norm(
        state + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"
    )
    each = WIDE // HEADS
    for layer in range(LAYERS):
        start = f"encoder.layer.{layer}"
        query, key, value = (
            dense(state, f"{start}.attention.self.{part}") for part in ("query", "key", "value")
        )
        seen = []
        for head in range(HEADS):
            part = slice(head * each, head * each + each)
            scores = np.exp(query[:, part] @ key[:, part].T / math.sqrt(each))
            seen.append(scores / scores.sum(1, keepdims=True) @ value[:, part])
        out = dense(np.hstack(seen), f"{start}.attention.output.dense")
        state = norm(state + out, f"{start}.attention.output.LayerNorm")
        wide = dense(state, f"{start}.intermediate.dense")
        wide = np.vectorize(lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2)(wide)
        state = norm(state + dense(wide, f"{start}.output.dense"), f"{start}.output.LayerNorm")
    mean = state.mean(0)
    return mean / np.linalg.norm(mean)


def test_it_computes_what_the_paper_says(model):
    texts = [
        "the dragon sleeps.",
        "",
        "red",
        "a red dragon is sleeping on its gold, it is",
        "red on",
    ]
    numbered = [
        [4, 5, 6, 7, 9],
        [],
        [13],
        [22, 13, 5, 23, 6, 8, 11, 19, 12, 10, 17, 23],
        [13, 11],
    ]
    found = of(model).embed(texts)
    for vector, numbers in zip(found, numbered, strict=True):
        assert np.allclose(vector, plainly(weights(), [2, *numbers, 3]), atol=2e-6)


def test_a_long_text_is_cut_at_the_models_window(model):
    embedder = of(model)
    long, cut = embedder.embed(["dragon " * 400, "dragon " * 30])
    assert np.array_equal(long, cut)


@pytest.mark.parametrize(
    ("pooling", "pick"), [("cls", lambda s: s[0]), ("max", lambda s: s.max(0))]
)
def test_the_folder_says_how_states_are_pooled(model, pooling, pick):
    mean = of(model)
    name = "pooling_mode_cls_token" if pooling == "cls" else "pooling_mode_max_tokens"
    (model / "1_Pooling" / "config.json").write_text(json.dumps({name: True}))
    other = of(model)
    assert other.id != mean.id
    ((_, (states,)),) = other._bert.states([[2, 5, 3]])
    wanted = pick(states) / np.linalg.norm(pick(states))
    assert np.allclose(other.embed(["dragon"])[0], wanted, atol=1e-6)


def test_half_precision_and_a_prefix_are_read(model):
    before = of(model).embed(["the dragon sleeps"])
    halved = {
        f"bert.{name}": tensor.astype(np.float16) if tensor.dtype == np.float32 else tensor
        for name, tensor in weights().items()
    }
    write_tensors(model / "model.safetensors", halved)
    after = of(model).embed(["the dragon sleeps"])
    assert 1 - 1e-4 < float((before @ after.T)[0, 0]) < 1 + 1e-6


def test_other_weights_have_another_name(model, tmp_path):
    first = of(model, folder=tmp_path / "minilm").id
    assert of(model, folder=tmp_path / "minilm").id == first
    remembered = (tmp_path / "minilm" / "weights.json").read_text()
    assert first.rpartition("/")[2] in remembered
    changed = weights()
    changed["embeddings.LayerNorm.bias"] += 1
    write_tensors(model / "model.safetensors", changed)
    assert of(model, folder=tmp_path / "minilm").id != first


def test_tokenizer_json_will_do(model):
    before = of(model).embed(["the dragon sleeps"])
    (model / "vocab.txt").unlink()
    told = {"type": "WordPiece", "vocab": {word: n for n, word in enumerate(WORDS)}}
    (model / "tokenizer.json").write_text(json.dumps({"model": told}))
    assert np.array_equal(of(model).embed(["the dragon sleeps"]), before)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 64),
        ("model.safetensors", struct.pack("<Q", 2) + b"{}"),
        ("model.safetensors", struct.pack("<Q", 2) + b"[]" + b"x"),
        ("vocab.txt", b"\xff\xfe"),
        ("vocab.txt", b"a\nb\n"),
        ("config.json", b"{"),
        ("config.json", b'{"model_type": "t5"}'),
        ("config.json", b'{"model_type": "bert", "hidden_size": "wide"}'),
        ("modules.json", b'[{"type": "sentence_transformers.models.Dense"}]'),
        ("modules.json", b"7"),
        ("1_Pooling/config.json", b"nonsense"),
    ],
)
def test_a_damaged_folder_is_told(model, file, content):
    (model / file).write_bytes(content)
    with pytest.raises(PluginError) as caught:
        of(model).embed(["the dragon"])
    assert caught.value.hint


@pytest.mark.parametrize("offsets", [[0, 10**12], [-8, 8], [8, 0], [0, 12], ["a", "b"], []])
def test_a_tensor_outside_its_file_is_told(tmp_path, offsets):
    told = {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": offsets}}
    header = json.dumps(told).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    with pytest.raises(PluginError, match="tensor 'a'"):
        read_tensors(path)


def test_without_weights_it_says_what_to_get(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_PACKAGES", ())
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for chosen in ("", str(tmp_path / "nowhere"), str(tmp_path)):
        with pytest.raises(NotFound) as caught:
            of(chosen)
        assert "model.safetensors" in caught.value.hint
        assert "[plugins.minilm]" in caught.value.hint


def test_a_copy_in_the_hubs_cache_is_found(model, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_PACKAGES", ())
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / "hf/hub/models--sentence-transformers--all-MiniLM-L6-v2/snapshots"
    place.mkdir(parents=True)
    model.rename(place / "0a1b")
    assert find_folder("") == place / "0a1b"


TRUE = {
    "How does falling damage work?": [
        -0.0040785,
        -0.0090563,
        0.0749541,
        0.0654837,
        0.000014,
        0.0798664,
    ],
    "A grappled creature's speed becomes 0.": [
        0.0613166,
        0.0461579,
        -0.0564442,
        0.0251064,
        -0.0840759,
        -0.0084715,
    ],
    "": [-0.1188385, 0.0482988, -0.0025481, -0.0110112, 0.0519507, 0.0102918],
}
"""The first six numbers of the vectors that sentence-transformers 6.2 gives with torch 2.13."""


def test_the_true_weights_give_the_true_vectors():
    try:
        path = find_folder("")
    except NotFound:
        pytest.skip("needs the weights of all-MiniLM-L6-v2 on this computer")
    embedder = of(path)
    assert embedder.id == "bert-6x384-mean-256/53aa51172d14"
    found = embedder.embed(list(TRUE))
    for vector, wanted in zip(found, TRUE.values(), strict=True):
        assert np.allclose(vector[:6], wanted, atol=2e-6)
