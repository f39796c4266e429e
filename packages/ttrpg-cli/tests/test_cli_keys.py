"""``ttrpg keys``: no value is ever shown or kept where it should not be."""

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "sk-canary-0123456789-swordfish"


def everywhere_but_the_key_file(home):
    """The bytes of every file in the home, without the one place where keys are kept."""
    return {
        path: path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != "keys.toml"
    }


def test_a_key_from_stdin_is_kept_and_never_shown(ttrpg, ttrpg_home):
    results = [
        ttrpg("keys", "set", "anthropic", input=f"{SECRET}\n"),
        ttrpg("keys"),
        ttrpg("keys", "list", "--json"),
        ttrpg("keys", "path"),
        ttrpg("history", "--json"),
        ttrpg("audit", "--json"),
        ttrpg("audit", "export"),
        ttrpg("config", "show"),
        ttrpg("doctor"),
        ttrpg("plugins"),
        ttrpg("--debug", "keys"),
        ttrpg("keys", "set", "anthropic", "--json", input=SECRET),
    ]
    assert [result.code for result in results] == [0] * len(results)
    assert not [result for result in results if SECRET in result.out + result.err]
    files = everywhere_but_the_key_file(ttrpg_home)
    assert len(files) >= 2
    assert not [path for path, content in files.items() if SECRET.encode() in content]
    path = ttrpg_home / "keys.toml"
    assert SECRET in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_is_said_once(ttrpg, ttrpg_home):
    first = ttrpg("keys", "set", "anthropic", input=SECRET)
    assert "No system keyring" in first.err
    assert f"Kept the key anthropic in the file ({ttrpg_home / 'keys.toml'})" in first.err
    assert "No system keyring" not in ttrpg("keys", "set", "openai", input=SECRET).err


def test_a_list_shows_sources(ttrpg):
    ttrpg("keys", "set", "anthropic", input=SECRET)
    assert ttrpg("keys", "--json").json()["keys"][0]["source"] == "file"
    assert "anthropic" in ttrpg("keys").out


def test_none_is_needed(ttrpg):
    assert "none is needed" in ttrpg("keys").out


def test_rm_forgets(ttrpg, ttrpg_home):
    ttrpg("keys", "set", "anthropic", input=SECRET)
    result = ttrpg("keys", "rm", "anthropic")
    assert result.code == 0
    assert "Forgot the key anthropic from the file" in result.err
    assert SECRET not in (ttrpg_home / "keys.toml").read_text()
    assert ttrpg("keys", "--json").json()["keys"] == []
    kinds = [event["kind"] for event in ttrpg("audit", "--json").json()["events"]]
    assert kinds == ["key.removed", "key.added"]


def test_rm_of_none(ttrpg):
    assert ttrpg("keys", "rm", "nobody").code == 3


def test_rm_of_a_part_of_a_name(ttrpg):
    ttrpg("keys", "set", "open-ai", input=SECRET)
    ttrpg("keys", "set", "open-router", input=SECRET)
    result = ttrpg("keys", "rm", "open")
    assert result.code == 3
    assert "open-ai" in result.err


def test_a_key_as_an_argument_is_refused_and_not_repeated(ttrpg, ttrpg_home):
    result = ttrpg("keys", "set", "anthropic", SECRET, input=SECRET)
    assert result.code == 2
    assert "not an argument" in result.err
    assert SECRET not in result.out + result.err
    assert not (ttrpg_home / "keys.toml").exists()


@pytest.mark.parametrize(
    "given",
    [
        "",
        " \n",
        "two\nlines",
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        "x" * 10_001,
        b"\xff\xfe" + b"q" * 30,
    ],
)
def test_a_key_that_cannot_be_one(ttrpg, ttrpg_home, given):
    result = ttrpg("keys", "set", "anthropic", input=given)
    assert result.code == 2
    assert "key" in result.err
    assert "qqqq" not in result.err
    assert "xxxx" not in result.err
    assert "lines" not in result.err
    assert not (ttrpg_home / "keys.toml").exists()


@pytest.mark.parametrize("name", ["", "A B", "../x", "a\nb", "\ud800"])
def test_a_name_that_cannot_be_one(ttrpg, ttrpg_home, name):
    result = ttrpg("keys", "set", name, input=SECRET)
    assert result.code == 2
    assert SECRET not in result.err
    assert not (ttrpg_home / "keys.toml").exists()


def test_nothing_is_kept_that_cannot_be_audited(ttrpg, ttrpg_home):
    (ttrpg_home / "ttrpg.db").write_bytes(b"this is no database" * 100)
    result = ttrpg("keys", "set", "anthropic", input=SECRET)
    assert result.code == 7
    assert not (ttrpg_home / "keys.toml").exists()


def test_a_broken_key_file_is_not_shown(ttrpg, ttrpg_home):
    (ttrpg_home / "keys.toml").write_text(f'anthropic = "{SECRET}\n')
    result = ttrpg("keys")
    assert result.code == 2
    assert "keys.toml" in result.err
    assert SECRET not in result.out + result.err


def test_a_prompt_does_not_echo(ttrpg_home):
    """A real terminal: what is typed at the prompt does not come back."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("ttrpg"), "keys", "set", "anthropic"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TTRPG_DISABLE": "*"},
        start_new_session=True,
    )
    os.close(follower)
    seen = b""
    try:
        while b"Key for anthropic" not in seen:
            seen += os.read(leader, 1000)
        os.write(leader, SECRET.encode() + b"\n")
        while True:
            try:
                part = os.read(leader, 1000)
            except OSError:  # the other end was closed
                break
            if not part:
                break
            seen += part
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    assert b"Kept the key anthropic" in seen
    assert SECRET.encode() not in seen
    assert SECRET in (ttrpg_home / "keys.toml").read_text()
