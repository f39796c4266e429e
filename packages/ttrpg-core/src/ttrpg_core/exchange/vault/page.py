"""One entity as a page, and the values that a page gives.

The values of a page are plain: texts, numbers, lists of texts, and for what is made of parts what
the database has. Both sides of an import are compared in this form, so that what an editor did to
quotes and blank lines is no change.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.exchange.vault import front
from ttrpg_core.table.world.entity import Entity, Field, fields_of
from ttrpg_core.table.world.links import Link, links, relinked
from ttrpg_core.world import rows

Titles: TypeAlias = Callable[[str], str | None]
"""The title of the page of a reference, None where it has no page."""
Values: TypeAlias = dict[str, Any]

REF = "ttrpg"
"""The key of front matter with the reference of the entity that the page is of."""
_SECTION = re.compile(r"^%% ttrpg: ([a-z_]+) %%[ \t]*$", re.MULTILINE)
"""The line above a text other than the first; an editor shows nothing of it."""


def values(entity: Entity, titles: Titles) -> Values:
    """What the page of an entity says, without what is empty."""
    found: Values = {"name": entity.name, "audience": entity.audience.name}
    for name, known in fields_of(type(entity)).items():
        value = getattr(entity, name)
        if value in ("", (), None, False):
            continue
        found[name] = _shown(value, known, titles)
    if entity.revealed:
        found["revealed"] = dict(entity.revealed)
    return found | {name: each for name, each in entity.extra.items() if name not in found}


def rendered(reference: str, kind: type[Entity], told: Mapping[str, Any]) -> str:
    """The page of these values; ``reference`` is empty on one that is not read back."""
    known = fields_of(kind)
    texts = {name for name in told if name in known and known[name].shape == "text"}
    head = {name: each for name, each in told.items() if name not in texts}
    body = "".join(
        ("" if name == "text" else f"\n%% ttrpg: {name} %%\n## {_title(name)}\n\n")
        + told[name].strip("\n")
        + "\n"
        for name in sorted(texts, key=lambda each: (each != "text", each))
    )
    return front.join({**({REF: reference} if reference else {}), **head}, body)


def parsed(text: str, kind: type[Entity], where: str) -> Values:
    """The values of a page; InputError where one is not of the shape of its field."""
    head, body = front.split(text.replace("\r\n", "\n"), where)
    head.pop(REF, None)
    pieces = _SECTION.split(body)
    found = {name: each for name, each in head.items() if each not in (None, "", [], False)}
    known = fields_of(kind)
    texts = {"text": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}
    for name, piece in texts.items():
        if name not in known or known[name].shape != "text":
            raise InputError(f"{where} has a part {name!r:.40}", f"A {kind.KIND} has none such")
        lines = piece.strip("\n").split("\n")
        if name != "text" and lines[0] == f"## {_title(name)}":
            lines = lines[1:]
        if cleaned := "\n".join(lines).strip("\n"):
            found[name] = cleaned
    for name, value in found.items():
        if name in known:
            found[name] = _read(value, known[name], f"{name} of {where}")
    return found


def given(
    kind: type[Entity], edited: Mapping[str, Any], reference: Callable[[str], str]
) -> tuple[Values, Values]:
    """Values as :func:`ttrpg_core.table.world.making.changed` takes them, and those unknown to it.

    ``reference`` answers what a link means. A value that is gone from the page is None.
    """
    known = fields_of(kind)
    told: Values = {}
    extra: Values = {}
    for name, value in edited.items():
        if name in {"name", "audience"}:
            if value is not None:
                told[name] = str(value)
        elif name not in known:
            if name != "revealed":
                extra[name] = value
        else:
            told[name] = _given(kind, name, known[name], value, reference)
    return told, extra


def _shown(value: Any, known: Field, titles: Titles) -> Any:
    if known.shape == "ref":
        return _link(value, titles)
    if known.shape == "refs":
        return [_link(each, titles) for each in value]
    if known.shape == "lines":
        return list(value)
    if known.shape == "text":
        shown: str = relinked(value, lambda link: _target(link, titles))
        return shown.strip("\n")
    return rows.plain(value)


def _link(reference: str, titles: Titles) -> str:
    title = titles(reference)
    return f"[[{title}]]" if title else reference


def _target(link: Link, titles: Titles) -> str | None:
    """Where a link of a text leads in the vault; None where it leads there as it is."""
    return titles(link.target) if "/" in link.target else None


def _read(value: Any, known: Field, where: str) -> Any:
    """A value of front matter as the field has it, however an editor wrote it."""
    match known.shape:
        case "lines" | "refs":
            return _texts(value, where)
        case "number":
            if not isinstance(value, int) or isinstance(value, bool):
                raise InputError(f"the {where} is no whole number", "Write it in digits")
        case "flag":
            if not isinstance(value, bool):
                raise InputError(f"the {where} is neither true nor false", "Write: true")
        case "value":
            pass
        case _:
            return _line(value, where)
    return value


def _texts(value: Any, where: str) -> list[str]:
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, (str, int, float)) for each in several):
        raise InputError(f"the {where} is no list of texts", "Write: [one, another]")
    return [str(each) for each in several]


def _line(value: Any, where: str) -> str:
    if isinstance(value, list):  # an unquoted [[link]] is a list in a list to YAML
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        return f"[[{value}]]"
    if not isinstance(value, (str, int, float)):
        raise InputError(f"the {where} is no text", "Put it in quotes")
    return str(value)


def _given(
    kind: type[Entity], name: str, known: Field, value: Any, reference: Callable[[str], str]
) -> Any:
    match known.shape:
        case "ref":
            told: Any = "" if value is None else _pointed(value, reference)
        case "refs":
            told = ["", *(_pointed(each, reference) for each in value or ())]
        case "lines":
            told = ["", *(value or ())]
        case "number":
            told = value
        case "flag":
            told = bool(value)
        case "value":
            told = _structured(kind, name, known, value)
        case _:
            told = "" if value is None else value
    return told


def _structured(kind: type[Entity], name: str, known: Field, value: Any) -> Any:
    declared = getattr(attrs.fields(kind), name)
    if value is None:
        return declared.default
    if known.choices and value not in known.choices:
        raise InputError(
            f"the {name} cannot be {str(value)!r:.60}", f"One of: {', '.join(known.choices)}"
        )
    try:
        return rows.converter().structure(value, declared.type)
    except Exception as error:  # whatever a value that somebody edited makes of the converter
        raise InputError(
            f"the {name} cannot be {str(value)!r:.60}", "Compare another page"
        ) from error


def _pointed(value: str, reference: Callable[[str], str]) -> str:
    link = next(iter(links(value)), None)
    return reference(link.target if link is not None else value)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
