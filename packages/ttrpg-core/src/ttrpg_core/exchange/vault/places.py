"""Where the pages of a vault are: found by the reference in each, wherever somebody moved it."""

import re
from collections.abc import Iterable
from pathlib import Path

from ttrpg_core.errors import InputError
from ttrpg_core.exchange.vault import folder as files
from ttrpg_core.exchange.vault import page
from ttrpg_core.exchange.vault.front import FENCE
from ttrpg_core.exchange.vault.manifest import Manifest

_CLAIM = re.compile(rf"""^{page.REF}[ \t]*:[ \t]*["']?([^"'\r\n]*?)["']?[ \t\r]*$""", re.MULTILINE)


def claimed(text: str) -> str:
    """The reference that a page says it is of, "" where it says none."""
    head, fence, _ = text.partition("\n" + FENCE)
    found = _CLAIM.search(head) if fence and head.startswith(FENCE) else None
    return "" if found is None else found[1]


def places(folder: Path, known: Manifest, paths: Iterable[str]) -> dict[str, str]:
    """The page of each reference of a vault that has one: where it was, else wherever it is.

    A page that says nothing is of what was written there. Of several that say the same, the first
    is it and the others are copies.
    """
    wanted = {each.ref: path for path, each in known.pages.items() if each.ref}
    found: dict[str, str] = {}
    for path in paths:
        try:
            told = claimed(files.read(folder, path))
        except InputError:  # it is still the page that was written there
            told = ""
        here = known.pages.get(path)
        reference = told or (here.ref if here is not None else "")
        if reference in wanted and (reference not in found or wanted[reference] == path):
            found[reference] = path
    return found


def stem(path: str) -> str:
    """The name of a page without its folder and its ending."""
    return path.rpartition("/")[2].removesuffix(".md")


def beside(path: str, title: str) -> str:
    """The page with a title in the folder of another page."""
    above, slash, _ = path.rpartition("/")
    return f"{above}{slash}{title}.md"
