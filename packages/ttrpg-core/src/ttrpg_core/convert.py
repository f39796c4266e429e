"""From plain data to typed values and back: the one place that knows cattrs.

Values carry no serialisation of their own. Each caller asks for a private converter; the global one
of cattrs is never touched, so a plugin cannot change how another reads its data. Types are strict:
``"3"`` is not a number and ``1`` is not a text, because a wrong type in a file is a mistake to show.
"""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import cattrs

from cattrs.strategies import use_class_methods

T = TypeVar("T")

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def make_converter(*, forbid_extra_keys: bool = False) -> cattrs.Converter:
    """A fresh converter: strict types, ISO dates, tuples as lists, defaults left out.

    ``forbid_extra_keys`` makes an unknown key an error, as settings want it; imports keep theirs.
    """
    converter = cattrs.Converter(
        forbid_extra_keys=forbid_extra_keys, omit_if_default=True
    )
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook(datetime, lambda value, _: _moment(value))
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_unstructure_hook(Path, str)
    converter.register_unstructure_hook(Fraction, str)
    converter.register_structure_hook(Fraction, lambda value, _: Fraction(value))
    use_class_methods(converter, "_structure", "_unstructure")
    return converter


def explain(error: Exception, root: str) -> list[str]:
    """What a converter refused, a line each, as ``root.table.key: what is wrong``."""
    return [line.replace("$", root, 1) for line in _lines(error, "$")]


def _lines(error: BaseException, path: str) -> list[str]:
    if isinstance(error, cattrs.BaseValidationError):
        with_notes, without = error.group_exceptions()
        found: list[str] = []
        for inner, note in with_notes:
            name = getattr(note, "name", getattr(note, "index", ""))
            step = f"[{name}]" if isinstance(name, int) else f".{name}"
            found += _lines(inner, path + step)
        for other in without:
            found += _lines(other, path)
        return found
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return [f"{path}.{name}: there is no such key" for name in sorted(error.extra_fields)]
    if isinstance(error, KeyError):
        return [f"{path}.{error.args[0]}: is missing"]
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


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)



