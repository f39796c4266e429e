"""What the kernel itself brings: its tables."""

from collections.abc import Iterable

from ttrpg_core.entries import Schema
from ttrpg_core.hooks import hookimpl


@hookimpl
def ttrpg_schemas() -> Iterable[Schema]:
    """The kernel's tables."""
    yield Schema("ttrpg-core", "Journal, audit, campaigns, library", "ttrpg_core.schema:tables")
