"""Copies of the database: proved, named, found, and let go by rule."""

import contextlib
import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.copies import (
    BEFORE_MIGRATION,
    BEFORE_RESTORE,
    DAILY,
    MANUAL,
    Copies,
    Copy,
    Keep,
    read_manifest,
    wrong_with,
)
from ttrpg_core.copies.folder import outdated
from ttrpg_core.copies.making import digests
from ttrpg_core.errors import InputError, NotFound, StoreDamaged
from ttrpg_core.store import Store


@pytest.fixture
def copies(used: Path, stopped) -> Copies:
    return Copies(used, used.parent / "backups", clock=stopped)


def wrong(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return wrong_with(connection, read_manifest(connection))


def test_a_copy_says_what_it_is_and_can_prove_it(copies, used, core):
    copy, made = copies.create(MANUAL, "before the siege")
    assert copy.name == "20260102T030405.000000Z-manual"
    with contextlib.closing(sqlite3.connect(copy.path)) as connection:
        assert read_manifest(connection) == made
    with contextlib.closing(sqlite3.connect(used)) as connection:
        assert digests(connection) == made.tables
    assert (made.note, made.kind, made.at) == (
        "before the siege",
        "manual",
        "2026-01-02T03:04:05+00:00",
    )
    assert made.tables["chosen"][0] == 1
    assert made.schemas.startswith("ttrpg-core=")
    assert wrong(copy.path) == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("UPDATE chosen SET value = 'other'", "chosen has other content than when it was made"),
        ("UPDATE chosen SET value = CAST(value AS BLOB)", "chosen has other content"),
        ("DELETE FROM chosen", "chosen has 0 rows, and had 1 when it was made"),
        ("DROP TABLE chosen", "the table chosen is missing"),
        ("CREATE TABLE more (a)", "the table more was not there when it was made"),
        ("DROP INDEX journal_rows_key", "sqlite_schema has"),
        (
            "INSERT INTO journal (at, actor, kind, prose, facts, target) VALUES ('','','','','',9)",
            "1 rows point at nothing, and 0 did when it was made",
        ),
    ],
)
def test_whatever_was_changed_in_a_copy_is_told(copies, harm, told):
    copy, _ = copies.create(MANUAL)
    with contextlib.closing(sqlite3.connect(copy.path)) as connection:
        connection.execute(harm)
        connection.commit()
    assert any(each.startswith(told) for each in wrong(copy.path)), wrong(copy.path)


def test_a_manifest_that_cannot_be_read_is_damage(copies):
    copy, _ = copies.create(MANUAL)
    with contextlib.closing(sqlite3.connect(copy.path)) as connection:
        connection.execute("UPDATE backup_manifest SET manifest = '{\"at\": 1}'")
        with pytest.raises(StoreDamaged, match="manifest"):
            read_manifest(connection)


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=False),
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            st.binary(),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_two_values_have_one_hash_only_when_they_are_the_same(values):
    marks = []
    for value in values:
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("CREATE TABLE t (a)")
            connection.execute("INSERT INTO t VALUES (?)", [value])
            marks.append(digests(connection)["t"])
    same = type(values[0]) is type(values[1]) and repr(values[0]) == repr(values[1])
    assert (marks[0] == marks[1]) == same


def test_a_text_that_is_no_text_is_hashed_too(copies, used):
    with contextlib.closing(sqlite3.connect(used)) as connection:
        connection.execute("UPDATE chosen SET value = CAST(x'fffe80' AS TEXT)")
        connection.commit()
    copy, _ = copies.create(MANUAL)
    assert wrong(copy.path) == []


def test_a_copy_holds_what_is_committed_while_another_writes(used, core, copies):
    with contextlib.closing(Store(used, [core])) as writer, writer.transaction() as connection:
        connection.execute("UPDATE chosen SET value = 'uncommitted'")
        copy, _ = copies.create(MANUAL)
    with contextlib.closing(sqlite3.connect(copy.path)) as connection:
        assert connection.execute("SELECT value FROM chosen").fetchone()[0] == "keep"


def test_rows_that_point_at_nothing_are_counted_and_hinder_no_copy(used, copies):
    with contextlib.closing(sqlite3.connect(used)) as connection:
        connection.execute(
            "INSERT INTO journal (at, actor, kind, prose, facts, target) VALUES ('','','','','',9)"
        )
        connection.commit()
    copy, made = copies.create(MANUAL)
    assert made.dangling == 1
    assert wrong(copy.path) == []


