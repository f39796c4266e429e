"""The forward pass of a BERT encoder in numpy.

Texts are taken in the order of their length and packed without padding: every dense layer runs on
the tokens of a whole batch at once, and attention on groups of texts of the same length, so no
token is computed that is not there and none needs a mask. Source: J. Devlin et al., "BERT" (2018).
"""

import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import attrs
import numpy as np

from ttrpg_core.errors import PluginError
from ttrpg_search.embed.arrays import Array

BATCH_TOKENS = 1024
"""Tokens of a batch: few enough that a layer's work stays in the processor's cache."""
_ERF_UP = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_DOWN = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


@attrs.frozen
class Shape:
    """What ``config.json`` says of a model, as far as the forward pass needs it."""

    layers: int
    heads: int
    width: int
    positions: int
    epsilon: float

    @classmethod
    def read(cls, path: Path) -> "Shape":
        """The shape in a ``config.json``; PluginError when it is of another architecture."""
        try:
            told = json.loads(path.read_text("utf-8")[:1_000_000])
            kind, act = told["model_type"], told.get("hidden_act", "gelu")
            if kind != "bert" or act != "gelu":
                raise PluginError(
                    f"{path}: a {kind} model with {act} cannot be run here",
                    "Choose one of BERT type, such as all-MiniLM-L6-v2, or the embedder"
                    " 'sentence-transformers'",
                )
            return cls(
                int(told["num_hidden_layers"]),
                int(told["num_attention_heads"]),
                int(told["hidden_size"]),
                int(told["max_position_embeddings"]),
                float(told.get("layer_norm_eps", 1e-12)),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise PluginError(
                f"cannot read {path}: {error!r}", "Get the folder of the model again"
            ) from error


@attrs.frozen
class _Layer:
    mixed: Array  # query, key and value side by side
    mixed_bias: Array
    out: Array
    out_bias: Array
    first_norm: tuple[Array, Array]
    wide: Array
    wide_bias: Array
    narrow: Array
    narrow_bias: Array
    second_norm: tuple[Array, Array]


class Bert:
    """An encoder with its weights."""

    def __init__(self, tensors: dict[str, Array], shape: Shape) -> None:
        self.shape = shape
        prefix = "bert." if "bert.embeddings.word_embeddings.weight" in tensors else ""
        try:
            self._words = tensors[f"{prefix}embeddings.word_embeddings.weight"]
            places = tensors[f"{prefix}embeddings.position_embeddings.weight"]
            self._places: Array = (
                places + tensors[f"{prefix}embeddings.token_type_embeddings.weight"][0]
            )
            self._norm = _norm_of(tensors, f"{prefix}embeddings.LayerNorm")
            self._layers = [
                _layer(tensors, f"{prefix}encoder.layer.{number}") for number in range(shape.layers)
            ]
        except (KeyError, IndexError, ValueError) as error:
            raise PluginError(
                f"the weights do not fit the model's config.json: {error}",
                "Get the folder of the model again, all files of one version",
            ) from error
        if self._words.shape[1:] != (shape.width,) or shape.width % shape.heads:
            raise PluginError(
                "the weights are not of the width that config.json says",
                "Get the folder of the model again, all files of one version",
            )

    def states(self, texts: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], list[Array]]]:
        """The last layer's state of each token, a batch at a time.

        Yields the places of some texts in ``texts`` and, for each, its states
        ``[tokens, width]``; every text comes once, and none may be empty.
        """
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        batch: list[int] = []
        tokens = 0
        for place in order:
            if batch and tokens + len(texts[place]) > BATCH_TOKENS:
                yield batch, self._run([texts[each] for each in batch])
                batch, tokens = [], 0
            batch.append(place)
            tokens += len(texts[place])
        if batch:
            yield batch, self._run([texts[each] for each in batch])

    def _run(self, texts: Sequence[Sequence[int]]) -> list[Array]:
        numbers = np.concatenate([np.asarray(text, np.int64) for text in texts])
        places = np.concatenate([np.arange(len(text)) for text in texts])
        runs = [(length, len(list(group))) for length, group in groupby(texts, len)]
        state: Array = self._words[numbers]
        state += self._places[places]
        state = _normal(state, self._norm, self.shape.epsilon)
        for layer in self._layers:
            mixed = state @ layer.mixed
            mixed += layer.mixed_bias
            seen: Array = self._attend(mixed, runs) @ layer.out
            seen += layer.out_bias
            seen += state
            state = _normal(seen, layer.first_norm, self.shape.epsilon)
            wide: Array = state @ layer.wide
            wide += layer.wide_bias
            _gelu(wide)
            narrow: Array = wide @ layer.narrow
            narrow += layer.narrow_bias
            narrow += state
            state = _normal(narrow, layer.second_norm, self.shape.epsilon)
        return np.split(state, np.cumsum([len(text) for text in texts])[:-1])

    def _attend(self, mixed: Array, runs: Sequence[tuple[int, int]]) -> Array:
        """Attention of each text to itself; ``runs`` are (length, how many texts of it)."""
        heads, width = self.shape.heads, self.shape.width
        each = width // heads
        found = np.empty((len(mixed), width), np.float32)
        start = 0
        for length, count in runs:
            end = start + length * count
            parts = mixed[start:end].reshape(count, length, 3, heads, each)
            query, key, value = (parts[:, :, n].transpose(0, 2, 1, 3) for n in range(3))
            scores = query @ key.transpose(0, 1, 3, 2)
            scores *= np.float32(1 / math.sqrt(each))
            scores -= scores.max(-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(-1, keepdims=True)
            found[start:end] = (scores @ value).transpose(0, 2, 1, 3).reshape(-1, width)
            start = end
        return found


def _norm_of(tensors: dict[str, Array], name: str) -> tuple[Array, Array]:
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def _layer(tensors: dict[str, Array], name: str) -> _Layer:
    def turned(part: str) -> Array:
        return np.ascontiguousarray(tensors[f"{name}.{part}.weight"].T)

    parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
    return _Layer(
        np.ascontiguousarray(np.hstack([turned(part) for part in parts])),
        np.concatenate([tensors[f"{name}.{part}.bias"] for part in parts]),
        turned("attention.output.dense"),
        tensors[f"{name}.attention.output.dense.bias"],
        _norm_of(tensors, f"{name}.attention.output.LayerNorm"),
        turned("intermediate.dense"),
        tensors[f"{name}.intermediate.dense.bias"],
        turned("output.dense"),
        tensors[f"{name}.output.dense.bias"],
        _norm_of(tensors, f"{name}.output.LayerNorm"),
    )


def _normal(rows: Array, norm: tuple[Array, Array], epsilon: float) -> Array:
    """Layer normalisation, in place."""
    rows -= rows.mean(1, keepdims=True)
    spread = np.einsum("ij,ij->i", rows, rows)[:, None] / np.float32(rows.shape[1])
    rows /= np.sqrt(spread + np.float32(epsilon))
    rows *= norm[0]
    rows += norm[1]
    return rows


def _gelu(rows: Array) -> None:
    """The Gaussian error linear unit ``x * Phi(x)``, in place.

    The error function is a quotient of polynomials, right to 6e-7 in 32 bits (the one that Eigen
    and XLA use); worked in strips that fit the cache.
    """
    strip = max(1, 65_536 // rows.shape[1])
    for start in range(0, len(rows), strip):
        part = rows[start : start + strip]
        scaled = np.clip(part * np.float32(math.sqrt(0.5)), -4, 4)
        square = scaled * scaled
        up = _polynomial(square, _ERF_UP)
        up *= scaled
        up /= _polynomial(square, _ERF_DOWN)
        up += 1
        part *= up
        part *= np.float32(0.5)


def _polynomial(at: Array, terms: Sequence[float]) -> Array:
    found = at * np.float32(terms[0])
    found += np.float32(terms[1])
    for term in terms[2:]:
        found *= at
        found += np.float32(term)
    return found
