"""Any model of sentence-transformers; an extra, which brings torch."""

import os
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

import attrs
import numpy as np

from ttrpg_core.context import Context
from ttrpg_core.errors import PluginError
from ttrpg_core.settings import setting
from ttrpg_search.embed.arrays import Array, unit
from ttrpg_search.embed.folder import NAME, digest
from ttrpg_search.extras import lacking, needed

_EXTRA = "sentence-transformers"
_WORDS = ("the embedder 'sentence-transformers'", "'minilm', which needs no torch")


@attrs.frozen
class SentenceSettings:
    """``[plugins.sentence-transformers]``."""

    model: str = setting(
        f"sentence-transformers/{NAME}", "Name of a model on the hub, or a folder with one."
    )
    revision: str = setting(
        "", "Version of a model on the hub, such as a commit; empty takes the latest."
    )


class _Model(Protocol):
    """What of ``SentenceTransformer`` is used here."""

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> Array: ...


class SentenceTransformers:
    """The library's own model; fetched from the hub by it, except when offline is set."""

    def __init__(self, context: Context) -> None:
        if find_spec("sentence_transformers") is None:
            raise lacking(_EXTRA, *_WORDS)
        self._settings = context.settings or SentenceSettings()
        self._offline = context.offline
        self._cache = None if context.folder == Path() else context.folder / "weights.json"

    @cached_property
    def id(self) -> str:
        """The model's name and version; a folder is known by its weights."""
        told = self._settings
        name = told.model.rstrip("/").rpartition("/")[2]
        version = told.revision or "latest"
        weights = Path(told.model).expanduser() / "model.safetensors"
        if weights.is_file():
            version = digest(weights, self._cache)[:12]
        return f"sentence-transformers-{name}/{version}-{self.dimension}"

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector: of one that is made, as its name for that has changed."""
        return int(self._model.encode(["a"], show_progress_bar=False).shape[1])

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
        library = needed("sentence_transformers", _EXTRA, *_WORDS)
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
