"""Locked books: their passwords come from a file, the environment or a prompt, and go nowhere."""

import io
import sys

import click
import pytest
from click.testing import CliRunner
from pypdf import PdfReader, PdfWriter

from ttrpg_core.errors import ParseError
from ttrpg_ingest import commands
from ttrpg_ingest.commands import passwords
from ttrpg_ingest.processes import PASSWORDS

SECRET = "salt-and-bells"


@pytest.fixture
def locked(make_pdf):
    """A book that opens with SECRET."""
    line = "The road is long and the lantern is small, so the company walks close together."
    path = make_pdf("locked.pdf", [[(72, 600, "F1", 10, line)]])
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(SECRET, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    path.write_bytes(out.getvalue())
    return path


@pytest.fixture
def run(app):
    """Run ``library`` with these arguments."""

    def call(*arguments, stdin=None):
        command = [str(each) for each in arguments]
        result = CliRunner().invoke(commands.library, command, obj=app, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code

    return call


def test_without_a_password_it_says_how_to_give_one(run, locked):
    with pytest.raises(ParseError, match=r"^locked.pdf needs a password$") as caught:
        run("add", locked)
    assert "--password-file" in caught.value.hint


def test_a_file_with_passwords(app, run, locked, tmp_path):
    file = tmp_path / "passwords.txt"
    file.write_text(f"another\n{SECRET}\n")
    assert run("add", locked, "--password-file", file) == 0
    (book,) = app.library.books()
    assert "lantern" in app.library.text(book.sha256)


def test_a_password_on_standard_input(app, run, locked):
    assert run("add", locked, "--password-file", "-", stdin=f"{SECRET}\n") == 0
    assert len(app.library.books()) == 1


def test_the_environment(app, run, locked):
    app.environ = {**app.environ, PASSWORDS: "wrong"}
    with pytest.raises(ParseError, match="needs another password"):
        run("add", locked)
    app.environ = {**app.environ, PASSWORDS: SECRET}
    assert run("add", locked) == 0


def test_on_a_terminal_it_is_asked_for_without_echo(app, run, locked, monkeypatch):
    asked = []

    def prompt(text, **options):
        asked.append((text, options["hide_input"]))
        return SECRET

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(passwords, "sys", type("S", (), {"stdin": Terminal()}))
    assert run("add", locked) == 0
    ((text, hidden),) = asked
    assert text.startswith("Password for ")
    assert text.endswith("locked.pdf")
    assert hidden
    assert len(app.library.books()) == 1


def test_it_is_asked_for_three_times(app, run, locked, monkeypatch):
    asked = []

    def prompt(text, **options):
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(click, "prompt", prompt)
    terminal = type("T", (), {"isatty": lambda _: True})()
    monkeypatch.setattr(passwords, "sys", type("S", (), {"stdin": terminal}))
    answers = ["wrong", "also wrong", "never", "not asked"]
    with pytest.raises(ParseError, match="needs another password"):
        run("add", locked)
    assert [text.startswith("Not that one. ") for text in asked] == [False, True, True]
    answers = ["wrong", ""]
    with pytest.raises(ParseError, match="needs another password"):
        run("add", locked)
    assert answers == [], "Enter alone gives up"
    answers = ["wrong", SECRET]
    assert run("add", locked) == 0
    assert len(app.library.books()) == 1


def test_it_is_kept_nowhere(app, run, locked, tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    run("add", locked, "--password-file", file)
    app.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = [each for each in (tmp_path / "home").rglob("*") if each.is_file()]
    assert kept
    assert not [each for each in kept if SECRET.encode() in each.read_bytes()]
    assert SECRET not in repr(app.screen.shown) + repr(app.screen.said)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_it_is_in_no_argument_and_no_environment_of_the_child(locked, monkeypatch):
    import subprocess

    from ttrpg_ingest.reading import Limits, read

    seen = []
    real = subprocess.Popen

    def popen(command, **options):
        seen.append((command, options["env"]))
        return real(command, **options)

    monkeypatch.setenv(PASSWORDS, SECRET)
    monkeypatch.setattr(subprocess, "Popen", popen)
    found = list(read("ttrpg_ingest.pdf:Pdf", locked, 0, Limits(20, 500), passwords=SECRET))
    assert len(found) == 2
    assert SECRET not in repr(seen)


@pytest.mark.parametrize(
    ("content", "said"), [(b"x" * 10_001, "more than"), (b"\xff\xfe", "no text")]
)
def test_a_file_that_holds_no_passwords(run, locked, tmp_path, content, said):
    file = tmp_path / "passwords.txt"
    file.write_bytes(content)
    with pytest.raises(Exception, match=said):
        run("add", locked, "--password-file", file)
