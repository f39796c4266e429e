"""What the pages for plugin authors show is what runs.

A block of code that follows ``<!-- from PATH -->`` is that whole file, and one that follows
``<!-- from PATH part NAME -->`` is what stands there between ``# -- NAME --`` and ``# -- end --``.
A block that follows ``<!-- run in FOLDER -->`` is a session, and is run. Nothing else is shown in
Python or TOML. ``python tests/test_plugin_docs.py`` fills the blocks in from the files.
"""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import ttrpg_core.testing
from ttrpg_core.entries import KINDS
from ttrpg_core.genres import check_genre, load_genre, load_system
from ttrpg_core.testing import fakes, pytest_plugin

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs/plugins"
PAGES = [DOCS / f"{name}.md" for name in ("write-one", "testing", "genres")]
PACK = ROOT / "examples/ttrpg-hello/src/ttrpg_hello/small-hours"
BLOCK = re.compile(
    r"(?P<comment><!-- (?P<verb>from|run in) (?P<path>\S+)(?: part (?P<part>[^>]+?))? -->\n)?"
    r"```(?P<language>\w+)\n(?P<text>.*?)```\n",
    re.DOTALL,
)


def blocks(page):
    """The fenced blocks of a page, with what their comment says."""
    return list(BLOCK.finditer(page.read_text("utf-8")))


def source(path, part):
    """The text that a block is taken from."""
    text = (ROOT / path).read_text("utf-8")
    if part is None:
        return text.strip("\n")
    start, end = f"# -- {part} --\n", "# -- end --"
    assert text.count(start) == 1, f"{path} has {text.count(start)} parts {part!r}"
    found, closed, _ = text.partition(start)[2].partition(end)
    assert closed, f"{path}: the part {part!r} has no end"
    return found.strip("\n")


def fill(page):
    """Put the files' text into the blocks of a page."""

    def replaced(block):
        if block["verb"] != "from":
            return block[0]
        text = source(block["path"], block["part"])
        return f"{block['comment']}```{block['language']}\n{text}\n```\n"

    page.write_text(BLOCK.sub(replaced, page.read_text("utf-8")), "utf-8")


CASES = [(page, block) for page in PAGES for block in blocks(page)]


@pytest.mark.parametrize(
    ("page", "block"), CASES, ids=[f"{page.stem}-{b['path']}-{b['part']}" for page, b in CASES]
)
def test_a_block_is_what_stands_in_its_file(page, block):
    assert block["verb"], f"{page.name} shows code that no file has:\n{block['text']}"
    if block["verb"] == "from":
        assert block["text"].strip("\n") == source(block["path"], block["part"])
        return
    parser = doctest.DocTestParser()
    session = parser.get_doctest(block["text"], {}, page.name, str(page), 0)
    assert session.examples
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT / block["path"])
        failed, _ = doctest.DocTestRunner().run(session, out=said.append)
    assert not failed, "".join(said)


def test_each_page_shows_code():
    assert {page for page, _ in CASES} == set(PAGES)


def test_a_changed_block_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- from examples/ttrpg-hello/pyproject.toml part extras -->\n```toml\nold\n```\n"
    )
    (block,) = blocks(page)
    assert block["text"].strip() != source(block["path"], block["part"])
    fill(page)
    (block,) = blocks(page)
    assert block["text"].strip("\n") == source(block["path"], block["part"])


def test_write_one_shows_the_whole_example():
    shown = {block["path"] for page, block in CASES if page.stem in {"write-one", "genres"}}
    folder = ROOT / "examples/ttrpg-hello"
    files = {
        str(path.relative_to(ROOT)) for path in folder.rglob("*") if path.suffix in {".py", ".toml"}
    }
    assert files <= shown | {"examples/ttrpg-hello/tests/test_hello.py"}


def named(page):
    """Every word in code font on a page."""
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`\n]+)`", page.read_text("utf-8")))))


def test_every_public_name_of_the_kit_is_described():
    assert set(ttrpg_core.testing.__all__) <= named(DOCS / "testing.md")


def test_every_fixture_is_described():
    fixtures = {
        name
        for name, value in vars(pytest_plugin).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }
    assert {"ttrpg_home", "plugins", "rng", "clock", "app", "ttrpg"} == fixtures
    assert fixtures <= named(DOCS / "testing.md")


def test_every_fixture_of_a_suite_is_described():
    words = named(DOCS / "testing.md")
    for name in ttrpg_core.testing.__all__:
        if name.endswith("Tests"):
            suite = getattr(ttrpg_core.testing, name)
            given = {key for key in vars(suite) if not key.startswith(("test_", "_"))}
            assert given <= words, f"{name}: {given - words}"


def test_every_fake_is_described():
    words = named(DOCS / "testing.md")
    for kind in KINDS:
        for entry in getattr(fakes, f"ttrpg_{kind}", tuple)():
            assert entry.name in words, f"{kind}: {entry.name}"


def test_the_pack_that_is_shown_is_sound():
    assert check_genre(PACK) == []
    tables = load_genre(PACK).tables
    assert set(tables) == {"guest", "tavern.name"}
    assert (
        load_system(Path(inspect.getfile(fakes)).with_name("two-dice.toml")).check == "2d6 + {wits}"
    )


def test_the_error_that_is_shown_is_what_is_said(tmp_path):
    text = (PACK / "tables/tavern.toml").read_text("utf-8").replace('"3-5"', '"4-5"')
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/tavern.toml").write_text(text, "utf-8")
    (tmp_path / "genre.toml").write_bytes((PACK / "genre.toml").read_bytes())
    (problem,) = check_genre(tmp_path)
    assert f"    {problem}\n" in (DOCS / "genres.md").read_text("utf-8")


if __name__ == "__main__":
    for each in PAGES:
        fill(each)
