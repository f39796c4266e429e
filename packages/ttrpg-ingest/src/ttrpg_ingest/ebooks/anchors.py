"""Places in the text of a MOBI book made into anchors: old books link to bytes, not to names."""

import bisect
import re  # noqa: TC003 - one rule for where imports stand
from collections.abc import Iterable, Sequence

_HEADROOM = 4000


def anchor(position: int) -> str:
    """The name of the anchor at a position of the text."""
    return f"at-{position}"


def anchored(data: bytes, start: int, positions: Iterable[int]) -> bytes:
    """The bytes of a part, which begins at ``start`` of the text, with anchors at positions."""
    parts: list[bytes] = []
    done = 0
    for position in sorted(set(positions)):
        at = max(done, _outside_tags(data, min(max(position - start, 0), len(data))))
        parts += [data[done:at], b'<a id="%s"></a>' % anchor(position).encode()]
        done = at
    return b"".join([*parts, data[done:]])


def part_of(starts: Sequence[int], position: int) -> int:
    """The index of the part in which a position lies; ``starts`` are in order."""
    return max(0, bisect.bisect_right(starts, position) - 1)


def split(data: bytes, mark: "re.Pattern[bytes]", most: int) -> list[int]:
    """Where parts begin: at the start and at each mark."""
    starts = [0]
    for found in mark.finditer(data):
        if found.start() > starts[-1] and len(starts) < most:
            starts.append(found.start())
    return starts


def _outside_tags(data: bytes, at: int) -> int:
    """The place itself, or the beginning of the tag in which it lies."""
    opened = data.rfind(b"<", max(0, at - _HEADROOM), at)
    closed = data.rfind(b">", max(0, at - _HEADROOM), at)
    return opened if opened > closed else at
