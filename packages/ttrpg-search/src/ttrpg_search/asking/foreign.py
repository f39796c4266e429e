"""Whether a question is in a language that the books are not in.

Its words are no misspelled ones: "hechizo" read as the nearest English word is nonsense. A language
is told by its smallest words; those that English, or the table, has too ("die", "con") tell none.
"""

from collections.abc import Mapping, Sequence

SMALL: Mapping[str, frozenset[str]] = {
    code: frozenset(said.split())
    for code, said in {
        "de": "der das und ist nicht ein eine einen einem einer mit von zu zum zur auf wie wird "
        "werden wenn ich kann sich oder fur im dem viel viele wo wer warum was wann bei",
        "es": "el la los las de del que una un por para como cuanto cuanta cuantos cuantas "
        "cual cuales donde cuando quien puede puedo hace mi su y si al",
        "fr": "le la les du des est une un dans que qui quoi pour sur avec ne pas ou quel quelle "
        "quels combien comment peut puis je il elle et mon quand",
        "it": "il lo la gli dei del della delle di che e un una per con come quanto quanti quanta "
        "quale quando chi posso puo non si nel sono",
        "pt": "o os as da do das dos um uma que para como quanto quantos quanta qual quando quem "
        "posso pode nao com em no na meu e",
        "nl": "het een en van is dat niet met voor op hoe veel wat wanneer kan ik je mijn als "
        "wordt hoeveel welke",
        "pl": "jak co ile czy jest nie sie na do z w moge moze kiedy gdzie ktory dla przez",
        "sv": "och att det som ar pa av for den till inte ett om har kan hur vad nar jag min manga",
    }.items()
}
"""The commonest words of questions in each language, without accents, as words are folded."""
_SHARED = frozenset(
    """
    a al am as con da dat de den des die do e el em en es for full has het hat him i il im in is
    je kan la las le les lo los man me mi min minute no o of on op or os ou par pas per pour
    son su to una van war was wie will y z w na si det om
    """.split()  # noqa: SIM905 - a list of words
)
"""Those that may stand in an English question by themselves: names, dice and abbreviations."""
_FEWEST = 2


def tongue(words: Sequence[str]) -> str:
    """The code of the language that a question's folded words are in; "" for English and no one's.

    Two small words tell it, of which one is in no English question.
    """
    best, most = "", _FEWEST - 1
    for code, small in SMALL.items():
        met = {word for word in words if word in small}
        if len(met) > most and met - _SHARED:
            best, most = code, len(met)
    return best
