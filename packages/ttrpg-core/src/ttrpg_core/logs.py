"""Structured logs: lines on stderr when asked for, JSON lines in the state folder otherwise.

structlog's own default prints to stdout, which belongs to a command's data, and prints secrets as
they come; both are settled here. Modules on the start-up path do not log: they return Problems.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from ttrpg_core.paths import make_folder

SECRET_NAMES = re.compile(r"key|token|secret|password|authorization|prompt", re.IGNORECASE)
SECRET_VALUES = re.compile(r"\b(?:sk-[\w-]{8,}|AIza[\w-]{20,}|Bearer\s+\S+)")
MAX_BYTES = 5_000_000
"""The log file is moved aside to ``.1`` when it is larger."""


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose name or shape is that of a secret."""
    for name, value in event.items():
        if name != "event" and SECRET_NAMES.search(name):
            event[name] = "[hidden]"
        elif isinstance(value, str):
            event[name] = SECRET_VALUES.sub("[hidden]", value)
    return event


def configure(state_dir: Path, *, verbose: bool = False) -> Path:
    """Send logs to stderr (``verbose``) or to ``log.jsonl`` in the state folder; answers the file."""
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
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
    else:
        make_folder(state_dir)
        if path.exists() and path.stat().st_size > MAX_BYTES:
            path.replace(path.with_suffix(".jsonl.1"))
        last = structlog.processors.JSONRenderer()
        factory = structlog.WriteLoggerFactory(path.open("a", encoding="utf-8"))
    structlog.configure(
        processors=[*shared, last],
        logger_factory=factory,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    return path
