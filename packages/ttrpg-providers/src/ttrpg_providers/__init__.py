"""Language models: the package's place is kept, its providers are to come."""

from collections.abc import Iterable

from ttrpg_core import Provider, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_providers() -> Iterable[Provider]:
    """None in this release; README.md says what is to come."""
    return ()
