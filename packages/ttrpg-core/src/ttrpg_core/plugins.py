"""Which plugins are installed, what they have, and what is wrong with them.

A plugin that cannot be imported, yields nonsense, misspells a hook, takes a taken name or names a
target that does not exist becomes a :class:`Problem`. Everything else goes on working. Our own
distributions register first, so nobody takes a name from them; after that the order is that of
names, so it does not depend on the machine.

A plugin's code may raise anything: an extension module's panic, ``sys.exit`` and pytest's own
outcomes are no ``Exception``. So what is caught here is everything but Ctrl-C.
"""

import importlib
import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Protocol, TypeVar

import pluggy

from ttrpg_core import installed
from ttrpg_core.entries import KINDS, Entry, Genre, System
from ttrpg_core.errors import PluginError
from ttrpg_core.hooks import GROUP, Hooks

FIRST_PARTY = (
    "ttrpg-core",
    "ttrpg-cli",
    "ttrpg-ingest",
    "ttrpg-search",
    "ttrpg-providers",
    "ttrpg-genres",
    "ttrpg-voice",
)
"""Our distributions, in the order in which they register."""

CORE = "ttrpg-core"
"""The one distribution that TTRPG_DISABLE cannot switch off: the rest stands on its tables."""
MAX_ENTRIES = 1000
"""Most records that one hook may yield; a generator without an end is cut here."""
MAX_ERROR = 200
"""Longest description of an error, in characters: it is one line."""

E = TypeVar("E", bound=Entry)


class Problem(NamedTuple):
    """What is wrong with one plugin: its name, where it went wrong, and how."""

    plugin: str
    where: str
    error: str

    def __str__(self) -> str:
        return f"{self.plugin}: {self.where}: {self.error}"


class Plugin(NamedTuple):
    """One installed plugin: entry-point name, distribution, version and what it points at."""

    name: str
    distribution: str
    version: str
    value: str
    disabled: bool = False

    @property
    def first_party(self) -> bool:
        """Whether it comes from one of our own distributions."""
        return self.distribution in FIRST_PARTY


class Point(Protocol):
    """The part of ``importlib.metadata.EntryPoint`` that is needed."""

    @property
    def name(self) -> str:
        """The plugin's name."""
        ...

    @property
    def value(self) -> str:
        """``module`` or ``module:attribute``."""
        ...

    def load(self) -> object:
        """Import it."""
        ...


class Owned(NamedTuple):
    """An entry with the plugin that yields it."""

    entry: Entry
    plugin: str


def describe(error: BaseException) -> str:
    """An exception in one line: its type and the first line of what it says."""
    lines = str(error).strip().splitlines()
    whole = isinstance(error, pluggy.PluginValidationError)  # what is wrong comes last there
    first = " ".join(lines) if whole else next(iter(lines), "")
    line = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return line if len(line) <= MAX_ERROR else line[: MAX_ERROR - 3] + "..."


def disabled_names(environ: Mapping[str, str]) -> frozenset[str]:
    """The plugins that ``TTRPG_DISABLE=a,b`` switches off; ``*`` stands for all third parties."""
    value = environ.get("TTRPG_DISABLE", "")
    return frozenset(name.strip() for name in value.split(",") if name.strip())


