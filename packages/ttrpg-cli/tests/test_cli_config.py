"""``ttrpg config``."""

import sys
from importlib.metadata import EntryPoint

import pytest

from ttrpg_core.hooks import GROUP


@pytest.fixture
def editor(tmp_path):
    """Makes an $EDITOR that replaces the text by another, or fails."""

    def make(content, code=0):
        keep = tmp_path / "seen.toml"
        new = tmp_path / "new.toml"
        new.write_text(content)
        script = tmp_path / "editor.py"
        script.write_text(
            "import shutil, sys\n"
            f"shutil.copy(sys.argv[1], {str(keep)!r})\n"
            f"shutil.copy({str(new)!r}, sys.argv[1])\n"
            f"sys.exit({code})\n"
        )
        return {"EDITOR": f"{sys.executable} {script}", "VISUAL": ""}, keep

    return make


def test_show_tells_where_each_value_comes_from(ttrpg, ttrpg_home):
    (ttrpg_home / "config.toml").write_text("[audit]\nkeep_days = 30\n")
    shown = ttrpg("config", "--json", env={"TTRPG_SEARCH_RESULTS": "5"}).json()["settings"]
    where = {each["key"]: (each["value"], each["source"]) for each in shown}
    assert where["audit.keep_days"] == (30, "user")
    assert where["search.results"] == (5, "environment")
    assert where["general.pager"] == (True, "default")
    assert ttrpg("config", "show", "--json").json()["schema"] == "ttrpg.config/1"


def test_a_flag_is_a_source(ttrpg):
    shown = ttrpg("--offline", "config", "get", "general.offline", "--json").json()
    assert (shown["value"], shown["source"]) == (True, "flag")


def test_get_explains(ttrpg):
    out = ttrpg("config", "get", "audit.keep_days").out
    assert "a whole number from 1 to 36500" in out
    assert "TTRPG_AUDIT_KEEP_DAYS" in out


def test_set_keeps_comments(ttrpg, ttrpg_home):
    path = ttrpg_home / "config.toml"
    path.write_text("# mine\n[audit]\nkeep_days = 30 # a month\n")
    result = ttrpg("config", "set", "audit.keep_days", "60")
    assert result.code == 0
    assert result.out == ""
    assert "it was 30" in result.err
    assert path.read_text() == "# mine\n[audit]\nkeep_days = 60 # a month\n"
    assert ttrpg("config", "get", "audit.keep_days", "--json").json()["value"] == 60


def test_set_says_what_overrides_it(ttrpg):
    result = ttrpg("config", "set", "search.results", "7", env={"TTRPG_SEARCH_RESULTS": "5"})
    assert "TTRPG_SEARCH_RESULTS still overrides it" in result.err


def test_set_is_audited(ttrpg):
    ttrpg("config", "set", "search.results", "7")
    event = ttrpg("audit", "--json").json()["events"][0]
    assert event["kind"] == "setting.changed"
    assert event["facts"] == {"key": "search.results", "old": "3", "new": "7"}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("search.results", "soon", 2),
        ("search.results", "0", 2),
        ("search.results", "9" * 5000, 2),
        ("search.results", "", 2),
        ("general.pager", "maybe", 2),
        ("search.keyword", "\ud800", 2),
        ("search.keyword", "x" * 1_000_000, 2),
        ("search.result", "3", 3),
        ("", "3", 3),
    ],
)
def test_a_value_that_cannot_be_used(ttrpg, ttrpg_home, key, value, code):
    result = ttrpg("config", "set", key, value)
    assert result.code == code
    assert result.out == ""
    assert "Traceback" not in result.err
    assert not (ttrpg_home / "config.toml").exists()


def test_a_setting_that_is_nearly_right(ttrpg):
    assert "Did you mean: search.results" in ttrpg("config", "get", "search.result").err


def test_path(ttrpg, ttrpg_home, tmp_path, monkeypatch):
    assert ttrpg("config", "path").out == f"{ttrpg_home / 'config.toml'}\n"
    (tmp_path / "ttrpg.toml").write_text("[search]\nresults = 4\n")
    monkeypatch.chdir(tmp_path)
    assert ttrpg("config", "path", "--json").json()["campaign"] == str(tmp_path / "ttrpg.toml")
    got = ttrpg("config", "get", "search.results", "--json").json()
    assert (got["value"], got["source"]) == (4, "campaign")


