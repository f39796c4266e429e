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


def pages(folder):
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("[!.]*.md"))


def test_a_page_stays_in_the_folder_where_it_was_moved(salt, vault):
    (vault / "Town").mkdir()
    (vault / "NPCs/Mara.md").rename(vault / "Town/Mara.md")
    (vault / "Salt.md").rename(vault / "Town/Salt.md")
    (vault / "Town/Fish.md").write_text("---\nkind: item\n---\nIt smells.")
    there = [
        "Locations/Salt Inn.md", "Notes/Rumour.md", "Town/Fish.md", "Town/Mara.md", "Town/Salt.md",
    ]  # fmt: skip
    assert salt("vault", "import", str(vault)).code == 0
    assert pages(vault) == there
    assert "ttrpg: item/fish" in (vault / "Town/Fish.md").read_text()
    salt("npc", "edit", "mara", "--role", "baker")
    assert salt("vault", "export", str(vault)).code == 0
    assert pages(vault) == there
    assert "role: baker" in (vault / "Town/Mara.md").read_text()
    salt("npc", "edit", "mara", "--name", "Mara Vane")
    assert salt("vault", "export", str(vault)).code == 0
    assert "Town/Mara Vane.md" in pages(vault)
    assert "Town/Mara.md" not in pages(vault)
    assert not list(vault.rglob("NPCs/*.md"))


def test_an_export_moves_no_page_and_overwrites_no_new_name(salt, vault):
    (vault / "Town").mkdir()
    (vault / "NPCs/Mara.md").rename(vault / "Town/Mara.md")
    assert salt("vault", "export", str(vault)).code == 0
    assert "Town/Mara.md" in pages(vault)
    (vault / "Town/Mara.md").rename(vault / "Town/Mara Vane.md")
    refused = salt("vault", "export", str(vault))
    assert (refused.code, "Town/Mara Vane.md" in refused.err) == (4, True)
    assert salt("vault", "import", str(vault)).code == 0
    assert npc(salt)["name"] == "Mara Vane"


@pytest.mark.parametrize("copy", ["AAA/Mara.md", "NPCs/Otto.md", "Zzz.md"])
def test_of_two_pages_that_say_the_same_the_one_that_was_written_is_it(salt, vault, copy):
    (vault / copy).parent.mkdir(exist_ok=True)
    (vault / copy).write_text((vault / "NPCs/Mara.md").read_text())
    edit(vault / copy, ("role: smith", "role: baker"), ("name: Mara", "name: Otto"))
    assert salt("vault", "import", str(vault)).code == 0
    assert npc(salt)["role"] == "smith"
    assert "NPCs/Mara.md" in pages(vault)
    folder = copy.rpartition("/")[0]
    assert f"{folder}/Otto.md".lstrip("/") in pages(vault)


def test_a_copy_is_called_as_its_file_is(salt, vault):
    (vault / "Mara 1.md").write_text((vault / "NPCs/Mara.md").read_text())
    assert salt("vault", "import", str(vault)).code == 0
    assert (npc(salt, "mara-1")["name"], npc(salt)["name"]) == ("Mara 1", "Mara")
    assert {"Mara 1.md", "NPCs/Mara.md"} < set(pages(vault))


def test_two_pages_that_were_exchanged_exchange_their_names(salt, vault):
    salt("npc", "add", "Otto")
    salt("vault", "export", str(vault))
    (vault / "NPCs/Otto.md").rename(vault / "x.md")
    (vault / "NPCs/Mara.md").rename(vault / "NPCs/Otto.md")
    (vault / "x.md").rename(vault / "NPCs/Mara.md")
    assert salt("vault", "import", str(vault)).code == 0
    assert npc(salt, "npc/mara")["name"] == "Otto"
    assert "ttrpg: npc/mara" in (vault / "NPCs/Otto.md").read_text()


def test_the_page_of_the_campaign_has_what_its_reader_may_know(salt, vault, tmp_path):
    salt("campaign", "edit", "--player", "Ana=Mara", "--tag", "grim", "--line", "harm to children",
         "--veil", "torture", "--system", "dnd5e", "--description", "All of it.")  # fmt: skip
    salt("plot", "add", "The siege", "--priority", "main", "--audience", "party")
    salt("plot", "clock", "add", "siege", "The flood")
    salt("plot", "add", "The traitor")
    salt("session", "plan", "Night one", "--date", "Friday", "--prep", "x")
    salt("combat", "new", "Ambush")
    assert salt("vault", "export", str(vault)).code == 0
    told = (vault / "Salt.md").read_text()
    for each in (
        "system: dnd5e", "- Ana (Mara)", "- grim", "- harm to children", "- torture", "All of it.",
        "- Next: [[Night one]], Friday", "- [[The siege]]: pending, main, The flood 0/6",
        "[[The traitor]]", "- Ambush: not begun, 0 in it", "added the plot 'The traitor'",
        "- [[Mara]]",
    ):  # fmt: skip
        assert each in told, each
    shown = tmp_path / "shown"
    assert salt("vault", "export", str(shown), "--as", "party").code == 0
    told = (shown / "Salt.md").read_text()
    for each in ("- Ana (Mara)", "- harm to children", "- [[The siege]]: pending\n"):
        assert each in told, each
    for each in ("grim", "All of it", "traitor", "flood", "Ambush", "[[Mara]]", "Night", "added"):
        assert each not in told, each


def test_what_was_written_into_the_page_of_the_campaign_is_put_aside(salt, vault):
    (vault / "Salt.md").write_text("My own words.")
    assert salt("vault", "export", str(vault)).code == 0
    assert (vault / ".trash/Salt.md").read_text() == "My own words."
    assert "[[Mara]]" in (vault / "Salt.md").read_text()


