"""Books onto the shelf: whole or not at all, once, and on from where it stopped."""

import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ttrpg_core import Parser, hookimpl
from ttrpg_core.errors import InputError, NotFound, ParseError
from ttrpg_ingest import shelf
from ttrpg_ingest.shelf import crew

SCRIPT = """
import contextlib, os, signal, sys, time
from pathlib import Path
import ttrpg_core.plugin, ttrpg_ingest
from ttrpg_core.app import App
from ttrpg_core.plugins import Plugins
from ttrpg_ingest.shelf import add

file, stop = sys.argv[1], int(sys.argv[2])

class Bar:
    def update(self, done, note=""):
        if done == stop:
            print("stopped", flush=True)
            time.sleep(600)

class Screen:
    def say(self, text, role="plain"):
        print(text, flush=True)
    @contextlib.contextmanager
    def progress(self, title, total, done=0):
        yield Bar()

plugins = Plugins()
plugins.register(ttrpg_core.plugin, "core")
plugins.register(ttrpg_ingest, "ingest")
app = App(plugins=plugins, screen=Screen(), folder=Path(file).parent)
try:
    print(add(app, file).book.id, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(file, home, stop=-1):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(file), str(stop)],
        env={**os.environ, "TTRPG_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    return out


def kept(app):
    rows = app.store.connection.execute(
        "SELECT ordinal, path, page, label, text FROM sections ORDER BY ordinal"
    )
    return [tuple(row) for row in rows]


def chunks(app):
    return [(c.ordinal, c.path, c.label, c.text) for c in app.library.chunks()]


@pytest.fixture
def pdf(make_pdf, book_pages):
    return make_pdf("lantern.pdf", book_pages(30), title="The Lantern Rules")


def test_a_book_is_read_cut_indexed_and_journalled(app, pdf):
    added = shelf.add(app, pdf)
    assert added.new
    assert added.searchable
    book = added.book
    assert (book.id, book.title, book.parser, book.pages) == (
        "the-lantern-rules",
        "The Lantern Rules",
        "pdf",
        30,
    )
    found = list(app.library.chunks(book.sha256))
    assert len(found) == book.chunks == app.keyword_searcher().count() > 30
    rule = next(chunk for chunk in found if chunk.heading == "Rule 12-b of the Road")
    assert (rule.label, rule.first_page, rule.path) == (
        "13",
        12,
        ("Chapter 2", "Rule 12-b of the Road"),
    )
    assert not any("Lantern Rules" in chunk.text for chunk in found)
    (entry,) = app.journal.history()
    assert entry.kind == "library.add"
    assert entry.prose == f'added "The Lantern Rules" (30 pages, {book.chunks} passages)'
    assert [event.kind for event in app.audit.events()] == ["document.added"]
    assert app.screen.bars[0].steps[-1] == 30


def test_the_same_content_is_one_book(app, pdf, tmp_path):
    book = shelf.add(app, pdf).book
    copy = tmp_path / "copy.pdf"
    shutil.copyfile(pdf, copy)
    again = shelf.add(app, copy)
    assert (again.book, again.new) == (book, False)
    assert len(app.journal.history()) == 1


def test_undo_takes_it_off_and_adding_again_reads_nothing(app, pdf):
    shelf.add(app, pdf)
    before = chunks(app)
    app.journal.undo()
    assert app.library.books() == []
    again = shelf.add(app, pdf)
    assert again.new
    assert chunks(app) == before
    assert len(app.screen.bars) == 1  # the first reading's


def test_removing_is_taken_back_whole(app, pdf):
    book = shelf.add(app, pdf).book
    shelf.remove(app, book)
    assert app.library.books() == []
    assert app.journal.history(1)[0].prose == 'removed "The Lantern Rules"'
    app.journal.undo()
    assert app.library.books() == [book]
    assert len(chunks(app)) == book.chunks


def test_prune_forgets_what_is_on_no_shelf(app, pdf, tmp_path):
    kept_book = tmp_path / "kept.md"
    kept_book.write_text("# Kept\n\nText.\n")
    shelf.add(app, kept_book)
    shelf.remove(app, shelf.add(app, pdf).book)
    assert shelf.prune(app) == 1
    assert app.keyword_searcher().count() == 1
    assert app.library.orphans() == []
    assert shelf.prune(app) == 0
    assert shelf.add(app, pdf).new


def test_a_book_that_undo_brought_back_after_prune_is_read_again(app, pdf):
    book = shelf.add(app, pdf).book
    shelf.remove(app, book)
    shelf.prune(app)
    app.journal.undo()
    assert not shelf.add(app, pdf).new
    assert len(chunks(app)) == book.chunks


def test_reindex_fills_an_empty_index(app, pdf):
    book = shelf.add(app, pdf).book
    app.keyword_searcher().remove(book.sha256)
    assert shelf.reindex(app) == book.chunks == app.keyword_searcher().count()


def test_without_a_searcher_books_are_kept_all_the_same(make_app, pdf):
    bare = make_app(searcher=False)
    added = shelf.add(bare, pdf)
    assert added.new
    assert not added.searchable
    with pytest.raises(NotFound):
        shelf.reindex(bare)
    bare.close()
    full = make_app()
    assert shelf.reindex(full) == added.book.chunks


def test_titles(app, tmp_path, make_pdf, book_pages):
    pages = book_pages(1)
    assert shelf.add(app, make_pdf("a_b.pdf", pages, title="Untitled"), "").book.title == "a b"
    odd = make_pdf("odd.pdf", pages + book_pages(1, seed=2), title="A \\033[31mred\\nline")
    assert shelf.add(app, odd).book.title.isprintable()
    named = shelf.add(app, make_pdf("c.pdf", book_pages(2, seed=3)), "A b")
    assert (named.book.id, named.book.title) == ("a-b-2", "A b")
    with pytest.raises(InputError):
        shelf.add(app, make_pdf("d.pdf", book_pages(1, seed=4)), "two\nlines")


class Shouting:
    """A third-party parser of a format of its own."""

    @hookimpl
    def ttrpg_parsers(self):
        yield Parser("shout", "SHOUT files", "hostile_parsers:Shout", suffixes=(".shout",))
        yield Parser(
            "broken", "Cannot be imported", "no_such_module:X", suffixes=(".shout",), priority=9
        )


SHOUT = """
from pathlib import Path
from ttrpg_core.documents import Document, Section
class Shout:
    def __init__(self, context): pass
    def sniff(self, head): return head.startswith(b"SHOUT\\0")
    def describe(self, source): return Document("Shouted", 0)
    def parse(self, source):
        yield Section(source.path.read_bytes()[6:].decode(), "Loud", 1)
