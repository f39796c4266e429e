import time

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Source, headed
from ttrpg_core.errors import ParseError
from ttrpg_ingest import formats
from ttrpg_ingest.markdown import Markdown
from ttrpg_ingest.marks.front import front
from ttrpg_ingest.text import PlainText


@pytest.fixture
def markdown(tmp_path):
    def read(text, start=0):
        path = tmp_path / "a.md"
        path.write_text(text, "utf-8")
        return list(Markdown(Context()).parse(Source(path, start)))

    return read


@pytest.fixture
def plain(tmp_path):
    def read(text, start=0):
        path = tmp_path / "a.txt"
        path.write_text(text, "utf-8")
        return list(PlainText(Context()).parse(Source(path, start)))

    return read


def outline(sections):
    return [(section.level, section.heading) for section in sections if section.level]


def test_headings_of_both_kinds(markdown):
    text = "# One #\n\nText.\n\n## Two {#two}\n\nMore.\n\nThree\n=====\n\nFour\n----\nEnd.\n"
    assert outline(markdown(text)) == [(1, "One"), (2, "Two"), (1, "Three"), (2, "Four")]


def test_headings_lose_their_marks(markdown):
    text = "# **Bold** and [a link](x.md)\n\n## `Code` \\* <a id='x'></a>_Spell_\n\nx\n"
    assert outline(markdown(text)) == [(1, "Bold and a link"), (2, "Code * Spell")]


def test_headings_lose_references_and_highlights(markdown):
    assert outline(markdown("# Oil[^1] ==burns== ~~well~~ {#oil}\n\nx\n\n[^1]: Lamp oil.\n")) == [
        (1, "Oil burns well")
    ]


def test_a_line_too_long_for_a_heading_is_text(markdown):
    line = "# " + "long " * 400
    assert [(s.level, s.text) for s in markdown(line)] == [(0, line.strip())]
    assert markdown(f"{line}\n===\n")[0].level == 0


def test_links_of_a_vault_show_no_anchor_of_a_block(markdown):
    (found,) = markdown(
        "See [[Oil#Lamps^a1]], [[Oil#^a1]] and [[#^a1|this]].\nA line. ^a1\nx^2 ^y z\n"
    )
    assert found.text == "See Oil > Lamps, Oil and this.\nA line.\nx^2 ^y z"


@pytest.mark.parametrize("aliases", ["[Gobbo, Sneak]", "\n  - Gobbo\n  - Sneak"])
def test_a_note_is_found_by_its_other_names(markdown, aliases):
    found = markdown(f"---\naliases: {aliases}\n---\n# Goblin\n\nSmall.\n\n## Lair\n\nDark.\n")
    assert [(s.heading, s.text, s.line) for s in found] == [
        ("Goblin", "Aliases: Gobbo, Sneak\n\nSmall.", 4 if aliases[0] == "[" else 6),
        ("Lair", "Dark.", 8 if aliases[0] == "[" else 10),
    ]
    assert markdown("---\nalias: Gobbo\n---\n# Goblin\n")[0].text == "Aliases: Gobbo"


def test_headings_in_block_quotes(markdown):
    sections = markdown("# Monsters\n\n> ## Goblin\n> Small, and many.\n")
    assert [path for _, path in headed(sections)] == [("Monsters",), ("Monsters", "Goblin")]
    assert sections[1].text == "> Small, and many."


