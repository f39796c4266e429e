"""Sentence vectors by onnxruntime, from a folder that has ``model.onnx``; an extra."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ttrpg_core.context import Context
from ttrpg_core.errors import PluginError
from ttrpg_search.embed.arrays import Array, pooled, unit
from ttrpg_search.embed.folder import ModelFolder, ModelSettings, find_folder
from ttrpg_search.embed.wordpiece import WordPiece, read_vocabulary
from ttrpg_search.extras import needed

WEIGHTS = "model.onnx"
BATCH = 16


class _Named(Protocol):
    name: str


class _Session(Protocol):
    """What of onnxruntime's session is used here; the library has no types."""

    def get_inputs(self) -> Sequence[_Named]: ...
    def run(
        self, names: Sequence[str] | None, feed: Mapping[str, NDArray[np.int64]]
    ) -> Sequence[Array]: ...


class Onnx:
    """A model of BERT type whose graph gives the states of the tokens, or a vector, first."""

    def __init__(self, context: Context) -> None:
        self._runtime = needed("onnxruntime", "onnx", "the embedder 'onnx'", "'minilm'")
        settings = context.settings or ModelSettings()
        folder = find_folder(settings.folder, WEIGHTS)
        self._model = ModelFolder.read(folder, WEIGHTS)
        self._cache = None if context.folder == Path() else context.folder / "weights.json"
        self.dimension = self._model.shape.width

    @cached_property
    def id(self) -> str:
        """The model's shape and the first digits of its weights' SHA-256."""
        return f"onnx-{self._model.id(self._cache, WEIGHTS)}"

    def embed(self, texts: Sequence[str]) -> Array:
        """One vector a text, in order; what is longer than the model's window is cut."""
        words = self._words
        cut = [[words.first, *words.tokens(t, self._model.window - 2), words.last] for t in texts]
        order = sorted(range(len(texts)), key=lambda place: len(cut[place]))
        found = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            states = self._run([cut[place] for place in part])
            for place, state in zip(part, states, strict=True):
                said = state[: len(cut[place])] if state.ndim > 1 else state[None]
                found[place] = pooled(said, self._model.pooling)
        return unit(found)

    def _run(self, batch: Sequence[Sequence[int]]) -> Array:
        longest = max(map(len, batch))
        numbers = np.zeros((len(batch), longest), np.int64)
        for row, text in zip(numbers, batch, strict=True):
            row[: len(text)] = text
        lengths = np.array([len(text) for text in batch])
        known = {
            "input_ids": numbers,
            "attention_mask": (np.arange(longest) < lengths[:, None]).astype(np.int64),
            "token_type_ids": np.zeros_like(numbers),
        }
        asked = [each.name for each in self._session.get_inputs()]
        return self._session.run(None, {name: known[name] for name in asked})[0]

    @cached_property
    def _words(self) -> WordPiece:
        return WordPiece(read_vocabulary(self._model.path), lower=self._model.lower)

    @cached_property
    def _session(self) -> _Session:
        path = self._model.path / WEIGHTS
        try:
            session = self._runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common root of their own
            raise PluginError(f"cannot read {path}: {error}", "Get the folder again") from error
        if {each.name for each in session.get_inputs()} - {
            "input_ids",
            "attention_mask",
            "token_type_ids",
        }:
            raise PluginError(
                f"{path} asks for more than tokens", "Choose a model exported for sentence vectors"
            )
        return cast("_Session", session)
