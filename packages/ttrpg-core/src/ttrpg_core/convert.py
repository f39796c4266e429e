"""From plain data to typed values and back: the one place that knows cattrs.

Values carry no serialisation of their own. Each caller asks for a private converter; the global
one of cattrs is never touched, so a plugin cannot change how another reads its data. Types are
strict: ``"3"`` is not a number, ``1`` is not a text and ``"ab"`` is not a list of two, because a
wrong type in a file is a mistake to show.
"""

import re
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, get_origin

import cattrs
from cattrs.strategies import use_class_methods

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_LISTS = (list, tuple, set, frozenset, Sequence, MutableSequence, AbstractSet)
_FRACTION = re.compile(r"-?[0-9]{1,30}(/[0-9]{1,30})?\Z")


def make_converter(*, forbid_extra_keys: bool = False) -> cattrs.Converter:
    """A fresh converter: strict types, ISO dates, tuples as lists, defaults left out.

    ``forbid_extra_keys`` makes an unknown key an error, as settings want it; imports keep theirs.
    """
    converter = cattrs.Converter(forbid_extra_keys=forbid_extra_keys, omit_if_default=True)
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook(datetime, lambda value, _: _moment(value))
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_unstructure_hook(Path, str)
    converter.register_unstructure_hook(Fraction, str)
    converter.register_structure_hook(Fraction, lambda value, _: _fraction(value))
    _refuse_texts_as_lists(converter)
    use_class_methods(converter, "_structure", "_unstructure")
    return converter


def explain(error: Exception, root: str) -> list[str]:
    """What a converter refused, a line each, as ``root.table.key: what is wrong``."""
    return [line.replace("$", root, 1) for line in _lines(error, "$")]


def _lines(error: BaseException, path: str) -> list[str]:
    if isinstance(error, (cattrs.ClassValidationError, cattrs.IterableValidationError)):
        with_notes, without = error.group_exceptions()
        found: list[str] = []
        for inner, note in with_notes:
            name = getattr(note, "name", getattr(note, "index", ""))
            step = f"[{name}]" if isinstance(name, int) else f".{name}"
            if isinstance(inner, KeyError) and inner.args == (name,):
                found.append(f"{path}{step}: is missing")
            else:
                found += _lines(inner, path + step)
        for other in without:
            found += _lines(other, path)
        return found
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return [f"{path}.{name}: there is no such key" for name in sorted(error.extra_fields)]
    if isinstance(error, KeyError) and error.args:
        return [f"{path}: there is no {error.args[0]!r}"]
    return [f"{path}: {error}"]


def _strict(kind: type) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            msg = f"{value!r} is not {_WORDS[kind]}"
            raise ValueError(msg)
        return value

    return structure


def _refuse_texts_as_lists(converter: cattrs.Converter) -> None:
    """Make a list of characters, or of a table's keys, an error where a list is wanted."""
    make = converter.get_structure_hook

    def wanted(kind: Any) -> bool:
        return (get_origin(kind) or kind) in _LISTS and kind not in asked

    def factory(kind: Any) -> Callable[[Any, Any], Any]:
        asked.add(kind)
        try:
            plain = make(kind, cache_result=False)
        finally:
            asked.discard(kind)

        def structure(value: Any, _: Any) -> Any:
            if isinstance(value, (str, bytes, Mapping)):
                msg = f"{value!r:.80} is not a list"
                raise ValueError(msg)  # noqa: TRY004 - explained like every other wrong value
            return plain(value, kind)

        return structure

    asked: set[Any] = set()
    converter.register_structure_hook_factory(wanted, factory)


def _fraction(value: Any) -> Fraction:
    """Of a whole number or a text like ``1/3``; never ``1e999999999``, which fills the memory."""
    if isinstance(value, Fraction) or (isinstance(value, int) and not isinstance(value, bool)):
        return Fraction(value)
    if not isinstance(value, str) or not _FRACTION.match(value):
        msg = f"{value!r:.80} is not a fraction such as 1/3"
        raise ValueError(msg)
    return Fraction(value)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
