"""Validation of what comes from outside: names, texts, paths.

Shape is checked, never vocabulary: a note may say ``<script>`` or ``DROP TABLE`` and comes back
exactly. What would break a terminal, a file name or a table row is refused, with where and why.
"""

import contextlib
import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ttrpg_core.errors import Ambiguous, InputError, NotFound

NAME_MAX = 200
"""Longest name of a campaign, book, NPC ..., in characters."""
TEXT_MAX = 100_000
"""Longest note or description, in characters."""
PATH_MAX = 4096
"""Longest path, in characters."""
QUERY_MAX = 1000
"""Longest search query, in characters."""

SLUG_MAX = 40
"""Longest id made from a name, in characters, before a number is added."""
SHOWN = 8
"""Names that a hint lists."""

_UNKEPT = re.compile("[\0\ud800-\udfff]")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ACTED_ON = re.compile(f"[\x7f-\x9f\ud800-\udfff{''.join(sorted(_BIDI))}]")
"""What :func:`json.dumps` leaves as it is of what :func:`printable` does not."""


def name(value: str, what: str = "name") -> str:
    """A one-line name, trimmed and in NFC.

    Raises InputError when nothing of it can be seen, when it is longer than NAME_MAX, or has a
    control character or one that reverses the direction of text: such a name could hide or forge
    a line of output.
    """
    _length(value, 10 * NAME_MAX, what)  # before the work of normalising
    cleaned = unicodedata.normalize("NFC", value).strip()
    _length(cleaned, NAME_MAX, what)
    for column, char in enumerate(cleaned, 1):
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in _BIDI:
            raise InputError(
                f"the {what} has a control character (U+{ord(char):04X}) at column {column}",
                "Names are one line of ordinary text",
            )
    if not any(unicodedata.category(char)[0] in "LNPS" for char in cleaned):
        raise InputError(f"the {what} is empty", "Give it at least one visible character")
    return cleaned


def text(value: str, what: str = "text", longest: int = TEXT_MAX) -> str:
    """A text of any words, kept exactly as it is.

    Raises InputError when it is longer than ``longest`` or has a NUL or a lone surrogate, which
    the database cannot keep.
    """
    _length(value, longest, what)
    found = _UNKEPT.search(value)
    if found:
        raise InputError(
            f"the {what} has a character that cannot be kept (U+{ord(found[0]):04X}) at"
            f" position {found.start()}",
            "Save it as UTF-8 text and try again",
        )
    return value


def query(value: str) -> str:
    """A search query: like :func:`text`, not empty, at most QUERY_MAX characters."""
    if not value.strip():
        raise InputError(
            "the query is empty", 'Say what to look for: ttrpg search "opportunity attack"'
        )
    return text(value, "query", QUERY_MAX)


def readable_file(value: str | os.PathLike[str], inside: Path | None = None) -> Path:
    """A path to an ordinary file that can be read, with links resolved.

    ``inside`` is a folder that the file must lie in. Raises NotFound when there is nothing, and
    InputError for a folder, a device, a socket, a pipe, or a file outside.
    """
    path = _resolve(value)
    if inside is not None and not path.is_relative_to(inside.resolve()):
        raise InputError(f"{value} is outside {inside}", f"Move it into {inside}")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"there is no file {value}", _nearby(path)) from error
    except OSError as error:
        raise InputError(
            f"cannot look at {value}: {error.strerror}", "Check the path and its permissions"
        ) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{value} is a folder", "Name a file in it")
    if not stat.S_ISREG(mode):
        raise InputError(
            f"{value} is not an ordinary file", "Devices, pipes and sockets are not read"
        )
    if not os.access(path, os.R_OK):
        raise InputError(f"{value} may not be read", f"Allow it: chmod u+r {path}")
    return path


def writable_file(
    value: str | os.PathLike[str], *, force: bool = False, ours: Iterable[Path] = ()
) -> Path:
    """A path where a file can be written, with links resolved.

    An ordinary file that is there is kept unless ``force``; what is in ``ours``, or in a folder of
    them, is kept always, so that no export replaces the database. Raises NotFound when the folder
    is missing, and InputError for a folder, a device, a socket or a pipe.
    """
    path = _resolve(value)
    for own in ours:
        if _is_within(path, own):
            raise InputError(f"{value} belongs to ttrpg itself", "Name a file somewhere else")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        if not path.parent.exists():
            raise NotFound(
                f"there is no folder {path.parent}", "Make it first, or name another"
            ) from error
        return path
    except NotADirectoryError as error:
        raise InputError(
            f"{value} cannot be written: part of its path is a file", "Name another folder"
        ) from error
    except OSError as error:
        raise InputError(
            f"cannot look at {value}: {error.strerror}", "Check the path and its permissions"
        ) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{value} is a folder", "Name a file in it")
    if not stat.S_ISREG(mode):
        raise InputError(
            f"{value} is not an ordinary file", "Devices, pipes and sockets are not written to"
        )
    if not force:
        raise InputError(f"{value} is there already", "--force replaces it")
    return path