"""


def test_a_third_party_parser_is_used_and_a_broken_one_is_passed_by(
    make_app, hostile, tmp_path, monkeypatch
):
    hostile(SHOUT)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    app = make_app(plugins=[Shouting()])
    file = tmp_path / "a.shout"
    file.write_bytes(b"SHOUT\0Hear this.")
    book = shelf.add(app, file).book
    assert (book.parser, book.title, book.pages, book.chunks) == ("shout", "Shouted", 0, 1)
    assert [problem.plugin for problem in app.plugins.problems] == ["plugin-0"]
    sys.modules.pop("hostile_parsers", None)


def test_a_file_that_changes_meanwhile_is_not_shelved(app, pdf, monkeypatch):
    read = crew.read

    def meddling(*arguments):
        yield from read(*arguments)
        with pdf.open("ab") as file:
            file.write(b"\n% more\n")

    monkeypatch.setattr(crew, "read", meddling)
    with pytest.raises(ParseError, match="changed while it was read"):
        shelf.add(app, pdf)
    assert app.library.books() == []
    assert app.library.orphans() == []


TORN = """
from ttrpg_core.documents import Document, Section
from ttrpg_core.errors import ParseError
class Shout:
    def __init__(self, context): pass
    def sniff(self, head): return head[:5] == b"SHOUT"
    def describe(self, source): return Document("Half", 9)
    def parse(self, source):
        for n in range(source.start, 9):
            if n == 5 and not source.path.with_suffix(".mended").exists():
                raise ParseError("torn", page=5)
            yield Section(f"Page {n}.", page=n)
