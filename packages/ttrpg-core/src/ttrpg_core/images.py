"""Images of rows as the journal keeps them: what a row was whole, and what it became as it differs.

Most changes change a word in a row of thousands, and each would be written down twice. So an image
after a change is, where there is one before, a list with the columns that are different; of a long
text, a list of how many characters it begins and ends with as before, and what is between them.
"""

import json
from typing import Any

from ttrpg_core.rows import Row, dump, exact, load, plain

_LONG = 80
"""Characters from which a text is written as it differs."""


def after(old: Row | None, new: Row | None) -> str | None:
    """The image of ``new``, as far as it differs from ``old``; whole where that has other columns.

    None where there is no row any more.
    """
    if old is None or new is None or list(old) != list(new):
        return dump(new)
    was, now = plain(old), plain(new)
    different = {
        name: _piece(was[name], value) for name, value in now.items() if not _same(was[name], value)
    }
    return json.dumps([different], ensure_ascii=False, separators=(",", ":"))


def became(before: str | None, image: str | None) -> Row | None:
    """The row of an image that :func:`after` made; ``before`` is the one beside it."""
    if before is None or image is None or not image.startswith("["):
        return load(image)
    (different,) = json.loads(image)
    row: dict[str, Any] = json.loads(before)
    for name, value in different.items():
        if isinstance(value, list):
            start, end, middle = value
            old = row[name]
            row[name] = f"{old[:start]}{middle}{old[len(old) - end :]}"
        else:
            row[name] = value
    return exact(row)


def _same(old: Any, new: Any) -> bool:
    """Whether two values are written alike: 1 is not 1.0, nor 0.0 -0.0."""
    if type(old) is str and type(new) is str:
        return old == new
    return json.dumps(old) == json.dumps(new)


def _piece(old: Any, new: Any) -> Any:
    """A value, or what of a long text is not as it was."""
    if not (type(old) is str and type(new) is str) or len(new) < _LONG:
        return new
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = new[start : len(new) - end]
    return [start, end, middle] if len(middle) + 20 < len(new) else new


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike, found by halves: SQLite's texts are long."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
