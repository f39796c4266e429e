"""How a quote is read, and where among the words of a text it stands."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import attrs

from ttrpg_core.quotes.verdict import Difference, is_grave, is_negation
from ttrpg_core.quotes.words import Word, words

LEFT_OUT = 1500
"""Characters that ``...`` may leave out."""
INSERTED = 12
"""Words of the book that ``[words]`` may stand for."""
_CUT = re.compile(r"\[\s*(?:\.{3,}|\u2026)\s*\]|\.(?:[ \u00a0]?\.){2,}|\u2026|\[[^\[\]]*\]")
_SENTENCE_ENDS = re.compile(r"[.!?][\"'\u201d\u2019)]*\s")


@attrs.frozen
class Part:
    """A run of a quote's words and what may stand before it: characters or words left out."""

    words: tuple[Word, ...]
    skips: int = 0
    inserted: bool = False


def readings(quote: str) -> list[list[Part]]:
    """The ways to read a quote: as it is, and with what it leaves out and puts in.

    What is put in may not be a number or a negation, which would make another rule of it.
    """
    whole = [Part(tuple(words(quote)))]
    parts: list[Part] = []
    done, skips, inserted = 0, 0, False
    for cut in [*_CUT.finditer(quote), None]:
        piece = tuple(words(quote[done : cut.start() if cut else len(quote)]))
        if piece:
            parts.append(Part(piece, skips, inserted))
            skips, inserted = 0, False
        if cut is None:
            break
        done = cut.end()
        if re.search(r"\.\s?\.|\u2026", cut[0]):
            skips = LEFT_OUT
        elif any(is_grave(word.text) for word in words(cut[0])):
            return [whole]
        else:
            inserted = True
    found = [whole] if whole[0].words else []
    return [*found, parts] if parts and len(parts[0].words) != len(whole[0].words) else found


def matches(
    ways: Sequence[Sequence[Part]], told: Sequence[Word], text: str
) -> Iterator[tuple[int, int]]:
    """Runs of words, first and last, that a quote stands in by one of its readings."""
    for parts in ways:
        for at in range(len(told)):
            last = _run(parts[0].words, told, at)
            if last is None:
                continue
            for part in parts[1:]:
                last = _next(part, told, last, text)
                if last is None:
                    break
            if last is not None:
                yield at, last - 1


def _next(part: Part, told: Sequence[Word], after: int, text: str) -> int | None:
    """The end of the nearest run of a part behind ``after``, if it may stand that far off."""
    edge = told[after - 1].end
    for at in range(after, len(told)):
        if not part.skips and at - after > INSERTED:
            return None
        if part.skips and told[at].start - edge > part.skips:
            return None
        last = _run(part.words, told, at)
        if last is not None:
            skipped = told[after:at]
            if part.inserted and any(is_grave(word.text) for word in skipped):
                return None
            return None if _hides(skipped, text, edge, told[at].start) else last
    return None


def _hides(skipped: Sequence[Word], text: str, start: int, end: int) -> bool:
    """Whether a negation was left out of the one sentence that the quote goes on in."""
    within = not _SENTENCE_ENDS.search(text, start, end)
    return within and any(is_negation(word.text) for word in skipped)


def _run(said: Sequence[Word], told: Sequence[Word], at: int) -> int | None:
    """The index behind a run of words at ``at``; a word may be broken at the end of a line."""
    place = index = 0
    while index < len(said):
        if at + place >= len(told):
            return None
        here, word = told[at + place], said[index]
        if here.text == word.text:
            place, index = place + 1, index + 1
        elif here.broken and _joined(told, at + place) == word.text:
            place, index = place + 2, index + 1
        elif word.broken and _joined(said, index) == here.text:
            place, index = place + 1, index + 2
        else:
            return None
    return at + place


def _joined(run: Sequence[Word], at: int) -> str:
    return run[at].text + (run[at + 1].text if at + 1 < len(run) else "")


def window(said: Sequence[Word], told: Sequence[Word]) -> tuple[int, int] | None:
    """The run of words, first and last, that most words of a quote vote for."""
    places: dict[str, list[int]] = {}
    for at, word in enumerate(told):
        places.setdefault(word.text, []).append(at)
    votes: Counter[int] = Counter()
    for index, word in enumerate(said):
        for at in places.get(word.text, ()):
            votes[at - index] += 1
    if not votes:
        return None
    near = {at: sum(votes[at + off] for off in range(-2, 3)) for at in votes}
    start = min(near, key=lambda at: (-near[at], -votes[at], at))
    first = max(0, start - 3)
    run = [word.text for word in told[first : start + len(said) + 4]]
    matcher = SequenceMatcher(None, run, [word.text for word in said], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return None
    head, tail = blocks[0], blocks[-1]
    begin = max(first, first + head.a - head.b)  # a changed first word belongs to it too
    behind = len(said) - tail.b - tail.size
    end = min(len(told), first + tail.a + tail.size + behind) - 1
    return begin, max(begin, end)


def compared(
    said: Sequence[Word], stands: Sequence[Word], parts: Sequence[Part]
) -> tuple[float, tuple[Difference, ...]]:
    """How alike two runs are, and where they differ."""
    matcher = SequenceMatcher(
        None, [word.text for word in said], [word.text for word in stands], autojunk=False
    )
    differences = tuple(
        Difference(_spelled(said[a:b]), _spelled(stands[c:d]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    )
    whole = matcher.ratio()
    if len(parts) > 1:  # what "..." leaves out is no difference of its words
        told = [word.text for word in stands]
        longest = max(parts, key=lambda part: len(part.words))
        near = SequenceMatcher(None, [word.text for word in longest.words], told, autojunk=False)
        whole = max(whole, near.ratio() * len(longest.words) / len(said))
    return whole, differences


def _spelled(run: Sequence[Word]) -> str:
    """Words as they are written, "1d6" without the gaps that its three do not have."""
    out = ""
    for index, word in enumerate(run):
        together = index and run[index - 1].end == word.start
        out += word.raw if together or not index else f" {word.raw}"
    return out
