"""Quotes against a real rule book: the words come from its Markdown, the pages from its PDF."""

import random
import re
from itertools import pairwise

import pytest

from ttrpg_core.app import App
from ttrpg_core.quotes import Checker, Place

SEED = 1974
SENTENCES = 60


@pytest.fixture(scope="module")
def srd(cli, tmp_path_factory):
    """The PDF on a shelf beside our own book: the App, a checker, and the two books."""
    path = cli.data / "rules/pdf/SRD_CC_v5.1.pdf"
    if not path.is_file():
        pytest.skip(f"the test data is not here: {path}")
    home = tmp_path_factory.mktemp("srd")
    cli.run(home, "library", "add", path, cli.book)
    app = App(environ=cli.environment(home))
    books = {book.title: book for book in app.library.books()}
    yield app, Checker(app.library), books["SRD CC v5.1"], books["The Lamplit Road"]
    app.close()


@pytest.fixture(scope="module")
def sentences(cli):
    """Sentences of the same text as Markdown, in an order of chance."""
    found = []
    for path in sorted((cli.data / "rules/md/dnd5e-srd-5.1").rglob("*.md")):
        for part in path.read_text("utf-8").split("\n\n"):
            if not part.startswith(("#", "|", ">", "-", "*", "!")):
                found += re.split(r"(?<=[.!?])\s+", re.sub(r"[*_]", "", part))
    long = [each for each in found if 8 <= len(each.split()) <= 60]
    random.Random(SEED).shuffle(long)
    return long


def test_what_stands_in_the_book_is_supported(srd, sentences):
    verdicts = [srd[1].check(each).outcome for each in sentences[:SENTENCES]]
    assert verdicts.count("supported") >= 0.97 * SENTENCES


def test_a_changed_number_is_altered(srd, sentences):
    """2d6 for 3d6 is the whole difference between a rule and another."""
    checker = srd[1]
    tried = 0
    for sentence in sentences:
        dice = re.search(r"\b(\d)(d\d+)", sentence)
        if dice is None or checker.check(sentence).outcome != "supported":
            continue
        changed = sentence.replace(dice[0], f"{(int(dice[1]) % 9) + 1}{dice[2]}", 1)
        verdict = checker.check(changed)
        assert verdict.outcome == "altered", changed
        assert any(each.grave for each in verdict.differences)
        tried += 1
        if tried == 8:
            break
    assert tried == 8


def test_a_dropped_not_is_altered(srd, sentences):
    checker = srd[1]
    with_not = [each for each in sentences if " not " in each][:20]
    good = [each for each in with_not if checker.check(each).outcome == "supported"][:5]
    assert len(good) == 5
    for sentence in good:
        assert checker.check(sentence.replace(" not ", " ", 1)).outcome == "altered"


def test_across_a_page_break(srd):
    app, checker, book, _ = srd
    sections = list(app.library.sections(book.sha256))
    tried = 0
    for before, after in pairwise(sections):
        goes_on = before.page is not None and after.page == before.page + 1
        if not (goes_on and not after.level and after.text[:1].islower()):
            continue
        quote = " ".join([*before.text.split()[-8:], *after.text.split()[:8]])
        verdict = checker.check(quote, Place(book.sha256, f"{before.label}-{after.label}"))
        assert verdict.outcome == "supported", quote
        assert verdict.found.label == f"{before.label}-{after.label}"
        tried += 1
        if tried == 12:
            break
    assert tried


def test_the_wrong_page_or_book_is_said(srd):
    _, checker, srd_book, road = srd
    quote = "Each creature in a 20-foot-radius sphere centered on that point"
    fireball = "A target takes 8d6 fire damage on a failed save, or half as much damage"
    assert checker.check(fireball, Place(srd_book.sha256, "144")).outcome == "supported"
    for cited in (Place(srd_book.sha256, "145"), Place(srd_book.sha256, page=200)):
        verdict = checker.check(fireball, cited)
        assert (verdict.outcome, verdict.found.label) == ("misattributed", "144")
    elsewhere = checker.check(quote, Place(road.sha256))
    assert elsewhere.outcome == "misattributed"
    assert elsewhere.found.sha256 == srd_book.sha256


@pytest.mark.parametrize(
    "quote",
    [
        "A target takes 8d6 fire damage ... or half as much damage on a successful one.",
        "It ignites flammable objects in the area that aren't being worn or carried.",
        "It ignites flammable objects in the area that aren\u2019t being worn or car-\nried.",
        "Each creature in a 20\u2011foot\u2010radius sphere centered on that point must make",
    ],
)
def test_how_it_is_set_does_not_count(srd, quote):
    _, checker, book, _ = srd
    assert checker.check(quote, Place(book.sha256, "144")).outcome == "supported"
