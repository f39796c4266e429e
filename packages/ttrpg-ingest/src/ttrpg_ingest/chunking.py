"""The old name of :mod:`ttrpg_ingest.chunks`."""

from ttrpg_ingest.chunks import cut

__all__ = ["cut"]
