"""A vault: what a page says reads back as it was, however it is written, and from whomever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.audience import Audience
from ttrpg_core.errors import InputError
from ttrpg_core.exchange.vault import folder, front, names, page
from ttrpg_core.table.world.entity import fields_of
from ttrpg_core.table.world.kinds import KINDS, kind

LINES = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=30
).filter(lambda value: value.strip() == value and value[0] != "-")
TEXTS = st.text(st.sampled_from("ab\n #-:%[]|'\"*é\N{DRAGON}"), max_size=60)


@st.composite
def entities(draw):
    """An entity of any kind with any texts, lines, choices and numbers."""
    cls = kind(draw(st.sampled_from(sorted(KINDS))))
    told = {}
    for name, known in fields_of(cls).items():
        if known.shape == "line" and draw(st.booleans()):
            told[name] = draw(LINES)
        elif known.shape == "text" and draw(st.booleans()):
            told[name] = draw(TEXTS)
        elif known.shape == "lines":
            told[name] = tuple(draw(st.lists(LINES, max_size=3, unique=True)))
        elif known.shape == "choice":
            told[name] = draw(st.sampled_from(known.choices))
        elif known.shape == "number":
            told[name] = draw(st.none() | st.integers(-9, 99))
        elif known.shape == "flag":
            told[name] = draw(st.booleans())
    return cls(id="x", name=draw(LINES), audience=Audience("party"), **told)


@given(entities())
@settings(max_examples=60, deadline=None)
def test_a_page_reads_back_as_what_it_was_made_from(entity):
    told = page.values(entity, lambda _: None)
    text = page.rendered(entity.ref, type(entity), told)
    read = page.parsed(text, type(entity), "x.md")
    assert page.parsed(page.rendered(entity.ref, type(entity), read), type(entity), "x.md") == read
    given_, extra = page.given(type(entity), read, lambda target: target)
    assert extra == {}
    for name, known in fields_of(type(entity)).items():
        was = getattr(entity, name)
        if known.shape == "text":
            assert read.get(name, "") == told.get(name, "").strip("\n")
        elif known.shape == "lines":
            assert tuple(given_.get(name, [""])[1:]) == was
        elif known.shape in {"line", "choice", "number"} and was not in ("", None):
            assert given_[name] == was


def test_how_an_editor_writes_it_is_no_change():
    cls = kind("npc")
    ours = "---\nname: Mara\ntags:\n- a\n- b\nlocation: '[[Salt Inn]]'\n---\nA text.\n"
    theirs = '---\r\nname: "Mara"\r\ntags: [a, b]\r\nlocation: [[Salt Inn]]\r\n---\r\n\r\nA text.'
    assert page.parsed(ours, cls, "x") == page.parsed(theirs, cls, "x")


def test_a_date_stays_as_it_was_typed():
    assert front.split("---\nborn: 2026-01-02\n---\n", "x")[0] == {"born": "2026-01-02"}


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("a: [", "line 3"),
        ("- a", "names and values"),
        ("a: &x [1]\nb: *x", "alias"),
        ("a: !!python/object/apply:os.system [true]", "line 2"),
        ("1: a", "names and values"),
        ("a: " + "[" * 2000, ""),
    ],
)
def test_front_matter_that_cannot_be_read_is_told_with_its_place(head, said):
    with pytest.raises(InputError) as error:
        front.split(f"---\n{head}\n---\n", "Page.md")
    assert said in str(error.value)
    assert "Page.md" in str(error.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("level: high", "whole number"),
        ("pinned: perhaps", "true nor false"),
        ("tags: {a: 1}", "list of texts"),
        ("role: {a: 1}", "no text"),
    ],
)
def test_a_value_of_another_shape_is_told(head, said):
    cls = {"level": "character", "pinned": "note"}.get(head.partition(":")[0], "npc")
    with pytest.raises(InputError, match=said):
        page.parsed(f"---\n{head}\n---\n", kind(cls), "Page.md")


def test_titles_are_file_names_everywhere_and_no_two_alike():
    cls = kind("npc")
    called = ["Mara", "MARA", 'a/b:c*"', "CON", "...", "x" * 300, "Mara", "\N{DRAGON}" * 99]
    found = names.titles(cls(id=f"n{n}", name=name) for n, name in enumerate(called))
    assert len({each.casefold() for each in found.values()}) == len(called)
    for each in found.values():
        assert not set(each) & set('/\\:*?"<>|#^[]')
        assert len(each) < 120
        assert len(each.encode()) < 230
        assert each.strip(". ") == each


def test_every_kind_has_a_folder_of_its_own():
    folders = {names.folder(each) for each in KINDS}
    assert len(folders) == len(KINDS)
    assert all(names.kind_of(names.folder(each)) == each for each in KINDS)


def test_a_link_in_a_vault_leads_nowhere_else(tmp_path):
    outside = tmp_path / "outside.md"
    outside.write_text("secret")
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "a.md").symlink_to(outside)
    (vault / ".hidden").mkdir()
    (vault / ".hidden" / "b.md").write_text("x")
    (vault / "c.md").write_text("x")
    assert list(folder.pages(vault)) == ["c.md"]
    with pytest.raises(Exception, match="leads out of"):
        folder.place(vault, "a.md")
