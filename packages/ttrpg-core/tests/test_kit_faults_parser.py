"""The suite of parsers catches faults: for each promise, a parser that breaks it."""

import inspect
from pathlib import Path

import attrs
import pytest

from ttrpg_core.documents import Document
from ttrpg_core.errors import ParseError
from ttrpg_core.testing import ParserTests, PlainText
from ttrpg_core.testing.suites.parser import OTHERS


def breaks(suite, promise, **fixtures):
    """Run one test of a suite on what is given; it has to fail, and not to be skipped."""
    test = getattr(suite, f"test_{promise}")
    assert test.__doc__
    wanted = inspect.signature(test).parameters
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        test(**{name: value for name, value in fixtures.items() if name in wanted})
    assert caught.type not in {TypeError, NameError, AttributeError}, "the fault is in this test"


class IgnoresStart(PlainText):
    def parse(self, source):
        return super().parse(attrs.evolve(source, start=0))


class StartsOneLate(PlainText):
    def parse(self, source):
        late = source.start + 1 if source.start else 0
        return super().parse(attrs.evolve(source, start=late))


class LastPageFirst(PlainText):
    def parse(self, source):
        return iter(list(super().parse(source))[::-1])


class CountsFromOne(PlainText):
    def parse(self, source):
        return (attrs.evolve(s, page=s.page + 1) for s in super().parse(source))


class HasNoText(PlainText):
    def parse(self, source):
        return (attrs.evolve(section, text="") for section in super().parse(source))


class KeepsControls(PlainText):
    def parse(self, source):
        return (attrs.evolve(s, text=f"{s.text}\x0c") for s in super().parse(source))


class LevelsWithoutHeadings(PlainText):
    def parse(self, source):
        return (attrs.evolve(s, level=1) for s in super().parse(source))


class ReadsOnce(PlainText):
    done = False

    def parse(self, source):
        if not self.done:
            self.done = True
            yield from super().parse(source)


class Raw(PlainText):
    """Turns its own errors into those of Python."""

    def parse(self, source):
        try:
            yield from super().parse(source)
        except ParseError as error:
            raise ValueError(error.message) from error


class GoesByTheName(PlainText):
    def parse(self, source):
        if not source.path.name.endswith(".txt"):
            raise ParseError("not a text file")
        return super().parse(source)


class NeedsAFile(PlainText):
    def describe(self, source):
        source.path.stat()
        return super().describe(source)


class LeavesACache(PlainText):
    def parse(self, source):
        source.path.with_suffix(".idx").write_text("cache")
        return super().parse(source)


class LeavesALog(PlainText):
    def describe(self, source):
        Path("parser.log").write_text("reading")
        return super().describe(source)


class TellsOfIt(PlainText):
    def parse(self, source):
        print("reading", source.path)  # noqa: T201 - the fault
        return super().parse(source)


class TakesAll(PlainText):
    def sniff(self, head):
        return True


class TakesNone(PlainText):
    def sniff(self, head):
        return False


class TakesAFright(PlainText):
    def sniff(self, head):
        return bool(head) and bool(head.decode())


class SaysPerhaps(PlainText):
    def sniff(self, head):
        return head[:1]


class TitlesOfTwoLines(PlainText):
    def describe(self, source):
        super().describe(source)
        return Document("The Keep\nand the Lake", pages=4)


class YieldsText(PlainText):
    def parse(self, source):
        return (section.text for section in super().parse(source))


class PagesOfNone(PlainText):
    def describe(self, source):
        return attrs.evolve(super().describe(source), pages=0)


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "keep.txt"
    page = "THE STAIR\n\nForty steps — nine of them missing."
    path.write_text("\f".join([f"{page} {number}" for number in range(4)]), "utf-8")
    return path


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("it_knows_its_own", TakesNone),
        ("it_knows_what_is_not_its_own", TakesAll),
        ("sniff_never_raises", TakesAFright),
        ("sniff_never_raises", SaysPerhaps),
        ("it_describes_its_own", TitlesOfTwoLines),
        ("it_reads_its_own", HasNoText),
        ("sections_come_in_the_order_of_pages", LastPageFirst),
        ("sections_come_in_the_order_of_pages", CountsFromOne),
        ("sections_come_in_the_order_of_pages", PagesOfNone),
        ("text_is_clean", KeepsControls),
        ("headings_make_a_path", LevelsWithoutHeadings),
        ("it_starts_where_it_is_told", IgnoresStart),
        ("it_starts_where_it_is_told", StartsOneLate),
        ("it_reads_the_same_twice", ReadsOnce),
        ("the_name_of_the_file_does_not_matter", GoesByTheName),
        ("a_missing_file_is_a_parse_error", NeedsAFile),
        ("a_cut_copy_is_read_or_refused", Raw),
        ("a_damaged_copy_is_read_or_refused", Raw),
        ("a_damaged_copy_is_read_or_refused", YieldsText),
        ("it_leaves_nothing_behind", LeavesACache),
        ("it_leaves_nothing_behind", LeavesALog),
        ("it_prints_nothing", TellsOfIt),
    ],
)
def test_a_parser_that(promise, broken, book, tmp_path, monkeypatch, capfd):
    if broken is LevelsWithoutHeadings:
        book.write_text("no heading here\fnor here", "utf-8")
    if broken is Raw:  # a cut must fall inside a character to be an error in plain text
        book.write_text("—" * 30 + "\f—", "utf-8")
    breaks(
        ParserTests(),
        promise,
        parser=broken(),
        sample=book,
        tmp_path=tmp_path,
        monkeypatch=monkeypatch,
        capfd=capfd,
        not_mine=OTHERS,
    )
