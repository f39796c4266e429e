"""What a vault keeps of itself: of which campaign it is, for whom, and what each page said."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ttrpg_core.errors import InputError, NotFound

PLACE = Path(".ttrpg") / "vault.json"
FORMAT = "ttrpg.vault"
VERSION = 1


@attrs.frozen
class Page:
    """A page as it was written: the entity that it is of, and its values."""

    ref: str
    values: Mapping[str, Any]


@attrs.frozen
class Manifest:
    """A vault as it was written; ``pages`` by their paths in it, with ``/``."""

    campaign: str
    viewer: str
    at: str
    pages: Mapping[str, Page]

    def text(self) -> str:
        """The file's content."""
        head = {"format": FORMAT, "version": VERSION}
        return json.dumps({**head, **attrs.asdict(self)}, ensure_ascii=False, indent=1) + "\n"


def read(folder: Path) -> Manifest:
    """The manifest of a vault. NotFound when a folder has none, InputError when it is damaged."""
    try:
        text = (folder / PLACE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"{folder} is no vault of ttrpg", "Make one: ttrpg vault export FOLDER"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {folder / PLACE}", "Export into a new folder") from error
    try:
        data = json.loads(text)
        version = data["version"]
        pages = {
            str(path): Page(str(each["ref"]), dict(each["values"]))
            for path, each in data["pages"].items()
        }
        found = Manifest(str(data["campaign"]), str(data["viewer"]), str(data["at"]), pages)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{folder / PLACE} is damaged", "Export into a new folder, and copy your edits over"
        ) from error
    if data.get("format") != FORMAT or version != VERSION:
        raise InputError(f"{folder} is a vault of another version", "Export into a new folder")
    return found
