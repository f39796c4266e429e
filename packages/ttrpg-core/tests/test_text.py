"""Names, notes and paths from outside: shape is checked, words are kept."""

import os
import re
import socket
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ttrpg_core import text
from ttrpg_core.errors import Ambiguous, InputError, NotFound

derandomized = settings(derandomize=True, deadline=None)
any_text = st.text(st.characters())


# Names.


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("  The Keep ", "The Keep"),
        ("e\u0301cole", "école"),
        ("Ł'Ogre (3rd) — «x» 🐉", "Ł'Ogre (3rd) — «x» 🐉"),
        ("<script>", "<script>"),
        ("'; DROP TABLE campaigns;--", "'; DROP TABLE campaigns;--"),
        ("עברית", "עברית"),
        ("x" * text.NAME_MAX, "x" * text.NAME_MAX),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\n\tx\n", "x"),
    ],
)
def test_names_that_are_kept(given_, kept):
    assert text.name(given_) == kept


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  \n",
        "\u200b\u200b",
        "\ufeff",
        "\u0301",
        "a\nb",
        "a\rb",
        "a\x1b[31mb",
        "a\x00b",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "a\u202eb",
        "a\u2066b",
        "a\ud800b",
        "x" * (text.NAME_MAX + 1),
        "x" * 10_000_000,
        "e\u0301" * (text.NAME_MAX + 1),
    ],
)
def test_names_that_are_refused(value):
    with pytest.raises(InputError) as caught:
        text.name(value, "NPC's name")
    assert "NPC's name" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_a_refused_name_says_where():
    with pytest.raises(InputError, match=r"U\+202E\) at column 3"):
        text.name("ab\u202ecd")


@derandomized
@given(any_text)
def test_a_name_is_one_visible_line_in_nfc_or_an_error(value):
    try:
        kept = text.name(value)
    except InputError:
        return
    assert kept == unicodedata.normalize("NFC", kept) == kept.strip()
    assert len(kept.splitlines()) == 1
    assert text.printable(kept) == kept
    assert text.name(kept) == kept


# Texts.


@pytest.mark.parametrize(
    "note",
    [
        "<script>alert('x')</script>",
        "Robert'); DROP TABLE campaigns;--",
        "e\u0301 and é stay apart",
        "line\r\nline\ttab \x1b[31m \u202e\u200b\x7f",
        "%s %d {0} ${HOME} $(id) `id`",
        "../../etc/passwd",
        "🐉" * 50_000,
        "",
        " \n ",
    ],
)
def test_a_note_comes_back_exactly_through_the_database(store, journal, note):
    assert text.text(note) == note
    with journal.change("note.add") as change:
        change.insert("chosen", {"key": "note", "value": note})
        change.facts = {"note": note}
        change.prose = note
    read = store.connection.execute("SELECT value FROM chosen WHERE key = 'note'").fetchone()[0]
    assert read == note
    assert journal.history()[0].facts == {"note": note}
    tables = store.connection.execute("SELECT COUNT(*) FROM campaigns").fetchone()[0]
    assert tables == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("ab\0c", "U+0000) at position 2"),
        ("\ud83d", "U+D83D) at position 0"),
        ("x" * (text.TEXT_MAX + 1), "100,001 characters; at most 100,000"),
    ],
)
def test_texts_that_cannot_be_kept(value, said):
    with pytest.raises(InputError) as caught:
        text.text(value, "note")
    assert said in caught.value.message


@derandomized
@given(any_text)
def test_a_text_is_kept_as_it_is_or_refused(value):
    try:
        assert text.text(value) == value
        value.encode()
        assert "\0" not in value
    except InputError:
        assert "\0" in value or re.search("[\ud800-\udfff]", value)


def test_queries():
    assert text.query("opportunity attack") == "opportunity attack"
    for value in ("", " \n", "x" * 1001, "a\0"):
        with pytest.raises(InputError):
            text.query(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain\n\ttext é🐉", "plain\n\ttext é🐉"),
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("over\rwritten", "over\\u000dwritten"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b31m", "\\u009b31m"),
    ],
)
def test_printable(value, shown):
    assert text.printable(value) == shown


# Paths.


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "monster-manual.pdf").write_text("%PDF")
    (tmp_path / "secret.txt").write_text("hidden")
    return folder


def test_a_readable_file_with_links_resolved(shelf, monkeypatch):
    book = shelf / "monster-manual.pdf"
    (shelf / "link.pdf").symlink_to(book)
    assert text.readable_file(shelf / "link.pdf", inside=shelf) == book
    monkeypatch.chdir(shelf)
    assert text.readable_file("monster-manual.pdf") == book
    monkeypatch.setenv("HOME", str(shelf))
    assert text.readable_file("~/monster-manual.pdf") == book


@pytest.mark.parametrize("way", ["../secret.txt", "x/../../secret.txt", "absolute", "link", "deep"])
def test_nothing_outside_the_folder_is_read(shelf, way):
    secret = shelf.parent / "secret.txt"
    path = shelf / way
    if way == "absolute":
        path = secret
    elif way == "link":
        path.symlink_to(secret)
    elif way == "deep":
        path.symlink_to(shelf.parent)
        path /= "secret.txt"
    assert path.resolve() == secret or way.startswith("x"), "the way leads there"
    with pytest.raises(InputError, match="outside") as caught:
        text.readable_file(path, inside=shelf)
    assert str(shelf) in caught.value.hint


def test_a_neighbour_whose_name_begins_the_same_is_outside(shelf):
    other = shelf.with_name("shelf-2")
    other.mkdir()
    (other / "x").write_text("")
    with pytest.raises(InputError, match="outside"):
        text.readable_file(other / "x", inside=shelf)


