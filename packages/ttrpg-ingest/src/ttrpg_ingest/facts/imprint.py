"""Edition and publisher, from what the document says of itself or prints on its first pages."""

import re

from ttrpg_core.documents import Document
from ttrpg_ingest.facts.guess import Guess
from ttrpg_ingest.facts.sample import Sample

_EDITION = (
    (re.compile(r"\b(?:SRD|System Reference Document|SRD CC)\W{0,3}v?(\d\.\d(?:\.\d)?)\b"), 0.9),
    (
        re.compile(
            r"\b((?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|revised|"
            r"deluxe|anniversary) edition)\b",
            re.IGNORECASE,
        ),
        0.7,
    ),
    (
        re.compile(
            r"\b(\d{1,2}\. Auflage|\d[ea] \u00e9dition|\d\u00aa edici\u00f3n)\b", re.IGNORECASE
        ),
        0.7,
    ),
    (re.compile(r"\b(?:version|release|v)\.? ?(\d{1,2}\.\d{1,3}(?:\.\d+)?)\b", re.IGNORECASE), 0.6),
)
_NAME = r"([A-Z][\w&'\u2019.-]*(?:[ ,]+(?:of|the|and|&|[A-Z][\w&'\u2019.-]*)){0,5})"
_PUBLISHED = re.compile(rf"\b[Pp]ublished by {_NAME}")
_COPYRIGHT = re.compile(
    rf"(?:\u00a9|\([cC]\)|[Cc]opyright)[\s,]*(?:\u00a9\s*)?(?:\d{{4}}(?:\s*[-\u2013,]\s*\d{{4}})*)[,\s]*(?:by\s+)?{_NAME}"
)
_COMPANY = re.compile(
    r"\b(?:Games?|Publishing|Press|Inc|LLC|Ltd|Productions?|Studios?|Entertainment|Verlag|"
    r"Coast|Media|Books|GmbH)\b"
)
LONGEST = 60
"""Characters of a publisher's name."""


def edition(document: Document, looked_at: Sample) -> Guess:
    """The edition: the document's own, else the first that its title or first pages name."""
    if document.edition:
        return Guess(document.edition, 1.0)
    for text, share in (
        (f"{document.title} {looked_at.title.title()}", 1.0),
        (looked_at.start, 0.9),
    ):
        for pattern, sure in _EDITION:
            found = pattern.search(text.replace("_", " "))
            if found:
                return Guess(found[1], round(sure * share, 2))
    return Guess()


def publisher(document: Document, looked_at: Sample) -> Guess:
    """The publisher: the document's own, else a company that printed or copyrighted the book."""
    if document.publisher:
        return Guess(document.publisher, 1.0)
    published = _PUBLISHED.search(looked_at.start)
    if published:
        return Guess(_tidy(published[1]), 0.8)
    for found in _COPYRIGHT.finditer(looked_at.start):
        if _COMPANY.search(found[1]):
            return Guess(_tidy(found[1]), 0.7)
    return Guess()


def _tidy(name: str) -> str:
    return " ".join(name.split()).partition(". ")[0][:LONGEST].rstrip(" ,.")
