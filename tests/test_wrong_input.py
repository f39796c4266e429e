"""Wrong input to every command: a clear error, the right exit code, and nothing half done."""

import os
import shutil

import pytest

BIG = "x" * 1_000_000
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
