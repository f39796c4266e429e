import pytest

from ttrpg_core.documents import Section
from ttrpg_ingest.chunks import cut, in_place


def only(sections, words=180):
    (chunk,) = cut("s", sections, words)
    return chunk


BOX = "You see a long dark hall. Dust lies on the floor, and something breathes behind the door."
LAIR = [
    Section("The mine was lost.", "Background", 1),
    Section("", "4. The Long Hall", 2),
    Section(BOX, kind="read_aloud"),
    Section("The breathing is a bellows.", kind=""),
    Section("120 gold pieces.", "Treasure", 3),
    Section("It is quiet here.", "5. The Well", 2),
]


def test_what_follows_a_box_in_a_keyed_place_is_for_the_gm():
    found = [(chunk.heading, chunk.kind, chunk.gm_only) for chunk in cut("s", LAIR, 180)]
    assert found == [
        ("Background", "text", False),
        ("4. The Long Hall", "read_aloud", False),
        ("4. The Long Hall", "text", True),
        ("Treasure", "text", True),
        ("5. The Well", "text", False),
    ]


def test_a_box_in_a_rule_hides_nothing():
    sections = [
        Section(BOX, "Describing", 1, kind="read_aloud"),
        Section("Say what they see."),
        Section("Give 10 gold pieces.", "Treasure", 2),
    ]
    assert [chunk.gm_only for chunk in cut("s", sections, 180)] == [False, False, False]


@pytest.mark.parametrize(
    "heading",
    ["GM Notes", "Referee\u2019s Information", "For the GM", "Dungeon Master only", "Secrets"],
)
def test_headings_that_say_who_may_read(heading):
    sections = [Section("She did it.", heading, 1), Section("With a knife.", "How", 2)]
    assert [chunk.gm_only for chunk in cut("s", sections, 180)] == [True, True]


@pytest.mark.parametrize(
    "heading", ["Game Master", "The Judge", "Secret Doors", "Running the Game"]
)
def test_headings_about_the_gm_hide_nothing(heading):
    assert not only([Section("It is a role.", heading, 1)]).gm_only


def test_a_note_to_the_gm_in_a_box_is_hidden():
    chunks = cut(
        "s", [Section("All know.", "Inn", 1), Section("GM note: he lies.", kind="sidebar")], 180
    )
    assert [(chunk.kind, chunk.gm_only) for chunk in chunks] == [("text", False), ("sidebar", True)]


STORY = (
    "“He is late,” said Ana, and her hand was cold. “He will come,” I told her. "
) + "She looked at the river and he came down to it with their boat and my coat. " * 6
PROSE = [
    ("quotation", "> You hear bells, and feel a cold wind from the door ahead.", "read_aloud"),
    ("rule quoted", "> If you roll a 1 on a d20, you miss. See Attack Rolls.", "text"),
    ("Variant: Slow Rest", "A rest takes a week.", "sidebar"),
    ("Example of Play", "They sit down.", "example"),
    ("Example Traps", "Traps stand here by name.", "text"),
    (
        "At the Table",
        "\n\n".join(
            f"{who}: I open the door and look at what is behind it." for who in ["Mia", "GM"] * 3
        ),
        "example",
    ),
    ("Prologue", STORY, "fiction"),
    ("Contents", "Combat . . . . . . 12\nMagic . . . . . . 40", "contents"),
    ("Index", "armor, 12, 45-47\naxe, 13\nboat, 9\nbow, 10, 12\ncat, 1\ncow, 2", "contents"),
    ("Index of Dread", "The book of dread lists those who died. It is heavy and old.", "text"),
]


@pytest.mark.parametrize(("heading", "text", "kind"), PROSE, ids=[p[0] for p in PROSE])
def test_kinds_of_prose(heading, text, kind):
    assert only([Section(text, heading, 2)]).kind == kind


def test_every_piece_of_the_lair_is_in_its_place():
    book = "\n\n".join(part for each in LAIR for part in (each.heading, each.text) if part)
    assert all(in_place(chunk, book) for chunk in cut("s", LAIR, 180))
