"""Several files of the language as one, of which nothing is made before it is asked for.

A question looks at a handful of the thousands of entries; to make and check them all takes longer
than the search.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar, overload

from ttrpg_search.language.model import Concept, Phrase

R = TypeVar("R")
V = TypeVar("V")
ConceptRow = tuple[list[str], list[tuple[str, str, float]], list[str], list[str]]


class OnDemand(Mapping[str, V], Generic[R, V]):
    """Entries of several files by their key; ``make`` has the rows of all files that have it."""

    def __init__(self, parts: Sequence[Mapping[str, R]], make: Callable[[Sequence[R]], V]) -> None:
        self._parts = parts
        self._make = make

    def __getitem__(self, key: str) -> V:
        rows = [part[key] for part in self._parts if key in part]
        if not rows:
            raise KeyError(key)
        return self._make(rows)

    def __contains__(self, key: object) -> bool:
        return any(key in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for part in self._parts for key in part))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Concepts(Sequence[Concept]):
    """The concepts of several files, one behind the other."""

    def __init__(self, parts: Sequence[Sequence[ConceptRow]]) -> None:
        self._parts = parts
        self._made: dict[int, Concept] = {}

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    @overload
    def __getitem__(self, number: int) -> Concept: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Concept]: ...
    def __getitem__(self, number: int | slice) -> Concept | Sequence[Concept]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        if number not in self._made:
            self._made[number] = _concept(self._row(number))
        return self._made[number]

    def _row(self, number: int) -> ConceptRow:
        for part in self._parts:
            if 0 <= number < len(part):
                return part[number]
            number -= len(part)
        raise IndexError


def _concept(row: ConceptRow) -> Concept:
    names, says, related, near = row
    phrases = tuple(Phrase(text, tuple(stems.split()), weight) for text, stems, weight in says)
    return Concept(tuple(names), phrases, tuple(related), frozenset(near))


class Index(Mapping[str, Sequence[int]]):
    """A stem to the numbers of concepts; ``starts`` are those of each file's first."""

    def __init__(self, parts: Sequence[Mapping[str, Sequence[int]]], starts: Sequence[int]) -> None:
        self._parts = tuple(zip(parts, starts, strict=True))

    def __getitem__(self, stem: str) -> Sequence[int]:
        found = [start + number for part, start in self._parts for number in part.get(stem, ())]
        if not found:
            raise KeyError(stem)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(stem for part, _ in self._parts for stem in part))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Late(Mapping[str, V]):
    """A mapping that is read when somebody looks into it."""

    def __init__(self, read: Callable[[], Mapping[str, V]]) -> None:
        self._read = read

    @cached_property
    def _all(self) -> Mapping[str, V]:
        return self._read()

    def __getitem__(self, key: str) -> V:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
