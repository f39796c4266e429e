"""Speech and sound: the package's place is kept, its engines are to come."""

from collections.abc import Iterable

from ttrpg_core import Speaker, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_speakers() -> Iterable[Speaker]:
    """None in this release; README.md says what is to come."""
    return ()
