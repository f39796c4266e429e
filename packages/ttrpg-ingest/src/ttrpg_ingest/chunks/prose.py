"""Kinds of prose: read-aloud text, examples of play, fiction, contents, what is for the GM alone.

All of it is told by signs that can be named, and in doubt it is plain text: to miss a box costs
little, to hide a rule from players or to call a rule a story costs a right answer.
"""

import re
from collections.abc import Sequence

from ttrpg_ingest.chunks.pieces import Group, Piece

READ_ALOUD_WORDS = 150
"""More than this is no text to read aloud; good boxes have 50 to 70 words."""
FICTION_WORDS = 80
"""Fewer than this is no story."""
FICTION_SAMPLE = 100_000
"""Characters of a text by which it is told to be one."""
FEWEST_WORDS = 8
"""Fewer than this in a quotation is a motto."""
SPEECHES = 4
"""Speeches from which people talk in turn."""
FEWEST_LINES = 6
"""Lines that end in numbers from which they are contents without a heading that says so."""
SHORT_LINE, LONG_LINE = 70, 120
"""Characters of a line that is surely an entry of contents, and of one that may be."""
_MECHANICS = re.compile(
    r"\d*d(?:\d+|%)\b|\b(?:DC|AC|HP|hp|HD|CR|XP)\b|\b(?:saving throw|hit points?|bonus|roll|"
    r"rolls|modifier|damage|level|target|check|action|round|rule|player|players|character|characters|GM|"
    r"DM|optional|variant|rules|weapons?|spells?|attacks?|feature|glossary|chapter|page)\b|\d{2,}",
    re.IGNORECASE,
)
_YOU = re.compile(r"\b(?:you|your|yours|ihr|du|vous|votre)\b", re.IGNORECASE)
_SENSES = re.compile(
    r"\b(?:see|hear|smell|feel|before you|ahead|stands?|lies?|hangs?|echo\w*|shadows?|"
    r"dark\w*|light|"
    r"walls?|floor|door|room|chamber|air|glow\w*|silen\w+|stench|dust\w*)\b",
    re.IGNORECASE,
)
_SAID_ALOUD = re.compile(r"\W*(?:read aloud|boxed text|read or paraphrase)\b", re.IGNORECASE)
_QUOTED = re.compile(r"\s*>")
_SPEAKER = re.compile(
    r"\W*(?P<name>[A-Z][\w'\u2019.]{0,20}(?: [A-Z][\w'\u2019.]{0,20})?)(?: "
    r"\([^)\n]{1,40}\))?\W{0,3}:"
    r"\W{0,3}\s+(?P<said>\S[^\n]{20,})"
)
_EXAMPLE = re.compile(
    r"\A\W*(?:examples?|beispiele?|exemples?|ejemplos?)\W*\Z|\A\W*(?:example|beispiel|exemple)\s*:"
    r"|\bexamples? of (?:play|combat|a session)\b|\Aexample (?:of|combat|fight|turn|round|"
    r"session)\b",
    re.IGNORECASE,
)
_CONTENTS = re.compile(
    r"\A\W*(?:table of contents|contents|index(?: of \w+)?|inhalt(?:sverzeichnis)?|sommaire|"
    r"\u00edndice|indice|inneh\u00e5ll|inhoud)\W*\Z",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?<!\.)(?<!\.[ \t])(?:\.[ \t]?){4,}+\s*+\d+|(?<!\u2026)\u2026{2,}+\s*+\d+")
_NUMBERED = re.compile(r"[^\W\d].*?[\s.,\u2026]\d{1,4}(?:\s*[-,\u2013]\s*\d{1,4})*\s*\Z")
_VARIANT = re.compile(
    r"\A\W*(?:variant|optional(?: rules?)?|alternate rules?|alternative rules?)\b", re.IGNORECASE
)
_FOR_GM = re.compile(
    r"\b(?:GM|DM|MC|game ?master|dungeon master|referee|keeper|warden|judge|storyteller|"
    r"spielleiter\w*|meneur)(?:[\u2019']?s)?(?:[\u2019'])?\s+(?:only|notes?|information|info|secrets?|"
    r"eyes only|background)\b|\bfor the (?:GM|DM|game ?master|dungeon master|referee|keeper)\b\W*\Z"
    r"|\b(?:GM|DM|keeper) only\b|\Asecrets?\W*\Z",
    re.IGNORECASE,
)
_NOTE_TO_GM = re.compile(
    r"\W*(?:(?:GM|DM|keeper|referee|game ?master|dungeon master)(?:[\u2019']s)?"
    r"(?: notes?| only| information)?\s*:|(?:note|notes) (?:to|for) the (?:GM|DM|game "
    r"?master|keeper)\b)",
    re.IGNORECASE,
)
_KEYED = re.compile(
    r"\A\W*(?:(?:area|room|location|scene|encounter|chamber|hex|site)\s+)?[A-Z]{0,2}\d{1,4}[a-z]?\W*"
    r"(?:\s|\Z)|\b(?:area|room|chamber|hall|cave|cavern|crypt|encounter|scene|location|tunnel|shrine)\b",
    re.IGNORECASE,
)
_QUOTE = re.compile('[\u201c\u201d"]')
_HE_SHE = re.compile(r"\b(?:he|she|his|her|him|they|their|I|my|me)\b", re.IGNORECASE)


