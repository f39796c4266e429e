"""The entry points of what is installed, read straight from the disk.

``importlib.metadata`` answers the same, but importing it alone costs more than discovering fifty
plugins this way: it brings the email package and the sockets behind that. Only for a place that is
no folder, such as a zip file on the path, is it asked. See docs/decisions/0010.
"""

import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NAMED = re.compile(r"(?P<name>.+?)(?:-(?P<version>[^-]+))?(?:-py\d.*)?\.(?:dist|egg)-info\Z")
_LIMIT = 1_000_000
"""Largest entry_points.txt that is read, in bytes; real ones have a few hundred."""


class Point(NamedTuple):
    """One entry point: its name, ``module`` or ``module:attribute``, and where it comes from."""

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> object:
        """Import it."""
        module, _, attribute = self.value.partition("[")[0].strip().partition(":")
        loaded: object = importlib.import_module(module.strip())
        for part in filter(None, attribute.strip().split(".")):
            loaded = getattr(loaded, part)
        return loaded


class Unreadable(NamedTuple):
    """A distribution whose entry points cannot be read, and why."""

    distribution: str
    error: Exception


def points(group: str, path: Iterable[str] | None = None) -> Iterator[Point | Unreadable]:
    """The entry points of a group; of two copies of a distribution, the first on the path counts.

    ``path`` is ``sys.path`` unless given.
    """
    seen: set[str] = set()
    for place in sys.path if path is None else path:
        for distribution, version, text in _distributions(place or "."):
            if distribution in seen:
                continue
            seen.add(distribution)
            if isinstance(text, Exception):
                yield Unreadable(distribution, text)
                continue
            for name, value in _section(text, group):
                yield Point(name, value, distribution, version)


def _distributions(place: str) -> Iterator[tuple[str, str, str | Exception]]:
    """Name, version and entry points of each distribution in a place; most have no points."""
    try:
        names = sorted(os.listdir(place))  # noqa: PTH208 - a Path for each would be half the work
    except NotADirectoryError:
        yield from _elsewhere(place)
        return
    except (OSError, ValueError):  # not there, or no path at all
        return
    for name in names:
        if not name.endswith((".dist-info", ".egg-info")):
            continue
        found = _NAMED.match(name)
        if found is None:
            continue
        label = normalised(found["name"])
        try:
            with open(os.path.join(place, name, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123 - as above
                yield label, found["version"] or "", file.read(_LIMIT).decode("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            yield label, found["version"] or "", ""
        except (OSError, UnicodeDecodeError) as error:
            yield label, "", error


def _elsewhere(place: str) -> Iterator[tuple[str, str, str | Exception]]:
    """The same of a place that is no folder, through importlib.metadata."""
    from importlib import metadata

    for dist in metadata.distributions(path=[place]):
        try:
            name = normalised(dist.metadata["Name"])
            yield name, dist.version, dist.read_text("entry_points.txt") or ""
        except Exception as error:  # noqa: BLE001 - the metadata of others may be broken in any way
            yield place, "", error


def _section(text: str, group: str) -> Iterator[tuple[str, str]]:
    """The lines ``name = value`` of one section of an entry_points.txt."""
    inside = False
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            inside = line[1:-1].strip() == group
        elif inside and "=" in line:
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def normalised(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503): ``Ttrpg_Hello -> ttrpg-hello``."""
    return re.sub(r"[-_.]+", "-", name).lower()
