"""What is promised of a document parser, on its own files and on everybody's worst."""

import random
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ttrpg_core.documents import (
    HEAD_BYTES,
    Document,
    Notice,
    Parser,
    Section,
    Source,
    headed,
)
from ttrpg_core.errors import ParseError
from ttrpg_core.testing.suites.inputs import for_any_bytes, missing

OTHERS: Mapping[str, bytes] = {
    "an empty file": b"",
    "a PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89",
    "a program": b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0",
    "a database": b"SQLite format 3\0\x10\0\x01\x01\0@  \0\0\0\x02",
    "a gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\x03K\xcc\x01\0",
    "zeros": bytes(512),
}
"""The first bytes of files that no rule book comes in."""
CUTS = 24
"""Lengths at which the sample is cut off, besides the first few bytes."""
DAMAGES = 12
"""Copies of the sample with bytes overwritten."""


class ParserTests:
    """Inherit it for one parser, with a small good file of its format, best of three pages or more.

    ::

        class TestRtf(ParserTests):
            @pytest.fixture
            def parser(self):
                return Rtf(Context())

            @pytest.fixture
            def sample(self):
                return Path(__file__).with_name("three-pages.rtf")
    """

    @pytest.fixture
    def parser(self) -> Parser:
        """Your parser."""
        missing("ParserTests", "parser", "a parser")

    @pytest.fixture
    def sample(self) -> Path:
        """A small good file of its format."""
        missing("ParserTests", "sample", "the path of a small good file")

    @pytest.fixture
    def not_mine(self) -> Mapping[str, bytes]:
        """Beginnings of other formats; add the ones that look most like yours."""
        return OTHERS

    def test_it_is_a_parser(self, parser: Parser) -> None:
        """It has the methods of the protocol."""
        assert isinstance(parser, Parser)

    def test_it_knows_its_own(self, parser: Parser, sample: Path) -> None:
        """``sniff`` is true on the beginning of its own file."""
        with sample.open("rb") as file:
            assert parser.sniff(file.read(HEAD_BYTES)) is True

    def test_it_knows_what_is_not_its_own(
        self, parser: Parser, not_mine: Mapping[str, bytes]
    ) -> None:
        """``sniff`` is false on an empty file and on other formats."""
        taken = [what for what, head in not_mine.items() if parser.sniff(head) is not False]
        assert taken == []

    def test_sniff_never_raises(self, parser: Parser) -> None:
        """``sniff`` answers true or false to any bytes at all."""
        for_any_bytes(lambda head: _is_bool(parser.sniff(head)), HEAD_BYTES)

    def test_it_describes_its_own(self, parser: Parser, sample: Path) -> None:
        """``describe`` gives a one-line title and the number of pages, 0 where there are none."""
        document = parser.describe(Source(sample))
        assert isinstance(document, Document)
        assert document.title.isprintable()
        assert document.pages >= 0
        assert all(author.strip() and author.isprintable() for author in document.authors)

    def test_it_reads_its_own(self, parser: Parser, sample: Path) -> None:
        """``parse`` yields sections, and there is text in them."""
        sections = _read(parser, sample)
        assert all(isinstance(section, Section) for section in sections)
        assert any(section.text.strip() for section in sections)

    def test_sections_come_in_the_order_of_pages(self, parser: Parser, sample: Path) -> None:
        """No section stands on an earlier page than the one before it, or outside the document."""
        pages = parser.describe(Source(sample)).pages
        numbers = [section.page for section in _read(parser, sample)]
        if not pages:
            assert set(numbers) == {None}, "a document without pages has sections without"
            return
        known = [number for number in numbers if number is not None]
        assert known == sorted(known)
        assert all(0 <= number < pages for number in known)

    def test_text_is_clean(self, parser: Parser, sample: Path) -> None:
        """Text has no control character but tab and newline; headings and labels are one line."""
        for section in _read(parser, sample):
            assert _dirt(section.text.replace("\n", "").replace("\t", "")) == []
            assert _dirt(section.heading) == []
            assert _dirt(section.label or "") == []

    def test_headings_make_a_path(self, parser: Parser, sample: Path) -> None:
        """A level comes with its heading, so that each passage has a path of headings."""
        for section, path in headed(_read(parser, sample)):
            assert section.level >= 0
            assert section.heading or not section.level, section
            assert section.heading == section.heading.strip()
            assert all(path)

    def test_it_starts_where_it_is_told(self, parser: Parser, sample: Path) -> None:
        """Read from page n, it yields just what the whole yields from page n on."""
        pages = parser.describe(Source(sample)).pages
        whole = _read(parser, sample)
        if not pages:
            assert _read(parser, sample, start=1) == whole, "without pages it reads from the start"
            return
        if pages == 1:
            pytest.skip("the sample has one page; give one with three or more")
        for start in sorted({1, pages // 2, pages - 1, pages}):
            tail = [s for s in whole if s.page is not None and s.page >= start]
            assert _read(parser, sample, start=start) == tail, f"from page {start}"

    def test_it_reads_the_same_twice(self, parser: Parser, sample: Path) -> None:
        """One parser reads one file the same each time."""
        assert _read(parser, sample) == _read(parser, sample)

    def test_the_name_of_the_file_does_not_matter(
        self, parser: Parser, sample: Path, tmp_path: Path
    ) -> None:
        """A path with blanks, accents and a shouted suffix reads like any other."""
        odd = tmp_path / "a folder" / f"Die Höhle & 50% (2){sample.suffix.upper()}"
        odd.parent.mkdir()
        shutil.copyfile(sample, odd)
        assert _read(parser, odd) == _read(parser, sample)

    def test_a_missing_file_is_a_parse_error(self, parser: Parser, tmp_path: Path) -> None:
        """A file that is not there is a ParseError."""
        gone = tmp_path / "gone"
        with pytest.raises(ParseError):
            parser.describe(Source(gone))
        with pytest.raises(ParseError):
            _read(parser, gone)

    def test_a_cut_copy_is_read_or_refused(
        self, parser: Parser, sample: Path, tmp_path: Path
    ) -> None:
        """A file cut off anywhere gives sections or a ParseError, and never another error."""
        data = sample.read_bytes()
        lengths = {0, 1, 2, 3, 7, len(data) - 1}
        lengths |= {len(data) * part // CUTS for part in range(CUTS)}
        for length in sorted(lengths):
            self._survives(parser, tmp_path / f"cut-{length}{sample.suffix}", data[:length])

    def test_a_damaged_copy_is_read_or_refused(
        self, parser: Parser, sample: Path, tmp_path: Path
    ) -> None:
        """A file with bytes overwritten gives sections or a ParseError, and never another error."""
        data = sample.read_bytes()
        rng = random.Random(len(data))
        for number in range(DAMAGES):
            damaged = bytearray(data)
            for _ in range(1 + len(data) // 200):
                damaged[rng.randrange(len(data))] = rng.randrange(256)
            self._survives(parser, tmp_path / f"damaged-{number}{sample.suffix}", bytes(damaged))

    def test_it_leaves_nothing_behind(
        self, parser: Parser, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reading writes nothing, beside the file or in the working folder."""
        shelf, table = tmp_path / "shelf", tmp_path / "table"
        shelf.mkdir()
        table.mkdir()
        copy = shelf / sample.name
        shutil.copyfile(sample, copy)
        before = list(_state(tmp_path))
        monkeypatch.chdir(table)
        parser.describe(Source(copy))
        _read(parser, copy)
        assert list(_state(tmp_path)) == before

    def test_it_prints_nothing(
        self, parser: Parser, sample: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing goes to stdout, where the results of a command are."""
        parser.describe(Source(sample))
        _read(parser, sample)
        assert capfd.readouterr().out == ""

    def _survives(self, parser: Parser, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        try:
            assert isinstance(parser.describe(Source(path)), Document)
        except ParseError as error:
            assert error.message, f"{path.name}: a ParseError that says nothing"
        try:
            assert all(isinstance(section, Section) for section in _read(parser, path))
        except ParseError as error:
            assert error.message, f"{path.name}: a ParseError that says nothing"


def _read(parser: Parser, path: Path, start: int = 0) -> list[Section]:
    found = parser.parse(Source(path, start))
    return [each for each in found if not isinstance(each, Notice)]


def _is_bool(answer: object) -> None:
    assert isinstance(answer, bool)


def _dirt(text: str) -> list[str]:
    """Characters that no text of a book has: controls, halves of surrogates."""
    return [char for char in text if unicodedata.category(char) in {"Cc", "Cs"}]


def _state(folder: Path) -> Iterator[tuple[str, int, bytes]]:
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        yield str(path), status.st_mtime_ns, content
