"""What a question turned out to mean."""

from typing import NamedTuple

from ttrpg_core.search import Step, Term
from ttrpg_search.asking.filters import Filter


class Asked(NamedTuple):
    """A question understood.

    ``text`` is what remains of it without filters, as typed; ``plain`` the same with its spelling
    mended, and ``spoken`` with its abbreviations written out, as vectors are asked. ``corrected``
    is ``plain`` where it differs, else "". ``terms`` are for the words; the first ``words`` of
    them are the question's own, the rest are what it describes. ``phrases`` must stand in a
    passage as they are, ``absent`` must not. ``natural`` says that it reads like a sentence rather
    than a name. ``unknown`` words are in no book; ``suggested`` is the question as it may have
    been meant, where that is not sure.
    """

    text: str
    plain: str
    spoken: str
    corrected: str
    terms: tuple[Term, ...]
    words: int
    absent: tuple[str, ...]
    phrases: tuple[str, ...]
    filters: tuple[Filter, ...]
    natural: bool
    unknown: tuple[str, ...] = ()
    suggested: str = ""
    steps: tuple[Step, ...] = ()
