"""MOBI and KF8 made here byte by byte: headings from the outline, packing, locks, both versions."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.context import Context
from ttrpg_core.documents import Notice, Section, Source
from ttrpg_core.errors import ParseError
from ttrpg_core.testing import ParserTests
from ttrpg_core.testing.suites.parser import OTHERS
from ttrpg_ingest.ebooks import unpacking
from ttrpg_ingest.ebooks.mobi import Mobi

NONE = 0xFFFFFFFF


def database(records, kind=b"BOOKMOBI"):
    """A Palm database of these records."""
    at = 78 + 8 * len(records) + 2
    table = b""
    for number, record in enumerate(records):
        table += struct.pack(">LL", at, number)
        at += len(record)
    head = b"Lantern_Rules".ljust(32, b"\0") + bytes(28) + kind + bytes(8)
    return head + struct.pack(">H", len(records)) + table + bytes(2) + b"".join(records)


def packed(text):
    """PalmDOC: letters as they are, other bytes in runs that say how long they are."""
    return b"".join(
        bytes([byte]) if byte == 0 or 9 <= byte < 0x80 else bytes([1, byte]) for byte in text
    )


def number(value):
    parts = [value & 0x7F | 0x80]
    while value := value >> 7:
        parts.insert(0, value & 0x7F)
    return bytes(parts)


def index(tags, rows, names=()):
    """The records of an index: ``tags`` says how many values each tag has, ``rows`` is entries."""
    table = b"".join(
        struct.pack("BBBB", tag, count, 1 << bit, 0)
        for bit, (tag, count) in enumerate(tags.items())
    )
    table = b"TAGX" + struct.pack(">LL", 12 + len(table) + 4, 1) + table + b"\0\0\0\1"
    entries, places = b"", b""
    for text, values in rows:
        places += struct.pack(">H", 192 + len(entries))
        control = sum(1 << bit for bit, tag in enumerate(tags) if tag in values)
        entries += bytes([len(text)]) + text + bytes([control])
        entries += b"".join(number(v) for tag in tags for v in values.get(tag, ()))
    return [
        indx(count=1, names=bool(names)) + table,
        indx(count=len(rows), places=192 + len(entries)) + entries + b"IDXT" + places,
        *([b"".join(names)] if names else []),
    ]


def indx(count, places=0, names=0):
    head = bytearray(b"INDX" + struct.pack(">L", 192) + bytes(184))
    struct.pack_into(">LL", head, 20, places, count)
    struct.pack_into(">L", head, 52, names)
    return bytes(head)


def first(text_length, records, *, packing=2, lock=0, version=6, extra=b"", **places):
    """The first record of a book: PalmDOC header, MOBI header, extended header."""
    head = bytearray(struct.pack(">HHLHHHH", packing, 0, text_length, records, 4096, lock, 0))
    head += b"MOBI" + struct.pack(">LLLLL", 264, 2, 65001, 7, version) + b"\xff" * 240
    struct.pack_into(">L", head, 84, 0)
    struct.pack_into(">L", head, 88, 0)
    struct.pack_into(">H", head, 242, 0)
    for at, value in places.items():
        struct.pack_into(">L", head, int(at[2:]), value)
    fields = [(100, b"A. Writer"), (101, b"Lamp & Co"), (503, b"The Lantern Rules")]
    body = b"".join(struct.pack(">LL", k, 8 + len(v)) + v for k, v in fields) + extra
    count = len(fields) + bool(extra)
    return bytes(head) + b"EXTH" + struct.pack(">LL", 12 + len(body), count) + body


def outline(titles):
    """The index of an outline: ``titles`` are title, position and depth."""
    names, offsets = [], []
    for title, _, _ in titles:
        offsets.append(sum(map(len, names)))
        names.append(number(len(title.encode())) + title.encode())
    rows = [
        (b"%03d" % n, {1: [at], 3: [offsets[n]], 4: [depth]})
        for n, (_, at, depth) in enumerate(titles)
    ]
    return index({1: 1, 3: 1, 4: 1}, rows, names)


BODY = (
    '<html><head><guide><reference type="toc" title="Contents" filepos=0000000000 /></guide></head>'
    '<body><p><font size="7"><b>N</b></font><font size="3"><b>IGHT</b></font></p><p>It is dark.</p>'
    "<mbp:pagebreak/><p><b>The Road</b></p><p>It is l\u00f6ng.</p><mbp:pagebreak/>"
    "<p>It is light.</p></body></html>"
)


def mobi6(body=BODY, *, titles=None, **more):
    text = body.encode()
    if titles is None:
        titles = [
            ("Night", body.index("<p><font"), 0),
            ("The Road", body.index("<mbp:pagebreak"), 1),
            ("Day", len(text[: text.rindex(b"<p>It is light")]), 0),
        ]
    parts = [packed(text[at : at + 100]) for at in range(0, len(text), 100)]
    index_of = outline(titles) if titles else []
    place = 1 + len(parts) if titles else NONE
    return [first(len(text), len(parts), at244=place, **more), *parts, *index_of]


def kf8():
    """Two pages; the first has a skeleton and two fragments, the outline leads to the second's."""
    skeletons = ['<html><body aid="0"><h1>Dark</h1></body></html>', "<html><body></body></html>"]
    inner = ["<p>first</p>", "<p>second</p>", '<p>x</p><p aid="3">third</p>']
    into = skeletons[0].index("</body>")
    raw = skeletons[0] + inner[0] + inner[1] + skeletons[1] + inner[2]
    second = len(skeletons[0] + inner[0] + inner[1])
    skeleton_index = index(
        {1: 1, 6: 2},
        [
            (b"SKEL0", {1: [2], 6: [0, len(skeletons[0])]}),
            (b"SKEL1", {1: [1], 6: [second, len(skeletons[1])]}),
        ],
    )
    places = [into, into + len(inner[0]), second + skeletons[1].index("</body>")]
    fragment_index = index(
        {6: 2}, [(b"%010d" % p, {6: [0, len(t)]}) for p, t in zip(places, inner, strict=True)]
    )
    name = number(5) + b"Light"
    points = index({3: 1, 4: 1, 6: 2}, [(b"0", {3: [0], 4: [0], 6: [2, len("<p>x</p>")]})], [name])
    text = raw.encode()
    at = 2
    return [
        first(
            len(text),
            1,
            packing=1,
            version=8,
            at252=at,
            at248=at + len(skeleton_index),
            at244=at + len(skeleton_index) + len(fragment_index),
        ),
        text,
        *skeleton_index,
        *fragment_index,
        *points,
    ]