def reads_aloud(piece: Piece) -> bool:
    """Whether a paragraph is to be read to the players: a box or quotation without mechanics."""
    text = piece.text
    boxed = piece.kind == "read_aloud"
    quoted = bool(_QUOTED.match(text))
    if _SAID_ALOUD.match(text):
        return True
    if not boxed and not quoted:
        return False
    words = len(text.split())
    if words > READ_ALOUD_WORDS or _MECHANICS.search(text):
        return boxed and words <= READ_ALOUD_WORDS and not _MECHANICS.findall(text)[1:]
    return boxed or (
        words >= FEWEST_WORDS and bool(_YOU.search(text)) and bool(_SENSES.search(text))
    )


def is_variant(heading: str) -> bool:
    """Whether a heading says that what follows may be left out: "Variant: Encumbrance"."""
    return _VARIANT.match(heading) is not None


def is_example(heading: str, pieces: Sequence[Piece]) -> bool:
    """Whether this is an example: its heading says so, or people speak in turn."""
    if _EXAMPLE.match(heading):
        return True
    spoken = [found["name"] for piece in pieces if (found := _SPEAKER.match(piece.text))]
    names = set(spoken)
    return (
        len(spoken) >= SPEECHES
        and len(spoken) >= 0.6 * len(pieces)
        and 1 < len(names) <= 0.7 * len(spoken)
    )


def is_contents(heading: str, pieces: Sequence[Piece]) -> bool:
    """Whether this is a table of contents or an index: lines that end in page numbers."""
    lines = [line for piece in pieces for line in piece.text.split("\n") if line.strip()]
    if not lines:
        return _CONTENTS.match(heading) is not None
    if _LEADERS.search(pieces[0].text):
        leading = sum(1 for line in lines if _LEADERS.search(line))
        return leading >= 0.4 * len(lines)
    named = _CONTENTS.match(heading) is not None
    if not named and (len(lines) < FEWEST_LINES or not lines[0].rstrip()[-1:].isdigit()):
        return False
    if any("|" in line for line in lines[:3]) and not named:
        return False
    ending = sum(1 for line in lines if len(line) < LONG_LINE and _NUMBERED.match(line.strip()))
    links = sum(1 for line in lines if re.match(r"\s*[-*]\s+\[[^\]]+\]\(#?", line))
    short = sum(1 for line in lines if len(line) < SHORT_LINE and line.rstrip()[-1:] not in ".:!?")
    if named and short >= 0.8 * len(lines):
        return True
    return max(ending, links) >= (0.3 if named else 0.8) * len(lines)


def is_contents_line(heading: str) -> bool:
    """Whether a heading is a line of contents: "3 Checks 17"."""
    return bool(re.match(r"(?:\d+\s+)?[^\W\d].*\s\d{1,4}\Z", heading))


def is_fiction(pieces: Sequence[Piece]) -> bool:
    """Whether this is a story: people speak or are spoken of, and no rule is given."""
    text = "\n".join(piece.text for piece in pieces)[:FICTION_SAMPLE]
    words = len(text.split())
    if words < FICTION_WORDS or _MECHANICS.search(text) or "|" in text:
        return False
    people = len(_HE_SHE.findall(text))
    spoken = len(_QUOTE.findall(text)) // 2
    return people >= 0.03 * words and len(_YOU.findall(text)) <= spoken and spoken > 1


def for_gm(group: Group) -> bool:
    """Whether a heading above says that this is not for the players."""
    return any(_FOR_GM.search(heading) for heading in group.path)


def notes_gm(piece: Piece) -> bool:
    """Whether a paragraph or box begins by saying that it is the Game Master's."""
    return _NOTE_TO_GM.match(piece.text) is not None


def is_keyed(heading: str) -> bool:
    """Whether a heading is a place or scene of an adventure: "12. The Flooded Hall"."""
    return _KEYED.search(heading) is not None
