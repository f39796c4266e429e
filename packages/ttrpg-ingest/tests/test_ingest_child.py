"""The child process: whatever a parser does in it, the parent gets sections or a ParseError."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import pytest

from ttrpg_core.documents import Document, Section
from ttrpg_core.errors import ParseError
from ttrpg_ingest.reading import Limits, environment, read, sniffs

LIMITS = Limits(seconds=30, megabytes=1500)

BASE = """
import os, sys, time
from ttrpg_core.documents import Document, Section
from ttrpg_core.errors import ParseError

class Base:
    def __init__(self, context):
        self.context = context
    def sniff(self, head):
        return True
    def describe(self, source):
        return Document("Odd", 3)
    def parse(self, source):
        yield Section("One.", "A", 1, 0)
        yield from self.then(source)
    def then(self, source):
        yield Section("Two.", page=1)
"""


@pytest.fixture
def parser(hostile):
    """A parser with this body of ``then``; answers its target."""

    def make(body):
        then = "\n".join([*body.splitlines(), "yield Section('Two.', page=1)"])
        method = "    def then(self, source):\n" + textwrap.indent(then, " " * 8)
        module = hostile(f"{BASE}\nclass Odd(Base):\n{method}\n")
        return f"{module}:Odd"

    return make


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "odd.bin"
    path.write_bytes(b"odd")
    return path


def fails(target, file, limits=LIMITS):
    with pytest.raises(ParseError) as caught:
        list(read(target, file, 0, limits))
    return caught.value


def test_a_document_and_its_sections(parser, file):
    assert list(read(parser("pass"), file, 0, LIMITS)) == [
        Document("Odd", 3),
        Section("One.", "A", 1, 0),
        Section("Two.", page=1),
    ]


def test_printing_does_not_disturb(parser, file, capfd):
    target = parser(
        "print('[\"end\"]', flush=True)\nos.write(1, b'noise')\nos.system('echo shell')\n"
        "print('err', file=sys.stderr)"
    )
    assert list(read(target, file, 0, LIMITS))[-1] == Section("Two.", page=1)
    assert capfd.readouterr() == ("", "")


def test_its_own_parse_error_comes_through(parser, file):
    error = fails(parser("raise ParseError('bad page', 'do this', page=2)"), file)
    assert (error.message, error.hint, error.page, error.source) == (
        "bad page",
        "do this",
        2,
        "odd.bin",
    )


def test_any_other_error_is_a_crash_with_its_cause(parser, file):
    error = fails(parser("raise KeyError('/Font')"), file)
    assert (
        error.message
        == "odd.bin: the parser crashed after page 1 of the file (exit code 1: KeyError: '/Font')"
    )
    assert error.page == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_crash_of_the_interpreter(parser, file):
    assert "(SIGSEGV)" in fails(parser("os.kill(os.getpid(), 11)"), file).message


def test_a_silent_exit(parser, file):
    assert "exit code 0" in fails(parser("os._exit(0)"), file).message


def test_endless_work_is_ended(parser, file):
    error = fails(parser("while True: pass"), file, Limits(3, 1500))
    assert error.message == "odd.bin: what follows page 1 of the file took longer than 3 seconds"
    assert "parse_seconds" in error.hint


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux")
def test_memory_is_bounded(parser, file):
    error = fails(parser("x = bytearray(2_000_000_000)"), file, Limits(30, 400))
    assert error.message == "odd.bin needs more than 400 MB of memory to read"


def test_deep_recursion(parser, file):
    assert "nested too deeply" in fails(parser("def f(): return f()\nf()"), file).message


@pytest.mark.parametrize("odd", ["1", "Section(5)", "Section('a', page='x')", "None"])
def test_what_is_no_section_is_refused(parser, file, odd):
    assert "parser" in fails(parser(f"yield {odd}"), file).message


@pytest.mark.parametrize("pages", ["float('inf')", "float('nan')", "10 ** 30", "'x'"])
def test_pages_that_no_book_has_are_refused(hostile, file, pages):
    method = f"    def describe(self, source): return Document('Odd', {pages})"
    module = hostile(f"{BASE}\nclass Odd(Base):\n{method}\n")
    assert "is no section" in fails(f"{module}:Odd", file).message


@pytest.mark.parametrize("page", ["'x'", "10 ** 30", "[]"])
def test_an_error_on_no_page_is_refused(parser, file, page):
    assert "is no section" in fails(parser(f"raise ParseError('no', page={page})"), file).message


def test_a_line_that_is_nested_without_end_is_refused(hostile, file):
    deep = (
        "from ttrpg_ingest import wire\nclass Odd(Base): pass\n"
        "wire.section_line = wire.sniff_line = lambda _: '[' * 100_000 + chr(10)\n"
    )
    target = f"{hostile(BASE + deep)}:Odd"
    assert "is no section" in fails(target, file).message
    with pytest.raises(ParseError, match="no answer of a parser"):
        sniffs(target, file, LIMITS)


@pytest.mark.parametrize("kind", ["Section", "Notice"])
@pytest.mark.parametrize(("most", "limit"), [("MAX_TEXT", 1500), ("MOST_SECTIONS", 60)])
def test_more_than_a_book_has_is_refused(parser, file, monkeypatch, most, limit, kind):
    monkeypatch.setattr(f"ttrpg_ingest.reading.{most}", limit)
    target = parser(
        "from ttrpg_core.documents import Notice\n"
        f"for n in range(99): yield {kind}('a long line', page=n)"
    )
    assert fails(target, file).message == "odd.bin has more text than any book"


def test_a_section_longer_than_any_comes_in_parts(parser, file, monkeypatch):
    monkeypatch.setattr("ttrpg_ingest.reading.LONGEST_SECTION", 40)
    text = "\n\n".join(f"Paragraph {n} is here." for n in range(5))
    found = list(read(parser(f"yield Section({text!r}, 'Long', 2, 4, line=7)"), file, 0, LIMITS))[
        2:-1
    ]
    assert [(s.heading, s.level, s.page, s.line) for s in found] == [
        ("Long", 2, 4, 7),
        *[("", 0, 4, 7)] * 4,
    ]
    assert "\n\n".join(section.text for section in found) == text
    whole = "no" * 100
    found = list(read(parser(f"yield Section({whole!r})"), file, 0, LIMITS))[2:-1]
    assert [len(section.text) for section in found] == [40] * 5
    assert "".join(section.text for section in found) == whole


def test_text_that_cannot_be_kept_is_mended(parser, file):
    found = list(read(parser("yield Section('a\\x00b\\ud800c')"), file, 0, LIMITS))
    assert found[2].text == "ab?c"


def test_an_endless_complaint_fills_no_memory(parser, file):
    error = fails(
        parser(
            "for _ in range(100_000): sys.stderr.write('x' * 99 + chr(10))\n"
            "raise ValueError('enough')"
        ),
        file,
    )
    assert error.message.endswith("ValueError: enough)")


def test_the_caller_may_stop_at_any_time(parser, file, tmp_path):
    events = read(
        parser(
            f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
            "while True: yield Section('x', page=1)"
        ),
        file,
        0,
        LIMITS,
    )
    assert [next(events).title, next(events).heading, next(events).text] == ["Odd", "A", "x"]
    events.close()
    assert gone(int((tmp_path / "pid").read_text()))


def test_no_secrets_and_a_temporary_folder_that_goes(parser, file, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    monkeypatch.setenv("TTRPG_MARK", "kept")
    target = parser(
        "import tempfile\nfolder = tempfile.mkdtemp()\nopen(folder + '/left', 'w').write('x')\n"
        "yield Section(repr(sorted(os.environ.items())) + folder)"
    )
    text = list(read(target, file, 0, LIMITS))[2].text
    assert "canary" not in text
    assert "('TTRPG_MARK', 'kept')" in text
    folder = text.rpartition("]")[2]
    assert "ttrpg-" in folder
    assert not pathlib.Path(folder).exists()


def test_no_password_for_a_parser_of_somebody_else(parser, file):
    target = parser("yield Section(repr(self.context.secret()))")
    assert list(read(target, file, 0, LIMITS, passwords="canary"))[2].text == "None"


def test_it_works_in_its_temporary_folder(parser, file, tmp_path, monkeypatch):
    home, private = tmp_path / "here", tmp_path / "private"
    for folder in (home, private):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    monkeypatch.chdir(home)
    here = file.rename(home / "odd.bin").relative_to(home)
    target = parser(
        "import tempfile\nopen('left.txt', 'w').write('x')\nos.mkdir('folder')\n"
        "tempfile.NamedTemporaryFile(delete=False).write(b'x')\n"
        "open(os.path.join(os.environ['TMP'], 'more'), 'w').write('x')\n"
        "yield Section(source.path.read_text() + ' ' + os.getcwd())"
    )
    found = list(read(target, here, 0, LIMITS))
    assert found[2].text.startswith(f"odd {private}")
    assert [path.name for path in home.iterdir()] == ["odd.bin"]
    assert list(private.iterdir()) == []


def test_modules_are_found_from_a_relative_place(parser, file, monkeypatch):
    target = parser("pass")
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["modules", "none"]))
    assert len(list(read(target, file, 0, LIMITS))) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are POSIX")
@pytest.mark.parametrize("after", ["", "os._exit(0)", "while True: pass"])
def test_what_it_starts_ends_with_it(parser, file, tmp_path, after):
    pids = tmp_path / "pids"
    target = parser(
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        f"        with open({str(pids)!r}, 'a') as file: file.write(f'{{os.getpid()}} ')\n"
        "        while True: time.sleep(1)\n"
        f"while len(open({str(pids)!r}, 'a+').name) and os.path.getsize({str(pids)!r}) < 6:\n"
        f"    time.sleep(0.02)\n{after}"
    )
    with pytest.raises(ParseError) if after else contextlib.nullcontext():
        list(read(target, file, 0, Limits(4, 1500)))
    for pid in pids.read_text().split():
        assert gone(int(pid))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are POSIX")
def test_a_grandchild_that_left_does_not_hold_the_reading(parser, file, tmp_path):
    pid = tmp_path / "pid"
    target = parser(
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        "    os._exit(0)\n"
        f"while not os.path.exists({str(pid)!r}): time.sleep(0.02)"
    )
    began = time.monotonic()
    try:
        assert len(list(read(target, file, 0, LIMITS))) == 3
        assert time.monotonic() - began < 20
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_one_that_ignores_signals_is_ended(parser, file, tmp_path):
    pid = tmp_path / "pid"
    target = parser(
        "import signal\n"
        "for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):\n"
        "    signal.signal(each, signal.SIG_IGN)\n"
        f"open({str(pid)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    )
    assert "took longer" in fails(target, file, Limits(2, 1500)).message
    assert gone(int(pid.read_text()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux")
def test_one_that_takes_memory_without_end(parser, file):
    error = fails(
        parser("kept = []\nwhile True: kept.append(bytes(1_000_000))"), file, Limits(30, 300)
    )
    assert error.message == "odd.bin needs more than 300 MB of memory to read"


@pytest.mark.skipif(sys.platform == "win32", reason="files are bounded on POSIX")
def test_one_that_fills_the_disk(parser, file, monkeypatch):
    target = parser(
        "from ttrpg_ingest import worker\nassert worker.LARGEST_FILE == 1 << 30\n"
        "import resource\nassert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == 1 << 30\n"
        "with open('full', 'wb') as out:\n    out.seek((1 << 30) - 1)\n    out.write(b'xx')"
    )
    assert "File too large" in fails(target, file).message


LOOKS = {
    "True": True,
    "head == b'odd'": True,
    "print('[\"sniff\", true]')": False,
    "0": False,
    "[1]": True,
}


@pytest.mark.parametrize("answer", LOOKS)
def test_a_look_is_asked_in_a_child(hostile, file, answer):
    method = f"    def sniff(self, head): return {answer}"
    module = hostile(f"{BASE}\nclass Odd(Base):\n{method}\n")
    assert sniffs(f"{module}:Odd", file, LIMITS) is LOOKS[answer]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "odd.bin: looking at it took longer than 2 seconds"),
        ("os._exit(5)", "odd.bin: the parser crashed (exit code 5)"),
        ("raise KeyError('x')", "odd.bin: the parser crashed (exit code 1: KeyError: 'x')"),
        ("raise ParseError('no')", "no"),
    ],
)
def test_a_look_that_goes_wrong_is_a_parse_error(hostile, file, body, said):
    module = hostile(f"{BASE}\nclass Odd(Base):\n    def sniff(self, head):\n        {body}\n")
    with pytest.raises(ParseError) as caught:
        sniffs(f"{module}:Odd", file, Limits(2, 1500))
    assert caught.value.message == said


def test_the_environment_keeps_what_python_needs(tmp_path):
    kept = environment(
        {"PATH": "p", "PYTHONPATH": "q", "AWS_SECRET_ACCESS_KEY": "s", "X_PASSWORD": "w"}, "f"
    )
    assert {"PATH", "PYTHONPATH", "TMPDIR"} <= set(kept)
    assert not {"AWS_SECRET_ACCESS_KEY", "X_PASSWORD"} & set(kept)


def test_a_module_beside_the_book_is_not_imported(parser, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    (file.parent / "attrs.py").write_text("raise SystemExit('imported from the working folder')")
    assert len(list(read(parser("pass"), file, 0, LIMITS))) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_the_child_ends_with_a_killed_parent(parser, file, tmp_path):
    pid = tmp_path / "pid"
    target = parser(f"open({str(pid)!r}, 'w').write(str(os.getpid()) + ' ')\nwhile True: pass")
    script = (
        "import sys\nfrom pathlib import Path\nfrom ttrpg_ingest.reading import Limits, read\n"
        "for each in read(sys.argv[1], Path(sys.argv[2]), 0, Limits(600, 1500)):\n"
        "    print(each, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, target, str(file)], stdout=subprocess.PIPE
    ) as parent:
        wait_until(lambda: pid.exists() and pid.read_text().endswith(" "))
        parent.send_signal(signal.SIGKILL)
    assert gone(int(pid.read_text()))


def wait_until(done):
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def gone(pid):
    """Whether a process ends, or has ended; one that only waits to be collected has."""

    def ended():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            with pathlib.Path(f"/proc/{pid}/stat").open(encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return False

    wait_until(ended)
    return True
