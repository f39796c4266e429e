import io
import logging

import pytest
from pypdf import PdfReader, PdfWriter

from ttrpg_core.context import Context
from ttrpg_core.documents import Source, headed
from ttrpg_core.errors import ParseError
from ttrpg_ingest.folding import fold, join, joined
from ttrpg_ingest.pdf import Pdf
from ttrpg_ingest.pdf.flow import lines_of
from ttrpg_ingest.pdf.style import Style, sample
from ttrpg_ingest.reading import Limits
from ttrpg_ingest.reading import read as child


def read(path, start=0):
    return list(Pdf(Context()).parse(Source(path, start)))


def body(*lines, x=72, y=600, size=10):
    return [(x, y - 12 * n, "F1", size, line) for n, line in enumerate(lines)]


LONG = "The road is long and the lantern is small, so the company walks close together."


def test_headings_are_told_by_size_and_face(make_pdf):
    page = [
        (72, 700, "F2", 26, "Conditions"),
        *body(LONG, LONG, LONG, y=670),
        (72, 620, "F2", 13, "Grappled"),
        *body("A grappled creature has no speed.", LONG, y=600),
        (72, 560, "F2", 10, "Escaping"),
        *body(LONG, LONG, y=540),
    ]
    paths = [path for _, path in headed(read(make_pdf("a.pdf", [page])))]
    assert ("Conditions", "Grappled", "Escaping") in paths
    assert {s.level for s in read(make_pdf("a.pdf", [page]))} == {1, 4, 5}


def test_a_bold_word_in_a_sentence_is_no_heading(make_pdf):
    page = [*body(LONG, LONG, LONG), (72, 500, "F2", 10, "Note:"), (110, 500, "F1", 10, LONG)]
    assert {section.heading for section in read(make_pdf("a.pdf", [page]))} == {""}


def test_a_heading_of_two_lines_is_one(make_pdf):
    page = [
        (72, 700, "F2", 20, "Appendix A:"),
        (72, 678, "F2", 20, "The Long Road"),
        *body(LONG, LONG),
    ]
    assert [s.heading for s in read(make_pdf("a.pdf", [page]))] == ["Appendix A: The Long Road"]


def test_pieces_on_one_baseline_are_one_line(make_pdf):
    cells = [
        (72, 500, "F2", 10, "Armor Class"),
        (160, 500, "F1", 10, "13"),
        (200, 500, "F1", 10, "natural"),
    ]
    (section,) = read(make_pdf("a.pdf", [[*body(LONG, LONG, LONG), *cells]]))
    assert section.heading == ""
    assert section.text.endswith("Armor Class 13 natural")


def test_lines_become_paragraphs(make_pdf):
    page = body("The lan-", "tern is old and the road", "is long.") + body(
        "A second paragraph", "begins here.", y=540
    )
    (section,) = read(make_pdf("a.pdf", [page]))
    assert (
        section.text
        == "The lantern is old and the road is long.\n\nA second paragraph begins here."
    )


def test_list_marks_drawn_last_come_back_to_their_lines(make_pdf):
    page = [*body("Take the first oath.", "Take the second oath.", x=90), *body("1.", "2.", x=72)]
    (section,) = read(make_pdf("a.pdf", [page]))
    assert section.text.split() == [
        "1.",
        "Take",
        "the",
        "first",
        "oath.",
        "2.",
        "Take",
        "the",
        "second",
        "oath.",
    ]


def test_running_lines_stand_apart_at_both_ends(make_pdf, book_pages):
    sections = [s for s in read(make_pdf("a.pdf", book_pages(6, first=41))) if s.page == 3]
    assert sections[0].text == "The Lantern Rules 44"
    assert sections[0].heading == ""
    assert sections[1].heading == "Rule 3-a of the Road"


def test_it_starts_at_any_page_with_the_same_sections(make_pdf, book_pages):
    path = make_pdf("a.pdf", book_pages(40))
    whole = read(path)
    assert len(whole) > 80
    for start in (1, 17, 39):
        assert read(path, start) == [section for section in whole if section.page >= start]


def test_the_sample_is_spread_and_bounded():
    assert sample(5) == [0, 1, 2, 3, 4]
    assert len(sample(403)) == 24
    assert {0, 1, 2, 400, 401, 402} <= set(sample(403))


