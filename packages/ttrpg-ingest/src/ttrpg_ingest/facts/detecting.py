"""All that can be told of a book from its text."""

from collections.abc import Sequence

from ttrpg_core.documents import Document, Section
from ttrpg_ingest.facts.genres import genre
from ttrpg_ingest.facts.guess import Facts, Guess
from ttrpg_ingest.facts.imprint import edition, publisher
from ttrpg_ingest.facts.kinds import kind
from ttrpg_ingest.facts.languages import language
from ttrpg_ingest.facts.sample import sample
from ttrpg_ingest.facts.systems import system, usual_genre

SAID = 0.9
"""How sure a language is that the document gives itself; programs fill it in unasked."""

UNSURE = 0.5
"""A language that was heard with less confidence does not contradict the document."""


def detect(document: Document, sections: Sequence[Section], name: str) -> Facts:
    """System, genre, kind, language, edition and publisher; ``name`` is the file's."""
    looked_at = sample(document, sections, name)
    game = system(looked_at)
    spoken = language(looked_at.text)
    said = document.language[:2].lower()
    if said and (said == spoken.value or spoken.confidence < UNSURE):
        spoken = Guess(said, max(SAID, spoken.confidence))
    return Facts(
        system=game,
        genre=genre(looked_at, usual_genre(game.value)),
        kind=kind(looked_at, sections),
        language=spoken,
        edition=edition(document, looked_at),
        publisher=publisher(document, looked_at),
    )
