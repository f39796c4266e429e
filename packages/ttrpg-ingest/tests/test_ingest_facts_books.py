"""Real books of the test data: what they are told to be, and what is found in them."""

import importlib
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from ttrpg_core.context import Context
from ttrpg_core.documents import Document, Section, Source
from ttrpg_ingest.chunks import cut, in_place
from ttrpg_ingest.facts import detect, quality

pytestmark = pytest.mark.long

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
VAULT = "ttrpg_ingest.marks.vault:Vault"
PDF = "ttrpg_ingest.pdf:Pdf"
BOOKS = [
    ("rules/md/dnd5e-srd-5.1", VAULT, "dnd5e", "fantasy", "rulebook", "en"),
    ("rules/md/dnd5e-srd-5.2", VAULT, "dnd5e-2024", "fantasy", "rulebook", "en"),
    ("rules/md/13th-age", VAULT, "13th-age", "fantasy", "rulebook", "en"),
    ("rules/md/cairn", VAULT, "into-the-odd", "fantasy", "rulebook", "en"),
    ("rules/md/cepheus", VAULT, "traveller", "sci-fi", "rulebook", "en"),
    ("rules/md/fate", VAULT, "fate", "", "rulebook", "en"),
    ("rules/pdf/loner-en.pdf", PDF, "loner", "", "rulebook", "en"),
    ("rules/pdf/malleus-deum-core.pdf", PDF, "", "fantasy", "rulebook", "en"),
    ("rules/pdf/to-rob-a-witch.pdf", PDF, "osr", "fantasy", "adventure", "en"),
    (
        "rules/ebook/Cairn.epub",
        "ttrpg_ingest.ebooks.epub:Epub",
        "into-the-odd",
        "fantasy",
        "rulebook",
        "en",
    ),
    (
        "rules/ebook/Hellebarden-und-Helme.mobi",
        "ttrpg_ingest.ebooks.mobi:Mobi",
        "osr",
        "fantasy",
        "rulebook",
        "de",
    ),
]


def read(name, target):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name}: set TTRPG_TEST_DATA to the folder of shared data")
    module, _, attribute = target.partition(":")
    parser = getattr(importlib.import_module(module), attribute)(Context())
    found = list(parser.parse(Source(path)))
    sections = [each for each in found if isinstance(each, Section)]
    notices = [each for each in found if not isinstance(each, Section)]
    return parser.describe(Source(path)), sections, notices


def book_text(sections):
    return "\n\n".join(part for each in sections for part in (each.heading, each.text) if part)


@pytest.mark.parametrize(
    ("name", "target", "system", "genre", "kind", "language"), BOOKS, ids=[b[0] for b in BOOKS]
)
def test_real_books(name, target, system, genre, kind, language):
    document, sections, notices = read(name, target)
    facts = detect(document, sections, Path(name).name)
    chunks = cut("s", sections, 180)
    found = quality(document, sections, notices, chunks)
    sys.stdout.write(
        f"{name}: {facts} {dict(Counter(c.kind for c in chunks))} {found['overall']}\n"
    )
    assert (facts.system.value, facts.genre.value) == (system, genre)
    assert (facts.kind.value, facts.language.value) == (kind, language)
    text = book_text(sections)
    assert all(in_place(chunk, text) for chunk in chunks)
    assert found["overall"] in {"excellent", "good"}


def names(kind):
    path = DATA / f"rules/json/5e-database/2014-en/5e-SRD-{kind}.json"
    return {plain(each["name"]) for each in json.loads(path.read_text("utf-8"))}


def plain(name):
    return re.sub(r"[^a-z]", "", name.lower())


def test_the_reference_document_has_every_creature_spell_and_item_whole():
    _, sections, _ = read("rules/md/dnd5e-srd-5.1", VAULT)
    chunks = cut("s", sections, 180)
    counts = Counter(chunk.kind for chunk in chunks)
    assert (counts["stat_block"], counts["spell"], counts["item"]) == (319, 319, 239)
    atomic = [c for c in chunks if c.kind in {"stat_block", "spell", "item", "class_feature"}]
    assert not [chunk for chunk in atomic if "part" in chunk.fields]
    spells = {plain(chunk.heading) for chunk in chunks if chunk.kind == "spell"}
    assert spells == names("Spells")
    creatures = [chunk for chunk in chunks if chunk.kind == "stat_block"]
    whole = {"ac", "speed", "str", "cha", "size", "type", "alignment", "senses", "languages"}
    assert all(whole <= chunk.fields.keys() for chunk in creatures)
    assert sum({"cr", "hp"} <= chunk.fields.keys() for chunk in creatures) == 317
    assert not [
        c for c in chunks if c.path[-1:] == ("Actions",) and c.path[0].startswith("Monsters (")
    ]
    wolf = next(chunk for chunk in creatures if chunk.heading == "Wolf")
    assert (wolf.fields["cr"], wolf.fields["hp_dice"], wolf.fields["dex"]) == (0.25, "2d8+2", 15)


def test_blocks_of_an_old_game():
    path = DATA / "rules/json/basic-fantasy/monsters.json"
    if not path.is_file():
        pytest.skip("no rules/json/basic-fantasy: set TTRPG_TEST_DATA to the folder of shared data")
    labels = {
        "armor_class": "Armor Class",
        "hit_dice": "Hit Dice",
        "no_of_attacks": "No. of Attacks",
        "damage": "Damage",
        "movement": "Movement",
        "no_appearing": "No. Appearing",
        "save_as": "Save As",
        "morale": "Morale",
        "xp": "XP",
    }
    monsters = json.loads(path.read_text("utf-8"))
    sections = [
        Section(
            "\n".join(f"{labels[k]}: {v}" for k, v in each["stat_block"].items() if k in labels)
            + "\n\n"
            + each["description"],
            each["name"],
            2,
        )
        for each in monsters
        if each["stat_block"].get("armor_class")
    ]
    chunks = cut("s", sections, 180)
    blocks = [chunk for chunk in chunks if chunk.kind == "stat_block"]
    assert len(sections) > 190
    assert [chunk.heading for chunk in blocks] == [section.heading for section in sections]
    facts = detect(Document("Basic Fantasy Monsters"), sections, "monsters.json")
    assert (facts.system.value, facts.kind.value) == ("osr", "bestiary")