def test_what_is_no_heading(markdown):
    text = (
        "#hashtag\n\n####### seven\n\nA paragraph\nof two lines\n---\n\n- item\n---\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert [(s.level, s.kind) for s in markdown(text)] == [(0, ""), (0, "table")]


def test_sections_know_their_lines(markdown):
    text = "\n\ntext\n\n# A\n\nmore\n\nB\n===\n\n| a |\n|---|\n\nrest\n\n> ## C\n> x\n"
    assert [(s.heading or s.text, s.line) for s in markdown(text)] == [
        ("text", 3),
        ("A", 5),
        ("B", 9),
        ("| a |\n|---|", 12),
        ("rest", 15),
        ("C", 17),
    ]
    assert [s.line for s in markdown("---\ntitle: x\n---\n# A\n")] == [4]


def test_tables_stand_alone_under_their_heading(markdown):
    text = "# Gear\nBuy:\nItem | Cost\n--- | :-:\nRope | 1\n\nEnd.\n> | a | b |\n> |---|---|\n"
    sections = markdown(text)
    assert [(s.kind, s.level, s.text) for s in sections] == [
        ("", 1, "Buy:"),
        ("table", 0, "Item | Cost\n--- | :-:\nRope | 1"),
        ("", 0, "End.\n> | a | b |\n> |---|---|"),
    ]
    assert {path for _, path in headed(sections)} == {("Gear",)}
    assert markdown("```\n| a | b |\n|---|---|\n```")[0].kind == ""


@pytest.mark.parametrize(
    ("text", "kind", "inside"),
    [
        ("> [!info]\n> A tip.\n>\n> More.", "sidebar", "A tip.\n\nMore."),
        (
            ">[!warning]- Mind the **gap**\n> It is [[Deep|deep]].",
            "sidebar",
            "Mind the **gap**\n\nIt is deep.",
        ),
        ("> [!read-aloud] \n> You hear bells.", "read_aloud", "You hear bells."),
        ("> **Read this aloud:**\n> You hear bells.", "read_aloud", "You hear bells."),
        ("> [!note] Outer\n> > [!tip] Inner\n> > x", "sidebar", "Outer\n\nInner\nx"),
    ],
)
def test_boxes(markdown, text, kind, inside):
    sections = markdown(f"# A\n\nbefore\n\n{text}\nafter\n")
    assert [(s.kind, s.level, s.text) for s in sections] == [
        ("", 1, "before"),
        (kind, 0, inside),
        ("", 0, "after"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "> An ordinary quotation.",
        "> [!monster] Owlbear\n> ## Owlbear\n> **Armor Class** 13",
        "> [!info](link) is no callout",
        "> You read the sign.",
    ],
)
def test_quotations_that_are_no_boxes(markdown, text):
    assert {s.kind for s in markdown(text)} == {""}
    assert ("Owlbear" in [s.heading for s in markdown(text)]) == ("##" in text)


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("See [[Torches]] and [[Rules/Gear#Rope|the rope]].", "See Torches and the rope."),
        ("[[Rules/Gear.md#Rope#Knots]], [[#Here]]", "Gear > Rope > Knots, Here"),
        ("a![[map.png]]b ![[map.png|300]] ![[Torches]]", "ab  Torches"),
        ("| [[A\\|b]] |", "| b |"),
        ("A rule. ^rule-1", "A rule."),
        ("a %%no%% b <!-- no --> c", "a  b  c"),
        ("100%% sure", "100%% sure"),
        ("10^2", "10^2"),
        ("a<a id='x'></a>b", "ab"),
        ("[link](x.md) stays", "[link](x.md) stays"),
        ("[[", "[["),
    ],
)
def test_marks_of_a_vault(markdown, line, seen):
    assert [s.text for s in markdown(line)] == [seen]


def test_comments_over_several_lines(markdown):
    text = "a\n%%\n# no\n%%\nb\n<!-- no\n# no\n--> c\n<!-- never closed\n# D\n"
    assert [(s.heading, s.text) for s in markdown(text)] == [
        ("", "a\nb\n c\n<!-- never closed"),
        ("D", ""),
    ]


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        ("title: The Road", {"title": ("The Road",)}),
        ("title: 'It''s \"it\"' # no", {"title": ('It\'s "it"',)}),
        ('title: "a: \\"b\\" # c"', {"title": ('a: "b" # c',)}),
        ("author: [A. Writer, 'B, C']", {"author": ("A. Writer", "B, C")}),
        ("Tags:\n  - 5e/monster\n- 'b'\n", {"tags": ("5e/monster", "b")}),
        ("aliases: []\nkey:\nnone: ~", {"aliases": (), "key": (), "none": ()}),
        ("  nested: x\nok: y", {"ok": ("y",)}),
        ("!!python/object: x", {}),
    ],
)
def test_front_matter(lines, values):
    text = f"---\n{lines}\n---\ntext"
    found = front(text.split("\n"))
    assert dict(found.values) == values
    assert text.split("\n")[found.first :] == ["text"]


