"""``doctor``: look at everything that could be wrong, and say what to do."""

import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import click

from ttrpg_cli.install import install_line
from ttrpg_cli.seen import forget, note_changes
from ttrpg_core.app import App
from ttrpg_core.errors import StoreDamaged, TtrpgError
from ttrpg_core.library import Book
from ttrpg_core.secrets import is_private
from ttrpg_core.store import verify
from ttrpg_core.views import Block, Table, Text

LOW_DISK = 200_000_000
"""Bytes free below which a warning is worth it: a large book with its index takes about a tenth."""

BACKUPS_READ = 3
"""The newest backups, which are read to their end; all of a large home take minutes."""


@attrs.frozen
class Finding:
    """One thing looked at: ``ok``, ``warn`` or ``bad``, what was seen, what to do."""

    what: str
    state: str
    seen: str
    do: str = ""


@click.command(short_help="Look for what could be wrong, and say what to do")
@click.option(
    "--forget", "forgotten", is_flag=True, help="Plugins that are gone were removed on purpose."
)
@click.pass_context
def doctor(ctx: click.Context, *, forgotten: bool) -> None:
    """Look at Python, folders, settings, plugins, database, keys and disk.

    Ends with 1 when something is bad, and with 7 when the database is damaged.
    """
    app: App = ctx.obj
    findings: list[Finding] = []
    for check in (_python, _folders, _settings, _database, _books, _plugins, _keys, _disk):
        findings += _guarded(check, app)
    damaged = any(f.what == "database" and f.state == "bad" for f in findings)
    findings += [] if damaged else _guarded(_gone, app, forgotten=forgotten)
    blocks: list[Block] = [
        Table(("", "What", "Seen"), [(f.state, f.what, f.seen) for f in findings])
    ]
    blocks += [Text(f"{f.what}: {f.do}", "warn") for f in findings if f.do]
    app.screen.show("ttrpg.doctor/1", {"findings": [attrs.asdict(f) for f in findings]}, blocks)
    bad = [f for f in findings if f.state == "bad"]
    if any(f.seen.startswith("damaged") for f in bad):
        ctx.exit(StoreDamaged.code)
    if bad:
        ctx.exit(1)


def _guarded(check: Callable[..., Iterator[Finding]], app: App, **switches: bool) -> list[Finding]:
    """A check's findings; an error that it meets is a finding too, so the others still run."""
    found: list[Finding] = []
    name = check.__name__.strip("_")
    try:
        found.extend(check(app, **switches))
    except StoreDamaged as error:
        found.append(Finding(name, "bad", f"damaged: {error.message}", error.hint))
    except (TtrpgError, OSError, sqlite3.Error) as error:
        found.append(Finding(name, "bad", str(error), getattr(error, "hint", "")))
    return found


def _gone(app: App, *, forgotten: bool) -> Iterator[Finding]:
    gone = note_changes(app)
    if gone and forgotten:
        forget(app, gone)
    elif gone:
        lines = "; ".join(_line(app, name) for name in gone)
        yield Finding(
            "plugins",
            "warn",
            f"gone since last time: {', '.join(gone)}",
            f"{lines}   (or, when that was meant: ttrpg doctor --forget)",
        )


def _line(app: App, package: str) -> str:
    beside = [plugin.distribution for plugin in app.plugins.installed if plugin.distribution]
    return install_line(package, beside=beside)


def _python(_: App) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")
    with contextlib.closing(sqlite3.connect(":memory:")) as memory:
        options = {row[0] for row in memory.execute("PRAGMA compile_options")}
    fts = "ENABLE_FTS5" in options
    yield Finding(
        "sqlite",
        "ok" if fts else "bad",
        f"{sqlite3.sqlite_version}" + ("" if fts else ", without FTS5"),
        "" if fts else "Keyword search needs an SQLite with FTS5; python.org's Pythons have it",
    )


def _folders(app: App) -> Iterator[Finding]:
    for what, path in (
        ("data", app.paths.data_dir),
        ("settings", app.paths.config_dir),
        ("state", app.paths.state_dir),
    ):
        there = next((p for p in (path, *path.parents) if p.exists()), Path("/"))
        good = there.is_dir() and os.access(there, os.W_OK)
        yield Finding(
            f"{what} folder",
            "ok" if good else "bad",
            str(path),
            "" if good else f"{there} may not be written; mend its permissions, or set TTRPG_HOME",
        )


