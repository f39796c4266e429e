"""``ttrpg eval``: questions with known answers, asked of a shelf."""

import json

import pytest

GOLD = (
    {"query": "falling harm", "kind": "exact", "id": "q1", "sections": [{"pdf_pages": [5]}]},
    {
        "query": "held foe",
        "kind": "natural",
        "sections": [{"pdf_pages": [6], "heading": "Grappling"}],
    },
    {
        "query": "climbing",
        "kind": "natural",
        "sections": [{"pdf_pages": [99], "heading": "Climbing"}],
    },
    {"query": "xylophone", "kind": "unanswerable", "sections": []},
)


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in GOLD), "utf-8")
    return path


def test_one_json_object(shelf, gold):
    data = shelf("eval", gold, "--json").json()
    assert set(data) == {
        "schema",
        "recall",
        "mrr",
        "ndcg10",
        "page_accuracy",
        "by_kind",
        "run",
    }
    assert data["schema"] == "ttrpg.eval/1"
    assert data["recall"] == {"1": 0.6667, "5": 0.6667, "10": 0.6667}
    assert set(data["by_kind"]) == {"exact", "natural"}
    assert data["by_kind"]["natural"]["recall"]["10"] == 0.5
    assert data["by_kind"]["natural"]["questions"] == 2
    assert data["run"]["questions"] == 3
    assert data["run"]["unanswerable_told"] == 1.0


def test_the_printed_page(shelf, tmp_path):
    """``pages`` are what is printed; the pages of the file alone are taken for it else."""
    path = tmp_path / "gold.jsonl"
    line = {"query": "held foe", "sections": [{"pdf_pages": [6], "heading": "Grappling"}]}
    path.write_text(json.dumps(line), "utf-8")
    assert shelf("eval", path, "--json").json()["page_accuracy"] == 0.0
    line["sections"][0]["pages"] = [7]
    path.write_text(json.dumps(line), "utf-8")
    assert shelf("eval", path, "--json").json()["page_accuracy"] == 1.0


def test_a_table_with_bars(shelf, gold):
    result = shelf("eval", gold)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == [
        "kind",
        "asked",
        "@1",
        "@5",
        "@10",
        "MRR",
        "nDCG@10",
        "page",
        "told",
    ]
    assert lines[1].split()[:5] == ["all", "3", "0.67", "0.67", "0.67"]
    assert any(line.strip().startswith("natural \N{FULL BLOCK}") for line in lines)
    assert "unanswerable, and said so: 100%" in result.out
    assert result.err.startswith("Asking\n")


def test_misses(shelf, gold):
    out = shelf("eval", gold, "--misses").out
    assert "natural  none  climbing" in out
    assert "held foe" not in out.partition("rank")[2]


def test_against_another_way(shelf, shelve, reopened, gold):
    shelve("Third Book", [("Fog", ("Fog",), 4, "5", "Fog hides a falling foe from harm.")])
    reopened()
    result = shelf("eval", gold, "--book", "third-book", "--against", "keyword,book=lamp-book")
    assert "keyword,book=lamp-book, compared with book=third-book" in result.out
    assert "1 better with keyword,book=lamp-book" in result.out
    assert "natural  none to 1  held foe" in result.out
    assert "0.67 +0.33" in result.out
    assert "0 worse with" in result.out
    data = shelf(
        "eval", gold, "--book", "third-book", "--against", "book=lamp-book", "--json"
    ).json()
    assert data["recall"]["10"] == 0.3333
    against = data["against"][0]
    assert against["config"] == "book=lamp-book"
    assert against["recall"]["10"] == 0.6667
    changed = {each["query"]: (each["rank"], each["rank_against"]) for each in against["changed"]}
    assert changed["held foe"] == (None, 1)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("speed=9", "speed=9"),
        ("embedder=nobody", "nobody"),
        ("backend=grep", "grep"),
        ("book=nobody", "nobody"),
    ],
)
def test_a_way_that_there_is_not(shelf, gold, config, said):
    result = shelf("eval", gold, "--against", config)
    assert result.code in {2, 3}
    assert said in result.err
    assert "bug" not in result.err


def test_that_vectors_took_no_part_is_said(shelf, gold):
    assert "Vectors left aside" in shelf("eval", gold).err
    assert "Vectors" not in shelf("eval", gold, "--keyword").err


def test_the_wrong_shelf(shelf, tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text('{"query": "falling", "sections": [{"file": "other.md", "line": 3}]}', "utf-8")
    result = shelf("eval", path)
    assert result.code == 0
    assert "are the books of GOLD on the shelf?" in result.err


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('{"query": "a"}\n{"query"\n', "gold.jsonl, line 2"),
        ('{"query": "a", "sections": [{"line": "x"}]}\n', "gold.jsonl, line 1"),
        ("", "has no question"),
        ("\n\n", "has no question"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_is_wrong(shelf, tmp_path, lines, said):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    result = shelf("eval", path)
    assert result.code == 2
    assert said in result.err


def test_no_file_and_no_book(shelf, ttrpg_home, gold, tmp_path):
    assert shelf("eval", tmp_path / "nothing.jsonl").code == 3
    assert shelf("eval", tmp_path).code == 2
    empty = shelf("eval", gold, env={"TTRPG_HOME": str(tmp_path / "other")})
    assert empty.code == 3
    assert "ttrpg library add" in empty.err


def test_nothing_is_kept_of_it(shelf, gold):
    shelf("eval", gold)
    assert shelf("search", "stats", "--json").json()["questions"] == 0
