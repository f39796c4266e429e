"""The shelf under its earlier name."""

from ttrpg_ingest.shelf import Added, add, digest, extent, prune, reindex, remove

__all__ = ["Added", "add", "digest", "extent", "prune", "reindex", "remove"]
