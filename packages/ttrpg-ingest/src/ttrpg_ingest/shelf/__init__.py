"""The shelf: books onto it and off it, looked over, and out of it again."""

from ttrpg_ingest.shelf.adding import Came, Copied, Failed, Skipped, add, add_all
from ttrpg_ingest.shelf.content import digest
from ttrpg_ingest.shelf.removing import edit, prune, remove
from ttrpg_ingest.shelf.shelving import Added, extent
from ttrpg_ingest.shelf.states import State
from ttrpg_ingest.shelf.upkeep import reindex
from ttrpg_ingest.shelf.wishes import Wishes

__all__ = [
    "Added",
    "Came",
    "Copied",
    "Failed",
    "Skipped",
    "State",
    "Wishes",
    "add",
    "add_all",
    "digest",
    "edit",
    "extent",
    "prune",
    "reindex",
    "remove",
]
