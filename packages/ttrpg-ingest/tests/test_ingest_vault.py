"""Folders as one book: order, chapters, files and lines, and what is left aside."""

import json
import os
import sys

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Notice, Section, Source, headed
from ttrpg_core.errors import ParseError
from ttrpg_ingest.marks import vault
from ttrpg_ingest.marks.vault import Vault
from ttrpg_ingest.reading import Limits, read


@pytest.fixture
def make(tmp_path):
    """Write a folder: ``make({"a.md": "text"})``."""

    def write(files):
        folder = tmp_path / "vault"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return write


def told(folder):
    return list(Vault(Context()).parse(Source(folder)))


def files_of(folder):
    return list(dict.fromkeys(each.file for each in told(folder) if isinstance(each, Section)))


def test_files_stand_in_the_order_a_reader_expects(make):
    names = [
        "10 End.md",
        "2 Middle.md",
        "1 Start/b.md",
        "1 Start/a.md",
        "README.md",
        "Rules/# Rules.md",
        "Rules/Attack.md",
        "Rules/## More.md",
        "Zoo/Zoo.md",
        "Zoo/Ape.md",
        "\u00c4ther & Co/n.md",
    ]
    assert files_of(make(dict.fromkeys(names, "text"))) == [
        "README.md",
        "1 Start/a.md",
        "1 Start/b.md",
        "2 Middle.md",
        "10 End.md",
        "Rules/# Rules.md",
        "Rules/## More.md",
        "Rules/Attack.md",
        "Zoo/Zoo.md",
        "Zoo/Ape.md",
        "\u00c4ther & Co/n.md",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Own\n\na\n\n## B\nb", [(1, "Own", 1), (2, "B", 5)]),
        ("# One\na\n# Two\nb", [(1, "One", 1), (1, "Two", 3)]),
        (
            "#### Fireball\na\n##### At Higher Levels\nb",
            [(1, "Fireball", 1), (2, "At Higher Levels", 3)],
        ),
        ("\nno heading\n\n## B\nb", [(1, "The Road", 2), (2, "B", 4)]),
        ("## A\na\n## B\nb", [(1, "The Road", 1), (2, "A", 1), (2, "B", 3)]),
        ("## The road\na\n## B\nb", [(1, "The road", 1), (2, "B", 3)]),
        ("words\n# A\n## B", [(1, "The Road", 1), (2, "A", 2), (3, "B", 3)]),
        ("---\ntitle: Ash\n---\nwords", [(1, "Ash", 4)]),
        ("> [!info] Box\n> in it\n\n# A", [(1, "The Road", 1), (2, "A", 4)]),
    ],
)
def test_each_file_is_a_chapter(make, text, expected):
    sections = told(make({"# The_Road.md": text}))
    assert [(s.level, s.heading, s.line) for s in sections if s.heading] == expected
    assert {s.file for s in sections} == {"# The_Road.md"}


def test_pages_and_texts_beside_markdown(make):
    folder = make(
        {
            "a.html": "<html><body>\n<h1>Web</h1>\n<p>page</p></body></html>",
            "b.md": "<!DOCTYPE html><html><body><p>content decides</p></body></html>",
            "c.txt": "THE ROAD\n\nIt is long.\n",
            "d.md": "\ufeffH\u00f6hle".encode("utf-16"),
        }
    )
    assert [(s.file, s.heading, s.text, s.line) for s in told(folder)] == [
        ("a.html", "Web", "page", 2),
        ("b.md", "b", "content decides", 1),
        ("c.txt", "THE ROAD", "It is long.", 1),
        ("d.md", "d", "H\u00f6hle", 1),
    ]


def test_pages_of_one_file_are_not_pages_of_the_book(make):
    folder = make({"a.md": "<!-- page 7 -->\n# A\nx", "b.md": "y"})
    assert {(s.page, s.label) for s in told(folder)} == {(None, None)}


