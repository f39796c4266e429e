"""What an implementation is handed: a small frozen value that a test builds by hand.

A plugin never sees the whole ``App``. It gets its own settings, a way to ask for its key, folders
of its own and the database, and nothing that it could not have been given by somebody else.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from ttrpg_core.values import frozen


def _no_key(part: str = "", variable: str | None = None) -> str | None:  # noqa: ARG001 - neither
    return None


def _no_database() -> sqlite3.Connection:
    msg = "this context has no database; give it one: Context(database=lambda: connection)"
    raise RuntimeError(msg)


def _no_language() -> tuple[Path, ...]:
    return ()


def _no_backend(role: str, name: str = "") -> object:
    msg = f"this context has no {role} {name}; give it one: Context(backend=...)"
    raise RuntimeError(msg)


@frozen
class Context:
    """What a plugin's code may use.

    ``settings`` is an instance of the record's settings class, or None. ``secret()`` answers the
    key that the record names, or None, and ``secret(part, variable)`` one of several keys of the
    same record, with the environment variable that the user names for it. ``network`` are the time
    limits and retries that the user wants (a ``NetworkSettings``), None for the usual ones.
    ``folder`` may be filled with files that can be rebuilt.
    ``database()`` is the open connection of the one database, inside the caller's transaction.
    ``backend(role, name)`` is a part of the search that is installed: role "keyword", "vector",
    "embedder" or "reranker"; without a name the one that the settings choose, None where they
    choose none or none is installed. ``language()`` are the files in which installed packs and the
    user say what players call things, the user's last.
    """

    settings: Any = attrs.field(default=None, repr=False)
    secret: Callable[..., str | None] = attrs.field(default=_no_key, repr=False)
    folder: Path = Path()
    database: Callable[[], sqlite3.Connection] = attrs.field(default=_no_database, repr=False)
    offline: bool = False
    network: Any = None
    backend: Callable[..., object | None] = attrs.field(default=_no_backend, repr=False)
    language: Callable[[], tuple[Path, ...]] = attrs.field(default=_no_language, repr=False)