@pytest.fixture
def make(tmp_path):
    def write(records, kind=b"BOOKMOBI", name="book.mobi"):
        path = tmp_path / name
        path.write_bytes(database(records, kind))
        return path

    return write


def read(path):
    return [s for s in Mobi(Context()).parse(Source(path)) if isinstance(s, Section)]


class TestMobi(ParserTests):
    @pytest.fixture
    def parser(self):
        return Mobi(Context())

    @pytest.fixture
    def sample(self, make):
        return make(mobi6())

    @pytest.fixture
    def not_mine(self):
        return {**OTHERS, "a text": b"BOOKMOBI is a format", "a zip": b"PK\x03\x04"}


class TestKf8(TestMobi):
    @pytest.fixture
    def sample(self, make):
        return make(kf8(), name="book.azw3")


def test_headings_are_rebuilt_from_the_outline(make):
    path = make(mobi6())
    assert [(s.level, s.heading, s.text) for s in read(path)] == [
        (1, "Night", "It is dark."),
        (2, "The Road", "It is l\u00f6ng."),
        (1, "Day", "It is light."),
    ]
    document = Mobi(Context()).describe(Source(path))
    assert (document.title, document.authors) == ("The Lantern Rules", ("A. Writer",))
    assert (document.publisher, document.pages) == ("Lamp & Co", 0)


