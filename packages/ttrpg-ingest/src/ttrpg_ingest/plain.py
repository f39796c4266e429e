"""Bytes to text for the formats that are text: bounded, and clear about what is none."""

import re
from pathlib import Path

from ttrpg_core.documents import HEAD_BYTES
from ttrpg_core.errors import ParseError
from ttrpg_ingest.formats import decode, kind

_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
MAX_BYTES = 24_000_000
"""Largest text that is read; the longest rule books have a fifteenth of it."""


def read(path: Path) -> str:
    """The text of a file with its lines ended by line feeds. ParseError when it is no text."""
    data = bytes_of(path, MAX_BYTES)
    try:
        text = decode(data)
    except ValueError as error:
        known = kind(data[:HEAD_BYTES])
        raise ParseError(
            f"{path.name} is {known or 'no text'}: {error}",
            "Save it as UTF-8 text" if not known else "",
            source=path.name,
        ) from error
    if not text.strip():
        raise ParseError(f"{path.name} has no text in it", source=path.name)
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def bytes_of(path: Path, most: int) -> bytes:
    """The bytes of a file of text. ParseError when there are more than ``most``."""
    data = first_bytes(path, most + 1)
    if len(data) > most:
        raise ParseError(
            f"{path.name} has more than {most // 1_000_000} MB of text",
            "Split it into several books",
            source=path.name,
        )
    return data


def first_bytes(path: Path, count: int) -> bytes:
    """The first bytes of a file. ParseError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise ParseError(
            f"{path.name} cannot be read: {error.strerror}", source=path.name
        ) from error
