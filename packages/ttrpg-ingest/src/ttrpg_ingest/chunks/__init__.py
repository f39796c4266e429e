"""Chunks: passages that can be found and shown, with what they are and the facts in them."""

from ttrpg_ingest.chunks.cutting import cut, in_place

__all__ = ["cut", "in_place"]