def test_headings_from_a_table_of_contents_without_an_outline(make):
    def body(toc, night, day):
        return (
            f'<html><head><guide><reference type="toc" filepos={toc:010d} /></guide></head><body>'
            f"<p><b>NIGHT</b></p><p>dark</p><mbp:pagebreak/><p>light</p><mbp:pagebreak/>"
            f"<p>In it</p><p><a filepos={night:010d}>Night</a></p>"
            f"<p><a filepos={day:010d}>D&amp;y</a></p></body></html>"
        )

    draft = body(0, 0, 0)
    places = (draft.index("<p>In it"), draft.index("<p><b>"), draft.index("<p>light"))
    found = read(make(mobi6(body(*places), titles=[])))
    assert [(s.heading, s.text) for s in found] == [("Night", "dark"), ("D&y", "light")]


LARGE = (
    '<html><body><p><font size="7"><b>Kit</b></font></p><p>All you carry.</p>'
    '<p width="0"><font size="5"><b>Oil </b></font><font size="5"><i><b>&amp; wick</b></i></font>'
    "<sup><a filepos=9>1</a></sup></p><p>Dear.</p>"
    '<p><font size="4"><b>A stone</b></font></p><p>Cheap.</p>'
    '<p><font size="5"><b>Large</b> at first</font></p><p><font size="5">Large, not bold</font></p>'
    "<p><b>Bold, not large</b></p>"
    '<table><tr><td><p><font size="5"><b>d6</b></font></p></td><td>Kit</td></tr>'
    "<tr><td>1</td><td>Rope</td></tr></table>"
    '<p><font size="5"><b>%s</b></font></p></body></html>' % ("far too long " * 20)
)


def test_large_bold_paragraphs_are_headings_with_the_sizes_as_levels(make):
    body = LARGE.replace("</body>", "<p><b>Wick</b></p><p>Short.</p></body>")
    titles = [("KIT", LARGE.index("<p><font"), 0), ("Wick", body.index("<p><b>Wick"), 0)]
    found = read(make(mobi6(body, titles=titles)))
    assert [(s.level, s.heading) for s in found if s.heading] == [
        (1, "KIT"),  # as the outline writes it
        (2, "Oil & wick"),
        (3, "A stone"),
        (4, "Wick"),  # no larger than the text, but the outline names it
    ]
    text = "\n".join(section.text for section in found)
    assert "Large at first\n\nLarge, not bold\n\nBold, not large" in text
    assert "| d6 | Kit |" in text
    assert "far too long far" in text


def test_where_there_are_heading_tags_a_large_paragraph_is_none(make):
    body = LARGE.replace("<p>All", "<h2>All").replace("carry.</p>", "carry.</h2>")
    assert [s.heading for s in read(make(mobi6(body, titles=[]))) if s.heading] == [
        "All you carry."
    ]


def test_a_title_over_two_large_paragraphs_is_one_heading(make):
    body = (
        '<html><body><p><font size="7"><b>Chapter 3</b></font></p>'
        '<p><font size="5"><b>The Road</b></font></p><p>It is long.</p></body></html>'
    )
    titles = [("Chapter 3: The Road", body.index("<p>"), 0)]
    found = read(make(mobi6(body, titles=titles)))
    assert [(s.heading, s.text) for s in found] == [("Chapter 3: The Road", "It is long.")]


def test_two_headings_with_text_between_them_are_not_one(make):
    parts = [f'<p><font size="4"><b>{n}</b></font></p><p>{n} text.</p>' for n in ("I", "II", "III")]
    body = f"<html><body>{''.join(parts)}</body></html>"
    titles = [(n, body.index(f"<b>{n}</b>"), 0) for n in ("I", "II", "III")]
    found = read(make(mobi6(body, titles=titles)))
    assert [(s.level, s.heading, s.text) for s in found] == [
        (1, "I", "I text."),
        (1, "II", "II text."),
        (1, "III", "III text."),
    ]


