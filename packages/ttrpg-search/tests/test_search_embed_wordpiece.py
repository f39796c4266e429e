"""Texts cut into pieces as BERT's own tokenizer cuts them."""

import pytest

from ttrpg_search.embed.wordpiece import LONGEST_WORD, WordPiece, split

NAMES = [
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "un",
    "##aff",
    "##able",
    "dragon",
    "##s",
    "'",
    "-",
    "d",
    "20",
    "e",
]
PIECES = WordPiece({name: number for number, name in enumerate(NAMES)})


def spelled(text, most=99):
    return [NAMES[number] for number in PIECES.tokens(text, most)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dragon's HOARD", ["dragon", "'", "s", "hoard"]),
        ("2d6+3 (fire)", ["2d6", "+", "3", "(", "fire", ")"]),
        ("Übermut\u00a0Größe é", ["ubermut", "große", "e"]),
        ("a\u200bb \ufffd c\x00d\te\r\nf", ["ab", "cd", "e", "f"]),
        ("龍is竜", ["龍", "is", "竜"]),
        ("“quoted” — dash…", ["“", "quoted", "”", "—", "dash", "…"]),
        ("5 €", ["5", "€"]),
        ("", []),
        (" \t ", []),
    ],
)
def test_words(text, words):
    assert split(text) == words


def test_case_is_kept_where_the_model_has_it():
    assert split("Größe Dragon", lower=False) == ["Größe", "Dragon"]
    assert split("The Dragon", lower=False) == ["The", "Dragon"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("Dragons", ["dragon", "##s"]),
        ("unknown dragon", ["[UNK]", "dragon"]),
        ("d20 d-20", ["[UNK]", "d", "-", "20"]),
        ("[CLS]", ["[UNK]"] * 3),
        ("d" * (LONGEST_WORD + 1), ["[UNK]"]),
    ],
)
def test_pieces(text, pieces):
    assert spelled(text) == pieces


def test_no_more_than_asked_for():
    assert spelled("unaffable dragons", most=2) == ["un", "##aff"]
    assert spelled("dragon " * 10, most=0) == []