"""


def test_a_damaged_page_keeps_what_came_before_it(app, hostile, make_app, tmp_path, monkeypatch):
    hostile(TORN)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    app = make_app(plugins=[Shouting()])
    file = tmp_path / "a.shout"
    file.write_bytes(b"SHOUT\0")
    with pytest.raises(ParseError, match="torn"):
        shelf.add(app, file)
    assert len(kept(app)) == 4  # page 4 may have had more to come
    file.with_suffix(".mended").touch()
    shelf.add(app, file)
    assert ("continuing at page 5 of 9", "dim") in app.screen.said
    assert [row[4] for row in kept(app)] == [f"Page {n}." for n in range(9)]
    sys.modules.pop("hostile_parsers", None)


MISCOUNTED = """
from ttrpg_core.documents import Document, Section
class Shout:
    def __init__(self, context): pass
    def sniff(self, head): return head[:5] == b"SHOUT"
    def describe(self, source): return Document("Miscounted", 2)
    def parse(self, source):
        for n in range(50):
            yield Section(f"Page {n}.", page=n)
"""


def test_a_parser_that_miscounts_its_pages_loses_none(make_app, hostile, tmp_path, monkeypatch):
    hostile(MISCOUNTED)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    app = make_app(plugins=[Shouting()])
    file = tmp_path / "a.shout"
    file.write_bytes(b"SHOUT\0")
    shelf.add(app, file)
    assert [row[4] for row in kept(app)] == [f"Page {n}." for n in range(50)]
    sys.modules.pop("hostile_parsers", None)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.long
def test_an_interrupted_reading_goes_on_where_it_stopped(
    make_app, make_pdf, book_pages, tmp_path, how
):
    file = make_pdf("long.pdf", book_pages(150))
    home = tmp_path / "home"
    with start(file, home, stop=90) as process:
        assert process.stdout.readline() == "stopped\n"
        process.send_signal(how)
        process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    app = make_app(searcher=False)
    assert app.library.books() == []
    (sha256,) = app.library.orphans()
    done = app.library.reading(sha256).done
    assert done == 90 if how == signal.SIGINT else 60 <= done <= 90
    app.close()
    assert f"continuing at page {done + 1} of 150" in finish(start(file, home))
    other = tmp_path / "other"
    finish(start(file, other))
    interrupted = make_app(searcher=False)
    found = kept(interrupted), chunks(interrupted)
    interrupted.close()
    home.rename(tmp_path / "interrupted")
    other.rename(home)
    whole = make_app(searcher=False)
    assert (kept(whole), chunks(whole)) == found
    assert len(found[0]) > 300


def test_two_processes_may_add_the_same_file_at_once(make_app, make_pdf, book_pages, tmp_path):
    file = make_pdf("long.pdf", book_pages(60))
    running = [start(file, tmp_path / "home") for _ in range(3)]
    answers = {finish(process).splitlines()[-1] for process in running}
    assert answers == {"long"}
    app = make_app(searcher=False)
    (book,) = app.library.books()
    assert len(app.journal.history()) == 1
    assert len(chunks(app)) == book.chunks
    once = kept(app)
    app.close()
    (tmp_path / "home").rename(tmp_path / "crowd")
    alone = make_app(searcher=False)
    shelf.add(alone, file)
    assert kept(alone) == once


def test_whatever_follows_is_undone_when_the_index_fails(make_app, pdf, monkeypatch):
    app = make_app()
    index = type(app.keyword_searcher())

    def full(self, chunks):
        raise ParseError("the disk is full")

    monkeypatch.setattr(index, "add", full)
    with pytest.raises(ParseError, match="full"):
        shelf.add(app, pdf)
    assert app.library.books() == []
    assert app.journal.history() == []
    monkeypatch.undo()


def test_progress_is_in_pages(app, pdf):
    shelf.add(app, pdf)
    (bar,) = app.screen.bars
    assert (bar.total, bar.steps[0], bar.steps[-1]) == (30, 0, 30)
    assert bar.steps == sorted(bar.steps)


def test_extent():
    book = SimpleNamespace(pages=403, chunks=1234)
    assert shelf.extent(book) == "403 pages, 1,234 passages"
    assert shelf.extent(SimpleNamespace(pages=0, chunks=1)) == "1 passage"
