"""Many books at once: folders, patterns, several children, copies and new editions of a file."""

import contextlib
import json
import sys

import attrs
import pytest

from ttrpg_core import Parser, hookimpl
from ttrpg_core.documents import Document, Section
from ttrpg_core.errors import InputError, NotFound, ParseError
from ttrpg_ingest import shelf
from ttrpg_ingest.shelf import Added, Copied, Failed, Skipped, Wishes, crew, jobs, keeping, shelving
from ttrpg_ingest.shelf.content import digest_of
from ttrpg_ingest.shelf.crew import Crew, Heard
from ttrpg_ingest.shelf.finding import Found, Suffixes, find, gather
from ttrpg_ingest.shelf.likeness import likeness, sketch
from ttrpg_ingest.shelf.verifying import verify

FOLDERS = """
from ttrpg_core.documents import Document, Section
class Notes:
    def __init__(self, context): pass
    def sniff(self, head): return False
    def describe(self, source): return Document("", 0)
    def parse(self, source):
        for path in sorted(source.path.rglob("*.md")):
            name = path.relative_to(source.path).as_posix()
            yield Section(path.read_text(), path.stem, 1, file=name, line=1)
"""


class Folders:
    """A parser of whole folders, as a vault's is."""

    @hookimpl
    def ttrpg_parsers(self):
        yield Parser(
            "folder-of-notes",
            "Folders of notes",
            "hostile_parsers:Notes",
            suffixes=(".md",),
            priority=99,
            folders=True,
        )


@pytest.fixture
def notes(make_app, hostile, tmp_path, monkeypatch):
    """An App with a parser of folders."""
    hostile(FOLDERS)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    yield make_app(plugins=[Folders()])
    sys.modules.pop("hostile_parsers", None)


@pytest.fixture
def folder(tmp_path, make_pdf, book_pages):
    """Two PDFs and three notes, among what is no book."""
    path = tmp_path / "my books"
    (path / "deep").mkdir(parents=True)
    (path / ".obsidian").mkdir()
    for n, name in enumerate(("a.pdf", "deep/b.pdf")):
        make_pdf(f"{n}.pdf", book_pages(4, seed=n)).rename(path / name)
    (path / "one.md").write_text("The first oath of the river.\n")
    (path / "deep" / "two.md").write_text("The second oath.\n")
    (path / ".obsidian" / "hidden.md").write_text("Hidden.\n")
    (path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "outside.md").write_text("Outside.\n")
    (path / "link.md").symlink_to(tmp_path / "outside.md")
    return path


def add_all(app, *given, **wishes):
    return list(shelf.add_all(app, given, Wishes(**wishes)))


def test_a_folder_is_its_books_and_its_notes_together(notes, folder):
    came = add_all(notes, folder)
    books = {each.book.title: each.book for each in came}
    assert sorted(books) == ["a", "b", "my books"]
    book = books["my books"]
    assert (book.parser, book.path, book.size) == ("folder-of-notes", str(folder), 46)
    sections = list(notes.library.sections(book.sha256))
    assert {each.file for each in sections} >= {"deep/two.md", "one.md"}
    assert add_all(notes, folder)[0].new is False
    (folder / "one.md").rename(folder / "uno.md")
    assert find(folder, Suffixes.of(notes.plugins))[0].files == ("deep/two.md", "uno.md")
    (skipped, *_) = [each for each in add_all(notes, folder) if not isinstance(each, Added)]
    assert isinstance(skipped, Skipped)
    assert skipped.book.title == "my books"


def test_one_file_of_notes_in_a_folder_is_a_file(notes, folder):
    (folder / "one.md").unlink()
    books = {each.path.name: each for each in find(folder, Suffixes.of(notes.plugins))}
    assert (books["two.md"].folder, len(books)) == (False, 3)


def test_each_file_may_be_a_book_of_its_own(notes, folder):
    suffixes = Suffixes.of(notes.plugins, each=True)
    names = [each.path.name for each in find(folder, suffixes)]
    assert sorted(names) == ["a.pdf", "b.pdf", "one.md", "two.md"]


def test_patterns_and_what_they_do_not_match(app, folder, tmp_path):
    suffixes = Suffixes.of(app.plugins)
    found, failed = gather([folder / "*.pdf", folder / "**/b.*", tmp_path / "*.none"], suffixes)
    assert [each.path.name for _, each in found] == ["a.pdf", "b.pdf"]
    assert [(place, type(error)) for place, _, error in failed] == [(2, NotFound)]
    odd = tmp_path / "odd [1].pdf"
    odd.write_bytes((folder / "a.pdf").read_bytes())
    assert find(odd, suffixes)[0].path == odd
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="is a folder with no book in it"):
        find(empty, suffixes)