def test_only_ordinary_files(shelf):
    os.mkfifo(shelf / "pipe")
    here = os.open(shelf, os.O_RDONLY)
    try:  # a socket's path has a limit that the folders of tests may pass
        os.chdir(here)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind("sock")
            for path in (shelf / "pipe", shelf / "sock", Path("/dev/zero"), Path("/dev/null")):
                with pytest.raises(InputError, match="not an ordinary file"):
                    text.readable_file(path)
    finally:
        os.close(here)
        os.chdir("/")
    (shelf / "zero.pdf").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="not an ordinary file"):
        text.readable_file(shelf / "zero.pdf")
    with pytest.raises(InputError, match="is a folder"):
        text.readable_file(shelf)


def test_a_missing_file_has_a_near_match(shelf):
    with pytest.raises(NotFound) as caught:
        text.readable_file(shelf / "monster-manul.pdf")
    assert caught.value.hint == f"Did you mean {shelf / 'monster-manual.pdf'}?"
    with pytest.raises(NotFound) as caught:
        text.readable_file(shelf / "zzz")
    assert str(shelf) in caught.value.hint
    with pytest.raises(NotFound) as caught:
        text.readable_file(shelf / "no" / "such")
    assert "no folder" in caught.value.hint
    with pytest.raises(NotFound):
        text.readable_file(shelf / "monster-manual.pdf" / "page-1")
    (shelf / "broken").symlink_to(shelf / "gone")
    with pytest.raises(NotFound):
        text.readable_file(shelf / "broken")


@pytest.mark.parametrize("path", ["a\0b", "x" * 4097, "y" * 300, "~no-such-user-here/x"])
def test_paths_that_are_no_paths(path):
    with pytest.raises(InputError) as caught:
        text.readable_file(path)
    assert caught.value.hint


def test_a_link_to_itself(shelf):
    (shelf / "loop").symlink_to(shelf / "loop")
    with pytest.raises(InputError) as caught:
        text.readable_file(shelf / "loop")
    assert caught.value.hint


# Ids.


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Sunken Keep", "the-sunken-keep"),
        ("Mara's Inn", "maras-inn"),
        ("Mara\u2019s Inn", "maras-inn"),
        ("Élan d'Été", "elan-dete"),
        ("Straße", "strasse"),
        ("keep—ruin / tower", "keep-ruin-tower"),
        ("\uff17 Samurai", "7-samurai"),
        ("龍", "x9f8d"),
        ("!?", "x21-3f"),
        ("", "x"),
        ("a" * 60, "a" * 40),
        ("one two three four five six seven eight nine", "one-two-three-four-five-six-seven-eight"),
    ],
)
def test_slugs(name, slug):
    assert text.slug(name) == slug


@derandomized
@given(any_text)
@example("ﷺ" * 10)
@example("\U0001f600" * 10)
@example("\u2120")  # a sign that unfolds to capitals
def test_a_slug_is_short_plain_and_its_own_slug(value):
    slug = text.slug(value)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= text.SLUG_MAX + 8
    assert text.slug(slug) == slug


@derandomized
@given(st.lists(st.sampled_from(["Goblin", "goblin", "Goblin 2", "龍", "!", "Troll"]), max_size=20))
def test_unique_slugs_are_unique(names):
    taken: list[str] = []
    for name in names:
        taken.append(text.unique_slug(name, taken))
    assert len(set(taken)) == len(taken)


def test_unique_slugs_count_up():
    assert text.unique_slug("Goblin", ["goblin", "goblin-2"]) == "goblin-3"


PAIRS = [("keep", "The Keep"), ("keep-2", "Keep"), ("tower", "Élan"), ("ruin", "The Ruin")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("keep", "keep"),
        ("KEEP", "keep"),
        ("keep-2", "keep-2"),
        ("the keep", "keep"),
        (" tow ", "tower"),
        ("e\u0301lan", "tower"),
        ("ÉL", "tower"),
        ("the r", "ruin"),
    ],
)
def test_match(wanted, found):
    assert text.match(wanted, PAIRS, "campaign") == found


def test_match_refuses_to_guess():
    with pytest.raises(Ambiguous) as caught:
        text.match("the", PAIRS, "campaign")
    assert caught.value.candidates == ("keep", "ruin")
    assert "keep, ruin" in caught.value.hint
    many = [(f"goblin-{n}", "Goblin") for n in range(500)]
    with pytest.raises(Ambiguous) as caught:
        text.match("goblin", many, "combatant")
    assert len(caught.value.candidates) == 500
    assert len(caught.value.hint) < 200
    for wanted in ("", "kepe", "zzz"):
        with pytest.raises(NotFound) as missing:
            text.match(wanted, PAIRS, "campaign")
        assert "keep" in missing.value.hint
    with pytest.raises(NotFound) as missing:
        text.match("x", [], "campaign")
    assert missing.value.hint == "There are none yet"


@derandomized
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5), max_size=8)
)
def test_everything_can_be_matched_by_its_id(names):
    pairs: list[tuple[str, str]] = []
    for name in names:
        pairs.append((text.unique_slug(name, [key for key, _ in pairs]), name))
    for key, _ in pairs:
        assert text.match(key, pairs, "thing") == key


def test_nearest_does_not_mind_case():
    assert text.nearest("KEPE", ["keep", "tower"]) == "Did you mean: keep"


def test_nearest_looks_at_no_text_that_is_too_long_to_be_near(monkeypatch):
    looked = []
    monkeypatch.setattr("difflib.get_close_matches", lambda *args, **_: looked.append(args) or [])
    assert text.nearest("x" * 13, ["keep", "oak"]) == "There are: keep, oak"
    assert looked == []
    text.nearest("x" * 12, ["keep", "oak"])
    assert len(looked) == 1
