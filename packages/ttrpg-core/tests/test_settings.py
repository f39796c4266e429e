"""Settings: every source, which one wins, and errors that say where."""

import os
import stat
import tempfile
from pathlib import Path
from typing import Literal

import attrs
import pytest

from ttrpg_core.errors import ConfigError, NotFound
from ttrpg_core.paths import Paths
from ttrpg_core.settings import (
    TABLES,
    Config,
    Source,
    setting,
    variable_of,
)
from ttrpg_core.settings_files import MAX_BYTES, campaign_file

KEY = "search.results"


@pytest.fixture
def user(home: Path) -> Path:
    home.mkdir()
    return home / "config.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "campaigns" / "keep" / "notes"
    made.mkdir(parents=True)
    return made


def read(folder: Path, environ=None, flags=None) -> Config:
    return Config(Paths.of(), {} if environ is None else environ, flags, folder)


def test_each_source_is_weaker_than_the_next(user: Path, folder: Path):
    config = read(folder)
    value = config.get(KEY)
    assert (value.value, value.source, value.where) == (3, Source.DEFAULT, "default")

    user.write_text("[search]\nresults = 4\n")
    value = read(folder).get(KEY)
    assert (value.value, value.source, value.where) == (4, Source.USER, str(user))

    campaign = folder.parent / "ttrpg.toml"
    campaign.write_text("[search]\nresults = 5\n")
    value = read(folder).get(KEY)
    assert (value.value, value.source, value.where) == (5, Source.CAMPAIGN, str(campaign))

    environ = {"TTRPG_SEARCH_RESULTS": "6"}
    value = read(folder, environ).get(KEY)
    assert (value.value, value.source) == (6, Source.ENVIRONMENT)
    assert value.where == "TTRPG_SEARCH_RESULTS"

    config = read(folder, environ, {KEY: 7})
    value = config.get(KEY)
    assert (value.value, value.source, value.where) == (7, Source.FLAG, "--results")
    assert config.settings.search.results == 7
    assert config.settings.search.keyword == "", "the rest of a table keeps its defaults"


def test_tables_of_two_files_are_joined_key_by_key(user: Path, folder: Path):
    user.write_text("[search]\nkeyword = 'fts'\nresults = 4\n")
    (folder / "ttrpg.toml").write_text("[search]\nresults = 9\n")
    search = read(folder).settings.search
    assert (search.keyword, search.results) == ("fts", 9)


def test_the_nearest_campaign_file_is_taken(user: Path, folder: Path):
    (folder.parent.parent / "ttrpg.toml").write_text("[search]\nresults = 1\n")
    (folder.parent / "ttrpg.toml").write_text("[search]\nresults = 2\n")
    assert read(folder).settings.search.results == 2
    (folder / "ttrpg.toml").mkdir()
    assert read(folder).settings.search.results == 2, "a folder of that name is no settings file"
    found = campaign_file(Path(os.path.relpath(folder)))
    assert found.resolve() == folder.parent / "ttrpg.toml"