def test_front_matter_says_what_the_book_is(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: T\nauthor: A\nversion: 2nd\nlang: de\npublisher: P\n---\n# X")
    assert Markdown(Context()).describe(Source(path)) == Document("T", 0, ("A",), "de", "P", "2nd")


def test_code_is_left_alone(markdown):
    text = "# A\n\n```sh\n# no heading\n~~~\n```\n\n~~~~\n# none\n~~~\n~~~~\n\n# B\n\nx\n"
    sections = markdown(text)
    assert outline(sections) == [(1, "A"), (1, "B")]
    assert "# no heading" in sections[0].text


def test_front_matter_and_titles(tmp_path):
    def title(text):
        path = tmp_path / "a.md"
        path.write_text(text, "utf-8")
        return Markdown(Context()).describe(Source(path)).title

    assert title('---\ntags: [a]\ntitle: "The Road"\n---\n# Other\n') == "The Road"
    assert title("# The Only One\n\ntext\n") == "The Only One"
    assert title("# One\n\n# Two\n") == ""
    assert title("---\n\nA rule above, no front matter.\n") == ""


def test_page_comments_give_printed_pages(markdown):
    sections = markdown("Cover\n\n<!-- page 12 -->\n# A\ntext\n<!-- page xiv -->\nmore\n")
    assert [(s.page, s.label, s.heading) for s in sections] == [
        (None, None, ""),
        (0, "12", "A"),
        (1, "xiv", ""),
    ]
    assert [s.label for s in markdown("<!-- page 1 -->\na\n<!-- page 2 -->\nb", start=1)] == ["2"]


def test_comments_are_no_text(markdown):
    assert [s.text for s in markdown("a\n<!-- hidden -->\nb\n")] == ["a\nb"]


def test_text_headings(plain):
    text = (
        "THE ROAD\n\nIt is long.\n\nThe Second Night\n\nIt rains.\n\n"
        "Chapter 3 and rain\n\nx\n\nUnder\n-----\n\ny\n"
    )
    assert outline(plain(text)) == [
        (1, "THE ROAD"),
        (2, "The Second Night"),
        (1, "Chapter 3 and rain"),
        (2, "Under"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "It rains.",
        "it Rains",
        "A line\nof Two",
        "42",
        "A Very Long Line Of Nine Words In Title Case",
    ],
)
def test_text_that_is_no_heading(plain, line):
    assert outline(plain(f"Before it.\n\n{line}\n\nAfter it.\n")) == []


def test_form_feeds_are_pages(plain):
    assert [(s.page, s.text) for s in plain("one\f\ftwo\n\fthree")] == [
        (0, "one"),
        (2, "two"),
        (3, "three"),
    ]
    assert [s.page for s in plain("one\ftwo\fthree", start=2)] == [2]
    assert [s.page for s in plain("one", start=2)] == [None]


def test_more_form_feeds_than_a_book_has_pages_are_none(plain, monkeypatch):
    monkeypatch.setattr("ttrpg_ingest.text.MOST_PAGES", 3)
    assert [s.page for s in plain("a\fb\fc\fd")] == [0, 1, 2, 3]
    assert [(s.page, s.text) for s in plain("a\fb\fc\fd\fe")] == [(None, "a\nb\nc\nd\ne")]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Höhle".encode(), "Höhle"),
        ("Höhle".encode("utf-8-sig"), "Höhle"),
        ("Höhle".encode("utf-16"), "Höhle"),
        ("Höhle".encode("utf-16-be").join([b"\xfe\xff", b""]), "Höhle"),
        ("Die Höhle".encode("utf-16-le"), "Die Höhle"),
        ("Die Höhle".encode("utf-16-be"), "Die Höhle"),
        ("Höhle".encode("utf-32"), "Höhle"),
        ("Die Höhle".encode("utf-16-le")[:-1], "Die Höhl"),
        ("Höhle \u2013 \u201ctief\u201d".encode("cp1252"), "Höhle \u2013 \u201ctief\u201d"),
        ("Höhle"[:2].encode()[:-1], "H"),
    ],
)
def test_encodings(data, text):
    assert formats.decode(data) == text