def test_several_books_are_read_at_once_with_one_bar(app, make_pdf, book_pages, tmp_path):
    files = [make_pdf(f"b{n}.pdf", book_pages(12, seed=n), title=f"Book {n}") for n in range(4)]
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4 and no more")
    came = add_all(app, *files, bad, tmp_path / "none.pdf", jobs=3)
    assert sorted(each.book.title for each in came if isinstance(each, Added)) == [
        f"Book {n}" for n in range(4)
    ]
    assert sorted(each.path for each in came if isinstance(each, Failed)) == [
        str(bad),
        str(tmp_path / "none.pdf"),
    ]
    (bar,) = app.screen.bars
    assert (bar.title, bar.total, bar.steps[-1]) == ("Reading 4 books", 48, 48)
    assert bar.steps == sorted(bar.steps)
    for book in app.library.books():
        pages = [section.page for section in app.library.sections(book.sha256)]
        assert pages == sorted(pages)
        assert set(pages) == set(range(12))


def test_a_long_book_is_read_by_several_children(make_app, make_pdf, book_pages, monkeypatch):
    monkeypatch.setattr(jobs, "PAGES_EACH", 10)
    file = make_pdf("long.pdf", book_pages(45))
    app = make_app()
    add_all(app, file, jobs=3)
    split = [attrs.astuple(each) for each in app.library.sections(app.library.books()[0].sha256)]
    bar = app.screen.bars[0]
    assert (bar.steps[-1], bar.steps == sorted(bar.steps)) == (45, True)
    shelf.remove(app, app.library.books()[0])
    shelf.prune(app)
    add_all(app, file, jobs=1)
    alone = [attrs.astuple(each) for each in app.library.sections(app.library.books()[0].sha256)]
    assert split == alone


def test_a_child_without_work_takes_half_of_what_another_has_left(
    make_app, make_pdf, book_pages, monkeypatch
):
    monkeypatch.setattr(jobs, "PAGES_EACH", 10)
    started = []
    start = Crew.start
    monkeypatch.setattr(Crew, "start", lambda crew, part: (started.append(part), start(crew, part)))
    long = make_pdf("long.pdf", book_pages(150), title="Long")
    short = make_pdf("short.pdf", book_pages(2, seed=3), title="Short")
    app = make_app()
    add_all(app, short, long, jobs=2)
    parts = [part for part in started if part.path == long and part.stop != part.start]
    assert len(parts) > 1
    assert [part.path for part in started[2:4]] == [long, short]
    (sha256,) = [book.sha256 for book in app.library.books() if book.title == "Long"]
    shared = list(app.library.sections(sha256))
    app.library.forget(sha256)
    add_all(app, long, jobs=1)
    assert list(app.library.sections(sha256)) == shared
    assert sum(part.path == long for part in started) == len(parts) + 2


def test_what_was_read_too_early_is_left_out_and_what_is_held_is_not(app, make_pdf, book_pages):
    """Parts that end before those in front of them; one that read on where another begins now."""
    file = make_pdf("a.pdf", book_pages(3))
    job = jobs.Job(
        Found(file), "5" * 64, (), 1, Parser("pdf", "Reads PDF", "a:B", suffixes=(".pdf",))
    )
    assert job.begin(app, Document("A", 9))
    job.parts = [job.part(0, 3), job.part(3, 6), job.part(6)]

    def page(index):
        return Section(f"Page {index}.", page=index)

    def heard(number, *pages):
        return Heard(job.parts[number], tuple(map(page, pages)), ended=True)

    assert not job.hear(heard(2, 6, 7, 8))
    assert not job.hear(heard(1, 3, 4, 5, 6, 7))
    assert job.hear(heard(0, 0, 1, 2, 3))
    kept = [section.text for section in app.library.sections("5" * 64)]
    assert kept == [f"Page {n}." for n in range(9)]