def slug(value: str) -> str:
    """A short, stable id from a name: ``"The Sunken Keep" -> "the-sunken-keep"``.

    Accents are folded; a name without a letter or digit in ASCII becomes ``"x"`` and its code
    points in hexadecimal, so that every name has an id.
    """
    folded = "".join(
        char if char.isalnum() else "" if char in "'\u2019" or unicodedata.combining(char) else " "
        for char in unicodedata.normalize("NFKD", value).casefold()
    )
    words = folded.encode("ascii", "ignore").decode().split()
    if not words:
        return "x" + "-".join(f"{ord(char):x}" for char in value[:6])
    short = words[0][:SLUG_MAX]
    for word in words[1:]:
        if len(short) + 1 + len(word) > SLUG_MAX:
            break
        short += f"-{word}"
    return short


def unique_slug(value: str, taken: Iterable[str]) -> str:
    """The slug of a name, with ``-2``, ``-3`` ... when it is taken."""
    used = frozenset(taken)
    base = slug(value)
    number, candidate = 1, base
    while candidate in used:
        number += 1
        candidate = f"{base}-{number}"
    return candidate


def match(wanted: str, names: Iterable[tuple[str, str]], what: str) -> str:
    """The id that ``wanted`` means among ``(id, name)`` pairs.

    An exact id wins, so that everything can be named; then an exact name, then a unique beginning
    of either, then of any word in them ("salt" for The Salt Lantern), without regard to case.
    Raises Ambiguous with the candidates, or NotFound with the nearest.
    """
    pairs = [(key, _folded(key), _folded(label)) for key, label in names]
    folded = _folded(wanted)
    found = (
        [key for key, _, _ in pairs if key == wanted.strip()]
        or [key for key, short, _ in pairs if short == folded]
        or [key for key, _, label in pairs if label == folded]
        or [
            key
            for key, short, label in pairs
            if folded and (short.startswith(folded) or label.startswith(folded))
        ]
        or [
            key
            for key, short, label in pairs
            if folded and (f"-{folded}" in short or f" {folded}" in label)
        ]
    )
    if len(found) == 1:
        return found[0]
    if found:
        found.sort()
        hint = "" if len(found) <= SHOWN else f"Did you mean: {', '.join(found[:SHOWN])} ..."
        several = "things" if " or " in what else f"{what}s"
        raise Ambiguous(f"{wanted!r} fits {len(found)} {several}", tuple(found), hint)
    raise NotFound(f"there is no {what} {wanted!r}", nearest(wanted, [key for key, _, _ in pairs]))


def nearest(wanted: str, known: Iterable[str]) -> str:
    """A hint for a name that is not there: the nearest ones, or all when they are few."""
    import difflib

    names = sorted(known)
    folded = {_folded(each): each for each in names}
    word = _folded(wanted)
    close = []
    if len(word) <= 3 * max(map(len, folded), default=0):  # a longer one shares less than 0.6
        close = difflib.get_close_matches(word, folded, n=3, cutoff=0.6)
    if close:
        return "Did you mean: " + ", ".join(folded[each] for each in close)
    if not names:
        return "There are none yet"
    return f"There are: {', '.join(names[:SHOWN])}" + (" ..." if len(names) > SHOWN else "")


def printable(value: str) -> str:
    """A text made safe for a terminal: control characters but newline and tab become visible."""
    return "".join(
        char
        if char in "\n\t" or (unicodedata.category(char) not in {"Cc", "Cs"} and char not in _BIDI)
        else f"\\u{ord(char):04x}"
        for char in value
    )


def printable_json(value: str) -> str:
    """JSON in which what a terminal might act on is escaped; it says the same as before."""
    return _ACTED_ON.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def _folded(value: str) -> str:
    """A name as it is compared: however it was typed or composed."""
    return unicodedata.normalize("NFC", value).strip().casefold()


def _length(value: str, longest: int, what: str) -> None:
    if len(value) > longest:
        raise InputError(
            f"the {what} has {len(value):,} characters; at most {longest:,} are kept",
            "Shorten it, or split it in two",
        )


def _resolve(value: str | os.PathLike[str]) -> Path:
    raw = os.fspath(value)
    _length(raw, PATH_MAX, "path")
    if "\0" in raw:
        raise InputError("the path has a NUL character", "Type it again")
    try:
        return Path(raw).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: it cannot be encoded
        raise InputError(f"cannot follow the path {raw}: {error}", "Check its links") from error


def _is_within(path: Path, own: Path) -> bool:
    """Whether a path is a file or folder of ours or lies in it, by any spelling of its name."""
    own = own.resolve()
    if path.is_relative_to(own):
        return True
    for each in (path, *path.parents):  # a disk may ignore case, and a file have a second name
        with contextlib.suppress(OSError):
            if each.samefile(own):
                return True
    return False


def _nearby(path: Path) -> str:
    import difflib

    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"There is no folder {path.parent} either"
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean {path.parent / close[0]}?" if close else f"Look in {path.parent}"
