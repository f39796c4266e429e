"""The compiled form of a file of the language: lines of JSON, each understood when it is looked at.

The first line has all but the concepts, every entry as JSON within JSON; the others are a concept
each. Parsing it whole would take a tenth of a search from the shell, and a question looks at a
handful of entries.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Literal, TypedDict, TypeVar, cast, get_args, overload

if TYPE_CHECKING:
    from ttrpg_search.language.parts import ConceptRow
    from ttrpg_search.language.reading import Rows

R = TypeVar("R")
_Table = Literal["abbreviations", "index", "synonyms", "kinds", "splits", "typos"]
_ENTRIES: tuple[_Table, ...] = get_args(_Table)
"""Tables whose entries are packed one by one."""


class Part(TypedDict):
    """The same as :class:`.reading.Rows`, as it is read back."""

    systems: Sequence[str]
    base: str
    abbreviations: Mapping[str, list[tuple[str, float, list[str], float, bool]]]
    concepts: "Sequence[ConceptRow]"
    index: Mapping[str, list[int]]
    synonyms: Mapping[str, list[tuple[str, float]]]
    kinds: Mapping[str, list[str]]
    splits: Mapping[str, str]
    typos: Mapping[str, tuple[str, list[str]]]
    antonyms: Sequence[tuple[str, str]]


class Entries(Mapping[str, R], Generic[R]):
    """A table of packed entries."""

    def __init__(self, packed: Mapping[str, str]) -> None:
        self._packed = packed
        self._read: dict[str, R] = {}

    def __getitem__(self, key: str) -> R:
        if key not in self._read:
            self._read[key] = json.loads(self._packed[key])
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return key in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


class Lines(Sequence[R], Generic[R]):
    """Packed rows, one a line."""

    def __init__(self, packed: Sequence[str]) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, number: int) -> R: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[R]: ...
    def __getitem__(self, number: int | slice) -> R | Sequence[R]:
        if isinstance(number, slice):
            return Lines(self._packed[number])
        row: R = json.loads(self._packed[number])
        return row


def packed(rows: "Rows") -> str:
    """The content of a compiled file."""
    head: dict[str, object] = {name: value for name, value in rows.items() if name != "concepts"}
    for name in _ENTRIES:
        table: Mapping[str, object] = rows[name]
        head[name] = {key: compact(value) for key, value in table.items()}
    return "".join(f"{line}\n" for line in (compact(head), *map(compact, rows["concepts"])))


def unpacked(content: str) -> Part:
    """What :func:`packed` made, none of its entries read yet."""
    head, *concepts = content.removesuffix("\n").split("\n")
    tables: dict[str, object] = json.loads(head)
    for name in _ENTRIES:
        tables[name] = Entries(cast("Mapping[str, str]", tables[name]))
    tables["concepts"] = Lines(concepts)
    return cast("Part", tables)


def compact(value: object) -> str:
    """JSON in the fewest characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