@pytest.mark.parametrize(("parser", "at"), [("pdf", 2), ("pdf", 4), ("other", 2), ("", 4)])
def test_pages_that_another_process_takes_away_are_not_missed_in_silence(
    app, make_pdf, book_pages, monkeypatch, parser, at
):
    """It reads the same content anew, or forgets it, when so many pages were heard here."""
    file = make_pdf("a.pdf", book_pages(4))
    monkeypatch.setattr(keeping, "BATCH_PAGES", 1)
    sha256 = digest_of(Found(file))
    hear = jobs.Job.hear

    def meddling(job, heard):
        whole = hear(job, heard)
        if any(isinstance(each, Section) and each.page == at - 1 for each in heard.found):
            app.library.forget(sha256)
            if parser:
                app.library.begin(sha256, parser, 4, "2026-01-02")
        return whole

    monkeypatch.setattr(jobs.Job, "hear", meddling)
    (came,) = add_all(app, file)
    assert isinstance(came, Failed)
    assert "begun anew meanwhile" in came.error.message
    assert app.library.books() == []


@pytest.mark.parametrize(("parser", "done"), [("pdf", 2), ("other", 3)])
def test_a_reading_that_is_short_is_not_shelved(app, tmp_path, parser, done):
    app.library.begin("5" * 64, parser, 3, "2026-01-02")
    app.library.keep("5" * 64, [Section("Text.", page=0)], done)
    found = Found(tmp_path / "a.pdf")
    ready = shelving.Ready(found, "5" * 64, "pdf", Document("A", 3), "A", 1, Wishes())
    with pytest.raises(ParseError, match="begun anew meanwhile"):
        shelving.shelve(app, ready)
    assert app.library.books() == []


def test_copies_in_one_run_are_one_book(app, make_pdf, book_pages, tmp_path):
    file = make_pdf("a.pdf", book_pages(3))
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(file.read_bytes())
    came = add_all(app, file, copy, file)
    assert came[0] == Copied(str(copy), str(file))
    assert isinstance(came[1], Added)
    assert len(came) == 2


@pytest.fixture
def twice(app, tmp_path):
    """A book on the shelf, and another file with the same content."""
    file = tmp_path / "rules.md"
    file.write_text("# Oaths\n\nThe oath of the bell.\n")
    shelf.add(app, file)
    copy = tmp_path / "copy.md"
    copy.write_bytes(file.read_bytes())
    return copy


def test_the_same_content_is_skipped_where_nobody_answers(app, twice):
    (came,) = add_all(app, twice)
    assert (came.new, len(app.library.books())) == (False, 1)
    assert shelf.add(app, twice).new is False


def test_the_same_content_is_kept_as_two_books(app, twice):
    (came,) = add_all(app, twice, if_there="both")
    first, second = sorted(app.library.books(), key=lambda book: book.path, reverse=True)
    assert (came.new, came.book) == (True, second)
    assert first.id != second.id
    assert len({chunk.sha256 for chunk in app.library.chunks()}) == 2
    assert not any("changed" in each.said for each in verify(app, [first, second]))
    (again,) = add_all(app, twice, if_there="both")  # as after Ctrl-C: nothing twice
    assert (again.new, again.book.id) == (False, second.id)
    app.journal.undo()
    assert app.library.books() == [first]


def test_one_file_is_two_books_with_titles_of_their_own(app, twice):
    add_all(app, twice, if_there="both", title="Bells")
    add_all(app, twice, if_there="both", title="Oaths for the Players")
    assert {book.title for book in app.library.books()} > {"Bells", "Oaths for the Players"}
    assert len(app.library.books()) == 3


def test_two_copies_in_one_run_may_both_be_kept(app, twice, tmp_path):
    third = tmp_path / "third.md"
    third.write_bytes(twice.read_bytes())
    came = add_all(app, twice, third, if_there="both")
    assert [each.new for each in came] == [True, True]
    assert len({book.sha256 for book in app.library.books()}) == 3


@pytest.mark.parametrize(("answers", "books"), [([True], 3), ([False, True], 1), ([False] * 2, 1)])
def test_the_same_content_is_asked_about_once(app, twice, tmp_path, answers, books):
    third = tmp_path / "third.md"
    third.write_bytes(twice.read_bytes())
    left = iter(answers)
    app.screen.ask = lambda question, default: next(left)
    came = shelf.add_all(app, [twice], Wishes())
    came = [*came, *shelf.add_all(app, [third], Wishes(if_there="both" if books > 1 else "skip"))]
    assert len(app.library.books()) == books
    assert came[0].again is (answers == [False, True])
    assert next(left, None) is None


def test_there_is_an_end_to_copies(app, twice, monkeypatch):
    monkeypatch.setattr("ttrpg_ingest.shelf.content.MOST_COPIES", 1)
    (came,) = add_all(app, twice, if_there="both")
    assert isinstance(came, Failed)
    assert "1 books with this content" in str(came.error)