def _settings(app: App) -> Iterator[Finding]:
    values = app.config.values.values()
    changed = [value.key for value in values if value.source]
    yield Finding("settings", "ok", f"{len(values)} settings, {len(changed)} of them yours")


def _database(app: App) -> Iterator[Finding]:
    path = app.paths.database
    if not path.exists():
        yield Finding("database", "ok", "none yet")
        return
    wrong = verify(app.store.connection)
    if wrong:
        yield Finding(
            "database",
            "bad",
            f"damaged: {wrong[0]}",
            f"'ttrpg backup restore latest' puts a copy back; they lie in {app.paths.backups}",
        )
    else:
        yield Finding("database", "ok", f"{path}, {path.stat().st_size / 1e6:,.1f} MB, sound")
    copies = app.backups.copies.all()
    for copy in copies[:BACKUPS_READ]:
        harm = app.backups.check(copy.path).wrong
        seen = f"{copy.name}, {'damaged: ' + harm[0] if harm else 'whole'}"
        yield Finding("backup", "warn" if harm else "ok", seen)
    if len(copies) > BACKUPS_READ:
        older = len(copies) - BACKUPS_READ
        yield Finding("backups", "ok", f"{older} older; 'ttrpg backup verify' reads them all")


def _books(app: App) -> Iterator[Finding]:
    if not app.paths.database.exists():
        return
    books, counts = app.library.books(), app.library.counts()
    if not books:
        return
    unread = [book for book in books if not counts.get(book.sha256)]
    for book in unread:
        yield Finding(
            "book",
            "warn",
            f'the text of "{book.title}" is not here',
            f"Read it again: ttrpg library add {book.path}",
        )
    if "search" not in app.plugins.owned("commands"):
        return
    yield _index(app, [book for book in books if book not in unread], counts)


def _index(app: App, books: list[Book], counts: dict[str, int]) -> Finding:
    """Whether every book can be found, asked for one by one: a sum hides what is there twice."""
    searcher = app.keyword_searcher()
    try:
        hidden = [book for book in books if not app.library.is_indexed(searcher, book.sha256)]
        indexed = searcher.count()
    except sqlite3.Error as error:
        return Finding(
            "search index",
            "bad",
            f"cannot be asked: {error}",
            f"Put a sound copy of the database back; they lie in {app.paths.backups}",
        )
    finally:
        searcher.close()
    wanted = sum(counts[book.sha256] for book in books)
    seen = f"{indexed:,} of {wanted:,} passages of {len(books)} book(s)"
    if hidden:
        names = ", ".join(f'"{book.title}"' for book in hidden[:3]) + ", ..." * (len(hidden) > 3)  # noqa: PLR2004 - enough to see
        seen = f"{len(hidden)} of {len(books)} book(s) cannot be found: {names}"
    short = bool(hidden) or indexed < wanted
    return Finding(
        "search index",
        "warn" if short else "ok",
        seen,
        "Fill it again: ttrpg library reindex" if short else "",
    )


def _plugins(app: App) -> Iterator[Finding]:
    problems = app.plugins.check()
    yield Finding("plugins", "ok", f"{len(app.plugins.installed)} installed")
    for problem in problems:
        yield Finding(
            "plugin",
            "warn",
            str(problem),
            f"Upgrade or remove it, or switch it off: TTRPG_DISABLE={problem.plugin}",
        )


def _keys(app: App) -> Iterator[Finding]:
    known = app.secrets.known()
    path = app.paths.keys
    private = is_private(path)
    yield Finding(
        "keys",
        "ok" if private else "bad",
        f"{len(known)} kept" + ("" if private else f"; others may read {path}"),
        "" if private else f"chmod 600 {path}",
    )


def _disk(app: App) -> Iterator[Finding]:
    there = next(p for p in (app.paths.data_dir, *app.paths.data_dir.parents) if p.exists())
    free = shutil.disk_usage(there).free
    low = free < LOW_DISK
    yield Finding(
        "disk",
        "warn" if low else "ok",
        f"{free / 1e9:,.1f} GB free",
        "Free some space" if low else "",
    )
