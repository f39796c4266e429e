"""A real terminal, by tmux: colour, the bar of long work, Ctrl-C, a window that is resized."""

import json
import re
import shlex
import shutil

import pytest

PAGES = 1200


def long_book(path, pages):
    """A PDF with so many pages of plain text, written by hand."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for number in range(pages):
        lines = "".join(
            f"(Page {number} line {n}: a wanderer walks the long road by night.) Tj 0 -14 Td\n"
            for n in range(40)
        )
        stream = f"BT /F1 10 Tf 50 780 Td\n{lines}ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources"
            f" << /Font << /F1 3 0 R >> >> /Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {pages} /Kids [{' '.join(kids)}] >>"
    out = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    out += "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    path.write_bytes(out.encode("ascii"))


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    path = tmp_path_factory.mktemp("road") / "long-road.pdf"
    long_book(path, PAGES)
    return path


def test_colours_on_a_terminal(window, cli, shelved, home):
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    window.type("search", "falling damage", "-n", "1")
    assert window.code() == 0
    shown = window.screen(codes=True)
    assert "\x1b[1m" in shown
    assert re.search(r"\x1b\[(?:\d+;)*33m", shown), "what met the question is yellow"
    assert "\N{BOX DRAWINGS LIGHT VERTICAL}" in shown
    window.type("nonsense")
    assert window.code() == 2
    assert re.search(r"\x1b\[(?:\d+;)*31mError: ", window.screen(codes=True))


@pytest.mark.parametrize("how", ["NO_COLOR=1", "TERM=dumb"])
def test_no_colours_where_none_are_wanted(window, cli, shelved, home, how):
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    window.type("search", "falling damage", "-n", "1", env=how)
    assert window.code() == 0
    assert not re.search(r"\x1b\[(?:\d+;)*[34][0-7]m", window.screen(codes=True))


def test_plain_shows_no_codes(window, shelved, home):
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    raw = home / "raw"
    window.type("search", "falling", "--plain", after=f"| tee {shlex.quote(str(raw))}")
    assert window.code() == 0
    window.type("--plain", "campaign", "edit", "--genre", "x")
    assert window.code() == 0
    assert "\x1b" not in window.screen(codes=True).replace("\x1b[0m", "").replace("\x1b[39m", "")
    assert "\x1b" not in raw.read_text()


def test_a_bar_ctrl_c_and_going_on(window, cli, home, road):
    window.type("library", "add", road)
    first = window.until(r"(\d+)/1200 .*?/s .*?\d:\d\d:\d\d")
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in window.screen()
    window.until(r"([5-9]\d|\d{3,})/1200")
    assert int(first[1]) < PAGES
    window.resize(60, 20)
    window.until(r"(1\d\d|[2-9]\d\d)/1200")
    window.resize(120, 30)
    window.press("C-c")
    assert window.code() == 130
    assert "Stopped" in window.screen()
    assert "Traceback" not in window.screen()
    assert json.loads(cli.run(home, "library", "--json").stdout)["books"] == []
    window.type("library", "add", road)
    continued = window.until(r"continuing at page (\d+) of 1200")
    assert int(continued[1]) > 1
    assert window.code() == 0
    assert "added" in window.screen()
    book = json.loads(cli.run(home, "library", "--json").stdout)["books"][0]
    assert book["pages"] == PAGES
    last = f'"Page {PAGES - 1} line 39"'
    assert json.loads(cli.run(home, "search", last, "--json").stdout)["hits"]
    cli.sound(home)


def test_a_talk_with_the_books(window, cli, shelved, home):
    """A prompt, a passage by its number, the arrow keys, and a way out that is no error."""
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    before = json.loads(cli.run(home, "search", "stats", "--json").stdout)["questions"]
    window.type("search", "-i", "-n", "2")
    window.until(r"(?m)^search> *$")
    window.tmux("send-keys", "-t", "0", "-l", "falling damage")
    window.press("Enter")
    window.until(r"1\. Falling \[score [\d.]+\](?s:.*)more: n\nsearch>")
    window.tmux("send-keys", "-t", "0", "-l", "2")
    window.press("Enter")
    window.until(r"search> 2\n2\. ")
    window.press("Up")
    window.press("Up")
    window.until(r"search> falling damage *\n*\Z")
    window.press("C-c")
    assert window.code() == 0
    assert "Stopped" not in window.screen()
    window.type("search", "-i")
    window.until(r"(?m)^search> *$")
    window.press("C-d")
    assert window.code() == 0
    assert not (home / ".python_history").exists()
    kept = json.loads(cli.run(home, "search", "stats", "--json").stdout)
    assert (kept["questions"] - before, kept["opened"]) == (1, {"2": 1})


def test_long_output_comes_a_screen_at_a_time(window, home, cli):
    if shutil.which("less") is None:
        pytest.skip("less is not installed")
    window.resize(80, 10)
    window.type("config", env="PAGER=less LESS=")
    window.until(r"(?m)^:$")
    window.press("q")
    assert window.code() == 0
    cli.run(home, "config", "set", "general.pager", "false")
    window.type("config", env="PAGER=less")
    assert window.code() == 0