def test_a_working_folder_that_was_removed(user: Path, tmp_path: Path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert campaign_file() is None
    assert Config(Paths.of(), {}).settings.search.results == 3


PERSONAL = [
    ("general.offline", "false", True),
    ("store.backups", "1", 9),
    ("store.busy_seconds", "1", 9),
    ("audit.keep_days", "1", 9),
    ("audit.keep_megabytes", "1", 9),
    ("library.parse_seconds", "3600", 9),
    ("library.parse_megabytes", "64000", 999),
    ("network.connect_seconds", "600", 9.0),
    ("network.read_seconds", "3600", 9.0),
    ("network.retries", "10", 9),
]


@pytest.mark.parametrize(("key", "theirs", "mine"), PERSONAL)
def test_what_guards_the_user_is_not_taken_from_a_campaign(user, folder, key, theirs, mine):
    table, name = key.split(".")
    (folder / "ttrpg.toml").write_text(f"[{table}]\n{name} = {theirs}\n")
    assert read(folder).get(key).source is Source.DEFAULT
    user.write_text(f"[{table}]\n{name} = {str(mine).lower()}\n")
    value = read(folder).get(key)
    assert (value.value, value.source) == (mine, Source.USER)
    assert read(folder).ignored == [f"ttrpg.toml.{key}"]


def test_only_what_is_personal_is_ignored(user, folder):
    user.write_text("[general]\noffline = true\n")
    (folder / "ttrpg.toml").write_text("[search]\nresults = 4\n")
    assert read(folder).ignored == []


@pytest.fixture
def own_home(folder: Path, monkeypatch) -> Path:
    made = folder.parent.parent
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setenv("USERPROFILE", str(made))
    return made


def test_nothing_above_the_home_folder_is_looked_at(folder, own_home):
    (own_home.parent / "ttrpg.toml").touch()
    assert campaign_file(folder) is None
    assert campaign_file(own_home) is None
    assert campaign_file(own_home.parent) == own_home.parent / "ttrpg.toml"
    (own_home / "ttrpg.toml").touch()
    assert campaign_file(folder) == own_home / "ttrpg.toml"


def test_a_home_folder_that_is_a_link(folder, own_home, tmp_path, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(own_home)
    monkeypatch.setenv("HOME", str(link))
    (own_home.parent / "ttrpg.toml").touch()
    assert campaign_file(folder) is None
    assert campaign_file(link / "keep") is None


def test_outside_the_home_folder_all_above_is_looked_at(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    (folder.parent.parent / "ttrpg.toml").touch()
    assert campaign_file(folder) == folder.parent.parent / "ttrpg.toml"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner's number here")
def test_a_file_of_another_user_is_passed_over(folder, monkeypatch):
    (folder.parent / "ttrpg.toml").touch()
    assert campaign_file(folder) == folder.parent / "ttrpg.toml"
    another = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: another)
    assert campaign_file(folder) is None


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away"
)
def test_root_takes_only_its_own(folder):
    mine, theirs = folder.parent / "ttrpg.toml", folder / "ttrpg.toml"
    mine.touch()
    theirs.touch()
    os.chown(theirs, 65534, 65534)
    assert campaign_file(folder) == mine
    theirs.unlink()
    theirs.symlink_to(mine)
    os.lchown(theirs, 65534, 65534)
    assert campaign_file(folder) == mine, "a link of theirs is theirs"


def test_without_the_campaigns_file(user, folder):
    user.write_text("[search]\nresults = 4\n")
    path = folder / "ttrpg.toml"
    path.write_text("[search\n")
    config = Config(Paths.of(), {}, folder=folder, campaign=False)
    assert config.settings.search.results == 4
    assert config.folder_file == path
    assert config.campaign_plugins() == set()


def error(folder: Path, environ=None, flags=None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, environ, flags)
    assert caught.value.code == 2
    return caught.value


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (
            "[audit]\nkeep_days = 'soon'\n",
            (
                "config.toml.audit.keep_days: 'soon' cannot be used;"
                " allowed: a whole number from 1 to 36500"
            ),
            "{path}",
        ),
        ("[audit]\nkeep_days = 0\n", "config.toml.audit.keep_days: 0 is out of range", "{path}"),
        ("[audit]\nkeep_days = 36501\n", "config.toml.audit.keep_days: 36501 is out of", "{path}"),
        ("[audit]\nkeep_days = 3.0\n", "config.toml.audit.keep_days: 3.0 cannot be used", ""),
        ("[audit]\nkeep_days = true\n", "config.toml.audit.keep_days: True cannot be used", ""),
        ("[general]\noffline = 1\n", "config.toml.general.offline: 1 cannot be used", ""),
        ("[general]\noffline = 'no'\n", "allowed: true or false", ""),
        ("[search]\nkeyword = 3\n", "config.toml.search.keyword: 3 cannot be used", ""),
        ("[network]\nread_seconds = nan\n", "config.toml.network.read_seconds: nan is out", ""),
        ("[network]\nread_seconds = inf\n", "config.toml.network.read_seconds: inf is out", ""),
        (
            "[audit]\nkeep_day = 3\n",
            "config.toml.audit.keep_day: there is no such setting",
            "Did you mean: keep_days",
        ),
        ("[audits]\n", "config.toml.audits: there is no such table", "Did you mean: audit"),
        ("audit = 3\n", "config.toml.audit: must be a table, [audit]", "{path}"),
        ("plugins = 3\n", "config.toml.plugins: must be a table, [plugins]", "{path}"),
        ("[audit\n", "config.toml: not valid TOML: ", "{path}"),
        ("a = " + "[" * 5000, "config.toml: n", "{path}"),
    ],
)
def test_an_error_starts_with_file_table_and_key(user, folder, content, message, hint):
    user.write_text(content)
    told = error(folder)
    assert told.message.startswith(message) or message.startswith("allowed")
    assert message in told.message
    assert hint.format(path=user) in told.hint
    assert told.hint


