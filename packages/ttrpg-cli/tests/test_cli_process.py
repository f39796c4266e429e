"""What only shows in a real process: pipes, full disks, locales, closed streams, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ttrpg_cli.plugin import COMMANDS

FULL = Path("/dev/full")
full_disk = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def named(process, *names):
    for name in names:
        assert process("campaign", "create", name)[0] == 0


def test_a_reader_that_goes_away_is_no_error(start, process):
    named(process, "Salt Road")
    for command in (["history"], ["roll", "1d20"], ["--help"], ["completion", "bash"], ["config"]):
        reading, writing = os.pipe()
        os.close(reading)
        begun = start(*command, stdout=writing)
        os.close(writing)
        _, err = begun.communicate(timeout=60)
        assert begun.returncode == 141, command
        assert b"Traceback" not in err
        assert b"Error" not in err
        assert b"Exception" not in err


def test_head_takes_nothing(ttrpg_home):
    script = Path(sys.executable).with_name("ttrpg")
    done = subprocess.run(
        ["bash", "-c", f"{script} config | head -0; {script} --version | true"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr


@full_disk
@pytest.mark.parametrize(
    "command", [["roll", "1d20"], ["--version"], ["--help"], ["config", "--json"]]
)
def test_stdout_on_a_full_disk(start, command):
    with FULL.open("wb") as full:
        begun = start(*command, stdout=full)
        _, err = begun.communicate(timeout=60)
    assert begun.returncode == 1
    assert b"No space left on device" in err
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


@full_disk
def test_nobody_hears_but_the_change_is_made(start, process):
    with FULL.open("wb") as full:
        begun = start("campaign", "create", "Salt", stderr=full)
        begun.communicate(timeout=60)
    assert begun.returncode == 0
    assert json.loads(process("campaign", "--json")[1])["current"] == "salt"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["campaign", "roll 1d6", "campaign create A --description -"])
def test_closed_streams(ttrpg_home, closed, command):
    script = Path(sys.executable).with_name("ttrpg")
    done = subprocess.run(
        ["bash", "-c", f"{script} {command} {closed}"],
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_a_terminal_with_few_letters(process, locale):
    name = "Gr\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{LATIN SMALL LETTER SHARP S}e \N{DRAGON}"
    made = process("campaign", "create", name.encode(), env=locale)
    assert made[0] == 0, made[2]
    for command in (["campaign"], ["campaign", "--plain"], ["history"], ["roll", "2d6", "--odds"]):
        code, out, err = process(*command, env=locale)
        assert code == 0
        assert "Traceback" not in out + err
    code, out, _ = process("campaign", "--json", env=locale)
    assert json.loads(out)["campaigns"][0]["name"] == name


def test_no_escape_codes_off_a_terminal(process):
    named(process, "Salt")
    for command in (
        ["campaign"],
        ["history"],
        ["roll", "1d20", "--odds"],
        ["config"],
        ["nonsense"],
    ):
        _, out, err = process(*command)
        assert "\x1b" not in out + err


def test_columns(process):
    process("config", "set", "search.keyword", "many words " * 12)
    for columns in ("50", "70"):
        _, out, _ = process("config", env={"COLUMNS": columns})
        assert int(columns) - 15 < max(map(len, out.splitlines())) <= int(columns)


@pytest.mark.parametrize("columns", ["0", "1", "-5", "x", "99999999"])
def test_odd_columns(process, columns):
    for command in (["config"], ["roll", "1d6", "--odds"]):
        code, out, err = process(*command, env={"COLUMNS": columns})
        assert code == 0
        assert "Traceback" not in err
        assert len(out) > 20


def test_a_long_path_is_not_broken(process, tmp_path):
    home = tmp_path / ("long" * 40) / ("longer" * 30)
    assert (
        process("config", "path", env={"TTRPG_HOME": str(home)})[1] == f"{home / 'config.toml'}\n"
    )


def test_ctrl_c(start, ttrpg_home):
    """While it waits for stdin, which it has surely begun to when the database is there."""
    begun = start("campaign", "create", "A", "--description", "-", stdin=subprocess.PIPE)
    _wait_until_reading(begun)
    begun.send_signal(signal.SIGINT)
    out, err = begun.communicate(timeout=60)
    assert begun.returncode == 130
    assert err == b"Stopped\n"
    assert out == b""
    assert not (ttrpg_home / "ttrpg.db").exists()


def _wait_until_reading(process):
    """Until the process sleeps in a read of its stdin, as Linux tells."""
    where = Path(f"/proc/{process.pid}/wchan")
    if not where.exists():
        pytest.skip("needs Linux's /proc to see that a process waits")
    for _ in range(600):
        assert process.poll() is None
        if "pipe" in where.read_text():
            return
        time.sleep(0.05)
    pytest.fail("it never read its stdin")


NO_TEXT = [[b"\xff\xfe"], [b"\xff", b"\xfe"], [b"--\xff"]]


def refused(code, out, err):
    assert code in {2, 3}, err
    assert "Traceback" not in out + err
    assert "bug" not in err


@pytest.mark.parametrize("arguments", NO_TEXT)
def test_invalid_utf8_in_the_arguments(process, arguments):
    refused(*process("campaign", *arguments))


@pytest.mark.parametrize("command", [name for _, name, _, _ in COMMANDS if name != "demo"])
def test_invalid_utf8_to_each_command(ttrpg, command):
    """In this process, with the arguments as Python makes them of such bytes."""
    for arguments in NO_TEXT:
        result = ttrpg(command, *map(os.fsdecode, arguments))
        refused(result.code, result.out, result.err)


def test_names_cannot_move_the_cursor(process, ttrpg_home):
    """Also one that came into the database by another way."""
    import sqlite3

    named(process, "Salt")
    with sqlite3.connect(ttrpg_home / "ttrpg.db") as connection:
        connection.execute(
            "UPDATE campaigns SET name = ?, system = ?", ["\x1b[2Jx\x07", "a\x9bb\u202ec"]
        )
    connection.close()
    for command in (["campaign"], ["campaign", "--plain"], ["campaign", "show"], [], ["--plain"]):
        code, out, err = process(*command)
        assert code == 0
        assert "\\u001b[2Jx\\u0007" in out
        assert not set("\x1b\x07\x9b\u202e") & set(out + err)
