"""A sample of a book, small enough to look at closely: its names, its headings, three passages."""

from collections.abc import Sequence

import attrs

from ttrpg_core.documents import Document, Section

PASSAGE = 5000
"""Characters taken from the start, the middle and the end."""
HEADINGS = 20_000
"""Characters of headings, each heading once."""


@attrs.frozen
class Sample:
    """``title`` is the document's and the file's name; ``text`` the passages; all lower case.

    ``start`` is the first passage as it was written.
    """

    title: str
    headings: str
    text: str
    start: str


def sample(document: Document, sections: Sequence[Section], name: str) -> Sample:
    """The sample of a book."""
    headings: dict[str, None] = {}
    for section in sections:
        if section.heading:
            headings.setdefault(section.heading.lower())
    passages = [_from(sections, share) for share in (0.0, 0.5, 1.0)]
    title = f"{document.title}\n{name}".replace("_", " ").replace("-", " ")
    return Sample(
        f" {title.lower()} ",
        "\n".join(headings)[:HEADINGS],
        "\n".join(passages).lower(),
        passages[0],
    )


def _from(sections: Sequence[Section], share: float) -> str:
    """A passage that begins, or for the whole share ends, at this share of the sections."""
    parts: list[str] = []
    size = 0
    at = int(share * len(sections))
    order = reversed(sections) if share >= 1 else iter(sections[at:])
    for section in order:
        parts.append(f"{section.heading}\n{section.text}")
        size += len(parts[-1])
        if size >= PASSAGE:
            break
    if share >= 1:
        return "\n".join(reversed(parts))[-PASSAGE:]
    return "\n".join(parts)[:PASSAGE]
