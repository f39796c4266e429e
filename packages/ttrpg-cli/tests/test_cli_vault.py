"""``ttrpg vault``: pages out, edits in, and nothing lost on either side."""

import json

import pytest


@pytest.fixture
def salt(ttrpg):
    for line in (
        ("campaign", "create", "Salt"),
        ("location", "add", "Salt Inn", "--type", "tavern", "--audience", "party"),
        ("npc", "add", "Mara", "--role", "smith", "--location", "salt", "--secret", "A spy."),
        ("note", "add", "Rumour", "--text", "Ask [[npc/mara|the smith]].", "--audience", "party"),
    ):
        assert ttrpg(*line).code == 0, line
    return ttrpg


@pytest.fixture
def vault(salt, tmp_path):
    folder = tmp_path / "vault"
    assert salt("vault", "export", str(folder)).code == 0
    return folder


def npc(ttrpg, name="mara"):
    return ttrpg("npc", "show", name, "--json").json()["npc"]


def edit(page, *changes):
    text = page.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    page.write_text(text)


def test_an_untouched_vault_has_nothing_new(salt, vault):
    before = salt("history", "--json").json()
    result = salt("vault", "import", str(vault))
    assert (result.code, "Nothing in the vault is new" in result.err) == (0, True)
    assert salt("history", "--json").json() == before


def test_what_was_edited_comes_back_and_one_undo_takes_it_out(salt, vault):
    edit(vault / "NPCs/Mara.md", ("role: smith", "role: baker"), ("A spy.", "A double spy."))
    assert salt("vault", "import", str(vault)).code == 0
    assert (npc(salt)["role"], npc(salt)["secret"]) == ("baker", "A double spy.")
    salt("undo")
    assert (npc(salt)["role"], npc(salt)["secret"]) == ("smith", "A spy.")


def test_a_new_page_is_a_new_thing_of_its_folder_once(salt, vault):
    (vault / "NPCs/Otto.md").write_text("---\nlocation: '[[Salt Inn]]'\nmoon: 3\n---\nA cook.\n")
    (vault / "Loose.md").write_text("Only words, for [[Otto]].")
    for _ in range(2):
        assert salt("vault", "import", str(vault)).code == 0
    assert npc(salt, "otto")["location"] == "location/salt-inn"
    assert "moon: 3" in (vault / "NPCs/Otto.md").read_text()
    assert salt("npc", "list", "--json").json()["total"] == 2
    assert salt("note", "list", "--json").json()["total"] == 2


def test_a_renamed_page_renames_and_a_page_that_is_gone_stays_unless_asked(salt, vault):
    (vault / "Locations/Salt Inn.md").rename(vault / "Locations/Brine Inn.md")
    (vault / "Notes/Rumour.md").unlink()
    assert "kept" in salt("vault", "import", str(vault)).out
    shown = salt("location", "list", "--json").json()["locations"]
    assert [each["name"] for each in shown] == ["Brine Inn"]
    assert salt("note", "list", "--json").json()["total"] == 1
    (vault / "Notes/Rumour.md").unlink()
    assert salt("vault", "import", str(vault), "--delete").code == 0
    assert salt("note", "list", "--json").json()["total"] == 0


def test_what_both_changed_is_shown_and_nothing_written(salt, vault):
    edit(vault / "NPCs/Mara.md", ("role: smith", "role: baker"), ("A spy.", "No spy."))
    salt("npc", "edit", "mara", "--role", "tailor")
    before = (vault / "NPCs/Mara.md").read_text()
    result = salt("vault", "import", str(vault))
    assert result.code == 4
    for word in ("smith", "tailor", "baker"):
        assert word in result.out
    assert npc(salt)["secret"] == "A spy."
    assert (vault / "NPCs/Mara.md").read_text() == before


