"""Any model of sentence-transformers; an extra, which brings torch."""

import importlib
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol, cast

import attrs
import numpy as np

from ttrpg_core.context import Context
from ttrpg_core.errors import PluginError
from ttrpg_search.embed.arrays import Array, unit
from ttrpg_search.embed.folder import NAME


@attrs.frozen
class SentenceSettings:
    """``[plugins.sentence-transformers]``."""

    model: str = f"sentence-transformers/{NAME}"
    """Name of a model on the hub, or a folder."""
    revision: str = ""
    """The version of a model on the hub, such as a commit; the latest where it is not said."""


class _Model(Protocol):
    """What of ``SentenceTransformer`` is used here."""

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> Array: ...
    def get_sentence_embedding_dimension(self) -> int | None: ...


class SentenceTransformers:
    """The library's own model; fetched from the hub by it, except when offline is set."""

    def __init__(self, context: Context) -> None:
        self._settings = context.settings or SentenceSettings()
        self._offline = context.offline

    @cached_property
    def id(self) -> str:
        """The model's name and version; a folder is named by its last part."""
        told = self._settings
        name = told.model.rstrip("/").rpartition("/")[2]
        return f"sentence-transformers-{name}/{told.revision or 'latest'}-{self.dimension}"

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector."""
        told = self._model.get_sentence_embedding_dimension()
        return (
            told
            if told is not None
            else self._model.encode(["a"], show_progress_bar=False).shape[1]
        )

    def embed(self, texts: Sequence[str]) -> Array:
        """One vector a text, in order; what is longer than the model's window is cut."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        found = self._model.encode(list(texts), show_progress_bar=False)
        return unit(np.array(found, np.float32))

    @cached_property
    def _model(self) -> _Model:
        if self._offline:
            os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is first imported
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise PluginError(
                f"the embedder needs the package sentence-transformers: {error}",
                "pip install 'ttrpg-search[sentence-transformers]' (large: it brings torch), or"
                " choose the embedder 'minilm'",
            ) from error
        told = self._settings
        try:
            model = library.SentenceTransformer(
                told.model, revision=told.revision or None, local_files_only=self._offline
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise PluginError(
                f"cannot load the model {told.model}: {error}",
                "Name a folder or a model of the hub: [plugins.sentence-transformers] model = ...",
            ) from error
        return cast("_Model", model)