def test_a_guide_that_leads_to_a_chapter_hides_nothing(make):
    assert BODY.startswith('<html><head><guide><reference type="toc"')
    assert "Night" in [s.heading for s in read(make(mobi6()))]


def test_kf8_pages_are_put_together(make):
    assert [(s.level, s.heading, s.text) for s in read(make(kf8(), name="book.azw3"))] == [
        (1, "Dark", "first\n\nsecond\n\nx"),
        (1, "Light", "third"),
    ]


def hybrid(newer):
    older = mobi6(extra=struct.pack(">LLL", 121, 12, 0))
    place = len(older) + 1
    older = mobi6(extra=struct.pack(">LLL", 121, 12, place))
    return [*older, b"BOUNDARY", *newer]


def test_of_two_versions_the_newer_is_read(make):
    assert [s.heading for s in read(make(hybrid(kf8())))] == ["Dark", "Light"]


def test_of_two_versions_the_older_is_read_when_the_newer_is_damaged(make):
    newer = kf8()
    newer[2] = b"INDY" + newer[2][4:]
    found = list(Mobi(Context()).parse(Source(make(hybrid(newer)))))
    assert [s.heading for s in found if isinstance(s, Section)] == ["Night", "The Road", "Day"]
    assert [n.text for n in found if isinstance(n, Notice)] == [
        "the newer of two versions is damaged (one of its indexes is none); the older was read"
    ]


KEYS = struct.pack(">LL", 209, 13) + b"\1\0\0\0\1"


@pytest.mark.parametrize(
    ("lock", "extra", "name"),
    [
        (1, b"", "Mobipocket's old lock"),
        (1, KEYS, "Mobipocket's old lock"),
        (2, b"", "Mobipocket's lock"),
        (2, KEYS, "Amazon's Kindle lock"),
        (2, struct.pack(">LL", 504, 18) + b"B00TORCHES", "Amazon's Kindle lock"),
        (3, b"", r"a lock that is not known \(scheme 3\)"),
    ],
)
def test_locks_are_refused_before_anything_is_unpacked(make, lock, extra, name, monkeypatch):
    def never(data):
        raise AssertionError(data)

    monkeypatch.setattr(unpacking, "palmdoc", never)
    path = make(mobi6(lock=lock, extra=extra))
    for act in (Mobi(Context()).describe, lambda source: list(Mobi(Context()).parse(source))):
        with pytest.raises(ParseError, match=rf"locked by {name} \(DRM\)") as caught:
            act(Source(path))
        assert "Ask the shop or the publisher for a copy" in caught.value.hint


def test_a_lock_on_the_newer_version_counts_too(make):
    newer = kf8()
    newer[0] = newer[0][:12] + b"\0\2" + newer[0][14:]
    with pytest.raises(ParseError, match="DRM"):
        read(make(hybrid(newer)))


def test_the_oldest_books_have_text_and_no_header(make):
    text = b"THE ROAD\n\nIt is long.\n"
    header = struct.pack(">HHLHHHH", 1, 0, len(text), 1, 4096, 0, 0)
    (section,) = read(make([header, text], b"TEXtREAd", "old.pdb"))
    assert (section.heading, section.text) == ("THE ROAD", "It is long.")


def test_a_print_replica_is_refused_by_name(make):
    with pytest.raises(ParseError, match="print replica"):
        read(make(mobi6("%MOP" + BODY, titles=[])))


def test_pages_that_overlap_are_no_book(make):
    records = kf8()
    rows = [(b"S%d" % n, {1: [0], 6: [0, 80]}) for n in range(40)]
    records[2:4] = index({1: 1, 6: 2}, rows)
    with pytest.raises(ParseError, match="no whole MOBI book: its pages overlap"):
        read(make(records))


