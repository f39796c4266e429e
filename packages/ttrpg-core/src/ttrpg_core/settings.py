"""Settings: declared once on attrs classes, with the source of every value.

Order, strongest first: a flag, ``TTRPG_<TABLE>_<KEY>`` in the environment, ``ttrpg.toml`` in the
campaign's folder (see :mod:`.settings_files`), the user's ``config.toml``, the default. A
value that cannot be used is an error that starts with where it stands:
``config.toml.audit.keep_days: 'soon' cannot be used; allowed: a whole number from 1 to 36500``.
"""

import enum
import math
import os
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from ttrpg_core.errors import ConfigError, NotFound
from ttrpg_core.paths import Paths
from ttrpg_core.settings_files import campaign_file, read_bytes, read_toml
from ttrpg_core.settings_tables import TABLES, Settings, setting
from ttrpg_core.text import nearest
from ttrpg_core.values import frozen

__all__ = ["TABLES", "Config", "Source", "Value", "allowed", "check", "setting", "variable_of"]

T = TypeVar("T")


class Source(enum.IntEnum):
    """Where a value comes from; the higher one wins."""

    DEFAULT = 0
    USER = 1
    CAMPAIGN = 2
    ENVIRONMENT = 3
    FLAG = 4


@frozen
class Value:
    """One setting as it holds now."""

    key: str
    value: Any
    source: Source
    where: str
    help: str
    allowed: str


class Config:
    """The settings of one run, read once; ``config.settings`` is the typed whole.

    ``ignored`` names what stood in the campaign's file and is personal; ``campaign=False`` leaves
    that file unread, so that a broken one does not stop what is needed to get around it.
    """

    def __init__(
        self,
        paths: Paths,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
        folder: Path | None = None,
        *,
        campaign: bool = True,
    ) -> None:
        self.paths = paths
        self.environ = os.environ if environ is None else environ
        self.flags = dict(flags or {})
        self.folder_file = campaign_file(folder)
        self.ignored: list[str] = []
        self._files: list[tuple[Source, Path, dict[str, Any]]] = []
        if campaign and self.folder_file is not None:
            self._files.append((Source.CAMPAIGN, self.folder_file, read_toml(self.folder_file)))
        self._files.append((Source.USER, paths.config, read_toml(paths.config)))
        self.values: dict[str, Value] = {}
        built = {}
        for table, cls in TABLES.items():
            values = self.table(table, cls)
            self.values.update({value.key: value for value in values})
            built[table] = cls(**{value.key.split(".")[-1]: value.value for value in values})
        self.settings = Settings(**built)
        self._check_tables()

    def table(self, prefix: str, cls: type) -> list[Value]:
        """The values of one table, checked; ConfigError names the first that is wrong."""
        fields = {field.name: field for field in attrs.fields(cls)}
        hints = get_type_hints(cls)
        for source, path, data in self._files:
            for key in _dig(data, prefix, path):
                if key not in fields:  # a wrong word is worth a stop; a quiet default is not
                    raise ConfigError(
                        f"{path.name}.{prefix}.{key}: there is no such setting",
                        nearest(key, fields) + f". It stands in {path}",
                    )
                label = f"{path.name}.{prefix}.{key}"
                personal = source is Source.CAMPAIGN and is_personal(prefix, fields[key])
                if personal and label not in self.ignored:
                    self.ignored.append(label)
        return [self._value(prefix, field, hints[name]) for name, field in fields.items()]

    def plugin(self, name: str, cls: type[T]) -> T:
        """A plugin's own settings, from ``[plugins.<name>]``."""
        values = self.table(f"plugins.{name}", cls)
        return cls(**{value.key.split(".")[-1]: value.value for value in values})

    def campaign_plugins(self) -> set[str]:
        """The plugins that the campaign's file has a table for."""
        files = [file for file in self._files if file[0] is Source.CAMPAIGN]
        return {name for _, path, data in files for name in _dig(data, "plugins", path)}

    def _value(self, prefix: str, field: "attrs.Attribute[Any]", kind: Any) -> Value:
        key = f"{prefix}.{field.name}"
        personal = is_personal(prefix, field)
        for source, where, raw in self._candidates(key, personal=personal):
            in_file = source <= Source.CAMPAIGN
            label = f"{Path(where).name}.{key}" if in_file else where
            value = check(label, raw, field, kind, typed=in_file, where=where)
            break
        else:
            source, where = Source.DEFAULT, "default"
            value = _default(key, field)
        help_ = str(field.metadata.get("help", ""))
        return Value(key, value, source, where, help_, allowed(field, kind))

    def _candidates(self, key: str, *, personal: bool) -> Iterator[tuple[Source, str, Any]]:
        if key in self.flags:
            yield (
                Source.FLAG,
                "--" + key.rsplit(".", maxsplit=1)[-1].replace("_", "-"),
                self.flags[key],
            )
        variable = variable_of(key)
        if variable in self.environ:
            yield Source.ENVIRONMENT, variable, self.environ[variable]
        prefix, _, name = key.rpartition(".")  # a setting's own name has no dot
        for source, path, data in self._files:
            table = _dig(data, prefix, path)
            if name in table and not (personal and source is Source.CAMPAIGN):
                yield source, str(path), table[name]

    def _check_tables(self) -> None:
        known = {*TABLES, "plugins"}
        for _, path, data in self._files:
            _dig(data, "plugins", path)
            for table in data:
                if table not in known:
                    raise ConfigError(
                        f"{path.name}.{table}: there is no such table",
                        nearest(table, known) + f". It stands in {path}",
                    )

    def get(self, key: str) -> Value:
        """The value of ``table.key``; NotFound with the nearest when there is none."""
        if key not in self.values:
            raise NotFound(f"there is no setting {key!r}", nearest(key, self.values))
        return self.values[key]

    def set(self, key: str, raw: str) -> Value:
        """Write ``table.key`` to the user's config.toml, keeping its comments; checked first.

        It holds from the next run on; what is stronger, such as the environment, still wins.
        """
        import tomlkit

        from ttrpg_core.paths import locked, write_atomically

        old = self.get(key)
        table, name = key.split(".")
        field = getattr(attrs.fields(TABLES[table]), name)
        kind = get_type_hints(TABLES[table])[name]
        value = check(key, raw, field, kind, typed=False)
        path = self.paths.config
        with locked(path):  # and read again: another process may have changed it since
            document = tomlkit.parse(read_bytes(path).decode("utf-8-sig") if path.exists() else "")
            if table not in document:
                document.add(table, tomlkit.table())
            document[table][name] = list(value) if isinstance(value, tuple) else value
            write_atomically(path, tomlkit.dumps(document))
        return attrs.evolve(old, value=value, source=Source.USER, where=str(path))


