"""A recap as a whole, in Markdown, and "previously on": the last sessions in a breath."""

import re
from collections.abc import Sequence

import attrs

from ttrpg_core.table.recaps.telling import Fact, Section, heaviest

WORDS_MAX = 150
"""Words of "previously on": a minute read aloud."""
FACTS_EACH = 3
"""Facts of a session that has nothing better, in "previously on"."""
_MARKS = re.compile(r"\s*\[#[^\[\]]{0,200}\]")


@attrs.frozen
class Recap:
    """What is told of a session.

    ``title`` is empty for whoever may not know it, ``length`` says how long it was played, and
    ``present`` who was there. ``story`` is the prose that was accepted for this viewer.
    """

    number: int
    title: str
    began: str
    ended: str
    length: str
    present: tuple[str, ...]
    story: str
    sections: tuple[Section, ...]

    @property
    def heading(self) -> str:
        """``Session 3: The Ferry``."""
        number = f"Session {self.number}"
        own = self.title and self.title.casefold() != number.casefold()
        return f"{number}: {self.title}" if own else number


@attrs.frozen
class Before:
    """A session that is over, for "previously on": a line that was written of it, or facts."""

    number: int
    line: str
    facts: tuple[Fact, ...]


def markdown(recap: Recap, *, marks: bool = True) -> str:
    """A recap as Markdown; ``marks`` puts the numbers of entries behind what rests on them."""
    said = [each for each in (recap.began[:10], recap.length) if each]
    lines = [f"# {recap.heading}", ""]
    if said:
        lines += [", ".join(said), ""]
    if recap.present:
        lines += [f"There: {', '.join(recap.present)}", ""]
    if recap.story:
        lines += [recap.story if marks else without_marks(recap.story), ""]
    for section in recap.sections:
        lines += [f"## {section.title}", ""]
        lines += [f"- {fact.text}{_marks(fact) if marks else ''}" for fact in section.facts]
        lines.append("")
    if not recap.sections and not recap.story:
        lines.append("Nothing was written down of it.")
    return "\n".join(lines).strip() + "\n"


def previously(sessions: Sequence[Before]) -> tuple[list[tuple[int, str]], int]:
    """The last sessions in a few sentences each, the oldest first, with the numbers of sessions.

    What goes beyond ``WORDS_MAX`` words is left out from the oldest on; how many sessions that
    cost is said too.
    """
    told: list[tuple[int, str]] = []
    words = 0
    for each in sorted(sessions, key=lambda one: -one.number):
        said = without_marks(each.line) or ". ".join(fact.text for fact in each.facts)
        if not said:
            continue
        room = WORDS_MAX - words
        split = said.split()
        if len(split) > room:
            if told:
                break
            said = " ".join([*split[:room], "..."])
        told.insert(0, (each.number, said if said.endswith((".", "!", "?", "...")) else f"{said}."))
        words += min(len(split), room)
    return told, len(sessions) - len(told)


def before(number: int, line: str, sections: Sequence[Section]) -> Before:
    """A session for "previously on"."""
    return Before(number, line, () if line else tuple(heaviest(sections, FACTS_EACH)))


def without_marks(text: str) -> str:
    """A text without the numbers of entries behind its sentences."""
    return _MARKS.sub("", text).strip()


def _marks(fact: Fact) -> str:
    return f" [{', '.join(f'#{each}' for each in fact.entries[:6])}]" if fact.entries else ""
