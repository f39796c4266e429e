"""``ttrpg audit``."""

import csv
import io
import json

import pytest


@pytest.fixture
def events(ttrpg):
    ttrpg("campaign", "create", "=HYPERLINK()")
    ttrpg("config", "set", "search.results", "5")
    ttrpg("keys", "set", "anthropic", input="sk-x")
    return ttrpg


def kinds(result):
    return [event["kind"] for event in result.json()["events"]]


def test_the_newest_is_first(events):
    assert kinds(events("audit", "--json")) == ["key.added", "setting.changed", "campaign.created"]
    lines = events("audit").out.splitlines()
    assert "key.added" in lines[1]
    assert "name: anthropic" in lines[1]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--severity", "security"], ["key.added"]),
        (["--kind", "setting"], ["setting.changed"]),
        (["--kind", "nothing"], []),
        (["-n", "1"], ["key.added"]),
        (["--days", "36500"], ["key.added", "setting.changed", "campaign.created"]),
    ],
)
def test_a_list_can_be_narrowed(events, options, wanted):
    assert kinds(events("audit", "list", *options, "--json")) == wanted


@pytest.mark.parametrize(
    "options",
    [
        ["--severity", "worst"],
        ["--days", "0"],
        ["--days", "9" * 30],
        ["-n", "0"],
        ["--kind", "\ud800"],
    ],
)
def test_what_cannot_be_asked(events, options):
    result = events("audit", "list", *options)
    assert result.code == 2
    assert "Traceback" not in result.err


def test_nothing_happened_yet(ttrpg):
    assert ttrpg("audit").out == "Nothing yet.\n"


def test_export_in_three_forms(events):
    lines = [json.loads(line) for line in events("audit", "export").out.splitlines()]
    assert [each["kind"] for each in lines] == ["key.added", "setting.changed", "campaign.created"]
    whole = events("audit", "export", "--format", "json").json()
    assert (whole["schema"], whole["events"]) == ("ttrpg.audit/1", lines)
    assert events("audit", "export", "--json").json() == whole
    rows = list(csv.DictReader(io.StringIO(events("audit", "export", "--format", "csv").out)))
    assert [row["kind"] for row in rows] == [each["kind"] for each in lines]
    assert [json.loads(row["facts"]) for row in rows] == [each["facts"] for each in lines]


def test_export_to_a_file_is_itself_audited(events, tmp_path):
    path = tmp_path / "audit.jsonl"
    result = events("audit", "export", str(path))
    assert result.code == 0
    assert result.out == ""
    assert f"Wrote 3 rows to {path}" in result.err
    assert len(path.read_text().splitlines()) == 3
    assert kinds(events("audit", "list", "-n", "1", "--json")) == ["data.exported"]


def test_export_to_a_file_under_json(events, tmp_path):
    path = tmp_path / "audit.csv"
    told = events("audit", "export", str(path), "--format", "csv", "--json").json()
    assert told == {"schema": "ttrpg.audit.export/1", "file": str(path), "events": 3}
    with path.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


@pytest.mark.parametrize("where", ["", "no\0where", "\ud800/x"])
def test_export_where_nothing_can_be_written(events, where):
    result = events("audit", "export", where)
    assert result.code in {1, 2}
    assert "Traceback" not in result.err


def test_export_to_a_folder(events, tmp_path):
    result = events("audit", "export", str(tmp_path))
    assert result.code == 2
    assert "is a folder" in result.err


def test_export_replaces_a_file_only_by_force(events, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text("mine")
    result = events("audit", "export", str(path))
    assert result.code == 2
    assert "--force replaces it" in result.err
    assert path.read_text() == "mine"
    assert events("audit", "export", str(path), "--force").code == 0
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "name", ["ttrpg.db", "ttrpg.db-wal", "ttrpg.db-shm", "config.toml", "keys.toml", "backups/x"]
)
def test_export_never_replaces_what_is_ours(events, ttrpg_home, name):
    path = ttrpg_home / name
    before = path.read_bytes() if path.exists() else None
    result = events("audit", "export", str(path), "--force")
    assert result.code == 2
    assert "belongs to ttrpg" in result.err
    assert (path.read_bytes() if path.exists() else None) == before
    assert "data.exported" not in kinds(events("audit", "--json"))


def test_export_into_a_folder_that_is_missing(events, tmp_path):
    result = events("audit", "export", str(tmp_path / "no" / "audit.jsonl"))
    assert result.code == 3
    assert f"there is no folder {tmp_path / 'no'}" in result.err
    assert not (tmp_path / "no").exists()
