"""Structured logs: lines on stderr when asked for, JSON lines in the state folder otherwise.

structlog's own default prints to stdout, which belongs to a command's data, and prints secrets as
they come; both are settled here. Modules on the start-up path do not log: they return Problems.
"""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import attrs
import structlog

from ttrpg_core.errors import StoreError
from ttrpg_core.paths import make_folder

SECRET_NAMES = re.compile(
    r"(?<![a-z])(?:api)?(?:key|token|secret|password|authorization|prompt)s?(?![a-z])",
    re.IGNORECASE,
)
"""Names whose text is hidden: ``api_key``, ``X-Api-Key``, ``token``; not ``keyword``."""
SECRET_VALUES = re.compile(r"\b(?:sk-[\w-]{8,}|AIza[\w-]{20,}|Bearer\s+\S+)")
MAX_BYTES = 5_000_000
"""The log file is moved aside to ``.1`` when it is larger."""
HIDDEN = "[hidden]"


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose name or shape is that of a secret, however deep they lie."""
    for name, value in event.items():
        event[name] = _hidden("" if name == "event" else name, value)
    return event


def _hidden(name: str, value: Any) -> Any:
    if isinstance(value, (bool, int, float)) or value is None:
        return value  # a count of tokens is no token
    if SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(name, inner) for inner in value]
    if isinstance(value, str):
        return SECRET_VALUES.sub(HIDDEN, value)
    return SECRET_VALUES.sub(HIDDEN, repr(value))


@attrs.frozen
class LogFile:
    """Appends lines, opening the file for each: nothing stays open, and it may be moved aside.

    A log that cannot be written, on a full disk for one, must not end what it tells of.
    """

    path: Path

    def __call__(self, *_: object) -> "LogFile":
        """Itself: structlog asks its factory for a logger."""
        return self

    def msg(self, line: str) -> None:
        """Add one line."""
        with contextlib.suppress(OSError, StoreError):
            make_folder(self.path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            handle = os.open(self.path, flags, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(line + "\n")
                size = file.tell()
            if size > MAX_BYTES:
                self.path.replace(self.path.with_suffix(".jsonl.1"))

    log = debug = info = warn = warning = error = critical = exception = failure = fatal = msg


class Stderr:
    """Writes lines to stderr as it is when they come.

    One that was closed, or whose reader went away, must not end what the line tells of.
    """

    def __call__(self, *_: object) -> "Stderr":
        """Itself: structlog asks its factory for a logger."""
        return self

    def msg(self, line: str) -> None:
        """Add one line."""
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(line + "\n")
                sys.stderr.flush()

    log = debug = info = warn = warning = error = critical = exception = failure = fatal = msg


def configure(state_dir: Path, *, verbose: bool = False) -> Path:
    """Send logs to stderr (``verbose``) or to ``log.jsonl`` in the state folder; its path."""
    path = state_dir / "log.jsonl"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    if verbose:
        last: Any = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
        factory: Any = Stderr()
    else:
        last = structlog.processors.JSONRenderer()
        factory = LogFile(path)
    structlog.configure(
        processors=[*shared, last],
        logger_factory=factory,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    return path


def log_bug(state_dir: Path, error: BaseException, *, typed: str, owner: str) -> None:
    """Keep an error that nobody foresaw as a line of the log file, without secrets."""
    configure(state_dir)
    structlog.get_logger().error("bug", typed=typed, owner=owner, exc_info=error)