@pytest.mark.parametrize(("keep", "role"), [("ours", "tailor"), ("theirs", "baker")])
def test_one_side_is_kept_when_it_is_said(salt, vault, keep, role):
    edit(vault / "NPCs/Mara.md", ("role: smith", "role: baker"), ("A spy.", "No spy."))
    salt("npc", "edit", "mara", "--role", "tailor")
    assert salt("vault", "import", str(vault), "--keep", keep).code == 0
    assert (npc(salt)["role"], npc(salt)["secret"]) == (role, "No spy.")
    assert f"role: {role}" in (vault / "NPCs/Mara.md").read_text()


def test_an_export_does_not_write_over_edits(salt, vault):
    edit(vault / "NPCs/Mara.md", ("role: smith", "role: baker"))
    result = salt("vault", "export", str(vault))
    assert result.code == 4
    assert "NPCs/Mara.md" in result.err
    assert "role: baker" in (vault / "NPCs/Mara.md").read_text()
    assert salt("vault", "export", str(vault), "--force").code == 0
    assert "role: smith" in (vault / "NPCs/Mara.md").read_text()


def test_a_players_vault_has_no_secret_in_any_byte(salt, tmp_path):
    folder = tmp_path / "party"
    assert salt("vault", "export", str(folder), "--as", "party").code == 0
    every = b"".join(
        path.name.encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )
    assert b"Salt Inn" in every
    assert b"the smith" in every
    for secret in (b"spy", b"Mara", b"mara"):
        assert secret not in every
    assert salt("vault", "import", str(folder)).code == 2


def test_no_key_is_in_a_vault(salt, tmp_path):
    key = "sk-ant-api03-" + "k" * 40
    salt("note", "add", "Mind", "--text", f"my key is {key}")
    folder = tmp_path / "v"
    assert salt("vault", "export", str(folder)).code == 0
    every = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert key not in every


def test_a_page_that_cannot_be_read_stops_all_of_it(salt, vault):
    edit(vault / "NPCs/Mara.md", ("role: smith", "role: baker"))
    (vault / "Notes/Bad.md").write_text("---\na: [\n---\n")
    result = salt("vault", "import", str(vault))
    assert result.code == 2
    assert "Notes/Bad.md" in result.err
    assert npc(salt)["role"] == "smith"


def test_a_name_without_a_page_stops_all_of_it(salt, vault):
    (vault / "NPCs/Otto.md").write_text("---\nlocation: '[[Nowhere]]'\n---\n")
    result = salt("vault", "import", str(vault))
    assert result.code == 2
    assert "Nowhere" in result.err
    assert salt("npc", "list", "--json").json()["total"] == 1


def test_a_folder_with_other_things_is_left_alone(salt, tmp_path):
    (tmp_path / "mine.md").write_text("mine")
    result = salt("vault", "export", str(tmp_path))
    assert result.code == 2
    assert [each.name for each in tmp_path.glob("*.md")] == ["mine.md"]


def test_a_damaged_manifest_is_told(salt, vault):
    (vault / ".ttrpg/vault.json").write_text("{")
    assert salt("vault", "import", str(vault)).code == 2


def test_the_plan_is_data_too(salt, vault):
    edit(vault / "NPCs/Mara.md", ("role: smith", "role: baker"))
    plan = json.loads(salt("vault", "import", str(vault), "--check", "--json").out)["plan"]
    assert plan["edited"] == [
        {"ref": "npc/mara", "path": "NPCs/Mara.md", "values": {"role": "baker"}}
    ]
    assert npc(salt)["role"] == "smith"


def test_what_somebody_wrote_is_put_aside_and_not_deleted(salt, vault):
    """An import that is undone leaves pages of nothing; an export then clears them away."""
    for words in ("A cook.", "Another cook."):
        (vault / "NPCs/Otto.md").write_text(words)
        assert salt("vault", "import", str(vault)).code == 0
        salt("undo")
        result = salt("vault", "export", str(vault))
        assert "Moved to .trash  NPCs/Otto.md" in result.out
    kept = [(vault / ".trash/NPCs" / name).read_text() for name in ("Otto.md", "Otto 2.md")]
    assert ["A cook." in kept[0], "Another cook." in kept[1]] == [True, True]
