"""Front matter: YAML between two lines of dashes, read without trust.

Every scalar that is not plainly a number, true or false is a text: a date stays as it was typed.
Aliases are refused, since a few lines of them can stand for a file without end.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from ttrpg_core.errors import InputError

FENCE = "---"
LONGEST = 100_000
"""Characters of front matter that is read."""


class _Loader(yaml.SafeLoader):
    """YAML's plain values, dates as texts."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("it uses a YAML alias (*name), which is not read")
        return super().compose_node(parent, index)


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same in C, where the library was built with it, for what has no anchor to refer to."""


_Loader.yaml_implicit_resolvers = _FastLoader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def split(text: str, where: str) -> tuple[dict[str, Any], str]:
    """The front matter of a page as plain values, and the text below it.

    Raises InputError, with the line, for front matter that is no YAML or no mapping.
    """
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    if not lines or lines[0].rstrip() != FENCE:
        return {}, text
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == FENCE:
            return _read("".join(lines[1:number]), where), "".join(lines[number + 1 :])
    return {}, text


def join(values: Mapping[str, Any], body: str) -> str:
    """A page with front matter."""
    told = yaml.dump(
        dict(values),
        Dumper=_DUMPER,
        allow_unicode=True,
        sort_keys=False,
        width=1000,
        default_flow_style=False,
    )
    return f"{FENCE}\n{told}{FENCE}\n{body}"


def _read(text: str, where: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise InputError(f"the front matter of {where} is too long", f"At most {LONGEST:,}")
    try:
        found = yaml.load(text, _Loader if "&" in text else _FastLoader)  # noqa: S506 - both safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark is not None else ""
        reason = getattr(error, "problem", None) or "it is nested too deep"
        if not mark and str(error):
            reason = str(error)
        raise InputError(
            f"the front matter of {where}{line} cannot be read: {reason}",
            "Mend it, or take the lines between the dashes away",
        ) from error
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise InputError(
            f"the front matter of {where} is no list of names and values", "Such as: role: smith"
        )
    return found
