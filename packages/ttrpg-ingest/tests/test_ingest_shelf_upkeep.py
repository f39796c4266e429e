"""Books looked over, cut again, read and written out."""

import json
import sys
import time
from pathlib import Path

import attrs
import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Section, Source
from ttrpg_core.errors import InputError, NotFound
from ttrpg_ingest import shelf
from ttrpg_ingest.markdown import Markdown
from ttrpg_ingest.shelf import viewers
from ttrpg_ingest.shelf.exporting import markdown
from ttrpg_ingest.shelf.pages import page, page_index, printed
from ttrpg_ingest.shelf.verifying import verify


@pytest.fixture
def pdf(app, make_pdf, book_pages):
    """A book of twelve pages; 5 is printed on the first."""
    return shelf.add(app, make_pdf("lantern.pdf", book_pages(12, first=5), title="Lantern")).book


@pytest.fixture(autouse=True)
def finding(monkeypatch, app):
    """The index of these tests finds a text in which a word of the query stands."""
    searcher = type(app.keyword_searcher())

    def search(self, query, k):
        rows = self.database().execute("SELECT sha256, text FROM seen").fetchall()
        words = query.text.lower().split()
        return [
            row
            for row in rows
            if row[0] in (query.sources or {row[0]}) and any(w in row[1].lower() for w in words)
        ][:k]

    monkeypatch.setattr(searcher, "search", search)


def said(app):
    return [each.said for each in verify(app, app.library.books())]


def damaged(app):
    return [each.said for each in verify(app, app.library.books()) if each.damaged]


def test_what_is_kept_is_clean_and_the_spans_count_in_it(app, pdf):
    text = app.library.text(pdf.sha256)
    assert "The Lantern Rules" not in text
    for chunk in app.library.chunks(pdf.sha256):
        assert text[chunk.start : chunk.end].split() == chunk.text.split()
    assert app.library.pages(pdf.sha256) == {n: str(n + 5) for n in range(12)}
    assert said(app) == []


def test_verify_finds_a_passage_that_was_changed(app, pdf):
    app.store.connection.execute("UPDATE chunks SET text = 'forged' WHERE ordinal = 3")
    assert damaged(app) == [f"1 of {pdf.chunks} passages are not in the text, as #3"]


def test_verify_finds_a_text_that_moved_under_its_passages(app, pdf):
    app.store.connection.execute("UPDATE sections SET text = 'elsewhere' WHERE ordinal < 4")
    assert "passages are not in the text" in damaged(app)[0]
    assert damaged(app)


def test_verify_finds_passages_that_are_missing(app, pdf):
    app.store.connection.execute("DELETE FROM chunks WHERE ordinal = 3")
    assert damaged(app)[0] == "passages are missing"
    assert "gone" in damaged(app)[1]


def test_verify_finds_an_empty_index_and_reindex_mends_it(app, pdf):
    app.store.connection.execute("DELETE FROM seen")
    assert damaged(app) == [
        "it cannot be found",
        f"{pdf.chunks} of {pdf.chunks} passages are not in the index",
    ]
    shelf.reindex(app)
    assert said(app) == []


def test_a_book_that_undo_brings_back_after_reindex_is_found(app, pdf):
    shelf.remove(app, pdf)
    app.keyword_searcher().remove(pdf.sha256)
    assert shelf.reindex(app) == 0
    app.journal.undo()
    assert app.library.is_indexed(app.keyword_searcher(), pdf.sha256)
    assert app.keyword_searcher().count() == pdf.chunks
    shelf.remove(app, pdf)
    shelf.prune(app)
    assert app.keyword_searcher().count() == 0


def test_a_table_that_is_cut_with_its_head_repeated_is_in_its_place(app, tmp_path):
    file = tmp_path / "table.md"
    rows = "\n".join(
        f"| {n} | level {n} of a long progression of features | {n} |" for n in range(90)
    )
    file.write_text(f"# Levels\n\n| Level | Feature | Slots |\n| --- | --- | --- |\n{rows}\n")
    book = shelf.add(app, file).book
    heads = [c for c in app.library.chunks(book.sha256) if c.text.startswith("| Level | Feature")]
    assert len(heads) > 1
    assert damaged(app) == []


def test_verify_tells_of_files_that_moved_or_changed(app, pdf):
    path = Path(pdf.path)
    with path.open("ab") as file:
        file.write(b"\n% more\n")
    assert said(app) == ["its file has changed since"]
    path.unlink()
    assert said(app) == [f"its file is gone: {path}"]
    assert damaged(app) == []


def test_verify_finds_a_text_that_was_pruned(app, pdf):
    shelf.remove(app, pdf)
    shelf.prune(app)
    app.journal.undo()
    assert damaged(app) == ["its text is not here"]