def variable_of(key: str) -> str:
    """The environment variable of a setting: ``audit.keep_days`` -> ``TTRPG_AUDIT_KEEP_DAYS``."""
    return "TTRPG_" + key.upper().replace(".", "_").replace("-", "_")


def is_personal(table: str, field: "attrs.Attribute[Any]") -> bool:
    """Whether a setting is not taken from a campaign: a plugin's, if it does not deny it."""
    said: bool | None = field.metadata.get("personal")
    return table.startswith("plugins.") if said is None else said


def check(
    label: str,
    raw: Any,
    field: "attrs.Attribute[Any]",
    kind: Any,
    *,
    typed: bool,
    where: str = "",
) -> Any:
    """A raw value as the field wants it; ConfigError starts with ``label``.

    Text from a flag or the environment (``typed`` false) is read as a TOML value first, so that
    ``30``, ``true`` and ``["a", "b"]`` mean what they mean in a file. ``where`` is for the hint.
    """
    import tomllib

    from ttrpg_core.convert import make_converter

    value = raw
    if not typed and isinstance(raw, str) and kind is not str:
        try:
            value = tomllib.loads(f"v = {raw}")["v"]
        except (ValueError, RecursionError):  # no TOML, or a number of thousands of digits
            value = raw
    hint = f"It stands in {where}" if typed and where else ""
    try:
        value = make_converter().structure(value, kind)
    except Exception as error:
        raise ConfigError(
            f"{label}: {raw!r:.80} cannot be used; allowed: {allowed(field, kind)}", hint
        ) from error
    low, high = _span(field)
    if isinstance(value, (int, float)) and not low <= value <= high:  # not-a-number is in no range
        raise ConfigError(
            f"{label}: {value} is out of range; allowed: {allowed(field, kind)}", hint
        )
    return value


def allowed(field: "attrs.Attribute[Any]", kind: Any) -> str:
    """What a setting may be, in words: for errors and for docs/config.md."""
    low, high = _span(field)
    span = f" from {low:g}" if low > -math.inf else ""
    span += f" to {high:g}" if high < math.inf else ""
    origin = get_origin(kind)
    if origin is Literal:
        return ", ".join(map(repr, get_args(kind)))
    if origin in {Union, types.UnionType}:
        return " or ".join(
            allowed(field, part) for part in get_args(kind) if part is not type(None)
        )
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return words.get(kind, "a list of texts") + (span if kind in {int, float} else "")


def _span(field: "attrs.Attribute[Any]") -> tuple[float, float]:
    low, high = field.metadata.get("low"), field.metadata.get("high")
    return -math.inf if low is None else low, math.inf if high is None else high


def _default(key: str, field: "attrs.Attribute[Any]") -> Any:
    default: Any = field.default
    if default is attrs.NOTHING:
        raise ConfigError(
            f"{key}: must be set; allowed: {field.metadata.get('help') or 'see its plugin'}",
            f"Put it into config.toml, or set {variable_of(key)}",
        )
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


def _dig(data: Mapping[str, Any], prefix: str, path: Path) -> Mapping[str, Any]:
    """The table at a prefix; a plugin's name may have dots, so only the first one parts tables."""
    here: Any = data
    for part in prefix.split(".", 1):
        here = here.get(part, {})
        if not isinstance(here, Mapping):
            raise ConfigError(f"{path.name}.{prefix}: must be a table, [{prefix}]", f"Mend {path}")
    return cast("Mapping[str, Any]", here)