def test_what_is_left_aside(make, tmp_path):
    folder = make(
        {
            "a.md": "text",
            ".obsidian/workspace.md": "no",
            ".hidden.md": "no",
            "map.png": b"\x89PNG",
            "sub/.trash/old.md": "no",
            "notes.canvas": "{}",
        }
    )
    secret = tmp_path / "secret.md"
    secret.write_text("outside")
    if sys.platform != "win32":
        (folder / "link.md").symlink_to(secret)
        (folder / "away").symlink_to(tmp_path)
        (folder / "sub" / "loop").symlink_to(folder)
        (folder / "again.md").symlink_to(folder / "a.md")
        (folder / "lost.md").symlink_to(folder / "none.md")
        (folder / "hidden.md").symlink_to(folder / ".hidden.md")
        os.link(folder / "a.md", folder / "z.md")
    assert [s.text for s in told(folder)] == ["text"]


def test_a_file_that_cannot_be_read_is_noticed(make):
    found = told(make({"a.md": b"\x00\x01\x02", "b.md": "text", "c.md": ""}))
    assert [each.text for each in found if isinstance(each, Section)] == ["text"]
    assert [each.text.split(":")[0] for each in found if isinstance(each, Notice)] == [
        "a.md",
        "c.md",
    ]


def test_it_is_bounded(make, monkeypatch):
    folder = make({f"{n}.md": "text" for n in range(9)})
    monkeypatch.setattr(vault, "MOST_BYTES", 20)
    with pytest.raises(ParseError, match="vault has more than 0 MB of text"):
        told(folder)
    monkeypatch.setattr(vault, "MOST_FILES", 5)
    with pytest.raises(ParseError, match="vault has more than 5 files"):
        told(folder)


def test_a_missing_folder_is_a_parse_error(make, tmp_path):
    for path in (tmp_path / "none", make({"a.md": "x"}) / "a.md"):
        with pytest.raises(ParseError, match="is no folder"):
            told(path)
        with pytest.raises(ParseError, match="is no folder"):
            Vault(Context()).describe(Source(path))


def test_the_front_page_names_the_book(make):
    front = "---\ntitle: Lantern\nauthors: [A. Writer, 'B. Other']\nlang: en\n---\n# X\n"
    assert Vault(Context()).describe(Source(make({"README.md": front, "a.md": "x"}))) == Document(
        "Lantern", authors=("A. Writer", "B. Other"), language="en"
    )
    assert Vault(Context()).describe(Source(make({"README.md": "# X"}))).title == ""


def test_it_reads_the_same_twice_writes_nothing_and_knows_no_heads(make, capfd):
    folder = make({"a.md": "# A\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "b.md": "x"})
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    assert told(folder) == told(folder)
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before
    assert capfd.readouterr() == ("", "")
    assert Vault(Context()).sniff(b"# A\n") is False


def test_in_the_child_as_by_itself(make):
    folder = make({"a & b #1.md": "# A\n\nx", "\u00e4.md": "y"})
    document, *found = read("ttrpg_ingest.marks.vault:Vault", folder, 0, Limits(30, 500))
    assert document == Document("")
    assert found == told(folder)


def test_a_real_rule_book_of_many_files(data):
    """Each section that the questions ask for is found by its file, line and heading."""
    folder = data("rules/md/dnd5e-srd-5.1/Legal.md").parent
    sections = told(folder)
    known = {(each.file, each.line, each.heading) for each in sections}
    lines = data("retrieval/tune.jsonl").read_text("utf-8").splitlines()
    wanted = [section for line in lines for section in json.loads(line)["sections"]]
    assert len(wanted) > 100
    assert [w for w in wanted if (w["file"], w["line"], w["heading"]) not in known] == []
    paths = {path[-1]: path for each, path in headed(sections) if path}
    assert len(paths["Surprise"]) > 1


def test_lines_are_right_in_every_file_of_a_real_book(data):
    folder = data("rules/md/dnd5e-srd-5.1/Legal.md").parent
    wrong = []
    texts = {}
    for section in told(folder):
        lines = texts.setdefault(
            section.file, (folder / section.file).read_text("utf-8-sig").splitlines()
        )
        line = lines[section.line - 1]
        start = (section.heading if section.level else section.text).split("\n")[0][:12]
        if start.strip("*_ ")[:6] not in line and section.line != 1:
            wrong.append((section.file, section.line, start, line[:40]))
    assert wrong == []