def test_an_error_of_the_campaign_names_its_file(user, folder):
    (folder / "ttrpg.toml").write_text("[search]\nresults = 'many'\n")
    told = error(folder)
    assert told.message.startswith("ttrpg.toml.search.results: 'many'")
    assert str(folder / "ttrpg.toml") in told.hint


def test_an_error_of_the_environment_or_a_flag_names_it(user, folder):
    told = error(folder, {"TTRPG_SEARCH_RESULTS": "many"})
    assert told.message.startswith("TTRPG_SEARCH_RESULTS: 'many' cannot be used; allowed: a whole")
    told = error(folder, {"TTRPG_SEARCH_RESULTS": "[" * 5000})
    assert len(told.message) < 300
    assert error(folder, flags={KEY: 1000}).message.startswith("--results: 1000 is out of range")


def test_files_that_cannot_be_read(user, folder, tmp_path):
    user.write_bytes(b"[search]\nkeyword = '\xff'\n")
    assert "not valid TOML" in error(folder).message
    user.write_text("# " + "x" * MAX_BYTES)
    assert f"larger than {MAX_BYTES:,} bytes" in error(folder).message
    user.unlink()
    user.mkdir()
    assert "not an ordinary file" in error(folder).message
    user.rmdir()
    user.symlink_to("/dev/zero")
    assert "not an ordinary file" in error(folder).message
    user.unlink()
    os.mkfifo(user)
    assert "not an ordinary file" in error(folder).message
    user.unlink()
    user.symlink_to(user)
    assert str(user) in error(folder).hint


def test_a_file_that_may_not_be_read(python):
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "config.toml"
        path.write_text("[search]\nresults = 1\n")
        path.chmod(0)
        path.parent.chmod(0o755)
        code = (
            "import os, attrs, cattrs\nfrom ttrpg_core.settings import Config\n"
            "from ttrpg_core.paths import Paths\nfrom ttrpg_core.errors import ConfigError\n"
            "if os.geteuid() == 0: os.setuid(65534)  # root may read anything\n"
            "try: Config(Paths.of(), {})\nexcept ConfigError as e: print(e.message, '|', e.hint)\n"
        )
        out = python(code, TTRPG_HOME=made).stdout
    assert out.startswith("config.toml: cannot be read: Permission denied")
    assert str(path) in out


def test_a_mark_at_the_start_of_the_file_and_windows_lines(user, folder):
    user.write_bytes(b"\xef\xbb\xbf[search]\r\nresults = 8\r\n")
    config = read(folder)
    assert config.settings.search.results == 8
    config.set(KEY, "9")
    assert read(folder).settings.search.results == 9


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        ("general.offline", "true", True),
        ("search.results", "0x10", 16),
        ("search.keyword", "fts", "fts"),
        ("search.keyword", "3", "3"),
        ("search.keyword", "", ""),
        ("network.read_seconds", "5", 5.0),
        ("network.read_seconds", "2.5", 2.5),
    ],
)
def test_a_text_is_read_as_toml(user, folder, key, raw, value):
    for config in (read(folder, {variable_of(key): raw}), read(folder, flags={key: raw})):
        assert config.get(key).value == value
        assert type(config.get(key).value) is type(value)


# Setting.


def test_set_keeps_comments_and_order_and_everything_else(user, folder):
    user.write_text(
        "# mine\n[search]  # how much\nresults = 4 # few\n\n[plugins.echo]\nvoice = 'low'\n"
    )
    value = read(folder).set(KEY, "8")
    assert (value.value, value.source, value.where) == (8, Source.USER, str(user))
    assert user.read_text() == (
        "# mine\n[search]  # how much\nresults = 8 # few\n\n[plugins.echo]\nvoice = 'low'\n"
    )
    read(folder).set("general.pager", "false")
    assert read(folder).settings.general.pager is False
    assert user.read_text().startswith("# mine\n[search]  # how much\nresults = 8 # few\n")


def test_set_makes_the_file_for_its_owner_alone(home, folder):
    read(folder).set(KEY, "8")
    assert read(folder).settings.search.results == 8
    assert stat.S_IMODE((home / "config.toml").stat().st_mode) == 0o600
    assert {path.name for path in home.iterdir()} == {".config.toml.lock", "config.toml"}


def test_set_knows_dotted_keys(user, folder):
    user.write_text("search.results = 4\nsearch.keyword = 'fts'\n")
    read(folder).set(KEY, "8")
    search = read(folder).settings.search
    assert (search.results, search.keyword) == (8, "fts")


