"""An answer on its way to the reader: its quotes are checked and its citations get their pages.

The text goes through :class:`Citations` piece by piece. What is neither quote nor citation goes
straight on; from an opening quotation mark on, the text is held back until the citation that
belongs to it is there, the line ends, or it is too long to be a quote. What is shown never says
more than was checked: pages come from the books, and a quote that is not in them is marked where it
stands. How pieces are cut makes no difference.
"""

from collections.abc import Sequence

import attrs

from ttrpg_core.quotes import Checker, Verdict, mark
from ttrpg_core.quotes.words import words
from ttrpg_core.talk.reading import Group, Reader, citations, cited_numbers
from ttrpg_core.talk.sources import Passage, printed

FEWEST = 4
"""Words of a quote that is checked; fewer are a term, unless they hold a number."""


@attrs.frozen
class Quoted:
    """A quote of an answer: what it cites, what became of it, and which passage has it.

    ``cited`` are the numbers that stand behind it, ``source`` that of the passage that it stands
    in, None where it is in none of them. The verdict is on the pages that it cites, or on all
    passages where it cites none.
    """

    text: str
    cited: tuple[int, ...]
    verdict: Verdict
    source: int | None = None

    @property
    def supported(self) -> bool:
        """Whether every word of it stands where it is cited."""
        return self.verdict.outcome == "supported"


class Citations:
    """The quotes and citations of one answer, read while it comes.

    ``quotes`` are those that were checked so far, ``cited`` the passages that were cited, in the
    order of their first citation, and ``unknown`` the numbers that no passage has. ``question`` is
    what was asked: the user's own words are no quote of a book.
    """

    def __init__(self, given: Sequence[Passage], checker: Checker, question: str = "") -> None:
        self.quotes: list[Quoted] = []
        self.unknown: list[int] = []
        self._cited: dict[int, None] = {}
        self._given = {passage.number: passage for passage in given}
        self._checker = checker
        self._question = question
        self._reader = Reader()
        self._before: tuple[int, ...] = ()

    @property
    def cited(self) -> tuple[Passage, ...]:
        """The passages that are cited, or that a quote stands in."""
        return tuple(self._given[number] for number in self._cited)

    def feed(self, piece: str) -> str:
        """Take the next piece of the answer; what may be shown by now."""
        return "".join(map(self._shown, self._reader.feed(piece)))

    def end(self) -> str:
        """Take the end of the answer; the rest of what is shown."""
        return "".join(map(self._shown, self._reader.end()))

    def _shown(self, group: Group) -> str:
        if not group.quotes and not group.cited:
            return group.text
        told = [self._check(text, group.cited) for text, _ in group.quotes]
        self._before = group.cited or self._before
        real = [each for each in told if each is not None]
        self.quotes += real
        out, done = "", 0
        for (_, end), each in zip(group.quotes, told, strict=True):
            out += group.text[done:end] + self._note(each)
            done = end
        wrong = {n for each in real if each.verdict.outcome == "misattributed" for n in each.cited}
        wrong -= {n for each in real if each.supported for n in each.cited}
        return out + self._pages(group, done, wrong, real)

    def _check(self, text: str, cited: tuple[int, ...]) -> Quoted | None:
        """The verdict on one quote; None for what is not taken for a quote of a book.

        A quote may follow its citation ("as [1] says"), so the one before it is tried as well.
        """
        said = words(text)
        number = any(char.isdigit() for word in said for char in word.text)
        if not said or (len(said) < FEWEST and not number) or mark(self._question, [text]):
            return None
        verdict = self._verdict(text, cited)
        if self._before and (verdict.outcome != "supported" or not cited):
            earlier = self._verdict(text, self._before)
            if earlier.outcome == "supported":
                verdict, cited = earlier, self._before
        having = [n for n, each in self._given.items() if mark(each.text, [text])]
        first = [n for n in (*cited, *self._before) if n in having]
        return Quoted(text, cited, verdict, next(iter([*first, *having]), None))

    def _verdict(self, text: str, cited: Sequence[int]) -> Verdict:
        """The best of the verdicts on each passage that is cited; on all books without one."""
        found: list[Verdict] = []
        for passage in (self._given[number] for number in cited if number in self._given):
            verdict = self._checker.check(text, passage.place, passage.text)
            elsewhere = not passage.paged and not mark(passage.text, [text])
            if verdict.outcome == "supported" and elsewhere:
                verdict = attrs.evolve(verdict, outcome="misattributed")
            if verdict.outcome == "supported":
                return verdict
            found.append(verdict)
        if not found:
            return self._checker.check(text)
        return max(found, key=lambda each: each.similarity)

    def _note(self, each: Quoted | None) -> str:
        """What is put behind a quote: where it really stands, or that it does not."""
        if each is None:
            return ""
        verdict = each.verdict
        match verdict.outcome:
            case "supported" if each.cited:
                return ""
            case "supported" | "misattributed":
                instead = f", not {_listed(each.cited)}" if each.cited else ""
                return f" [{self._standing(each)}{instead}]"
            case "altered":
                said = "; ".join(each.told for each in verdict.differences)
                return f" **[altered: {said}]**"
            case _:
                return " **[not in the sources]**"

    def _standing(self, each: Quoted) -> str:
        """Where a quote stands: the passage that has it, else the page of the book."""
        found = each.verdict.found
        if each.source is not None:
            self._cited[each.source] = None
            where = printed(found.label) if found else ""
            return ", ".join(part for part in (str(each.source), where) if part)
        where = printed(found.label) if found else ""
        return where or "elsewhere in the book"

    def _pages(self, group: Group, done: int, wrong: set[int], told: Sequence[Quoted]) -> str:
        """The rest of a group, its citations with their pages; those that were wrong are gone."""
        rest = group.text[done:]
        out, at = "", 0
        for found in citations(rest):
            parts = []
            for number in cited_numbers(found[0]):
                passage = self._given.get(number)
                if passage is None:
                    self.unknown.append(number)
                    parts.append(f"{number}: no such source")
                elif number not in wrong:
                    self._cited[number] = None
                    parts.append(", ".join(filter(None, [str(number), _page(passage, told)])))
            before = rest[at : found.start()]
            out += before + f"[{'; '.join(parts)}]" if parts else before.rstrip(" ")
            at = found.end()
        return out + rest[at:]


def _page(passage: Passage, told: Sequence[Quoted]) -> str:
    """The page that a quote stands on, which may be one of several of its passage."""
    for each in told:
        found = each.verdict.found
        if each.supported and each.source == passage.number and found is not None and found.label:
            return printed(found.label)
    return passage.where


def _listed(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} or {last}" if most else last
