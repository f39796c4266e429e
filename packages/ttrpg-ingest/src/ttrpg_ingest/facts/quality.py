"""How well a book was read: what was found in it, and what seems to be wrong."""

import re
from collections import Counter
from collections.abc import Sequence

from ttrpg_core.documents import Chunk, Document, Notice, Section

WEIGHTS = {"text": 0.35, "order": 0.3, "structure": 0.2, "coverage": 0.15}
"""What each score counts in the whole."""
GRADES = ((0.85, "excellent"), (0.7, "good"), (0.5, "fair"))
"""The least score of each grade; below all of them a reading is poor."""
PAGE_HEADINGS = 0.5
"""Headings a page, or for each 400 words, of a book that is well structured."""
WORDS_A_PAGE = 400
_WORD = re.compile(r"\S+")
_SOUND = re.compile(r"[^\w\s]*[^\W_]+(?:[-'\u2019/.,:+][^\W_]+)*[^\w\s]*\Z|[^\w\s]+\Z")
_ENDED = re.compile(r"[.!?:;)\]\"'\u201d\u2019*_|>]\s*\Z")
_BEGUN = re.compile(r"\W*[^\W\d_a-z\u00df-\u00f6\u00f8-\u00ff]|\W*\d|\W+\Z")
_LISTED = re.compile(r"\s*(?:[-*+\u2022\u25e6\u25aa]\s|\d+[.)]\s|>)")
_GLUED = 24
"""Letters of a word that is rather several without their spaces."""
LABEL_WORDS = 8
"""A shorter paragraph may be a label or a title, which ends without a sign."""
SAMPLE = 400
"""Sections that are looked at word by word."""


def quality(
    document: Document,
    sections: Sequence[Section],
    notices: Sequence[Notice],
    chunks: Sequence[Chunk],
) -> dict[str, object]:
    """Counts, scores from 0 to 1, and ``overall``: excellent, good, fair or poor.

    ``text``: share of words that look like words. ``order``: share of joints between paragraphs
    that read on: a paragraph that ends in the middle of a sentence is followed by one that begins
    in the middle of one, and the other way round; columns read across break both. ``structure``:
    headings for the length. ``coverage``: share of the pages that have a text.
    """
    pages = document.pages or 1 + max((section.page or 0 for section in sections), default=0)
    with_text = {section.page for section in sections if section.text.strip()}
    empty = (
        sorted(set(range(pages)) - with_text) if document.pages and None not in with_text else []
    )
    kinds = Counter(chunk.kind for chunk in chunks)
    headings = sum(1 for section in sections if section.heading and section.level)
    words = sum(len(section.text) for section in sections) // 6
    due = PAGE_HEADINGS * max(1, words / WORDS_A_PAGE)
    scores = {
        "text": text_score(sections),
        "order": order_score(sections),
        "structure": min(1.0, headings / due),
        "coverage": 1 - len(empty) / pages if words else 0.0,
    }
    total = sum(weight * scores[name] for name, weight in WEIGHTS.items())
    return {
        "overall": next((grade for least, grade in GRADES if total >= least), "poor"),
        "score": round(total, 2),
        **{name: round(score, 3) for name, score in scores.items()},
        "pages_without_text": [page + 1 for page in empty],
        "labelled_pages": len({section.page for section in sections if section.label}),
        "headings": headings,
        "tables": sum(section.kind == "table" for section in sections)
        or kinds["table"] + kinds["random_table"],
        "kinds": dict(sorted(kinds.items())),
        "gm_only": sum(chunk.gm_only for chunk in chunks),
        "notices": len(notices),
    }


def text_score(sections: Sequence[Section]) -> float:
    """Share of words that look like words: letters that belong together, not endlessly many."""
    step = max(1, len(sections) // SAMPLE)
    total = sound = 0
    for section in sections[::step]:
        if section.kind in {"table", "code"}:
            continue
        words = _WORD.findall(section.text[:4000])
        total += len(words)
        sound += sum(1 for word in words if len(word) <= _GLUED and _SOUND.match(word))
    return sound / total if total else 0.0


def order_score(sections: Sequence[Section]) -> float:
    """Share of the joints between paragraphs of running text that read on."""
    step = max(1, len(sections) // (4 * SAMPLE))
    joints = good = 0
    for section in sections[::step]:
        if section.kind:
            continue
        before = ""
        for text in section.text.split("\n\n"):
            if not text.strip() or "|" in text or _LISTED.match(text):
                before = ""
                continue
            if before:
                joints += 1
                good += _reads_on(before, text)
            before = text
    return good / joints if joints else 1.0


def _reads_on(before: str, text: str) -> bool:
    ended = _ENDED.search(before) is not None or len(before.split()) < LABEL_WORDS
    begun = _BEGUN.match(text) is not None
    return begun if ended else not begun