@pytest.mark.parametrize(
    "data", [b"a\0b", b"a text with a \0 in it", bytes(range(1, 30)) * 4, b"\1\0\2\0" * 9]
)
def test_binary_is_no_text(data, tmp_path):
    with pytest.raises(ValueError, match="it has"):
        formats.decode(data)
    assert not formats.is_text(data)
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(ParseError, match=r"a.txt is no text"):
        PlainText(Context()).describe(Source(path))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "an EPUB book"),
        (b"PK\x03\x04 other", "a zip archive"),
        (bytes(60) + b"BOOKMOBI", "a MOBI book"),
        (b"junk\r\n%PDF-1.7", "a PDF"),
        (b"  <!DOCTYPE HTML>", "a web page (HTML)"),
        (b"{\\rtf1", "a Rich Text file"),
        (b"PK\x03\x04" + bytes(26) + b"word/document.xml", "a Word document (DOCX)"),
        (
            b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text",
            "an OpenDocument text (ODT)",
        ),
        (bytes(60) + b"TEXtREAd", "a MOBI book"),
        (b"TPZ0", "a Topaz book (Kindle)"),
        (b"CONT\x02\0", "a KFX book (Kindle)"),
        (b"\xeaDRMION\xee", "a KFX book (Kindle) locked by Amazon's DRM"),
        (b"AT&TFORM\0\0\1\0DJVM", "a DjVu book"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture"),
        (b"From: x\nMIME-Version: 1.0\nContent-Type: multipart/related", "a web archive (MHTML)"),
        (b'<?xml version="1.0"?>\n<FictionBook xmlns="x">', "a FictionBook (FB2)"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">', "a web page (HTML)"),
        ("\ufeff<html>".encode("utf-16"), "a web page (HTML)"),
        ("\ufeffwords".encode("utf-16"), ""),
        (b"Just words", ""),
    ],
)
def test_kinds(head, name):
    assert formats.kind(head) == name


def test_a_text_about_pdf_is_a_text():
    head = b"Every PDF begins with %PDF-1.4 and a number."
    assert formats.is_text(head)
    assert not formats.is_pdf(head)


NESTED = 60_000
SLOW = {
    "emphasis": "# " + "*a " * NESTED,
    "code": "# " + "`a " * NESTED,
    "comments that do not end": "<!-- " * NESTED,
    "comments of Obsidian": "%%" * NESTED + "%",
    "a heading of blanks": "# a" + " \t" * NESTED + "x",
    "an underlined line of marks": "*a " * NESTED + "\n===\n",
    "blanks before an anchor": "a" + " " * 2 * NESTED + "^a b",
    "a label of blanks": "> read this aloud " + " " * 2 * NESTED + "x",
    "links that do not end": "# " + "[a](" * NESTED,
    "links of a vault": "![[a#" * NESTED,
    "tags that do not end": "# " + "<a " * NESTED,
    "blank lines": "\n" * 4 * NESTED + "a",
    "front matter": "---\na: [" + '"' * NESTED + "]\n---\nx",
}


@pytest.mark.parametrize("parser", [Markdown, PlainText])
@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_no_line_takes_more_time_than_its_length(tmp_path, parser, text):
    path = tmp_path / "slow.md"
    path.write_text(text)
    began = time.process_time()
    assert list(parser(Context()).parse(Source(path)))
    assert time.process_time() - began < 4
