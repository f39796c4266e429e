"""Who did what that matters for security: keys, imports, deletes, restores, settings, plugins.

Rows, not a log file: they are written in the same transaction as what they tell of, can be searched
and exported, and are trimmed by age and size as the settings say. Facts never hold a secret.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

import attrs

from ttrpg_core.errors import InputError
from ttrpg_core.settings_tables import AuditSettings
from ttrpg_core.store import Store

Severity = Literal["info", "warning", "security", "critical"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
"""From the least to the most severe."""

_TRIM_EVERY = 20
"""Rows between two trims: trimming reads the whole size."""
_FORMULA = frozenset("=+-@\t\r\n")


@attrs.frozen
class Event:
    """One audit row; ``at`` is ISO 8601 in UTC."""

    id: int
    at: str
    severity: str
    kind: str
    actor: str
    facts: Mapping[str, Any]


class Audit:
    """Writes, reads, exports and trims audit rows."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], settings: AuditSettings
    ) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings

    def record(
        self,
        kind: str,
        facts: Mapping[str, Any] | None = None,
        *,
        severity: Severity = "info",
        actor: str = "gm",
    ) -> None:
        """Add a row, inside the caller's transaction when there is one."""
        with self.store.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO audit (at, severity, kind, actor, facts) VALUES (?, ?, ?, ?, ?)",
                [
                    self.clock().isoformat(),
                    severity,
                    kind,
                    actor,
                    json.dumps(facts or {}, ensure_ascii=False, default=str),
                ],
            )
            if int(cursor.lastrowid or 0) % _TRIM_EVERY == 0:
                self.trim()

    def events(
        self,
        *,
        since: datetime | None = None,
        severity: str | None = None,
        kind: str = "",
        limit: int = 50,
    ) -> list[Event]:
        """The newest first; ``severity`` is the least wanted, ``kind`` a prefix such as ``key``."""
        if severity is not None and severity not in SEVERITIES:
            raise InputError(
                f"there is no severity {severity!r}", "One of: " + ", ".join(SEVERITIES)
            )
        wanted = SEVERITIES[SEVERITIES.index(severity) :] if severity else SEVERITIES
        rows = self.store.connection.execute(
            "SELECT * FROM audit WHERE at >= ? AND substr(kind, 1, ?) = ?"
            " AND severity IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?",
            [
                since.astimezone(UTC).isoformat() if since else "",
                len(kind),
                kind,
                json.dumps(wanted),
                limit,
            ],
        )
        return [Event(**{**dict(row), "facts": json.loads(row["facts"])}) for row in rows]

    def trim(self) -> int:
        """Remove rows that are too old or beyond the size; answers how many went."""
        oldest = (self.clock() - timedelta(days=self.settings.keep_days)).isoformat()
        most = self.settings.keep_megabytes * 1_000_000
        with self.store.transaction() as connection:
            gone = connection.execute("DELETE FROM audit WHERE at < ?", [oldest]).rowcount
            gone += connection.execute(
                "DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id,"
                " SUM(LENGTH(CAST(facts AS BLOB)) + LENGTH(kind) + 60) OVER (ORDER BY id DESC)"
                " AS total FROM audit) WHERE total > ?)",
                [most],
            ).rowcount
        return gone


def export(events: Iterable[Event], form: str) -> str:
    """Events as ``jsonl``, ``json`` or ``csv`` text."""
    rows = [attrs.asdict(event) for event in events]
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if form == "json":
        return (
            json.dumps({"schema": "ttrpg.audit/1", "events": rows}, ensure_ascii=False, indent=2)
            + "\n"
        )
    if form != "csv":
        raise InputError(f"there is no export format {form!r}", "One of: jsonl, json, csv")
    lines = [_line(field.name for field in attrs.fields(Event))]
    for row in rows:
        cells = {**row, "facts": json.dumps(row["facts"], ensure_ascii=False)}
        lines.append(_line(_cell(value) for value in cells.values()))
    return "".join(lines)


def _line(cells: Iterable[object]) -> str:
    """A row of CSV. The module's own line end makes it quote a carriage return in a cell."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: object) -> object:
    """A spreadsheet runs a cell that starts with = + - @; a leading quote keeps it a text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value
