"""The graph of relations: walked from one thing outwards, and written for others to draw."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TypeAlias

import attrs

from ttrpg_core.table.world.relations import Relation

NODES_MAX = 200
"""Things that one graph shows; more of them could not be read."""
Lines: TypeAlias = Callable[[str], Sequence[Relation]]
"""The relations of the thing with a reference."""


@attrs.frozen
class Graph:
    """Things by reference with what they are called, and the relations between them.

    ``rows`` are the same as a tree: depth, the relation by which a thing was reached (None for a
    root), the thing, and whether it stands elsewhere in the tree with its own relations.
    ``more`` is whether things were left out because there were too many.
    """

    names: Mapping[str, str]
    relations: tuple[Relation, ...]
    rows: tuple[tuple[int, Relation | None, str, bool], ...]
    more: bool = False


def around(egos: Iterable[str], lines: Lines, name: Callable[[str], str], depth: int) -> Graph:
    """The graph as far as ``depth`` steps from each ego; an ego that was reached is no root."""
    level: dict[str, int] = {}
    children: dict[str, list[tuple[Relation, str, bool]]] = {}
    used: dict[str, Relation] = {}
    roots: list[str] = []
    more = False
    for ego in egos:
        if ego in level:
            continue
        if len(level) >= NODES_MAX:
            more = True
            break
        roots.append(ego)
        level[ego] = 0
        waiting = deque([ego])
        while waiting:
            here = waiting.popleft()
            mine = children.setdefault(here, [])
            if level[here] == depth:
                continue
            for each in lines(here):
                if each.ref in used:
                    continue
                _, other = each.other(here)
                if other not in level:
                    if len(level) >= NODES_MAX:
                        more = True
                        continue
                    level[other] = level[here] + 1
                    waiting.append(other)
                    mine.append((each, other, False))
                else:
                    mine.append((each, other, True))
                used[each.ref] = each
    rows = [row for root in roots for row in _rows(root, children)]
    return Graph({each: name(each) for each in level}, tuple(used.values()), tuple(rows), more)


def _rows(
    root: str, children: Mapping[str, Sequence[tuple[Relation, str, bool]]]
) -> Iterator[tuple[int, Relation | None, str, bool]]:
    """Depth first, without recursion: a chain may be long."""
    stack: list[tuple[int, Relation | None, str, bool]] = [(0, None, root, False)]
    while stack:
        row = stack.pop()
        yield row
        if not row[3]:
            below = children.get(row[2], ())
            stack += [(row[0] + 1, each, other, again) for each, other, again in reversed(below)]


def dot(graph: Graph) -> str:
    """The graph in the language of Graphviz."""
    number = _numbers(graph)
    lines = ["digraph relations {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  n{number[each]} [label={_quoted(name)}];" for each, name in graph.names.items()]
    for each in graph.relations:
        way = " dir=both" if each.tie.symmetric else ""
        over = " style=dashed" if each.ended else ""
        lines.append(
            f"  n{number[each.source]} -> n{number[each.target]}"
            f" [label={_quoted(each.name)}{way}{over}];"
        )
    return "\n".join([*lines, "}", ""])


def mermaid(graph: Graph) -> str:
    """The graph as Mermaid, which Markdown viewers draw."""
    number = _numbers(graph)
    lines = ["graph LR"]
    lines += [f'  n{number[each]}["{_entities(name)}"]' for each, name in graph.names.items()]
    for each in graph.relations:
        arrow = ("<" if each.tie.symmetric else "") + ("-.->" if each.ended else "-->")
        ends = number[each.source], number[each.target]
        lines.append(f'  n{ends[0]} {arrow}|"{_entities(each.name)}"| n{ends[1]}')
    return "\n".join([*lines, ""])


_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif"
 font-size="13" text-anchor="middle">
<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8"
 orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
<rect width="{wide}" height="{high}" fill="white"/>
{inside}
</svg>
"""


def svg(graph: Graph) -> str:
    """The graph as a picture: things on a circle, relations as lines with their words."""
    count = len(graph.names)
    radius = max(140, 26 * count) if count > 1 else 0
    wide, high = 2 * radius + 320, 2 * radius + 120
    spots: dict[str, tuple[float, float]] = {}
    for number, thing in enumerate(graph.names):
        angle = math.tau * number / count - math.pi / 2
        spots[thing] = (
            wide / 2 + radius * math.cos(angle),
            high / 2 + radius * math.sin(angle),
        )
    inside = [_line(each, spots, number) for number, each in enumerate(graph.relations)]
    for thing, (x, y) in spots.items():
        inside.append(
            f'<text x="{x:.0f}" y="{y + 4:.0f}" font-weight="bold" stroke="white"'
            f' stroke-width="4" paint-order="stroke">{_plain(graph.names[thing])}</text>'
        )
    return _SVG.format(wide=wide, high=high, inside="\n".join(inside))


def _line(relation: Relation, spots: Mapping[str, tuple[float, float]], number: int) -> str:
    """A line that ends before the words of what it points at, its own words along it."""
    (x, y), (to_x, to_y) = spots[relation.source], spots[relation.target]
    right, down = to_x - x, to_y - y
    dash = ' stroke-dasharray="5 4"' if relation.ended else ""
    arrow = "" if relation.tie.symmetric else ' marker-end="url(#to)"'
    along = (0.35, 0.5, 0.65)[number % 3]  # so that words beside each other do not meet
    return (
        f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{x + 0.94 * right:.0f}" y2="{y + 0.94 * down:.0f}"'
        f' stroke="#777"{dash}{arrow}/>'
        f'<text x="{x + along * right:.0f}" y="{y + along * down - 4:.0f}" fill="#555"'
        f' font-size="11">{_plain(relation.name)}</text>'
    )


def _numbers(graph: Graph) -> dict[str, int]:
    return {each: number for number, each in enumerate(graph.names, 1)}


def _quoted(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _entities(words: str) -> str:
    """Words as Mermaid takes them: what its grammar knows, and Markdown's, by number."""
    return "".join(
        char if char.isalnum() or char in " ,.'-" else f"#{ord(char)};" for char in words
    )


def _plain(words: str) -> str:
    """Words as XML has them, without what it cannot have."""
    return escape("".join(char for char in words if char.isprintable()))
