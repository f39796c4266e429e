"""Entries in a row from A to Z, one of which is set smaller than the others."""

import pytest

from ttrpg_core.documents import Section
from ttrpg_ingest.rows import in_rows

NAMES = ("Blinded", "Charmed", "Deafened", "Frightened", "Grappled", "Prone")


def book(*more):
    """The row under a chapter, with further headings after the third of it."""
    row = [Section("Text.", name, 2) for name in NAMES]
    return [Section("", "Conditions", 1), *row[:3], *more, *row[3:], Section("", "Traps", 1)]


def levels(sections):
    return {each.heading: each.level for each in in_rows(sections)}


def test_the_one_that_is_set_smaller_is_one_of_the_row():
    assert levels(book(Section("Six levels.", "Exhaustion", 3)))["Exhaustion"] == 2


@pytest.mark.parametrize(
    "more",
    [
        [Section("", "Actions", 3)],  # not in its place
        [Section("", "Ears", 3), Section("", "Eyes", 3)],  # two are parts of the entry
    ],
)
def test_parts_of_an_entry_stay_below_it(more):
    assert all(levels(book(*more))[each.heading] == 3 for each in more)


def test_a_heading_that_comes_again_is_no_name():
    twice = [*book(Section("", "Effects", 3)), Section("", "Effects", 3)]
    assert levels(twice)["Effects"] == 3


def test_a_few_in_order_are_no_row():
    short = [each for each in book(Section("", "Exhaustion", 3)) if each.heading != "Prone"]
    assert levels(short)["Exhaustion"] == 3