@pytest.fixture
def newer(app, tmp_path):
    """A book on the shelf, and its file with other content."""
    file = tmp_path / "rules.md"
    file.write_text("# Old\n\nThe old oath of the bell.\n")
    shelf.add(app, file, system="dnd5e")
    file.write_text("# New\n\nThe new oath of the bell.\n")
    return file


def test_other_content_of_a_book_is_skipped_where_nobody_answers(app, newer):
    (came,) = add_all(app, newer)
    assert isinstance(came, Skipped)
    assert len(app.library.books()) == 1
    assert add_all(app, newer, if_there="skip")[0].book.id == came.book.id


def test_a_new_edition_takes_the_place_of_the_old_one(app, newer):
    (old,) = app.library.books()
    (came,) = add_all(app, newer, if_there="update")
    assert (came.new, came.replaced) == (True, True)
    (book,) = app.library.books()
    assert (book.id, book.system) == (old.id, "dnd5e")
    assert [c.heading for c in app.library.chunks()] == ["New"]
    assert app.journal.history(1)[0].kind == "library.update"
    app.journal.undo()
    assert app.library.books() == [old]
    assert [c.heading for c in app.library.chunks()] == ["Old"]


def test_both_may_be_kept(app, newer):
    add_all(app, newer, if_there="both")
    assert [book.title for book in app.library.books()] == ["New", "Old"]


def test_the_same_content_is_read_anew_when_that_is_wished(app, make_pdf, book_pages):
    file = make_pdf("a.pdf", book_pages(3), title="Oaths")
    old = shelf.add(app, file, system="dnd5e").book
    sections = list(app.library.sections(old.sha256))
    app.store.connection.execute("UPDATE sections SET text = 'Worse.'")
    (same,) = add_all(app, file, genre="horror", if_there="skip")
    assert (same.new, app.library.books()[0].genre) == (False, old.genre)
    (came,) = add_all(app, file, genre="horror", authors="A. One", if_there="update")
    assert (came.new, came.again, came.replaced) == (True, True, False)
    (book,) = app.library.books()
    assert (book.id, book.system, book.genre, book.authors) == (
        old.id,
        "dnd5e",
        "horror",
        "A. One",
    )
    assert list(app.library.sections(book.sha256)) == sections
    assert app.keyword_searcher().count() == book.chunks == old.chunks
    assert app.journal.history(1)[0].prose.startswith('read "Oaths" anew')
    app.journal.undo()
    assert app.library.books() == [old]


def test_a_reading_anew_that_was_stopped_goes_on(app, make_pdf, book_pages):
    file = make_pdf("a.pdf", book_pages(3), title="Oaths")
    old = shelf.add(app, file).book
    whole = list(app.library.sections(old.sha256))
    app.library.begin(old.sha256, "pdf", 3, "2026-01-02")
    app.library.keep(old.sha256, whole[:2], 1)
    (came,) = add_all(app, file, publisher="Lamp Press", if_there="update")
    assert (came.again, came.book.publisher) == (True, "Lamp Press")
    kept = list(app.library.sections(old.sha256))
    assert kept[:2] == whole[:2]
    assert {each.page for each in kept} == {0, 1, 2}


def indexed(app):
    rows = app.store.connection.execute("SELECT id FROM seen ORDER BY id")
    return [row[0] for row in rows]


def chunk_ids(app):
    return sorted(chunk.id for chunk in app.library.chunks())


@pytest.mark.parametrize("how", [KeyboardInterrupt, "changed"])
def test_a_book_is_found_while_it_is_read_anew(app, make_pdf, book_pages, monkeypatch, how):
    """What was cut before stays in place until the new reading is whole."""
    file = make_pdf("a.pdf", book_pages(3), title="Oaths")
    shelf.add(app, file)
    before = chunk_ids(app)
    read = crew.read

    def stopped(*arguments):
        found = list(read(*arguments))
        yield from found[:3]
        if how is KeyboardInterrupt:
            raise KeyboardInterrupt
        yield from found[3:]

    with monkeypatch.context() as patch:
        patch.setattr(crew, "read", stopped)
        patch.setattr(jobs, "changed", lambda *_: how == "changed")
        with contextlib.suppress(KeyboardInterrupt):
            list(add_all(app, file, if_there="update"))
    assert chunk_ids(app) == before == indexed(app)
    (came,) = add_all(app, file, if_there="update")
    assert came.again
    assert chunk_ids(app) == indexed(app)
    assert len(indexed(app)) == came.book.chunks == len(before)


