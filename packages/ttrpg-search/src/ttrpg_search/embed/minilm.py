"""Sentence vectors by a model of BERT type from a folder of weights, with numpy alone."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ttrpg_core.context import Context
from ttrpg_search.embed.arrays import Array, pooled, unit
from ttrpg_search.embed.bert import Bert
from ttrpg_search.embed.folder import ModelFolder, ModelSettings, find_folder
from ttrpg_search.embed.safetensors import read_tensors
from ttrpg_search.embed.wordpiece import WordPiece, read_vocabulary

WEIGHTS = "model.safetensors"


class MiniLM:
    """all-MiniLM-L6-v2, or any model of its kind; the weights are read when first used."""

    def __init__(self, context: Context) -> None:
        settings = context.settings or ModelSettings()
        self._model = ModelFolder.read(find_folder(settings.folder))
        self._cache = None if context.folder == Path() else context.folder / "weights.json"
        self.dimension = self._model.shape.width

    @cached_property
    def id(self) -> str:
        """The model's shape and the first digits of its weights' SHA-256."""
        return self._model.id(self._cache)

    def embed(self, texts: Sequence[str]) -> Array:
        """One vector a text, in order; what is longer than the model's window is cut."""
        words = self._words
        cut = [[words.first, *words.tokens(t, self._model.window - 2), words.last] for t in texts]
        found = np.empty((len(texts), self.dimension), np.float32)
        for places, states in self._bert.states(cut):
            for place, state in zip(places, states, strict=True):
                found[place] = pooled(state, self._model.pooling)
        return unit(found)

    @cached_property
    def _words(self) -> WordPiece:
        return WordPiece(read_vocabulary(self._model.path), lower=self._model.lower)

    @cached_property
    def _bert(self) -> Bert:
        return Bert(read_tensors(self._model.path / WEIGHTS), self._model.shape)
