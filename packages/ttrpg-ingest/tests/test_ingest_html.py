"""Web pages: what is text, what is not, and markup as people and programs really write it."""

import time

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Source, headed
from ttrpg_core.errors import ParseError
from ttrpg_core.testing import ParserTests
from ttrpg_core.testing.suites.parser import OTHERS
from ttrpg_ingest.ebooks import webpage
from ttrpg_ingest.ebooks.reader import read_page
from ttrpg_ingest.ebooks.tables import Grid, pipes
from ttrpg_ingest.ebooks.webpage import WebPage

PAGE = (
    "<!DOCTYPE html><html><head><title>Night - Lantern wiki</title><style>p{}</style></head><body>"
    "<header><a href=/>Lantern wiki</a></header><nav><ul><li><a href=a>Menu</a></ul></nav>"
    "<main><h1>Night</h1><p>It is <b>dark</b>.<script>alert(1)</script><h2>Torches</h2>"
    "<ul><li>one<li>two<ol start=3><li>inner</ol></ul><blockquote>Read me.</blockquote></main>"
    "<footer>Terms</footer></body></html>"
)


class TestWebPage(ParserTests):
    @pytest.fixture
    def parser(self):
        return WebPage(Context())

    @pytest.fixture
    def sample(self, tmp_path):
        path = tmp_path / "night.html"
        path.write_text(PAGE, "utf-8")
        return path

    @pytest.fixture
    def not_mine(self):
        texts = {"text": b"Just words", "less": b"a < b > c", "rtf": b"{\\rtf1 x}"}
        return {**OTHERS, **texts, "a PDF": b"%PDF-1.7\n", "a zip": b"PK\x03\x04"}


@pytest.fixture
def read(tmp_path):
    def sections(page):
        path = tmp_path / "a.html"
        path.write_bytes(page if isinstance(page, bytes) else page.encode())
        return list(WebPage(Context()).parse(Source(path)))

    return sections


def blocks(body):
    return [(block.level, block.kind, block.text) for block in read_page(body).blocks]


def test_a_page_without_its_surroundings(read, tmp_path):
    sections = read(PAGE)
    assert [(path, s.text) for s, path in headed(sections)] == [
        (("Night",), "It is dark."),
        (("Night", "Torches"), "- one\n- two\n  3. inner\n\nRead me."),
    ]
    assert WebPage(Context()).describe(Source(tmp_path / "a.html")).title == "Night"


def test_a_title_above_the_main_part_is_kept(read):
    page = "<html><body><h1>Night</h1><p>Home</p><article><p>It is dark and long.</p></article>"
    assert [(s.heading, s.text) for s in read(page)] == [("Night", "It is dark and long.")]


def test_a_small_article_is_not_the_whole_page(read):
    page = "<html><body><article>teaser</article><p>" + "The text is elsewhere. " * 9
    assert "The text is elsewhere." in "".join(s.text for s in read(page))


def test_a_page_without_text_is_refused(read):
    with pytest.raises(ParseError, match=r"a\.html has no text in it"):
        read("<html><body><script>let a</script></body></html>")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<html><p>H\u00f6hle".encode(), "H\u00f6hle"),
        ("<html><meta charset=latin1><p>H\u00f6hle".encode("latin-1"), "H\u00f6hle"),
        ("\ufeff<html><p>H\u00f6hle".encode("utf-16"), "H\u00f6hle"),
        ("<html><p>H\u00f6hle".encode("utf-16-le"), "H\u00f6hle"),
        ("<html><meta charset=base64><p>H\u00f6hle".encode(), "H\u00f6hle"),
        (
            "<html><meta charset=cp1251><p>\u0424\u043e\u043d\u0430\u0440\u044c".encode("cp1251"),
            "\u0424\u043e\u043d\u0430\u0440\u044c",
        ),
        (b"<html><p>H&ouml;h&#108;e &amp; M&#x2019;s &nosuch;", "H\u00f6hle & M\u2019s &nosuch;"),
    ],
)
def test_letters(read, data, text):
    assert [s.text for s in read(data)] == [text]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p>a\n   b&nbsp;c\t d</p>", "a b c d"),
        ("<span>B</span>OLD", "BOLD"),
        ("un\u00adbreak\u00ading \ufb01re", "unbreaking fire"),
        ("<ruby>\u6f22<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>\u5b57", "\u6f22\u5b57"),
        ("a<p hidden>secret</p><div style='color:red; display: none'>s</div>", "a"),
        (
            "a<!-- no --><template>no</template><svg><text>no</text></svg><noscript>no</noscript>",
            "a",
        ),
        ("<![CDATA[a < b]]> c", "a < b c"),
        ("a <![if IE]>b<![endif]>", "a b"),
        ("x < y and y > z", "x < y and y > z"),
    ],
)
def test_what_is_text(body, said):
    assert blocks(f"<html><body>{body}</body></html>") == [(0, "", said)]