def test_cutting_again_follows_the_settings(app, make_app, pdf):
    before = list(app.library.chunks(pdf.sha256))
    other = make_app(chunk_words=40)
    assert shelf.reindex(other, cut=True) > len(before)
    assert said(other) == []
    assert other.keyword_searcher().count() == other.library.counts()[pdf.sha256]
    other.journal.undo()  # the row is as it was, so the adding can be taken back
    assert other.library.books() == []


def test_reindexing_that_is_stopped_keeps_what_was_done(
    app, make_pdf, book_pages, pdf, monkeypatch
):
    shelf.add(app, make_pdf("z.pdf", book_pages(3, seed=2), title="Zest"))
    app.store.connection.execute("DELETE FROM seen")
    index = type(app.keyword_searcher())
    add = index.add

    def stopped(self, chunks):
        if chunks[0].sha256 != pdf.sha256:
            raise KeyboardInterrupt
        add(self, chunks)

    monkeypatch.setattr(index, "add", stopped)
    with pytest.raises(KeyboardInterrupt):
        shelf.reindex(app)
    assert app.keyword_searcher().count() == pdf.chunks


def test_pages_are_asked_for_as_they_are_printed(app, pdf):
    assert page_index(app, pdf, "7") == 2
    assert page_index(app, pdf, "#7") == 6
    shown = page(app, pdf, "7")
    assert (shown.place, shown.before, shown.after) == ("p. 7", "6", "8")
    assert {section.page for section in shown.sections} == {2}
    assert (page(app, pdf, "5").before, page(app, pdf, "16").after) == ("", "")
    for wrong in ("4", "17", "#0", "#13", "x", "", "9" * 30):
        with pytest.raises(NotFound, match="has no page"):
            page_index(app, pdf, wrong)
    assert printed(app, pdf, 2) == "7"


def test_a_heading_may_be_read_too(app, pdf, tmp_path):
    shown = page(app, pdf, "rule 2-a of the road")
    assert shown.place == "Chapter 1 > Rule 2-a of the Road"
    assert shown.after == "Rule 2-b of the Road"
    file = tmp_path / "plain.md"
    file.write_text("# Top\n\nText.\n\n## Below\n\nMore.\n\n# Other\n\nLast.\n")
    book = shelf.add(app, file).book
    assert [each.heading for each in page(app, book, "Top").sections] == ["Top", "Below"]
    with pytest.raises(InputError, match="has no pages"):
        page(app, book, "12")


def reread(app, book, tmp_path):
    file = tmp_path / "export.md"
    file.write_text("\n".join(markdown(app, book)) + "\n", "utf-8")
    return list(Markdown(Context()).parse(Source(file)))


def texts(sections):
    return "\n\n".join(part for s in sections for part in (s.heading, s.text) if part)


def test_an_export_reads_back_to_the_same_text_and_pages(app, pdf, tmp_path):
    again = reread(app, pdf, tmp_path)
    assert texts(again) == app.library.text(pdf.sha256)
    assert {s.page: s.label for s in again} == app.library.pages(pdf.sha256)
    book = shelf.add(app, tmp_path / "export.md").book
    assert (book.title, book.pages) == ("Lantern", 12)
    assert app.library.text(book.sha256) == app.library.text(pdf.sha256)
    assert [(c.label, c.path) for c in app.library.chunks(book.sha256)] == [
        (c.label, c.path) for c in app.library.chunks(pdf.sha256)
    ]


def test_what_looks_like_markdown_stays_text(app, pdf, tmp_path):
    odd = [
        Section(
            "# 1 in the list\n\na\n---\n\n<!-- page 3 -->\n\n- item", "A * b [c] <d", 1, 0, "5"
        ),
        Section("| a | b |\n| --- | --- |\n| 1 | 2 |", page=0, label="5", kind="table"),
        Section("```\n# code\n```", "B", 7, 2, "7"),
    ]
    app.library.finish(pdf.sha256, [], odd)
    again = reread(app, pdf, tmp_path)
    assert [s.heading for s in again if s.heading] == ["A * b [c] <d", "B"]
    assert {s.page for s in again} == {0, 2}
    assert texts(again).replace("\\", "") == app.library.text(pdf.sha256)


def test_an_export_reads_back_to_the_same_sections(app, pdf, tmp_path):
    kept = [
        Section("A long line\nMoves =\nand on.", "Start", 1, 0, "5"),
        Section("Another run of text ends with ####### seven.", page=0, label="5"),
        Section("| a | b |\n| --- | --- |\n| 1 | 2 |", page=0, label="5", kind="table"),
        Section("It is cold.\n\nThe door is shut.", page=0, label="5", kind="read_aloud"),
        Section("A rule beside.", page=0, label="5", kind="sidebar"),
        Section("After the box.", page=0, label="5"),
        Section("The next page.", page=1, label="6"),
    ]
    app.library.finish(pdf.sha256, [], kept)
    again = reread(app, pdf, tmp_path)
    assert [attrs.evolve(s, line=None) for s in again] == kept