@pytest.mark.parametrize(("answers", "left"), [([True], 2), ([False, True], 4), ([False] * 2, 2)])
def test_the_question_is_asked_once_for_all(app, tmp_path, answers, left):
    files = [tmp_path / f"r{n}.md" for n in range(2)]
    for n, file in enumerate(files):
        file.write_text(f"# Old {n}\n\nThe old oath {n}.\n")
    add_all(app, *files)
    for n, file in enumerate(files):
        file.write_text(f"# New {n}\n\nThe new oath {n}.\n")
    asked = []
    app.screen.ask = lambda question, default: (
        asked.append(question),
        answers[len(asked) - 1],
    )[1]
    add_all(app, *files)
    assert len(asked) == len(answers)
    assert len(app.library.books()) == left


def test_the_same_text_in_another_format_is_told(app, make_pdf, book_pages, tmp_path):
    pages = [
        [(72, 700 - 12 * n, "F1", 10, f"Adventurers {w}morrow remember {w}ancient.")
         for n, w in enumerate([f"{chr(97 + (p * 7 + k) % 26)}{chr(97 + k)}" for k in range(9)])]
        for p in range(9)
    ]  # fmt: skip
    pdf = make_pdf("book.pdf", pages, title="Oaths")
    shelf.add(app, pdf)
    book = app.library.books()[0]
    file = tmp_path / "other.md"
    file.write_text("# Other\n\n" + app.library.text(book.sha256))
    came = shelf.add(app, file)
    assert came.twins == (book,)
    third = tmp_path / "third.md"
    third.write_text("# Third\n\n" + " ".join(f"Something{chr(97 + n % 26)}" for n in range(99)))
    assert shelf.add(app, third).twins == ()


def test_a_sketch_tells_texts_apart():

    words = [f"considerable{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(400)]
    whole = sketch([Section(" ".join(words))])
    most = sketch([Section(" ".join(words[:360]))])
    assert likeness(whole, whole) == 1.0
    assert 0.75 < likeness(whole, most) < 1.0
    assert likeness(whole, sketch([Section(" ".join(reversed(words)))])) < 0.1
    assert sketch([Section("Too short to be told apart.")]) == ""
    assert likeness("", "") == 0.0


def test_what_the_user_says_stands_above_what_is_detected(app, tmp_path):
    file = tmp_path / "table.md"
    file.write_text("# House rules\n\nA natural twenty sings.\n")
    app.store.connection.execute(
        "INSERT INTO campaigns (id, name, system, genre, setting, description, game_date,"
        " created_at, updated_at) VALUES ('salt', 'Salt', '', '', '', '', '', '', '')"
    )
    said = {
        "kind": "house_rules",
        "campaign": "Salt",
        "genre": "noir",
        "authors": "A. One; B. Two",
        "publisher": "Lamp Press",
        "edition": "second",
        "language": "de",
        "system": "osr",
        "title": "At our table",
    }
    book = shelf.add(app, file, **said).book
    assert {name: getattr(book, name) for name in said} == {**said, "campaign": "salt"}
    assert json.loads(book.details)["set"] == sorted(said)
    with pytest.raises(InputError, match="no kind of book 'novel'"):
        shelf.add(app, file, kind="novel")
    with pytest.raises(NotFound):
        shelf.add(app, file, campaign="pepper")


NOTICED = """
from ttrpg_core.documents import Document, Notice, Section
class Shout:
    def __init__(self, context): pass
    def sniff(self, head): return head[:5] == b"SHOUT"
    def describe(self, source): return Document("Noticed", 3)
    def parse(self, source):
        yield Notice("the index is damaged")
        yield Section("Alpha begins.", "A", 1, 0)
        yield Notice("a picture", 1)
        yield Section("Omega ends.", "O", 1, 2)
"""


class Shouting:
    """A parser that has something to say."""

    @hookimpl
    def ttrpg_parsers(self):
        yield Parser("shout", "SHOUT files", "hostile_parsers:Shout", suffixes=(".shout",))


def test_what_went_less_than_well_is_kept(make_app, hostile, tmp_path, monkeypatch):
    hostile(NOTICED)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    app = make_app(plugins=[Shouting()])
    file = tmp_path / "a.shout"
    file.write_bytes(b"SHOUT")
    added = shelf.add(app, file)
    told = app.library.reading(added.book.sha256).notices
    assert [(each.text, each.page) for each in told] == [
        ("the index is damaged", None),
        ("a picture", 1),
    ]
    assert added.notices == told
    assert "hostile_parsers" not in sys.modules  # it is asked and read in children
