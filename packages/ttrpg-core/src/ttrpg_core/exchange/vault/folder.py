"""The files of a vault: found without following links out of it, read up to a limit."""

import os
from collections.abc import Iterator
from pathlib import Path

from ttrpg_core.errors import InputError, StoreError

MOST_PAGES = 50_000
LONGEST_PAGE = 1_000_000
"""Bytes of one page."""


def pages(folder: Path) -> Iterator[str]:
    """The paths of the Markdown files in a vault, with ``/``, in order; nothing hidden, no links.

    InputError when there are more than anybody wrote by hand.
    """
    found: list[str] = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            path = Path(where) / name
            if name.startswith(".") or path.suffix.casefold() != ".md" or path.is_symlink():
                continue
            found.append(path.relative_to(folder).as_posix())
        if len(found) > MOST_PAGES:
            raise InputError(f"{folder} has over {MOST_PAGES:,} pages", "Is it the right folder?")
    return iter(sorted(found))


def read(folder: Path, page: str) -> str:
    """The text of a page. InputError where it is none."""
    path = folder / page
    try:
        if not path.is_file() or path.stat().st_size > LONGEST_PAGE:
            raise InputError(f"{page} is no page of up to {LONGEST_PAGE:,} bytes", "Split it")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{page} is no text in UTF-8", "Save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot read {page}: {error.strerror}", "Check the file") from error
    return text


def put_aside(folder: Path, page: str) -> None:
    """Move a page into ``.trash``, where Obsidian keeps what it deletes: somebody wrote in it."""
    path = place(folder, page)
    if not path.is_file():
        return
    target, number = place(folder, f".trash/{page}"), 1
    while target.exists():
        number += 1
        target = place(folder, f".trash/{page.removesuffix('.md')} {number}.md")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    except OSError as error:
        raise StoreError(
            f"cannot move {page} to {target}: {error.strerror}", "Mend the folder's permissions"
        ) from error


def place(folder: Path, page: str) -> Path:
    """Where a page is written; StoreError where a link leads it out of the vault."""
    path = folder / page
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StoreError(
            f"{page} leads out of {folder} by a link", "Take the link away, or use a new folder"
        )
    return path
