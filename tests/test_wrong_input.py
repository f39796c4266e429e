"""Wrong input to every command: a clear error, the right exit code, and nothing half done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIG = "x" * 1_000_000
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
TEXTS = [
    ["roll", None],
    ["roll", "1d6", "--seed", None],
    ["roll", None, "--odds"],
    ["undo", None],
    ["undo", "--entry", None],
    ["redo", None],
    ["history", "-n", None],
    ["history", "--before", None],
    ["history", "--campaign", None],
    ["campaign", None],
    ["campaign", "show", None],
    ["campaign", "edit", None, "--genre", "x"],
    ["campaign", "use", None],
    ["campaign", "delete", None],
    ["campaign", "create", None],
    ["campaign", "edit", "--game-date", None],
    ["campaign", "edit", "--player", None],
    ["snapshot", "create", None],
    ["snapshot", "create", "Before", "--at", None],
    ["snapshot", "diff", None],
    ["snapshot", "rollback", None],
    ["config", None],
    ["config", "get", None],
    ["config", "set", None, "1"],
    ["config", "set", "search.results", None],
    ["keys", None],
    ["keys", "set", None],
    ["keys", "rm", None],
    ["plugins", "--why", None],
    ["plugins", None],
    ["doctor", None],
    ["audit", None],
    ["audit", "list", "--severity", None],
    ["audit", "list", "--days", None],
    ["audit", "export", "--format", None],
    ["completion", None],
    ["backup", None],
    ["backup", "create", None],
    ["backup", "verify", None],
    ["backup", "restore", None],
    ["backup", "prune", None],
    ["budget", None],
    ["budget", "set", None],
    ["budget", "set", "5", "--per", None],
    ["budget", "set", "5", "--campaign", None],
    ["budget", "set", "5", "--session", None],
    ["budget", "rm", None],
    ["usage", "--by", None],
    ["usage", "--since", None],
    ["usage", "-n", None],
    ["alerts", None],
    ["alerts", "ack", None],
    ["library", None],
    ["library", "add", None],
    ["library", "add", "--if-there", "update", None],
    ["library", "add", "/dev/null", "--system", None],
    ["library", "list", None],
    ["library", "list", "--state", None],
    ["library", "show", None],
    ["library", "show", "the-lamplit-road", "--depth", None],
    ["library", "edit", None, "--genre", "x"],
    ["library", "edit", "the-lamplit-road", "--title", None],
    ["library", "edit", "the-lamplit-road", "--campaign", None],
    ["library", "rm", None],
    ["library", "reindex", None],
    ["library", "verify", None],
    ["library", "export", None],
    ["library", "read", None, "1"],
    ["library", "read", "the-lamplit-road", None],
    ["library", "open", None],
    ["library", "open", "the-lamplit-road", "--print-command", "--page", None],
    ["models", None],
    ["models", "list", "--vendor", None],
    ["models", "show", None],
    ["models", "test", None],
    ["models", "use", None],
    ["models", "why", None],
    ["models", "why", "--model", None],
    ["search", "x", "--book", None],
    ["search", "x", "-n", None],
    ["chat", None],
    ["chat", "--voice", None, "x"],
    ["chat", "--npc", None, "x"],
    ["chat", "--as", None, "x"],
    ["chat", "--model", None, "x"],
    ["chat", "-a", None, "x"],
    ["chat", "continue", None],
    ["chat", "show", None],
    ["chat", "show", "--as", None],
    ["chat", "search", None],
    ["chat", "branch", None],
    ["chat", "branch", "--at", None],
    ["chat", "export", None],
    ["chat", "export", "--format", None],
    ["chat", "rm", None],
    ["chat", "prune", "--days", None],
    ["chat", "accept", None],
    ["session", None],
    ["session", "plan", None],
    ["session", "plan", "--number", None],
    ["session", "show", None],
    ["session", "start", None],
    ["session", "attend", None],
    ["session", "timeline", None],
    ["session", "timeline", "--kind", None],
    ["session", "prepare", None],
    ["session", "edit", None, "--summary", "x"],
    ["recap", None],
    ["recap", "--as", None],
    ["recap", "--style", None],
    ["recap", "accept", None],
    ["proposals", None],
    ["proposals", "show", None],
    ["proposals", "accept", None],
    ["proposals", "edit", "1", None, "x"],
    ["proposals", "reject", None],
    ["proposals", "list", "--campaign", None],
    ["demo", None],
    ["note", None],
    ["note", "x", "--about", None],
    ["plot", "add", "X", "--kind", None],
    ["plot", "board", "--arc", None],
    ["handout", "give", None],
    ["ruling", "add", "X", "--rule", None],
    ["find", None],
    ["links", None],
    ["reveals", "--to", None],
    ["next", "--fight", None],
    ["prev", None],
    ["hit", None, "7"],
    ["hit", "mara", None],
    ["hit", "mara", "7", None],
    ["hit", "mara", "7", "--from", None],
    ["hit", "mara", "7", "--is", None],
    ["heal", None, "1"],
    ["heal", "mara", None],
    ["save", None],
    ["save", "mara", None],
    ["save", "mara", "--against", None],
    ["cond", None],
    ["cond", None, "prone"],
    ["cond", "mara", None],
    ["cond", "mara", None, "--custom"],
    ["cond", "mara", None, "off"],
    ["cond", "mara", "prone", None],
    ["cond", "mara", "prone", "3", None],
    ["cond", "mara", "prone", "until", None],
    ["cond", "mara", "prone", "--save", None],
    ["cond", "mara", "prone", "--note", None],
    ["cond", "mara", "prone", "--each-turn", None],
    ["cond", "mara", "prone", "--with", None],
    ["cond", "mara", "prone", "--level", None],
    ["order", None],
    ["order", None, "before", "mara"],
    ["order", "mara", None],
    ["order", "mara", "before", None],
    ["combat", None],
    ["combat", "new", None],
    ["combat", "new", "X", "--rules", None],
    ["combat", "new", "X", "--after", None],
    ["combat", "add", None],
    ["combat", "add", "X", None],
    ["combat", "add", "X", "--hp", None],
    ["combat", "add", "X", "--side", None],
    ["combat", "add", "X", "--group", None],
    ["combat", "add", "X", "--cr", None],
    ["combat", "add", "X", "--save", None],
    ["combat", "add", "X", "--resist", None],
    ["combat", "add", "X", "--threshold", None],
    ["combat", "add", "X", "--not", None],
    ["combat", "add", "X", "--recharge", None],
    ["combat", "add", "X", "--per-day", None],
    ["combat", "edit", None, "--ac", "3"],
    ["combat", "edit", "mara", "--name", None],
    ["combat", "start", "--surprised", None],
    ["combat", "show", None],
    ["combat", "show", "--as", None],
    ["combat", "use", None],
    ["combat", "watch", None],
    ["combat", "end", "--defeated", None],
    ["combat", "delete", None],
    ["combat", "initiative", None],
    ["combat", "temp", "mara", None],
    ["combat", "hp", "mara", None],
    ["combat", "max", "mara", None],
    ["combat", "concentrate", "mara", None],
    ["combat", "concentrate", "mara", "Bless", None],
    ["combat", "kill", "mara", None],
    ["combat", "ready", "mara", None],
    ["combat", "spend", "mara", None],
    ["combat", "in", None],
    ["combat", "dismiss", None],
    ["combat", "conditions", None],
    ["combat", "condition", None],
    ["next", None],
    ["time", None],
    ["time", "advance", None],
    ["time", "advance", None, "days"],
    ["time", "set", None],
    ["calendar", "show", None],
    ["calendar", "month", None],
    ["calendar", "month", "Day", None],
    ["calendar", "use", None],
    ["calendar", "use", "gregorian", "--date", None],
    ["calendar", "copy", None, "none/x.toml"],
    ["rest", None],
    ["rest", "short", None],
    ["rest", "short", "--dice", None],
    ["rest", "short", "--fight", None],
    ["downtime", None],
    ["downtime", "5", None, "a sword"],
    ["downtime", "5", "days", "x", "--who", None],
    ["character", "sheet", None],
    ["character", "sheet", None, "--hp", "3"],
    ["combat", "conditions", "--rules", None],
    [None],
]
HOSTILE = {
    "huge": BIG,
    "control": "\x1b[2J\x07\r\n",
    "nul": "a\0b",
    "surrogate": "\udcff\udcfe",
    "digits": "9" * 5000,
    "minus": "--",
    "format": "%s{0}{x!r}%n",
    "sql": "'; DROP TABLE campaigns; --",
}


def named(line):
    return "-".join(word or "TEXT" for word in line) or "alone"


def filled(line, value):
    return [value if word is None else word for word in line]


class Matrix:
    """A home, whose rows are read again only when its database has other bytes than before."""

    def __init__(self, cli, home):
        self.cli = cli
        self.home = home
        self._bytes = self._rows = None

    def rows(self):
        log = self.home / "ttrpg.db-wal"
        now = ((self.home / "ttrpg.db").read_bytes(), log.read_bytes() if log.exists() else b"")
        if now != self._bytes:
            self.cli.sound(self.home)
            self._bytes, self._rows = now, self.cli.rows(self.home)
        return self._rows


@pytest.fixture(scope="module")
def matrix(cli, matrix_home):
    return Matrix(cli, matrix_home)


@pytest.fixture(scope="module")
def matrix_home(cli, shelved, tmp_path_factory):
    home = tmp_path_factory.mktemp("matrix") / "home"
    shutil.copytree(shelved, home)
    cli.run(home, "combat", "new", "Ambush")
    cli.run(home, "combat", "add", "Mara", "--hp", "900", "-k", "player")
    cli.run(home, "combat", "start")
    return home


@pytest.fixture
def typed(matrix_home, ttrpg, plugins, monkeypatch):
    """The command line in this process, where an argument may have a million characters."""
    from importlib.metadata import EntryPoint

    for name in ("ingest", "search"):
        plugins.add(EntryPoint(name, f"ttrpg_{name}", "ttrpg"), f"ttrpg-{name}")
    monkeypatch.setenv("TTRPG_HOME", str(matrix_home))
    return ttrpg


@pytest.mark.parametrize("kind", list(HOSTILE))
@pytest.mark.parametrize("line", TEXTS, ids=named)
def test_hostile_text(typed, matrix, line, kind):
    before = matrix.rows()
    result = typed(*filled(line, HOSTILE[kind]))
    assert result.code in {0, 1, 2, 3, 4}, result
    assert "Traceback" not in result.err
    assert "this is a bug" not in result.err
    assert "\x1b" not in result.out + result.err
    assert len(result.err) < 6000
    if result.code:
        assert result.err.startswith("Error: ")
        assert matrix.rows() == before
    elif matrix.rows() != before:
        typed("undo")


@pytest.mark.parametrize("line", TEXTS, ids=named)
def test_bytes_that_are_no_text(cli, shelved, tmp_path, line):
    """In a real process, as the shell hands them over."""
    home = tmp_path / "home"
    shutil.copytree(shelved, home)
    before = cli.rows(home)
    done = cli.run(home, *[b"\xff\xfe\x80" if word is None else word for word in line], code=None)
    assert done.returncode in {0, 1, 2, 3}, done
    assert b"Traceback" not in done.stderr
    assert b"this is a bug" not in done.stderr
    if done.returncode:
        assert cli.rows(home) == before
    cli.sound(home)


def files(folder):
    """Files that are no rule books, with the exit code and words of the refusal."""
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.pdf").write_bytes(bytes(range(256)) * 40)
    (folder / "page.pdf").write_bytes(b"<!doctype html><title>Log in</title>")
    (folder / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (folder / "blank.md").write_text(" \n\n\t\n")
    (folder / "folder.pdf").mkdir()
    (folder / "loop.pdf").symlink_to(folder / "loop.pdf")
    (folder / "lost.pdf").symlink_to(folder / "nowhere.pdf")
    os.mkfifo(folder / "pipe.pdf")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("empty.pdf", 1, "empty"),
        ("empty.txt", 1, "empty"),
        ("binary.pdf", 1, "not a PDF"),
        ("page.pdf", 1, "HTML"),
        ("cut.pdf", 1, "cut.pdf"),
        ("binary.txt", 1, "cannot be read"),
        ("blank.md", 1, "no text"),
        ("folder.pdf", 2, "is a folder"),
        ("loop.pdf", 2, "loop"),
        ("lost.pdf", 3, "there is no file"),
        ("pipe.pdf", 2, "not an ordinary file"),
        ("missing.pdf", 3, "there is no file"),
        ("no/such/folder.pdf", 3, "there is no file"),
        ("binary.pdf/below", 3, "there is no file"),
        ("/dev/zero", 2, "not an ordinary file"),
        ("/dev/null", 2, "not an ordinary file"),
        ("/proc/self/mem", 1, "mem"),
    ],
)
def test_a_file_that_is_no_book(cli, shelved, tmp_path, name, code, said):
    home = tmp_path / "home"
    shutil.copytree(shelved, home)
    folder = tmp_path / "files"
    folder.mkdir()
    files(folder)
    before = cli.rows(home)
    done = cli.run(home, "library", "add", folder / name, code=code)
    assert said.casefold() in done.stderr.decode().casefold()
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert cli.rows(home) == before
    cli.sound(home)


def test_a_wrong_file_among_right_ones(cli, home, tmp_path):
    (tmp_path / "good.md").write_text("# Good\n\n## Rule\n\nRoll two dice.\n")
    (tmp_path / "bad.pdf").write_bytes(b"")
    done = cli.run(
        home,
        "library",
        "add",
        tmp_path / "bad.pdf",
        tmp_path / "good.md",
        tmp_path / "no.md",
        code=1,
    )
    assert b"bad.pdf is empty" in done.stderr
    assert b"there is no file" in done.stderr
    assert b"Good" in cli.run(home, "library").stdout


@pytest.mark.parametrize(
    "line",
    [
        ["library", "show"],
        ["library", "rm"],
        ["library", "edit", "--genre", "x"],
        ["library", "reindex"],
        ["library", "verify"],
        ["library", "export"],
        ["library", "open"],
        ["search", "falling", "--book"],
    ],
    ids=named,
)
def test_an_unknown_book(cli, shelved, tmp_path, line):
    home = tmp_path / "home"
    shutil.copytree(shelved, home)
    done = cli.run(home, *line, "lamplight", code=3)
    assert b"there is no book 'lamplight'" in done.stderr
    assert done.stdout == b""
    assert b"the-lamplit-road" in cli.run(home, "library").stdout


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
