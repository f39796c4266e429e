"""``ttrpg campaign export`` and ``import``: one file, whole or refused, taken back by one undo."""

import json

import pytest

from ttrpg_core.exchange import file


@pytest.fixture
def salt(ttrpg):
    for line in (
        ("campaign", "create", "Salt", "--system", "5e", "--tag", "sea"),
        ("location", "add", "Salt Inn", "--text", "Kept by [[Mara]].", "--audience", "party"),
        ("npc", "add", "Mara", "--location", "salt", "--secret", "A spy."),
        ("combat", "new", "Ambush"),
        ("combat", "add", "Goblin", "--hp", "7", "--initiative", "12"),
        ("combat", "add", "Goblin", "--hp", "7"),
        ("combat", "start"),
        ("hit", "goblin-2", "3"),
    ):
        assert ttrpg(*line).code == 0, line
    return ttrpg


@pytest.fixture
def written(salt, tmp_path):
    path = tmp_path / "salt.json"
    assert salt("campaign", "export", str(path)).code == 0
    return path


def things(ttrpg):
    """What the current campaign holds, without what is this database's own."""
    found = json.loads(ttrpg("campaign", "export", "-").out)
    own = {"id", "campaign", "number", "updated_at"}
    entities = found["tables"]["entities"]
    return (
        {name: each for name, each in found["campaign"].items() if name not in own},
        [{n: v for n, v in each.items() if n not in own - {"id"}} for each in entities],
        [each["state"] for each in found["tables"]["combatants"]],
    )


def test_a_campaign_comes_back_as_it_was(salt, written):
    before = things(salt)
    result = salt("campaign", "import", str(written), "--json")
    assert result.json()["campaign"] == "salt-2"
    assert result.json()["counts"]["entities"] == 2
    assert things(salt) == before
    assert salt("npc", "show", "mara", "--json").json()["npc"]["location"] == "location/salt-inn"
    assert salt("combat", "show", "ambush-2").code == 0


def test_one_undo_takes_an_import_back(salt, written):
    salt("campaign", "import", str(written))
    assert salt("undo").code == 0
    listed = salt("campaign", "list", "--json").json()["campaigns"]
    assert [each["id"] for each in listed] == ["salt"]
    assert len(salt("combat", "list", "--json").json()["fights"]) == 1


def test_what_does_not_go_along_is_told(written):
    lost = {each["what"]: each for each in json.loads(written.read_text())["lost"]}
    assert "undone only here" in lost["history"]["why"]


def test_no_key_is_in_a_file(salt, tmp_path):
    key = "sk-ant-api03-" + "k" * 40
    salt("note", "add", "Mind", "--text", f"my key is {key}")
    out = salt("campaign", "export", "-").out
    assert key not in out
    assert {each["what"] for each in json.loads(out)["lost"]} == {"history", "keys"}


def test_merging_twice_adds_once(salt, written):
    salt("npc", "rm", "mara")
    first = salt("campaign", "import", str(written), "--into", "salt", "--json").json()
    assert first["counts"] == {"entities": 1}
    assert first["same"] == 2
    again = salt("campaign", "import", str(written), "--into", "salt")
    assert "Nothing in it is new here" in again.err


@pytest.mark.parametrize(("keep", "role"), [("ours", "baker"), ("theirs", None)])
def test_where_two_differ_one_is_kept_and_it_is_said(salt, written, keep, role):
    salt("npc", "edit", "mara", "--role", "baker")
    merged = salt("campaign", "import", str(written), "--into", "salt", "--keep", keep, "--json")
    assert merged.json()["conflicts"] == ["npc/mara"]
    assert salt("npc", "show", "mara", "--json").json()["npc"].get("role") == role