@pytest.mark.parametrize("name", ["rules/pdf/loner-en.pdf", "rules/ebook/Cairn.epub"])
def test_a_real_book_comes_back_from_its_export(app, data, tmp_path, name):
    def known(sections):
        return [(s.heading, s.level, s.label, s.text) for s in sections if s.heading or s.text]

    book = shelf.add(app, data(name)).book
    again = known(reread(app, book, tmp_path))
    assert again == known(app.library.sections(book.sha256))
    assert len(again) > 50


def test_viewers_are_asked_for_the_page(tmp_path):
    path = tmp_path / "a b.pdf"
    has = {"okular"}.__contains__
    desktop = {"WAYLAND_DISPLAY": "wayland-0"}
    assert viewers.command(path, 11, desktop, "linux", lambda n: n if has(n) else None) == (
        ["okular", "--page", "12", str(path)],
        True,
    )
    anything = {"xdg-open": "x", "open": "x", "cmd": "x"}.get
    assert viewers.command(path, 11, desktop, "linux", anything) == (["xdg-open", str(path)], False)
    assert viewers.command(path, None, {}, "darwin", anything) == (["open", str(path)], False)
    assert viewers.command(path, 1, {}, "win32", anything)[0][:3] == ["cmd", "/c", "start"]
    assert viewers.command(path.with_suffix(".md"), 3, desktop, "linux", lambda n: n)[1] is False
    assert viewers.command(path, 1, desktop, "linux", lambda n: None) is None
    assert viewers.command(path, 1, {}, "linux", lambda n: n) is None


@pytest.mark.parametrize("name", list(viewers.PAGED))
def test_every_viewer_is_given_the_page_and_the_file(name):
    file = "/books/a b.pdf"
    words = viewers.PAGED[name](file, 12)
    assert words[0] == name
    assert "12" in " ".join(words[1:])
    assert file in " ".join(words[1:])


def test_the_user_chooses_a_viewer(tmp_path):
    path = tmp_path / "a {page} b.pdf"
    assert viewers.chosen("zathura", path, 4) == (["zathura", "--page=5", str(path)], True)
    assert viewers.chosen("foliate", path, 4) == (["foliate", str(path)], False)
    assert viewers.chosen("open 'skim://{file}#page={page}'", path, None) == (
        ["open", f"skim://{path}#page=1"],
        True,
    )
    with pytest.raises(InputError, match="viewer is no command"):
        viewers.chosen("foliate 'x", path, 4)


def test_a_viewer_is_never_waited_for_and_its_failure_is_told(tmp_path):
    mark = tmp_path / "mark"
    script = f"import time, pathlib; pathlib.Path({str(mark)!r}).touch(); time.sleep(3)"
    viewers.start([sys.executable, "-c", script])
    with pytest.raises(NotFound, match="ended at once with code 3"):
        viewers.start([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(NotFound, match="cannot be started"):
        viewers.start([str(tmp_path / "no-viewer"), "x"])


def test_a_viewer_is_told_no_password(tmp_path, monkeypatch):
    monkeypatch.setenv("TTRPG_PDF_PASSWORD", "canary")
    monkeypatch.setenv("TTRPG_MARK", "kept")
    told = tmp_path / "told"
    script = f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(repr(os.environ))"
    viewers.start([sys.executable, "-c", script])
    wait = time.monotonic() + 20
    while not (told.exists() and told.read_text()) and time.monotonic() < wait:
        time.sleep(0.02)
    assert "TTRPG_MARK" in told.read_text()
    assert "canary" not in told.read_text()


def test_editing_is_remembered_and_taken_back(app, pdf):
    new, different = shelf.edit(app, pdf, {"system": "dnd5e", "title": "Lamp", "genre": ""})
    assert (new.system, new.title, new.id) == ("dnd5e", "Lamp", "lantern")
    assert set(different) >= {"system", "title"}
    assert set(json.loads(new.details)["set"]) == {"genre", "system", "title"}
    assert app.journal.history(1)[0].kind == "library.edit"
    assert shelf.edit(app, new, {"system": "dnd5e"}) == (new, [])
    app.journal.undo()
    assert app.library.books() == [pdf]
    with pytest.raises(InputError, match="nothing to change"):
        shelf.edit(app, pdf, {})
    with pytest.raises(InputError, match="control character"):
        shelf.edit(app, pdf, {"title": "a\x1b[2J"})
