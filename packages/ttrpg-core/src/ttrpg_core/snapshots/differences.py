"""What is different between two states of a thing, field by field, and in words.

Any row can be compared: JSON in a column by the names in it, lists by their elements, and what
only keeps the books (when a row was written, its number in an index) not at all.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from ttrpg_core.reversal import RowChange
from ttrpg_core.rows import Row

How: TypeAlias = Literal["added", "removed", "changed", "reordered"]

STATE = "state"
"""The column whose JSON holds fields of the thing itself."""
BOOKS = frozenset({"campaign", "created_at", "updated_at", "number", "ordinal"})
"""Columns that say nothing of the thing."""
WORDS_MAX = 60
"""Characters of a value that are said."""
_BEFORE = 15
"""Characters that are said before the first one that differs."""
_SINGULAR = {"fight_turns": "turn", "fight_effects": "effect"}
_ONLY = {"clocks": "the time", "calendars": "the calendar"}
"""What is called by no name of its own, for a campaign has one of it."""


@attrs.frozen
class FieldChange:
    """One difference: ``field`` is a path such as ``hit_points.now`` or ``players[Ana].character``.

    ``added``, ``removed`` and ``reordered`` are of a list's elements; values are as JSON has them.
    """

    field: str
    how: How
    old: Any
    new: Any

    @property
    def words(self) -> str:
        """The difference as somebody would say it."""
        field = self.field.replace("_", " ")
        if self.how == "reordered":
            return f"{field}: in another order"
        if self.how != "changed":
            return f"{field}: {self.how} {_said(self.new if self.how == 'added' else self.old)}"
        if _is_empty(self.old):
            return f"{field}: is now {_said(self.new)}"
        if _is_empty(self.new):
            return f"{field}: was {_said(self.old)}, is now empty"
        old, new = _around(self.old, self.new)
        return f"{field}: was {_said(old)}, is now {_said(new)}"


@attrs.frozen
class Difference:
    """A thing that was added, removed or changed; ``fields`` say how it was changed."""

    how: How
    kind: str
    ref: str
    name: str
    fields: tuple[FieldChange, ...] = ()


def difference(change: RowChange) -> Difference | None:
    """What became of a thing; None when nothing that is worth telling."""
    row = change.after or change.before or {}
    kind = str(row.get("kind") or _kind(change.table))
    key = "/".join(str(v) for name, v in change.key.items() if name not in {"campaign", "kind"})
    named = name_of(row) or _ONLY.get(change.table) or key or f"the {kind}"
    told = (f"{kind}/{key}" if key else kind, named)
    if change.before is None or change.after is None:
        return Difference("added" if change.before is None else "removed", kind, *told)
    fields = tuple(compare(change.before, change.after))
    return Difference("changed", kind, *told, fields) if fields else None


def compare(before: Row, after: Row) -> Iterator[FieldChange]:
    """The differences of two images of a row; a column that only one has is of another version."""
    known = {name: after[name] for name in before if name in after}
    old, new = _fields({name: before[name] for name in known}), _fields(known)
    for name in dict.fromkeys((*old, *new)):
        yield from _compared(name, old.get(name), new.get(name))


def name_of(row: Row) -> str:
    """What a thing is called: its name, or what tells it from others of its kind."""
    fields = _fields(row)
    if "who" in fields:
        return f"round {fields.get('round')}: {fields['who']}"
    return str(fields.get("name") or fields.get("title") or "")


def _fields(row: Row) -> dict[str, Any]:
    """The fields of a row, those in its state beside the others."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in BOOKS:
            continue
        plain = _parsed(value)
        if name == STATE and isinstance(plain, dict):
            found |= plain
        else:
            found[name] = plain
    return found


def _parsed(value: Any) -> Any:
    """What a column holds: the object or list that its text is, else the value."""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _compared(path: str, old: Any, new: Any) -> Iterator[FieldChange]:
    if _json(old) == _json(new) or (_is_empty(old) and _is_empty(new)):
        return
    if _both(dict, old, new):
        for name in dict.fromkeys((*(old or {}), *(new or {}))):
            yield from _compared(f"{path}.{name}", (old or {}).get(name), (new or {}).get(name))
    elif _both(list, old, new):
        yield from _elements(path, old or [], new or [])
    else:
        yield FieldChange(path, "changed", old, new)


def _both(kind: type, old: Any, new: Any) -> bool:
    """Whether both are of a kind; one may be missing, which is the empty one."""
    return all(isinstance(each, kind) or each is None for each in (old, new))


def _elements(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[FieldChange]:
    """Two lists: by the names of their elements where all have one, else as they are."""
    was, now = _named(old), _named(new)
    told: list[FieldChange] = []
    if was is not None and now is not None:
        for name in dict.fromkeys((*was, *now)):
            if name in was and name in now:
                told += _compared(f"{path}[{name}]", was[name], now[name])
            else:
                told.append(_element(path, was.get(name), now.get(name)))
        moved = list(was) != list(now)
    else:
        more, less = Counter(map(_json, new)), Counter(map(_json, old))
        told += [_element(path, json.loads(each), None) for each in (less - more).elements()]
        told += [_element(path, None, json.loads(each)) for each in (more - less).elements()]
        moved = True
    if not told and moved:
        told.append(FieldChange(path, "reordered", list(old), list(new)))
    yield from told


def _element(path: str, old: Any, new: Any) -> FieldChange:
    return FieldChange(path, "added" if old is None else "removed", old, new)


def _named(elements: Sequence[Any]) -> dict[str, Any] | None:
    """The elements by their names; None when one has none, or two have the same."""
    found = {_called(each): each for each in elements}
    return found if "" not in found and len(found) == len(elements) else None


def _called(element: Any) -> str:
    """What an element of a list is called; "" when it has no name."""
    if not isinstance(element, Mapping):
        return ""
    return next((str(element[key]) for key in ("id", "name", "ref") if element.get(key)), "")


def _around(old: Any, new: Any) -> tuple[Any, Any]:
    """Two long texts from shortly before where they differ."""
    if not (isinstance(old, str) and isinstance(new, str)) or max(len(old), len(new)) <= WORDS_MAX:
        return old, new
    pairs = enumerate(zip(old, new, strict=False))
    place = next((n for n, (a, b) in pairs if a != b), min(len(old), len(new)))
    start = max(0, place - _BEFORE)
    mark = "... " if start else ""
    return f"{mark}{old[start:]}", f"{mark}{new[start:]}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{_short(' '.join(value.split()))}'"
    if isinstance(value, (Mapping, list)):
        return f"'{_short(_called(value) or _json(value))}'"
    return "nothing" if value is None else str(value)


def _short(words: str) -> str:
    return words if len(words) <= WORDS_MAX else f"{words[: WORDS_MAX - 4]} ..."


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _kind(table: str) -> str:
    return _SINGULAR.get(table, table.removesuffix("s"))