@pytest.mark.parametrize(
    ("keep", "date"), [("ours", "9 Frostfall 1204"), ("theirs", "5 Frostfall 1204")]
)
def test_where_the_time_differs_one_is_kept_and_the_date_follows(salt, tmp_path, keep, date):
    salt("combat", "end")
    salt("calendar", "use", "two-moons", "--date", "5 Frostfall 1204")
    path = str(tmp_path / "dated.json")
    salt("campaign", "export", path)
    same = salt("campaign", "import", path, "--into", "salt", "--json")
    assert (same.code, same.json()["conflicts"]) == (0, [])
    salt("time", "set", "9 Frostfall 1204")
    merged = salt("campaign", "import", path, "--into", "salt", "--keep", keep, "--json")
    assert merged.json()["conflicts"] == ["clocks"]
    assert date in salt("time").out
    assert date in salt("campaign", "show").out
    assert salt("undo").code == 0
    assert "9 Frostfall 1204" in salt("campaign", "show").out


def test_a_file_with_one_byte_changed_is_refused(salt, written):
    written.write_text(written.read_text().replace("A spy.", "A spx."))
    result = salt("campaign", "import", str(written))
    assert result.code == 7
    assert "'entities' is not as it was written" in result.err
    assert len(salt("campaign", "list", "--json").json()["campaigns"]) == 1


def resigned(path, change):
    """The file changed, with checksums that fit again, as anybody can make it."""
    data = json.loads(path.read_text())
    change(data)
    contents = file.Contents(data["campaign"], data["tables"])
    path.write_text(file.dump(contents))


def forge(**values):
    return lambda data: data["tables"]["entities"][1].update(values)


@pytest.mark.parametrize(
    "change",
    [
        forge(state="{"),
        forge(state="[]"),
        forge(state='{"role": 7}'),
        forge(name="\x1b[2J"),
        forge(id="../../etc"),
        forge(audience="every body"),
        forge(state='{"tags": "ab"}'),
        forge(kind="session", state='{"status": "active", "started_at": "last night"}'),
        forge(kind="session", state='{"status": "ended", "ended_at": "2026-01-02T20:00:00"}'),
        forge(kind="session", state='{"status": "paused"}'),
        forge(kind="plot", state='{"clocks": [{"name": "x", "segments": 0}]}'),
        forge(kind="plot", state='{"clocks": [{"name": "x", "segments": 4, "filled": 5}]}'),
        lambda data: data["campaign"].update(name=7),
        lambda data: data["campaign"].update(players='[{"x": 1}]'),
        lambda data: data["tables"]["fights"][0].update(state="{}"),
        lambda data: data["tables"]["combatants"][0].update(fight="another"),
        lambda data: data["tables"]["combatants"][0].update(ordinal="first"),
        lambda data: data["tables"]["fight_turns"][0].update(who=None),
    ],
)
def test_a_forged_file_is_refused_whole(salt, written, change):
    resigned(written, change)
    result = salt("campaign", "import", str(written))
    assert result.code == 2, result.err
    assert len(salt("campaign", "list", "--json").json()["campaigns"]) == 1
    assert "import" not in salt("history").out


def test_what_this_version_does_not_know_is_left_out_and_told(salt, written):
    def change(data):
        data["tables"]["moons"] = [{"id": 1}]
        data["tables"]["entities"][0]["colour"] = "red"
        data["tables"]["entities"].append({**data["tables"]["entities"][0], "kind": "dream"})

    resigned(written, change)
    lost = salt("campaign", "import", str(written), "--json").json()["lost"]
    assert {each["what"] for each in lost} == {"moons", "entities of the kind dream"}


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", "[" * 100_000])
def test_what_is_no_campaign_is_refused(ttrpg, tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    result = ttrpg("campaign", "import", str(path))
    assert result.code == 2
    assert "Error" in result.err


def test_a_later_version_is_refused_with_what_to_do(salt, written):
    written.write_text(written.read_text().replace('"version": 1,', '"version": 99,'))
    result = salt("campaign", "import", str(written))
    assert result.code == 2
    assert "newer ttrpg" in result.err


def test_a_file_that_is_there_stays(salt, written):
    before = written.read_bytes()
    assert salt("campaign", "export", str(written)).code == 2
    assert written.read_bytes() == before


def test_checking_writes_nothing(salt, written):
    checked = salt("campaign", "import", str(written), "--check")
    assert "nothing was imported" in checked.err
    assert len(salt("campaign", "list", "--json").json()["campaigns"]) == 1
