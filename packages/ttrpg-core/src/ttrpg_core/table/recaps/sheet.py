"""What fits on a sheet read at a glance: the weightiest first, each part only so long."""

from collections.abc import Iterable

import attrs

SECTION_MAX = 5_000
"""Characters of one part."""
TOTAL_MAX = 25_000
"""Characters of the whole sheet."""


@attrs.frozen
class Part:
    """A part of a sheet: what stands in it, and how many lines had no room.

    Where there is no room for all parts, those of little ``weight`` give way first.
    """

    title: str
    weight: int
    lines: tuple[str, ...]
    left_out: int = 0


def fitted(parts: Iterable[Part], section: int = SECTION_MAX, total: int = TOTAL_MAX) -> list[Part]:
    """The parts cut to what fits, in their order; those that would be empty are left out."""
    known = list(parts)
    room: dict[int, int] = {}
    left = total
    for index, each in sorted(enumerate(known), key=lambda pair: -pair[1].weight):
        room[index] = min(section, left)
        left -= min(room[index], sum(map(len, each.lines)))
    cut = [_cut(each, room[index]) for index, each in enumerate(known)]
    return [each for each in cut if each.lines or each.left_out]


def _cut(part: Part, room: int) -> Part:
    kept: list[str] = []
    for line in part.lines:
        if len(line) > room:
            if not kept and room > len(" ..."):
                kept.append(f"{line[: room - 4]} ...")
            break
        room -= len(line)
        kept.append(line)
    return attrs.evolve(
        part, lines=tuple(kept), left_out=part.left_out + len(part.lines) - len(kept)
    )