def test_set_checks_first_and_leaves_the_file(user, folder):
    user.write_text("[search]\nresults = 4\n")
    with pytest.raises(ConfigError) as caught:
        read(folder).set(KEY, "1000")
    assert caught.value.message.startswith("search.results: 1000 is out of range")
    with pytest.raises(NotFound) as missing:
        read(folder).set("search.result", "1")
    assert "search.results" in missing.value.hint
    assert user.read_text() == "[search]\nresults = 4\n"


def test_set_is_atomic(user, folder, monkeypatch):
    user.write_text("[search]\nresults = 4\n")
    config = read(folder)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    from ttrpg_core.errors import StoreError

    with pytest.raises(StoreError, match="No space left"):
        config.set(KEY, "8")
    assert user.read_text() == "[search]\nresults = 4\n"
    assert {path.name for path in user.parent.iterdir()} == {".config.toml.lock", "config.toml"}


def test_set_writes_through_a_link(user, folder, tmp_path):
    real = tmp_path / "dotfiles" / "ttrpg.toml"
    real.parent.mkdir()
    real.write_text("# kept elsewhere\n")
    user.symlink_to(real)
    read(folder).set(KEY, "8")
    assert user.is_symlink()
    assert real.read_text().startswith("# kept elsewhere\n")
    assert read(folder).settings.search.results == 8


# A plugin's own table.


@attrs.frozen
class Echo:
    voice: Literal["low", "high"] = setting("low", "How it sounds.")
    words: tuple[str, ...] = setting((), "What it says.", personal=False)
    loud: int | None = setting(None, "How loud.", low=1)
    base_url: str = setting("here", "Where it is.", personal=True)
    plain: int = 3


@attrs.frozen
class Needs:
    account: str = attrs.field(metadata={"help": "an account number"})


def test_a_plugins_table_has_every_source_too(user, folder):
    user.write_text("[plugins.echo]\nvoice = 'high'\nwords = ['a']\nbase_url = 'mine'\n")
    (folder / "ttrpg.toml").write_text(
        "[plugins.echo]\nwords = ['b', 'c']\nbase_url = 'evil'\nplain = 4\nvoice = 'low'\n"
    )
    environ = {"TTRPG_PLUGINS_ECHO_LOUD": "2"}
    config = read(folder, environ)
    assert config.campaign_plugins() == {"echo"}
    for _ in range(2):
        assert config.plugin("echo", Echo) == Echo("high", ("b", "c"), 2, "mine", 3)
    assert config.ignored == [
        f"ttrpg.toml.plugins.echo.{n}" for n in ("base_url", "plain", "voice")
    ]
    environ = {"TTRPG_PLUGINS_ECHO_WORDS": '["x", "y"]'}
    assert read(folder, environ).plugin("echo", Echo).words == ("x", "y")
    assert read(folder).plugin("other", Echo) == Echo()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("voice = 'middle'", "voice: 'middle' cannot be used; allowed: 'low', 'high'"),
        ("words = 'abc'", "words: 'abc' cannot be used; allowed: a list of texts"),
        ("words = ['a', 3]", "words: ['a', 3] cannot be used"),
        ("loud = 0", "loud: 0 is out of range; allowed: a whole number from 1"),
        ("volume = 1", "volume: there is no such setting"),
    ],
)
def test_errors_of_a_plugins_table(user, folder, line, said):
    user.write_text(f"[plugins.echo]\n{line}\n")
    config = read(folder)
    with pytest.raises(ConfigError) as caught:
        config.plugin("echo", Echo)
    assert caught.value.message.startswith(f"config.toml.plugins.echo.{said}")


def test_a_setting_without_default_must_be_set(user, folder):
    with pytest.raises(ConfigError) as caught:
        read(folder).plugin("bank", Needs)
    assert caught.value.message == "plugins.bank.account: must be set; allowed: an account number"
    assert "TTRPG_PLUGINS_BANK_ACCOUNT" in caught.value.hint


def test_a_plugins_name_may_have_dots(user, folder):
    user.write_text('[plugins."old.echo"]\nplain = 5\n')
    assert read(folder).plugin("old.echo", Echo).plain == 5


def test_every_setting_of_ours_is_described_and_bounded(user, folder):
    values = read(folder).values
    assert set(values) == {f"{t}.{f.name}" for t, cls in TABLES.items() for f in attrs.fields(cls)}
    for value in values.values():
        assert value.help.endswith("."), value.key
        if isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
            assert " from " in value.allowed, f"{value.key} has no bounds"
            assert " to " in value.allowed, f"{value.key} has no bounds"
