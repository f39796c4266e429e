"""Facts about a book: what game it is for, how it was read; each with how sure that is."""

from ttrpg_ingest.facts.detecting import detect
from ttrpg_ingest.facts.guess import Facts, Guess
from ttrpg_ingest.facts.quality import quality

__all__ = ["Facts", "Guess", "detect", "quality"]