def test_two_of_one_moment_have_two_names(copies):
    first, second = copies.create(MANUAL)[0], copies.create(MANUAL)[0]
    assert first.path != second.path
    assert [each.name for each in copies.all()] == [second.name, first.name]


def test_what_a_process_left_that_died_goes_and_what_is_being_made_stays(copies):
    copies.folder.mkdir()
    old, young = copies.folder / "ttrpg-1.9.part-wal", copies.folder / "ttrpg-2.9.part"
    mine = copies.folder / "mine.part"
    for each in (old, young, mine):
        each.touch()
    for each in (old, mine):
        os.utime(each, (0, 0))
    copies.create(MANUAL)
    assert [old.exists(), young.exists(), mine.exists()] == [False, True, True]


def test_copies_are_found_by_the_start_of_their_name(copies, stopped):
    first = copies.create(MANUAL)[0]
    stopped.move(days=1)
    second = copies.create(DAILY)[0]
    stopped.move(days=1)
    aside = copies.create(BEFORE_RESTORE)[0]
    assert copies.find("20260102") == first
    assert copies.find(f"ttrpg-{second.name}.db") == second
    assert copies.find("latest") == second, "what was put aside may be damaged"
    assert copies.find(aside.name) == aside
    with pytest.raises(InputError, match="fits 3 backups"):
        copies.find("2026")
    for nothing in ("", "x", "../x", "%", "2027"):
        with pytest.raises(NotFound, match="there is no backup"):
            copies.find(nothing)


def test_where_there_is_none(copies):
    assert copies.all() == []
    with pytest.raises(NotFound) as caught:
        copies.find("latest")
    assert "ttrpg backup create" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    [
        "ttrpg-mine.db",
        "ttrpg-20260101T000000Z.db",
        "ttrpg-20260231T000000Z-daily.db",
        "ttrpg-20260101T000000Z-daily.db.bak",
        "ttrpg-20260101T000000Z-.db",
        "notes.txt",
    ],
)
def test_a_file_of_another_name_is_none_of_ours(copies, name):
    copies.folder.mkdir()
    (copies.folder / name).touch()
    assert copies.all() == []


def on(day: str, kind: str = DAILY) -> Copy:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return Copy(Path(f"{day}-{kind}"), f"{day}-{kind}", at, kind)


def test_days_weeks_and_months_keep_the_newest_each():
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    known = [on((start + timedelta(days=n)).isoformat()) for n in range(120)]
    gone = {each.name[:10] for each in outdated(known, Keep(days=3, weeks=3, months=3))}
    kept = sorted({each.name[:10] for each in known} - gone)
    assert kept == [
        "2026-02-28",  # of February
        "2026-03-31",  # of March
        "2026-04-19",  # a Sunday: the newest of its week
        "2026-04-26",  # and of the week after
        "2026-04-28",
        "2026-04-29",
        "2026-04-30",
    ]


def test_of_one_day_the_newest_stays_and_what_rests_keeps_what_it_has():
    known = [on("2020-01-01T10:00:00"), on("2020-01-01T11:00:00"), on("2020-01-02T10:00:00")]
    assert outdated(known, Keep()) == known[:1]


def test_what_was_asked_for_or_put_aside_never_goes_by_itself():
    known = [
        on(f"20{year}-01-01T00:00:00", kind)
        for year in range(10, 40)
        for kind in (MANUAL, BEFORE_RESTORE, BEFORE_MIGRATION, "of-a-later-version")
    ]
    gone = outdated(known, Keep(migrations=2))
    assert {each.kind for each in gone} == {BEFORE_MIGRATION}
    assert len(gone) == 28


def test_no_copy_is_made_of_a_damaged_database(copies, used):
    whole = used.read_bytes()
    used.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreDamaged):
        copies.create(MANUAL)
    assert list(copies.folder.iterdir()) == []


def test_a_folder_that_is_full_of_other_things(copies, used):
    shutil.copy(used, copies.folder.parent / "backups-of-mine.db")
    copies.folder.mkdir()
    (copies.folder / "ttrpg-20260101T000000Z-manual.db").mkdir()
    assert copies.create(MANUAL)[0].path.is_file()
