"""Genre packs and systems: the package's place is kept, its packs are to come."""

from collections.abc import Iterable

from ttrpg_core import Genre, System, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_genres() -> Iterable[Genre]:
    """None in this release; README.md says what is to come."""
    return ()


@hookimpl
def ttrpg_systems() -> Iterable[System]:
    """None in this release; README.md says what is to come."""
    return ()
