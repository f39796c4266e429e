"""What the static embedding learns from: rule books with free licences, and WordNet's glosses.

Rules: SRD 5.1 and 5.2 (CC-BY-4.0), Fate Core and Fate Condensed (CC-BY-3.0) as Markdown. Words of
everyday English, which players ask in and rules avoid: WordNet 3.0 (Princeton's permissive
licence), from Debian's package wordnet-base. The gold questions of the test data are not read here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

RULES = (
    "rules/md/dnd5e-srd-5.1",
    "rules/md/dnd5e-srd-5.2",
    "rules/md/fate",
)
SOURCES = (
    "System Reference Document 5.1 and 5.2 by Wizards of the Coast LLC (CC-BY-4.0)",
    "Fate Core and Fate Condensed by Evil Hat Productions, LLC (CC-BY-3.0)",
    "WordNet 3.0 by Princeton University (WordNet licence)",
    "vectors of the model sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)",
)
"""Whose work the vectors were learnt from; it stands in the file."""
SHORTEST, LONGEST = 5, 60
"""Words of a sentence that says something."""
PARTS = (("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r"))
WINDOW = 180
"""Words of the longest passage."""
ASKED = (
    "what is {}",
    "what does {} do",
    "how does {} work",
    "how do I use {}",
    "rules for {}",
    "can I use {}",
    "when can you {}",
    "what happens with {}",
    "{} rule",
    "how much {}",
    "tell me about {}",
    "do I need {}",
)
_HEADING = re.compile(r"^(?:>\s*)*(#{1,6})\s+(.*?)\s*#*$")
_MARKUP = re.compile(r"[*_`|>\\]+|<[^>]{0,200}>|\[\[|\]\]|!\[|:?-{3,}:?")
_LINK = re.compile(r"\]\([^)]{0,300}\)|\[")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@attrs.frozen
class Part:
    """A section as it stands in a file: where, its path of headings, and its text."""

    file: str
    line: int
    path: tuple[str, ...]
    text: str


def plain(text: str) -> str:
    """Markdown without its marks."""
    return " ".join(_MARKUP.sub(" ", _LINK.sub(" ", text)).split())


def parts(root: Path) -> Iterator[Part]:
    """The sections of every Markdown file under a folder, in order."""
    for file in sorted(root.rglob("*.md")):
        if file.name.lower() in {"legal.md", "license.md"}:
            continue
        stack: list[tuple[int, str]] = []
        start, lines = 1, list[str]()
        name = str(file.relative_to(root))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            found = _HEADING.match(line)
            if found is None:
                lines.append(line)
                continue
            if stack:
                yield Part(name, start, tuple(each for _, each in stack), plain("\n".join(lines)))
            level = len(found[1])
            while stack and stack[-1][0] >= level:
                stack.pop()
            stack.append((level, plain(found[2])))
            start, lines = number, []
        if stack:
            yield Part(name, start, tuple(each for _, each in stack), plain("\n".join(lines)))


def windows(text: str) -> list[str]:
    """A text cut at sentences into passages of at most about ``WINDOW`` words."""
    found: list[list[str]] = [[]]
    for sentence in _SENTENCE.split(text):
        words = sentence.split()
        if found[-1] and len(found[-1]) + len(words) > WINDOW:
            found.append([])
        found[-1] += words
    return [" ".join(each) for each in found if each]


def sentences(text: str) -> list[str]:
    """The sentences of a text that say something."""
    return [each for each in _SENTENCE.split(text) if SHORTEST <= len(each.split()) <= LONGEST]


def pairs(data: Path) -> Iterator[tuple[str, str, str]]:
    """(kind, what asks, what answers) out of the rules."""
    turn = 0
    for folder in RULES:
        for part in parts(data / folder):
            heading, crumbs = part.path[-1], " > ".join(part.path)
            for window in windows(part.text):
                passage = f"{crumbs}: {window}"
                yield "heading", heading.lower(), passage
                yield "crumbs", crumbs, window
                for _ in range(2):
                    yield "asked", ASKED[turn % len(ASKED)].format(heading.lower()), passage
                    turn += 5
                for sentence in sentences(window):
                    yield "sentence", sentence, passage


def glosses(folder: Path, known: set[str]) -> Iterator[tuple[str, str, str]]:
    """(kind, words, what they mean) out of WordNet, for the first senses of known words."""
    wanted = _senses(folder, known)
    for part, kind in PARTS:
        for line in (folder / f"data.{part}").read_text("utf-8").splitlines():
            if (kind, line[:8]) not in wanted:
                continue
            told, _, gloss = line.partition(" | ")
            fields = told.split()
            lemmas = [
                re.sub(r"\(\w+\)$", "", fields[4 + 2 * n]).replace("_", " ").lower()
                for n in range(int(fields[3], 16))
            ]
            meaning, *examples = gloss.strip().split("; ")
            yield "gloss", ", ".join(lemmas[:3]), meaning
            for lemma in lemmas[:4]:
                yield "lemma", lemma, meaning
            if examples and examples[0].startswith('"'):
                yield "example", examples[0].strip('"'), meaning


def _senses(folder: Path, known: set[str]) -> set[tuple[str, str]]:
    """The first three senses of each word, as (part of speech, place in the file)."""
    found = set()
    for part, _ in PARTS:
        for line in (folder / f"index.{part}").read_text("utf-8").splitlines():
            word, _, rest = line.partition(" ")
            if word in known:  # lines of the licence begin with spaces
                kind, senses, *fields = rest.split()
                found |= {(kind, place) for place in fields[-int(senses) :][:3]}
    return found