class _Marked(pluggy.PluginManager):
    """Looks in a module at what is marked with hookimpl alone; pluggy looks hard at every name."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> "pluggy.HookimplOpts | None":
        """The options of a marked function."""
        if isinstance(plugin, ModuleType) and not _is_marked(plugin, name):
            return None
        return super().parse_hookimpl_opts(plugin, name)


def _is_marked(module: ModuleType, name: str) -> bool:
    return hasattr(vars(module).get(name), f"{GROUP}_impl")


class Plugins:
    """The installed plugins; built once, asked by kind."""

    def __init__(self, disable: Iterable[str] = ()) -> None:
        self.manager = _Marked(GROUP)
        self.manager.add_hookspecs(Hooks)
        self.disable = frozenset(disable)
        self.installed: list[Plugin] = []
        self._problems: list[Problem] = []
        self._owned: dict[str, dict[str, Owned]] = {}
        self._loaded: dict[tuple[str, str], object] = {}

    @classmethod
    def discover(cls, environ: Mapping[str, str] | None = None) -> "Plugins":
        """Register every installed plugin that is not disabled."""
        self = cls(disabled_names(os.environ if environ is None else environ))
        found: list[installed.Point] = []
        for point in installed.points(GROUP):
            if isinstance(point, installed.Unreadable):
                self._problem(point.distribution, "entry_points.txt", describe(point.error))
            else:
                found.append(point)
        for point in sorted(found, key=lambda p: (_rank(p.distribution), p.name, p.distribution)):
            self.add(point, distribution=point.distribution, version=point.version)
        return self

    def add(self, point: Point, distribution: str = "", version: str = "") -> None:
        """Register what an entry point names, unless it is disabled."""
        ours = distribution in FIRST_PARTY
        off = distribution != CORE and (
            point.name in self.disable or ("*" in self.disable and not ours)
        )
        if any(seen.name == point.name for seen in self.installed):
            other = next(seen for seen in self.installed if seen.name == point.name)
            self._problem(
                f"{point.name} ({distribution or point.value})",
                "name",
                f"a plugin named {point.name!r} already comes from"
                f" {other.distribution or other.value}; this one is left out",
            )
            return
        self.installed.append(Plugin(point.name, distribution, version, point.value, off))
        if not off:
            self._guard(point.name, "import", lambda: self.register(point.load(), point.name))

    def register(self, plugin: object, name: str) -> None:
        """Register a module or object that has hook implementations."""
        if not any(seen.name == name for seen in self.installed):
            self.installed.append(Plugin(name, "", "", getattr(plugin, "__name__", repr(plugin))))
        try:
            self.manager.register(plugin, name=name)
        except BaseException:
            if self.manager.has_plugin(name):  # a half-registered plugin, as pluggy <= 1.6 leaves
                self.manager.unregister(name=name)
            raise
        for attribute in dir(plugin):
            if isinstance(plugin, ModuleType) and not _is_marked(plugin, attribute):
                if attribute.removeprefix(f"{GROUP}_") in KINDS and attribute.startswith(GROUP):
                    self._problem(
                        name, attribute, "is not marked with @hookimpl, so it is not asked"
                    )
                continue
            options = self.manager.parse_hookimpl_opts(plugin, attribute)
            hook = attribute if options is None else options.get("specname") or attribute
            if options is not None and hook.removeprefix(f"{GROUP}_") not in KINDS:
                import difflib  # slow to import, and seldom needed

                near = difflib.get_close_matches(hook, [f"{GROUP}_{kind}" for kind in KINDS], n=1)
                meant = f"did you mean {near[0]}?" if near else "see docs/plugins/hooks.md"
                self._problem(name, hook, f"there is no such hook; {meant}")
        self._owned.clear()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything known to be wrong so far, each once, in the order it was met."""
        return tuple(dict.fromkeys(self._problems))

    def owned(self, kind: str) -> dict[str, Owned]:
        """The entries of a kind by name, each with its plugin; asked once and kept."""
        if kind in self._owned:
            return self._owned[kind]
        found: dict[str, Owned] = {}
        hook = getattr(self.manager.hook, f"ttrpg_{kind}")
        order = {plugin.name: index for index, plugin in enumerate(self.installed)}
        for impl in sorted(hook.get_hookimpls(), key=lambda impl: order[impl.plugin_name]):
            for entry in self._ask(kind, impl.plugin_name, impl.function):
                taken = found.get(entry.name)
                if taken is None:
                    found[entry.name] = Owned(entry, impl.plugin_name)
                else:
                    self._problem(
                        impl.plugin_name,
                        f"ttrpg_{kind}",
                        f"the name {entry.name!r} is taken by {taken.plugin!r}; it keeps it, and"
                        f" the one from {impl.plugin_name!r} is left out",
                    )
        self._owned[kind] = found
        return found

    def entries(self, kind: type[E]) -> dict[str, E]:
        """The entries of a kind by name, typed: ``entries(Parser)``."""
        return {
            name: owned.entry
            for name, owned in self.owned(kind.kind).items()
            if isinstance(owned.entry, kind)
        }

    def load(self, kind: type[Entry], name: str) -> object:
        """Import what an entry names, once.

        Raises PluginError when there is no such entry or its target cannot be imported; the same
        then stands in ``problems``.
        """
        key = (kind.kind, name)
        if key not in self._loaded:
            owned = self.owned(kind.kind).get(name)
            if owned is None:
                known = ", ".join(sorted(self.owned(kind.kind))) or "none"
                raise PluginError(f"there is no {kind.kind[:-1]} {name!r}", f"installed: {known}")
            where = f"{kind.kind[:-1]} {name}"
            self._loaded[key] = self.resolve(owned.entry.target, owned.plugin, where)
        return self._loaded[key]

    def language(self) -> tuple[Path, ...]:
        """The files of what players call things that packs bring.

        A genre has it as ``language.toml`` in its folder, a system as ``NAME.language.toml`` beside
        its ``NAME.toml``.
        """
        packs: list[Path] = []
        for kind in (Genre, System):
            for owned in self.owned(kind.kind).values():
                if (data := getattr(owned.entry, "path", None)) is not None:
                    path = Path(str(data))
                    beside = path.with_name(f"{path.stem}.language.toml")
                    packs.append(path / "language.toml" if path.is_dir() else beside)
        return tuple(filter(Path.is_file, packs))

    def check(self) -> tuple[Problem, ...]:
        """Ask every kind and import every target: what ``ttrpg plugins`` and ``doctor`` show."""
        for kind, cls in KINDS.items():
            for name, owned in self.owned(kind).items():
                path = getattr(owned.entry, "path", None)
                if path is not None and not (path.is_dir() or path.is_file()):
                    self._problem(owned.plugin, f"{kind[:-1]} {name}", f"there is no {path}")
                where = f"{kind[:-1]} {name}"
                if owned.entry.target:
                    self._guard(owned.plugin, where, lambda: self.load(cls, name))  # noqa: B023 - called at once
                if quick := getattr(owned.entry, "quick", None):
                    self._guard(
                        owned.plugin, where, partial(self.resolve, quick, owned.plugin, where)
                    )
        return self.problems

    def report(self, plugin: str, error: str, where: str = "tables") -> None:
        """Note a problem that was met elsewhere, such as tables that cannot be made."""
        self._problem(plugin, where, error)

    def resolve(self, target: str, plugin: str, where: str) -> object:
        """What ``module:attribute`` names; a failure is a Problem and a PluginError."""
        module, _, attribute = target.partition(":")
        try:
            loaded: object = importlib.import_module(module)
            for part in attribute.split("."):
                loaded = getattr(loaded, part)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            message = f"cannot load {target}: {describe(error)}"
            self._problem(plugin, where, message)
            raise PluginError(
                f"{where} of the plugin {plugin!r}: {message}",
                f"Reinstall or remove it; TTRPG_DISABLE={plugin} switches it off",
                plugin=plugin,
            ) from error
        return loaded

    def _ask(self, kind: str, plugin: str, function: Callable[[], object]) -> list[Entry]:
        entries: list[Entry] = []

        def collect() -> None:
            answer = function()
            if answer is None or not isinstance(answer, Iterable) or isinstance(answer, str):
                if hasattr(answer, "close"):
                    answer.close()  # a coroutine that nobody awaits would complain later
                msg = f"a hook yields records; this one returned {type(answer).__name__}"
                raise TypeError(msg)
            for number, entry in enumerate(itertools.islice(answer, MAX_ENTRIES + 1)):
                if number == MAX_ENTRIES:
                    msg = f"yields more than {MAX_ENTRIES} records; the rest is left out"
                    raise ValueError(msg)
                if not isinstance(entry, KINDS[kind]):
                    msg = f"yields {KINDS[kind].__name__} records; got {entry!r:.80}"
                    raise TypeError(msg)
                entries.append(entry)

        self._guard(plugin, f"ttrpg_{kind}", collect)
        return entries

    def _guard(self, plugin: str, where: str, action: Callable[[], object]) -> None:
        """Run a plugin's code; whatever it raises becomes a Problem."""
        try:
            action()
        except PluginError:
            pass  # already noted by resolve, with the same words
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            self._problem(plugin, where, describe(error))

    def _problem(self, plugin: str, where: str, error: str) -> None:
        self._problems.append(Problem(plugin, where, error))


def _rank(distribution: str) -> int:
    return FIRST_PARTY.index(distribution) if distribution in FIRST_PARTY else len(FIRST_PARTY)