def test_headings_as_they_are_written():
    body = (
        "<h1><div>The</div> <span>Road</span></h1><h2>In two<br>lines<h3><img alt='Drawn'></h3>"
        "<h4></h4><h5>" + "long " * 80 + "</h5>"
    )
    found = blocks(body)
    assert found[:3] == [(1, "", "The Road"), (2, "", "In two lines"), (3, "", "Drawn")]
    assert [level for level, _, _ in found[3:]] == [0]


def test_boxes_nest_with_other_elements_in_them():
    body = (
        "<div class='sidebar'><div><div>a</div></div><p>b</p></div><div>c</div>"
        "<p class='boxed-text'>d<p>e"
    )
    assert blocks(body) == [
        (0, "sidebar", "a"),
        (0, "sidebar", "b"),
        (0, "", "c"),
        (0, "read_aloud", "d"),
        (0, "", "e"),
    ]


def test_code_keeps_its_lines():
    assert blocks("<pre>a\n  b\n\n&lt;c&gt;</pre><p>d</p>") == [
        (0, "code", "a\n  b\n\n<c>"),
        (0, "", "d"),
    ]


def test_tables_of_every_sort():
    body = (
        "<table><caption>Prices</caption><tr><th>Item<th colspan=2>Cost<tr><td>Rope<td>1<td>2"
        "</table><table><tr><td>One cell alone</td></tr></table>"
        "<table><tr><td><h2>Laid out</h2></td><td>left</td></tr></table>"
        "<table><tr><td>side</td><td><table><tr><td>d6</td><td>x</td></tr>"
        "<tr><td>1</td><td>y</td></tr></table></td></tr></table>"
    )
    assert blocks(body) == [
        (0, "", "Prices"),
        (0, "table", "| Item | Cost |  |\n| --- | --- | --- |\n| Rope | 1 | 2 |"),
        (0, "", "One cell alone"),
        (2, "", "Laid out"),
        (0, "", "left"),
        (0, "", "side"),
        (0, "table", "| d6 | x |\n| --- | --- |\n| 1 | y |"),
    ]


def test_a_table_cannot_grow_beyond_its_cells():
    grid = Grid()
    for _ in range(50):
        grid.row()
        for _ in range(3):
            grid.cell(head=False, columns="999999", rows="99999999").text = "x" * 300
    rows = grid.laid_out()
    assert len(rows) == 50
    assert 45_000 <= len(pipes(rows)) < 60_000  # each text once


def test_lines_are_those_of_the_file():
    page = read_page(
        "<html>\n<![CDATA[\n]]>\n<h1>A</h1>\n\n<p>b</p><table>\n<tr><td>1<td>2<tr><td>3"
    )
    assert [block.line for block in page.blocks] == [4, 6, 6]


MANY = 40_000
HOSTILE = {
    "entities": '<!DOCTYPE html [<!ENTITY a "canary"><!ENTITY b "&a;&a;&a;">]><p>seen</p>&b;&b;',
    "a file as an entity": '<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>seen</p>&a;',
    "nesting": "<div>" * MANY + "seen" + "</div>" * MANY,
    "tables in tables": "<p>seen</p>" + "<table><tr><td>" * MANY,
    "lists in lists": "<p>seen</p>" + "<ul><li>" * MANY,
    "notes in notes": "<p>seen</p>" + "<sup><a href=#x>" * MANY,
    "tags that do not end": "<p>seen</p>" + "<a " * MANY,
    "a huge attribute": f'<p title="{"canary" * MANY}" class="{"x " * MANY}">seen</p>',
    "many attributes": f"<p {'a=canary ' * MANY}>seen</p>",
    "a script": "<p>seen</p><script>" + "document.write('<p>canary</p>');" * 99,
    "a script in a script": "<p>seen</p>" + "<script>canary</scr" * MANY,
    "comments that do not end": "<p>seen</p>" + "<!-- " * MANY,
    "a NUL in each word": "<p>se\0en</p>",
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_a_page_that_means_harm_gives_its_text_and_no_more(tmp_path, page):
    path = tmp_path / "page.html"
    path.write_text(f"<html><body>{page}" if "DOCTYPE" not in page else page, "utf-8")
    began = time.process_time()
    text = "\n".join(section.text for section in WebPage(Context()).parse(Source(path)))
    assert "seen" in text
    assert "canary" not in text
    assert "root:" not in text
    assert len(text) < 200 or page.endswith(("<a ", "<!-- "))  # what is no tag is text
    assert time.process_time() - began < 6


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_pages_in_wide_letters(tmp_path, encoding):
    path = tmp_path / "page.html"
    path.write_bytes("<html><body><h1>H\u00f6hle</h1><p>Tief.</p>".encode(encoding))
    (found,) = WebPage(Context()).parse(Source(path))
    assert (found.heading, found.text) == ("H\u00f6hle", "Tief.")
    assert WebPage(Context()).sniff(path.read_bytes()) is True


def test_a_page_with_more_tags_than_any_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(webpage, "MOST_TAGS", 5)
    path = tmp_path / "page.html"
    path.write_text("<p>one<p>two")
    assert len(list(WebPage(Context()).parse(Source(path)))) == 1
    path.write_text("<p><b><i>" * 2)
    with pytest.raises(ParseError, match=r"page\.html has more than 5 tags"):
        WebPage(Context()).describe(Source(path))
