"""OpenAI's own vocabulary, where the user has tiktoken and has let it fetch that once before.

tiktoken downloads a vocabulary when it is first used. That would be a request nobody asked for, so
it is used only when the file lies where it keeps it, whole: then it opens no connection.
"""

import functools
import hashlib
import importlib
import os
import tempfile
from pathlib import Path
from typing import Protocol, cast

NAME = "o200k_base"
"""That of every model since GPT-4o; the older ones come to much the same."""
_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


class _Encoding(Protocol):
    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of a text, in which nothing is taken for a mark of the protocol."""
        ...


def count(text: str) -> int | None:
    """The tokens of a text; None where tiktoken or its vocabulary is not here."""
    known = _encoding()
    return None if known is None else len(known.encode_ordinary(text))


def kept() -> Path | None:
    """Where tiktoken keeps the vocabulary; None where the user told it to keep none."""
    chosen = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if chosen == "":
        return None
    folder = Path(chosen) if chosen else Path(tempfile.gettempdir()) / "data-gym-cache"
    return folder / hashlib.sha1(_URL.encode(), usedforsecurity=False).hexdigest()


@functools.cache
def _encoding() -> _Encoding | None:
    path = kept()
    try:
        if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
            return None
        tiktoken = importlib.import_module("tiktoken")
    except (OSError, ImportError):
        return None
    return cast("_Encoding", tiktoken.get_encoding(NAME))
