"""The program in one object: settings, plugins, store and the rest, each built when first used.

It is ``ctx.obj`` of every command. A test builds one with a home of its own, plugins of its own, a
seeded ``rng`` and a stopped ``clock``; nothing in it is global.
"""

import os
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ttrpg_core import entries
from ttrpg_core.errors import ConfigError, NotFound, PluginError, TtrpgError
from ttrpg_core.paths import Paths, make_folder
from ttrpg_core.plugins import FIRST_PARTY, Plugins, describe

if TYPE_CHECKING:
    import random
    from asyncio import Runner

    from ttrpg_core.audit import Audit
    from ttrpg_core.backups import Backups
    from ttrpg_core.context import Context
    from ttrpg_core.journal import Journal
    from ttrpg_core.library import Library
    from ttrpg_core.llm.money import Alerts, LedgerPurse
    from ttrpg_core.llm.routing import Router
    from ttrpg_core.search import Finder, Searcher
    from ttrpg_core.secrets import Secrets
    from ttrpg_core.settings import Config
    from ttrpg_core.settings_tables import Settings
    from ttrpg_core.store import SchemaSet, Store
    from ttrpg_core.views import Screen

T = TypeVar("T")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class App:
    """Settings, plugins, secrets, store, journal, audit and library of one run."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
        folder: Path | None = None,
        plugins: Plugins | None = None,
        screen: "Screen | None" = None,
        rng: "random.Random | None" = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.flags = dict(flags or {})
        self.folder = folder
        self.key_files: dict[str, Path] = {}
        self._rng = rng
        self.clock = clock
        self._plugins = plugins
        self._screen = screen

    @cached_property
    def paths(self) -> Paths:
        """Where things live."""
        return Paths.of(self.environ)

    @cached_property
    def plugins(self) -> Plugins:
        """What is installed."""
        return self._plugins or Plugins.discover(self.environ)

    @cached_property
    def rng(self) -> "random.Random":
        """Chance; a test gives a seeded one."""
        import random

        return self._rng or random.Random()

    @cached_property
    def config(self) -> "Config":
        """The settings with their sources."""
        from ttrpg_core.settings import Config

        return Config(self.paths, self.environ, self.flags, self.folder)

    @property
    def settings(self) -> "Settings":
        """The settings, typed."""
        return self.config.settings

    @cached_property
    def secrets(self) -> "Secrets":
        """Keys."""
        from ttrpg_core.secrets import Secrets

        return Secrets(self.paths, self.environ, self.key_files)

    @cached_property
    def store(self) -> "Store":
        """The database, opened and migrated."""
        from ttrpg_core.store import Store

        return Store(
            self.paths.database,
            self.schemas(),
            backups=self.paths.backups,
            keep=self.settings.store.backups,
            busy_seconds=self.settings.store.busy_seconds,
            note=self._note_schema,
        )

    def _note_schema(self, schema: str, error: str) -> None:
        self.plugins.report(self.plugins.owned("schemas")[schema].plugin, error)

    @cached_property
    def journal(self) -> "Journal":
        """Changes to the game, undo and redo."""
        from ttrpg_core.journal import Journal

        return Journal(self.store, self.clock, self._new_day)

    @cached_property
    def backups(self) -> "Backups":
        """Copies of the database: made, checked, put back."""
        from ttrpg_core.backups import Backups

        return Backups(self.paths, self.settings, self.schemas, self.clock)

    def _new_day(self) -> None:
        self.backups.daily(self.audit, self._screen)

    @cached_property
    def audit(self) -> "Audit":
        """What matters for security."""
        from ttrpg_core.audit import Audit

        return Audit(self.store, self.clock, self.settings.audit)

    @cached_property
    def library(self) -> "Library":
        """The shelf of books."""
        from ttrpg_core.library import Library

        return Library(self.store)

    @cached_property
    def purse(self) -> "LedgerPurse":
        """What models cost: budgets, the ledger of every call, forecasts."""
        from ttrpg_core.llm.money import LedgerPurse

        return LedgerPurse(
            self.store, self.clock, self.settings.money, self.audit.record, self.alerts
        )

    @cached_property
    def alerts(self) -> "Alerts":
        """What the user should hear of, told in the ways that the settings name."""
        from ttrpg_core.llm.money import Alerts
        from ttrpg_core.webhook import channels

        settings = self.settings
        told = channels(
            settings.money, settings.network, self.paths.state_dir, offline=settings.general.offline
        )
        return Alerts(self.store, self.clock, told)

    @cached_property
    def models(self) -> "Router":
        """The language models that the user chose, as one; each vendor is made when it is asked."""
        from ttrpg_core.llm import Vendor
        from ttrpg_core.llm.routing import Records, Router, Rules, Vendors

        chosen, network = self.settings.models, self.settings.network
        vendors = Vendors(
            self.plugins.entries(entries.Provider),
            lambda name: self.make(entries.Provider, name, Vendor),  # type: ignore[type-abstract]
            lambda name, variable: self.secrets.find(name, variable) is not None,
            offline=self.settings.general.offline,
        )
        rules = Rules(
            chosen.breaker_failures,
            chosen.breaker_seconds,
            chosen.breaker_successes,
            network.connect_seconds + network.first_seconds,
        )
        records = Records(self.store, self.clock, rules)
        tell = self.alerts.raise_alert
        return Router(chosen, vendors, self.purse, records, rng=self.rng, tell=tell)

    @cached_property
    def _runner(self) -> "Runner":
        import asyncio

        return asyncio.Runner()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end on the one event loop of this App.

        Ctrl-C cancels it, so that a reply in flight is closed, kept and settled; what then comes
        out is KeyboardInterrupt, unless the coroutine saw to it and answered. A second Ctrl-C in
        the same run does not wait. Not for code that runs in an event loop of its own.
        """
        return self._runner.run(main)

    @property
    def screen(self) -> "Screen":
        """Where results go; the command line sets it."""
        if self._screen is None:
            msg = "this App has no screen; give it one: App(screen=...)"
            raise RuntimeError(msg)
        return self._screen

    @screen.setter
    def screen(self, screen: "Screen") -> None:
        self._screen = screen

    def schemas(self) -> "list[SchemaSet]":
        """The migration sets of every plugin, ours first."""
        from ttrpg_core.store import SchemaSet

        ours = {p.name for p in self.plugins.installed if p.distribution in FIRST_PARTY}
        return [
            SchemaSet(
                name,
                owned.entry.target,
                lambda name=name: self.plugins.load(entries.Schema, name),  # type: ignore[misc]
                required=owned.plugin in ours,
            )
            for name, owned in self.plugins.owned("schemas").items()
        ]

    def context(self, kind: type[entries.Entry], name: str) -> "Context":
        """What the target of an entry is handed."""
        from ttrpg_core.context import Context

        owned = self.plugins.owned(kind.kind).get(name)
        if owned is None:
            raise PluginError(f"there is no {kind.kind[:-1]} {name!r}", "See: ttrpg plugins")
        key = getattr(owned.entry, "key", None)
        target = getattr(owned.entry, "settings", None)
        settings: object = None
        if target is not None:
            cls = self.plugins.resolve(target, owned.plugin, f"settings of {name}")
            if not isinstance(cls, type) or not attrs.has(cls):
                raise PluginError(
                    f"settings of {name}: {target} is not an attrs class",
                    f"Tell its author; TTRPG_DISABLE={owned.plugin} switches it off",
                    plugin=owned.plugin,
                )
            settings = self.config.plugin(name, cls)

        def secret(part: str = "", variable: str | None = None) -> str | None:
            found = self.secrets.find(f"{name}-{part}" if part else name, variable if part else key)
            return None if found is None else found[0]

        network = self.settings.network
        if kind is entries.Provider:  # the next model may answer sooner than a wait is over
            longest = self.settings.models.wait_seconds / max(1, network.retries)
            network = attrs.evolve(network, wait_seconds=longest)
        return Context(
            settings=settings,
            secret=secret,
            folder=self.paths.indexes / name,
            database=lambda: self.store.connection,
            offline=self.settings.general.offline,
            network=network,
            backend=self.backend,
            language=self.language,
        )

    def language(self) -> tuple[Path, ...]:
        """The files of what players call things: those of packs, then any TOML of the user's."""
        folder = self.paths.language
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - glob is slow, and each question asks
        except OSError:  # as most have none
            names = []
        return (*self.plugins.language(), *(folder / n for n in names if n.endswith(".toml")))

    def make(self, kind: type[entries.Entry], name: str, protocol: type[T]) -> T:
        """The implementation that an entry names, checked against its protocol.

        Raises PluginError when it cannot be made or lacks a method.
        """
        target = self.plugins.load(kind, name)
        plugin = self.plugins.owned(kind.kind)[name].plugin
        where = f"{kind.kind[:-1]} {name} of the plugin {plugin!r}"
        hint = f"Tell its author; TTRPG_DISABLE={plugin} switches it off"
        if not callable(target):
            raise PluginError(f"{where}: {target!r} cannot be called", hint, plugin=plugin)
        context = self.context(kind, name)
        try:
            made: object = target(context)
            if isinstance(made, protocol):
                return made
        except (TtrpgError, KeyboardInterrupt):
            raise
        except Exception as error:  # what others wrote may fail in any way, and is not our bug
            message = f"{where} cannot be made: {describe(error)}"
            raise PluginError(message, hint, plugin=plugin) from error
        wanted = {*dir(protocol), *getattr(protocol, "__annotations__", {})}
        lacks = sorted(n for n in wanted if not n.startswith("_") and not hasattr(made, n))
        message = f"{where}: {type(made).__name__} lacks {', '.join(lacks)}"
        raise PluginError(message, hint, plugin=plugin)

    def keyword_searcher(self) -> "Searcher":
        """The keyword backend that the settings name, else the first installed."""
        from ttrpg_core.search import Searcher

        name = self._chosen("keyword", self.settings.search.keyword)
        return self.make(entries.Searcher, name, Searcher)  # type: ignore[type-abstract]

    def finder(self) -> "Finder":
        """The whole search. NotFound when no installed package brings one."""
        from ttrpg_core.search import Finder

        return self.make(entries.Searcher, self._chosen("finder", ""), Finder)  # type: ignore[type-abstract]

    def backend(self, role: str, name: str = "") -> object | None:
        """A part of the search: of role "keyword", "vector", "embedder" or "reranker".

        Without a name the one that the settings choose; None where they choose none, or where no
        package brings one. ConfigError for a name that is not installed.
        """
        from ttrpg_core import search

        settings = self.settings.search
        match role:
            case "keyword":
                return self.keyword_searcher() if not name else self._backend(role, name)
            case "vector":
                return self._backend(role, name or settings.vector)
            case "embedder":
                wanted = name or settings.embedder
                if wanted == "none":
                    return None
                known = self.plugins.entries(entries.Embedder)
                first = next((n for n, e in known.items() if e.offline), "")
                return self._entry(entries.Embedder, wanted or first, search.Embedder)
            case _:
                return self._entry(entries.Reranker, name or settings.reranker, search.Reranker)

    def _backend(self, role: str, wanted: str) -> object | None:
        from ttrpg_core import search

        try:
            name = self._chosen(role, wanted)
        except NotFound:
            return None
        protocol = search.VectorIndex if role == "vector" else search.Searcher
        return self.make(entries.Searcher, name, protocol)

    def _entry(self, kind: type[entries.Entry], wanted: str, protocol: type) -> object | None:
        if not wanted:
            return None
        known = self.plugins.entries(kind)
        if wanted not in known:
            raise ConfigError(
                f"search.{kind.kind[:-1]}: there is no {kind.kind[:-1]} {wanted!r}",
                "Installed: " + (", ".join(known) or "none"),
            )
        made: object = self.make(kind, wanted, protocol)
        if getattr(known[wanted], "offline", True):  # a reranker has no such field
            return made
        from ttrpg_core.llm.embedding import paid

        return paid(wanted, made, lambda: self.purse.apart())  # noqa: PLW0108 - made when it is paid

    def _chosen(self, role: str, wanted: str) -> str:
        """The search backend of a role: the one wanted, else the first installed."""
        of_role = {
            n: e for n, e in self.plugins.entries(entries.Searcher).items() if e.role == role
        }
        if not of_role:
            raise NotFound(f"no {role} search backend is installed", "ttrpg-search brings one")
        wanted = wanted or next(iter(of_role))
        if wanted not in of_role:
            raise ConfigError(
                f"search.{role}: there is no {role} backend {wanted!r}",
                "Installed: " + ", ".join(of_role) + f"; or: ttrpg config set search.{role} ''",
            )
        return wanted

    def index_folder(self, name: str) -> Path:
        """A folder for files that can be rebuilt, made when it is missing."""
        return make_folder(self.paths.indexes / name)

    def close(self) -> None:
        """Close what was opened, and give alerts that are being sent a moment."""
        for opened in ("alerts", "_runner", "store"):
            if opened in self.__dict__:
                self.__dict__[opened].close()
