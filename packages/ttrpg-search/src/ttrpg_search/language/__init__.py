"""The language of the table as data: what players say, and what the books call it."""

from ttrpg_search.language.loader import load, systems_known
from ttrpg_search.language.model import Concept, Language, Meaning, Phrase, Typo

__all__ = ["Concept", "Language", "Meaning", "Phrase", "Typo", "load", "systems_known"]