@pytest.fixture
def campaign(ttrpg_home, tmp_path, monkeypatch):
    """The ``ttrpg.toml`` of the working folder, still to be written."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ttrpg.toml"


BROKEN = ["[search\n", "[search]\nresults = 'many'\n", "[searches]\n", "[search]\nresult = 3\n"]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_campaign_file_leaves_a_way_out(ttrpg, ttrpg_home, campaign, editor, content):
    campaign.write_text(content)
    stopped = ttrpg("config", "show")
    assert stopped.code == 2
    assert str(campaign) in stopped.err

    def went_on(*arguments, env=None):
        result = ttrpg("config", *arguments, env=env)
        assert result.code == 0, result.err
        assert f"going on without {campaign}" in result.err
        return result

    assert went_on("path").out == f"{ttrpg_home / 'config.toml'}\n{campaign}\n"
    went_on("set", "search.results", "7")
    assert "results = 7" in (ttrpg_home / "config.toml").read_text()
    environment, _ = editor("[search]\nresults = 9\n")
    went_on("edit", env=environment)
    assert "results = 9" in (ttrpg_home / "config.toml").read_text()
    campaign.unlink()
    kinds = [event["kind"] for event in ttrpg("audit", "--json").json()["events"]]
    assert kinds == ["setting.changed"] * 2


def test_a_broken_file_of_ones_own_still_stops(ttrpg, ttrpg_home, campaign):
    campaign.write_text("[search\n")
    (ttrpg_home / "config.toml").write_text("[audit\n")
    result = ttrpg("config", "path")
    assert result.code == 2
    assert str(ttrpg_home / "config.toml") in result.err


@pytest.mark.parametrize("command", ["show", "path"])
def test_what_is_not_taken_from_a_campaign_is_told_once(ttrpg, campaign, command):
    campaign.write_text("[general]\noffline = true\n[search]\nresults = 4\n")
    err = ttrpg("config", command).err
    assert err.count("personal") == 1
    said = (
        "ttrpg.toml.general.offline is personal and not taken from a campaign's folder; "
        "use: ttrpg config set general.offline VALUE"
    )
    assert said in " ".join(err.split())
    assert "personal" not in ttrpg("config", "get", "search.results").err


def test_ignored_is_in_the_data(ttrpg, campaign):
    assert ttrpg("config", "show", "--json").json()["ignored"] == []
    campaign.write_text("[general]\noffline = true\n")
    shown = ttrpg("config", "show", "--json").json()
    assert shown["ignored"] == ["ttrpg.toml.general.offline"]


def test_a_plugins_setting_is_not_taken_from_a_campaign(ttrpg, campaign, plugins):
    plugins.add(EntryPoint("fake", "ttrpg_core.testing.fakes", GROUP), distribution="fake")
    campaign.write_text("[plugins.fake]\nscript = ['evil']\n[plugins.absent]\nany = 1\n")
    result = ttrpg("config", "show", "--json")
    assert result.json()["ignored"] == ["ttrpg.toml.plugins.fake.script"]
    assert result.err.count("personal") == 1
    assert "ttrpg config edit" in " ".join(result.err.split())


def test_a_broken_file_is_named(ttrpg, ttrpg_home):
    (ttrpg_home / "config.toml").write_text("[search\n")
    result = ttrpg("config", "show")
    assert result.code == 2
    assert "config.toml: not valid TOML" in result.err
    assert str(ttrpg_home / "config.toml") in result.err


def test_edit_saves_what_is_right(ttrpg, ttrpg_home, editor):
    environment, seen = editor("[search]\nresults = 9\n")
    result = ttrpg("config", "edit", env=environment)
    assert result.code == 0
    assert "# Settings of ttrpg" in seen.read_text()
    assert ttrpg("config", "get", "search.results", "--json").json()["value"] == 9
    assert not (ttrpg_home / "config.draft.toml").exists()
    assert ttrpg("audit", "--json").json()["events"][0]["kind"] == "setting.changed"


def test_edit_keeps_a_mistake_beside_the_file(ttrpg, ttrpg_home, editor):
    path = ttrpg_home / "config.toml"
    path.write_text("[search]\nresults = 4\n")
    environment, _ = editor("[search]\nresults = 'many'\n")
    result = ttrpg("config", "edit", env=environment)
    assert result.code == 2
    assert "search.results: 'many' cannot be used" in result.err
    assert "config.draft.toml" in result.err
    assert path.read_text() == "[search]\nresults = 4\n"
    environment, seen = editor("[search]\nresults = 6\n")
    assert ttrpg("config", "edit", env=environment).code == 0
    assert "many" in seen.read_text(), "the next edit goes on with the draft"
    assert path.read_text() == "[search]\nresults = 6\n"
    assert not (ttrpg_home / "config.draft.toml").exists()


def test_edit_mends_a_broken_file(ttrpg, ttrpg_home, editor):
    (ttrpg_home / "config.toml").write_text("[search\nresults = 4\n")
    environment, seen = editor("[search]\nresults = 4\n")
    assert ttrpg("config", "edit", env=environment).code == 0
    assert seen.read_text() == "[search\nresults = 4\n"
    assert ttrpg("config", "get", "search.results", "--json").json()["value"] == 4


def test_edit_without_a_change(ttrpg, ttrpg_home, editor):
    (ttrpg_home / "config.toml").write_text("[search]\nresults = 4\n")
    environment, _ = editor("[search]\nresults = 4\n")
    assert ttrpg("config", "edit", env=environment).err == "Nothing was changed\n"


def test_an_editor_that_fails(ttrpg, ttrpg_home, editor):
    environment, _ = editor("[search]\nresults = 4\n", code=3)
    result = ttrpg("config", "edit", env=environment)
    assert result.code == 1
    assert "Editing failed" in result.err
    assert not (ttrpg_home / "config.toml").exists()


def test_an_editor_that_is_not_there(ttrpg):
    result = ttrpg("config", "edit", env={"EDITOR": "/no/such/editor", "VISUAL": ""})
    assert result.code == 1
    assert "no/such/editor" in result.err


def test_edit_of_what_is_no_text(ttrpg, ttrpg_home, editor):
    (ttrpg_home / "config.toml").write_bytes(b"\xff\xfe\x00")
    environment, _ = editor("")
    result = ttrpg("config", "edit", env=environment)
    assert result.code == 2
    assert "not UTF-8" in result.err