def test_the_body_is_what_most_words_are_in(make_pdf, book_pages):
    path = make_pdf("a.pdf", book_pages(4))
    reader = Pdf(Context())
    opened = reader._open(path)
    style = Style.learnt({n: lines_of(reader._ink(opened, n)) for n in range(4)})
    assert (style.size, style.face.name, style.leading) == (10.0, "Times-Roman", 12)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("[0 << /S /r >> 2 << /S /D >>]", ["i", "ii", "1", "2"]),
        ("[0 << /S /D /St 41 >>]", ["41", "42", "43", "44"]),
        ("[0 << /S /D >>]", [None] * 4),  # counts from one, as a program does that knows no better
        ("", [None] * 4),
    ],
)
def test_page_labels_of_the_file(make_pdf, labels, expected):
    path = make_pdf("a.pdf", [body(LONG)] * 4, labels=labels)
    assert [section.label for section in read(path)] == expected


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\t\r \xa0b", "a b"),
        ("long-\xad\u2010term", "long-term"),
        ("long\xad\u2010\u2011term", "long-term"),
        ("co\u2011operate", "co-operate"),
        ("lan\xadtern", "lantern"),
        ("\ufb01nesse and o\ufb03ce", "finesse and office"),
        ("a\x00b\x07c\u200bd", "abcd"),
        ("e\u0301lan", "\xe9lan"),
        ("   ", ""),
    ],
)
def test_folding(raw, clean):
    assert fold(raw) == clean


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("the lan-", "tern", "the lantern"),
        ("the half-", "Orc", "the half-Orc"),
        ("long-\xad\u2010", "term", "long-term"),
        ("lan\xad", "tern", "lantern"),
        ("roll 1-", "3", "roll 1- 3"),
        ("", "a", "a"),
    ],
)
def test_words_broken_at_the_end_of_a_line(first, second, whole):
    assert joined([fold(first), fold(second)]) == whole
    assert join("", "") == ""


def encrypted(path, user, owner, algorithm):
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt(user, owner, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    path.write_bytes(out.getvalue())
    return path


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_password(make_pdf, algorithm):
    locked = encrypted(make_pdf("locked.pdf", [body(LONG)]), "open sesame", "owner", algorithm)
    with pytest.raises(ParseError, match=r"^locked.pdf needs a password$") as caught:
        Pdf(Context()).describe(Source(locked))
    assert "save a copy" in caught.value.hint
    right = Context(secret=lambda: "wrong\nopen sesame")
    (section,) = Pdf(right).parse(Source(locked))
    assert section.text == LONG
    wrong = Context(secret=lambda: "wrong")
    with pytest.raises(ParseError, match=r"^locked.pdf needs another password$"):
        Pdf(wrong).describe(Source(locked))
    free = encrypted(make_pdf("free.pdf", [body(LONG)]), "", "owner", algorithm)
    assert read(free)[0].text == LONG
    assert next(iter(Pdf(wrong).parse(Source(free)))).text == LONG


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("libreoffice-writer-password", "openpassword"),
        ("r3-user-password", "asdfzxcv"),
        ("r6-both-passwords", "foo"),
        ("r6-both-passwords", "bar"),
        ("r6-user-password", "asdfzxcv"),
    ],
)
def test_passwords_of_real_files(data, name, password):
    path = data(f"pdf/encrypted/{name}.pdf")
    events = child("ttrpg_ingest.pdf:Pdf", path, 0, Limits(20, 500), passwords=f"no\n{password}\n")
    _, *sections = events
    assert any(each.text.strip() for each in sections)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is not a PDF: it begins with 89 50 4e 47"),
        (b"<html>gone</html>", "it begins with '<html>gone</', as a web page"),
        (b"%PDF-1.4\n", "is damaged or not complete"),
        (b"", "is not a PDF"),
    ],
)
def test_what_is_no_pdf_is_said_plainly(tmp_path, content, said):
    path = tmp_path / "book.pdf"
    path.write_bytes(content)
    with pytest.raises(ParseError) as caught:
        Pdf(Context()).describe(Source(path))
    assert said in caught.value.message
    assert caught.value.source == "book.pdf"


def test_a_book_without_text_is_said_to_be_scanned(make_pdf):
    path = make_pdf("scan.pdf", [[], []])
    assert Pdf(Context()).describe(Source(path)).pages == 2
    with pytest.raises(ParseError, match=r"no text on any page; it is probably scanned"):
        read(path)


def test_pypdf_is_kept_quiet(make_pdf, capfd, caplog):
    path = make_pdf("a.pdf", [body(LONG)])
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))
    with caplog.at_level(logging.DEBUG, logger="elsewhere"):
        assert read(path)[0].text == LONG
    assert capfd.readouterr() == ("", "")