def test_a_vault_for_players_tells_no_older_name_of_the_campaign(salt, tmp_path):
    salt("campaign", "edit", "--name", "The road")
    assert salt("vault", "export", str(tmp_path / "v"), "--as", "party").code == 0
    assert "salt" not in (tmp_path / "v/.ttrpg/vault.json").read_text().replace("Salt Inn", "")
    assert salt("vault", "export", str(tmp_path / "v"), "--as", "party").code == 0


def test_relations_are_edited_and_added_in_a_vault(salt, vault):
    salt("npc", "add", "Tom")
    salt("relation", "add", "mara", "seeks", "tom", "--note", "Since he left.")
    salt("vault", "export", str(vault))
    edit(vault / "Relations/seeks.md", ("name: seeks", "name: MentorOf"), ("left", "came"))
    (vault / "Relations/seeks.md").rename(vault / "Relations/a file.md")
    (vault / "Relations/new.md").write_text(
        "---\nname: ally\nsource: '[[Otto]]'\ntarget: '[[Tom]]'\n---\n"
    )
    (vault / "NPCs/Otto.md").write_text("A cook.")
    assert salt("vault", "import", str(vault)).code == 0
    found = {each["name"]: each for each in salt("relation", "list", "--json").json()["relations"]}
    assert found["mentor of"]["text"] == "Since he came."
    assert "aliases" not in found["mentor of"]
    assert found["ally of"]["source"] == "npc/otto"
    (vault / "Relations/bad.md").write_text("---\nname: ally\nsource: '[[Otto]]'\n---\n")
    refused = salt("vault", "import", str(vault))
    assert (refused.code, "Relations/bad.md: a relation is of two" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("status: pending", "status: completed", "The siege.md: 'The siege' is pending"),
        ("status: pending", "status: lost", "the status cannot be 'lost'"),
    ],
)
def test_the_status_of_a_plot_goes_by_its_rules_in_a_vault_too(salt, vault, old, new, said):
    salt("plot", "add", "The siege")
    salt("vault", "export", str(vault))
    edit(vault / "Plots/The siege.md", (old, new))
    refused = salt("vault", "import", str(vault))
    assert (refused.code, said in refused.err) == (2, True), refused
    edit(vault / "Plots/The siege.md", (new, "status: active"))
    assert salt("vault", "import", str(vault)).code == 0
    assert salt("plot", "show", "siege", "--json").json()["plot"]["started_at"]


@pytest.mark.parametrize(
    "line", ["started_at: yesterday", "ended_at: '2026-01-02T20:00:00'", "pauses: [{since: x}]"]
)
def test_a_time_that_is_none_is_told_before_anything_is_written(salt, vault, line):
    salt("session", "plan", "One")
    salt("session", "start")
    salt("vault", "export", str(vault))
    page = vault / "Sessions/One.md"
    told = [each for each in page.read_text().splitlines() if not each.startswith("started_at")]
    page.write_text("\n".join([told[0], line, *told[1:]]))
    refused = salt("vault", "import", str(vault))
    assert (refused.code, "Sessions/One.md:" in refused.err) == (2, True), refused
    assert salt("session", "list").code == 0


def test_new_pages_of_what_has_steps_begin_where_they_say(salt, vault):
    for folder in ("Plots", "Sessions"):
        (vault / folder).mkdir()
    (vault / "Plots/Old war.md").write_text("---\nstatus: completed\n---\nOver.")
    (vault / "Sessions/First.md").write_text("---\nstatus: ended\nnumber: 4\n---\nWe met.")
    (vault / "Sessions/Next.md").write_text("To come.")
    assert salt("vault", "import", str(vault)).code == 0
    assert salt("plot", "show", "old-war", "--json").json()["plot"]["status"] == "completed"
    found = salt("session", "list", "--json").json()["sessions"]
    assert {(each["number"], each["status"]) for each in found} == {(4, "ended"), (5, "planned")}
    edit(vault / "Sessions/Next.md", ("number: 5", "number: 4"))
    refused = salt("vault", "import", str(vault))
    assert (refused.code, "there is a session 4 already" in refused.err) == (2, True)


def test_a_page_behind_a_link_is_not_read_and_not_gone(salt, vault, tmp_path):
    (vault / "NPCs").rename(tmp_path / "NPCs")
    (vault / "NPCs").symlink_to(tmp_path / "NPCs")
    before = (tmp_path / "NPCs/Mara.md").read_bytes()
    assert salt("vault", "import", str(vault), "--delete").code == 0
    assert npc(salt)["role"] == "smith"
    refused = salt("vault", "export", str(vault))
    assert (refused.code, "leads out of" in refused.err) == (1, True)
    assert (tmp_path / "NPCs/Mara.md").read_bytes() == before


@pytest.mark.parametrize("change", ["bom", "crlf"])
def test_how_another_editor_saves_is_no_change(salt, vault, change):
    page = vault / "NPCs/Mara.md"
    old = page.read_bytes()
    page.write_bytes(b"\xef\xbb\xbf" + old if change == "bom" else old.replace(b"\n", b"\r\n"))
    assert "Nothing in the vault is new" in salt("vault", "import", str(vault)).err
    assert salt("vault", "export", str(vault)).code == 0
    (vault / "Fish.md").write_bytes(b"\xef\xbb\xbfIt smells.")
    assert salt("vault", "import", str(vault)).code == 0
    assert "\ufeff" not in salt("note", "show", "fish").out