def test_text_that_unpacks_without_end_stops(make):
    # five bytes, then the longest repetition again and again
    bomb = b"abcde" + b"\x80\x2f" * 40_000
    records = mobi6(titles=[])
    with pytest.raises(ParseError, match="unpacks without end"):
        read(make([first(9, 1), bomb, *records[2:]]))


@given(st.binary(max_size=400))
def test_palmdoc_gives_back_what_was_packed(data):
    assert unpacking.palmdoc(packed(data)) == data


@given(st.binary(max_size=300))
def test_palmdoc_reads_any_bytes(data):
    assert len(unpacking.palmdoc(data)) <= 10 * len(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"ab\xe3", b"ab c"),
        (b"abc\x80\x18", b"abcabc"),
        (b"x\x80\x0f", b"x" * 11),
        (b"\x80\x18", b""),
    ],
)
def test_palmdoc_by_hand(data, text):
    assert unpacking.palmdoc(data) == text


@pytest.mark.parametrize(
    ("flags", "data", "text"),
    [
        (0, b"text", b"text"),
        (1, b"text\xc3\xa4\x01", b"text\xc3"),
        (2, b"text\0\x82", b"text"),
        (3, b"text\x00\x00\x83", b"tex"),
        (6, b"text\x81\x83ab\x84", b"t"),
    ],
)
def test_trailing_entries_are_cut(flags, data, text):
    assert unpacking.without_trailers(data, flags)[: len(text)] == text
    assert len(unpacking.without_trailers(data, flags)) <= len(data)


def huffman(phrases):
    """Tables for codes of eight bits, each its own phrase; the least code is the last phrase."""
    quick = b"".join(struct.pack(">L", 255 << 8 | 0x80 | 8) for _ in range(256))
    bounds = b"".join(struct.pack(">LL", 0, 0xFFFFFFFF >> 32 - n) for n in range(1, 33))
    huff = b"HUFF" + struct.pack(">LLL", 24, 24, 24 + 1024) + bytes(8) + quick + bounds
    body, places = b"", b""
    for phrase, plain in phrases:
        places += struct.pack(">H", 2 * len(phrases) + len(body))
        body += struct.pack(">H", len(phrase) | plain << 15) + phrase
    cdic = b"CDIC" + struct.pack(">LLL", 16, len(phrases), 8) + places + body
    return unpacking.Huffman(huff, [cdic])


def test_huffman_phrases_may_hold_phrases():
    tables = huffman([(b"ab", 1), (b"\xff\xff", 0), (b"c", 1)])
    assert tables.unpack(bytes([255 - 0, 255 - 1, 255 - 2])) == b"ababab" + b"c"


def test_huffman_that_goes_round_stops():
    with pytest.raises(unpacking.Damaged, match="without end"):
        huffman([(b"\xff\xff", 0)]).unpack(b"\xff")
    doubling = [(bytes([254 - n]) * 2, 0) for n in range(20)] + [(b"x" * 99, 1)]
    with pytest.raises(unpacking.Damaged, match="without end"):
        huffman(doubling).unpack(b"\xff")


def test_headings_of_a_real_book(data):
    path = data("rules/ebook/Hellebarden-und-Helme.mobi")
    sections = read(path)
    assert "Charaktererschaffung" in [s.heading for s in sections]
    assert sum(s.kind == "table" for s in sections) > 40


def test_a_lock_of_a_real_book(data):
    path = data("ebooks/mobi/libmobi-sample-drm_pidLTKULBB_5V-v2.mobi")
    with pytest.raises(ParseError, match="locked by Amazon's Kindle lock"):
        Mobi(Context()).describe(Source(path))


@pytest.mark.parametrize("name", ["huffdic", "uncompressed"])
def test_both_packings_of_one_text(data, name):
    one = read(data(f"ebooks/mobi/libmobi-sample-unicode-{name}.mobi"))
    other = read(data("ebooks/mobi/libmobi-sample-unicode-uncompressed.mobi"))
    assert [s.text for s in one] == [s.text for s in other]
