"""What matters for security: kept with its change, found, exported, trimmed."""

import csv
import io
import json
from datetime import timedelta, timezone

import pytest

from ttrpg_core.audit import SEVERITIES, Audit, export
from ttrpg_core.errors import InputError
from ttrpg_core.settings_tables import AuditSettings


@pytest.fixture
def audit(store, stopped) -> Audit:
    return Audit(store, stopped, AuditSettings())


def test_a_row_says_who_what_and_when(audit):
    audit.record("key.set", {"name": "anthropic", "ünï": [1, None]}, actor="model")
    (event,) = audit.events()
    assert (event.kind, event.actor, event.severity) == ("key.set", "model", "info")
    assert event.facts == {"name": "anthropic", "ünï": [1, None]}
    assert event.at == "2026-01-02T03:04:05+00:00"


def test_severity_is_the_least_wanted(audit):
    for severity in SEVERITIES:
        audit.record("x", severity=severity)
    for place, severity in enumerate(SEVERITIES):
        found = [event.severity for event in audit.events(severity=severity)]
        assert found == list(reversed(SEVERITIES[place:]))
    assert len(audit.events()) == 4
    with pytest.raises(InputError) as caught:
        audit.events(severity="dire")
    assert "critical" in caught.value.hint


def test_kind_is_a_prefix_and_no_pattern(audit):
    for kind in ("key.set", "key.remove", "import.book", "k%", "KEY.set"):
        audit.record(kind)
    assert [event.kind for event in audit.events(kind="key.")] == ["key.remove", "key.set"]
    assert [event.kind for event in audit.events(kind="k%")] == ["k%"]
    assert [event.kind for event in audit.events(limit=2)] == ["KEY.set", "k%"]


def test_since_in_any_time_zone(audit, stopped):
    audit.record("old")
    stopped.move(hours=1)
    moment = stopped.now
    audit.record("new")
    stopped.move(microseconds=5)
    audit.record("newer")
    east = timezone(timedelta(hours=9))
    for since in (moment, moment.astimezone(east)):
        assert [event.kind for event in audit.events(since=since)] == ["newer", "new"]


def test_a_row_goes_with_its_change(audit, journal):
    with pytest.raises(ZeroDivisionError), journal.change("x") as change:  # noqa: PT012 - the block is what is undone
        change.insert("chosen", {"key": "a", "value": "b"})
        audit.record("book.delete")
        raise ZeroDivisionError
    assert audit.events() == []
    with journal.change("x") as change:
        change.insert("chosen", {"key": "a", "value": "b"})
        audit.record("book.delete")
    assert [event.kind for event in audit.events()] == ["book.delete"]


def test_old_rows_are_trimmed(store, stopped):
    audit = Audit(store, stopped, AuditSettings(keep_days=10))
    audit.record("old")
    stopped.move(days=9, hours=23)
    audit.record("young")
    assert audit.trim() == 0
    stopped.move(hours=2)
    assert audit.trim() == 1
    assert [event.kind for event in audit.events()] == ["young"]


def test_the_oldest_rows_go_when_there_are_too_many(store, stopped):
    audit = Audit(store, stopped, AuditSettings(keep_megabytes=1))
    for number in range(24):
        audit.record(f"n{number}", {"words": "é" * 50_000})  # 100,000 bytes, half as many letters
    kinds = [event.kind for event in audit.events()]
    assert kinds[0] == "n23"
    audit.trim()
    assert [event.kind for event in audit.events()] == [f"n{n}" for n in range(23, 14, -1)]


def test_trimming_comes_by_itself(store, stopped):
    audit = Audit(store, stopped, AuditSettings(keep_days=1))
    audit.record("old")
    stopped.move(days=2)
    for _ in range(25):
        audit.record("young")
    assert {event.kind for event in audit.events()} == {"young"}


TRICKS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x";"y")']


def test_export(audit):
    for trick in TRICKS:
        audit.record(trick, {"name": trick, "quote": '"'}, actor=trick)
    audit.record("plain", {"a": 1})
    events = audit.events()
    assert [json.loads(line)["kind"] for line in export(events, "jsonl").splitlines()] == [
        event.kind for event in events
    ]
    whole = json.loads(export(events, "json"))
    assert whole["schema"] == "ttrpg.audit/1"
    assert [event["facts"] for event in whole["events"]] == [event.facts for event in events]
    rows = list(csv.DictReader(io.StringIO(export(events, "csv"), newline="")))
    assert [json.loads(row["facts"]) for row in rows] == [event.facts for event in events]
    assert rows[0]["kind"] == "plain"
    for row, event in zip(rows[1:], events[1:], strict=True):
        for cell in (row["kind"], row["actor"]):
            assert cell == f"'{event.kind}", "a spreadsheet must take it for a text"
    for row in rows:
        assert not any(cell[:1] in "=+-@\t\r\n" for cell in row.values() if cell)


def test_export_of_nothing_and_in_no_format(audit):
    assert export([], "jsonl") == ""
    assert json.loads(export([], "json"))["events"] == []
    assert export([], "csv") == "id,at,severity,kind,actor,facts\n"
    with pytest.raises(InputError):
        export([], "xml")
