"""Places that cannot be written: a home that is none, a full disk, a disk for reading alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = os.name == "posix" and hasattr(os, "geteuid") and os.geteuid() == 0
MUTATING = [
    ["campaign", "create", "New"],
    ["campaign", "edit", "--genre", "road"],
    ["campaign", "use", "salt-road"],
    ["campaign", "delete", "salt-road"],
    ["campaign", "archive", "salt-road"],
    ["snapshot", "create", "Before"],
    ["undo"],
    ["config", "set", "search.results", "4"],
    ["budget", "set", "5"],
    ["combat", "new", "Ambush"],
    ["time", "advance", "1", "day"],
    ["calendar", "use", "gregorian"],
    ["downtime", "1", "day", "a sword"],
    ["session", "plan"],
    ["session", "start"],
    ["note", "The bridge is out", "--plot"],
    ["library", "rm", "the-lamplit-road"],
    ["library", "edit", "the-lamplit-road", "--genre", "horror"],
    ["library", "reindex", "--cut"],
    ["library", "reindex"],
]
READING = [
    [],
    ["campaign"],
    ["campaign", "show", "salt-road"],
    ["snapshot", "diff", "1", "--campaign", "salt-road"],
    ["history"],
    ["library"],
    ["search", "falling"],
    ["audit"],
    ["redo"],
    ["library", "prune"],
    ["library", "list", "--sort", "pages"],
    ["library", "verify"],
    ["audit", "export"],
    ["combat"],
    ["time"],
    ["calendar"],
    ["calendar", "month"],
    ["downtime"],
    ["character", "sheet"],
    ["plot", "board"],
    ["reveals"],
    ["links"],
    ["session"],
    ["session", "prep"],
    ["proposals"],
    ["budget"],
    ["budget", "forecast"],
    ["budget", "lost"],
    ["usage"],
    ["alerts"],
]


def named(line):
    return "-".join(line) or "alone"


HOMES = {
    "a-file": "cannot make the folder",
    "/proc/nothing": "cannot make the folder",
    "/dev/null": "",
}


@pytest.mark.parametrize("where", list(HOMES))
@pytest.mark.parametrize("line", [*MUTATING[:-1], *READING[1:]], ids=named)
def test_a_home_that_cannot_be(cli, tmp_path, line, where):
    if not where.startswith("/"):
        (tmp_path / where).write_text("precious")
    elif not Path(where).parent.exists():
        pytest.skip(f"this system has no {Path(where).parent}")
    home = tmp_path / where
    done = cli.run(home, *line, code=1, cwd=tmp_path)
    assert HOMES[where] in done.stderr.decode()
    assert b"TTRPG_HOME" in done.stderr
    assert b"Traceback" not in done.stderr
    if not where.startswith("/"):
        assert (tmp_path / where).read_text() == "precious"


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 2 MB; always unmounted again."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not (ROOT and sys.platform == "linux" and shutil.which("mount")):
        pytest.skip("needs root on Linux to mount a small tmpfs")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    """Use up every byte that is left."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


@pytest.mark.parametrize("line", [*MUTATING, ["keys", "set", "openai"]], ids=named)
def test_a_full_disk(cli, shelved, small_disk, line):
    home = small_disk / "home"
    shutil.copytree(shelved, home)
    assert cli.run(home, "campaign").returncode == 0
    before = cli.rows(home)
    listed = sorted(path.name for path in home.iterdir() if not path.name.startswith("ttrpg.db"))
    fill(small_disk)
    done = cli.run(home, *line, code=None, input=b"sk-x")
    assert b"Traceback" not in done.stderr
    (small_disk / "ballast").unlink()
    if done.returncode == 0:  # it found room in the file itself
        assert line[0] in {"campaign", "combat", "undo", "library"}
    else:
        assert done.returncode == 1, done
        assert b"space" in done.stderr or b"full" in done.stderr
        assert cli.rows(home) == before
        now = sorted(path.name for path in home.iterdir() if not path.name.startswith("ttrpg.db"))
        assert now == listed
    cli.sound(home)
    cli.run(home, *line, code=None, input=b"sk-x")
    cli.sound(home)


def test_a_book_on_a_full_disk(cli, small_disk, tmp_path):
    home = small_disk / "home"
    home.mkdir()
    cli.run(home, "campaign", "create", "Salt Road")
    text = "".join(
        f"## Rule {n}\n\n" + f"Words of rule {n} go on. " * 60 + "\n\n" for n in range(900)
    )
    (tmp_path / "big.md").write_text(f"# Big\n\n{text}")
    done = cli.run(home, "library", "add", tmp_path / "big.md", code=1)
    assert b"full" in done.stderr
    assert b"Traceback" not in done.stderr
    cli.sound(home)
    assert b"No books yet" in cli.run(home, "library").stdout
    assert b"Salt Road" in cli.run(home, "campaign").stdout


def test_an_export_on_a_full_disk(cli, shelved, tmp_path, small_disk):
    home = tmp_path / "home"
    shutil.copytree(shelved, home)
    fill(small_disk)
    for target in (small_disk / "road.md", small_disk / "no" / "road.md"):
        done = cli.run(home, "library", "export", "the-lamplit-road", "-o", target, code=None)
        assert done.returncode in {1, 3}, done
        assert b"Traceback" not in done.stderr
        assert done.stdout == b""
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


@pytest.mark.parametrize("line", [*MUTATING, ["keys", "set", "openai"]], ids=named)
def test_a_disk_that_may_not_be_written(cli, shelved, small_disk, line):
    home = small_disk / "home"
    shutil.copytree(shelved, home)
    cli.run(home, "campaign")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = cli.run(home, *line, code=1, input=b"sk-x")
    assert b"read-only" in done.stderr.lower()
    assert b"TTRPG_HOME" in done.stderr or b"mend the folder's permissions" in done.stderr
    assert b"Traceback" not in done.stderr
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    cli.sound(home)


def test_what_only_reads_works_there(cli, shelved, small_disk):
    home = small_disk / "home"
    shutil.copytree(shelved, home)
    found = cli.run(home, "search", "falling").stdout
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for flags in ([], ["--full"]):
        done = cli.run(home, "search", "falling", *flags)
        assert done.stdout.splitlines()[0] == found.splitlines()[0]
        assert b"cannot be written, so no question is kept" in done.stderr
    for line in (["campaign"], ["library"], ["library", "show", "the-lamplit-road"], ["history"]):
        assert cli.run(home, *line).stdout
    assert cli.run(home, "ask", "what does falling do").stdout


def test_what_needs_no_database_works_there(cli, shelved, small_disk):
    home = small_disk / "home"
    shutil.copytree(shelved, home)
    cli.run(home, "campaign")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for line in (["roll", "1d6"], ["config"], ["keys"], ["plugins"], ["--help"]):
        assert cli.run(home, *line).stdout
    doctor = cli.run(home, "doctor", "--plain", code=1).stdout
    assert b"may not be written" in doctor
    assert b"TTRPG_HOME" in doctor
