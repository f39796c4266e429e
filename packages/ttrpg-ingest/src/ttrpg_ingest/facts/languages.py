"""Which language a text is in: by its script, else by its smallest words."""

import re
from collections import Counter
from collections.abc import Mapping

from ttrpg_ingest.facts.guess import Guess

STOP_WORDS: Mapping[str, str] = {
    "en": "the of and to is in that it for you with as are this be or by on an from not can which",
    "de": "der die das und ist nicht ein eine mit den von zu auf sich werden oder "
    "f\u00fcr wird im dem des",
    "fr": "le la les de des et est un une dans que pour qui par sur avec ne pas ou plus au vous ce",
    "es": "el la los las de y que en un una es por con para se del al no su o como m\u00e1s",
    "it": "il la i le di e che in un una \u00e8 per con non del della si al dei gli o "
    "pi\u00f9 sono",
    "pt": "o a os as de e que em um uma \u00e9 por com para n\u00e3o se do da ao ou mais dos como",
    "nl": "de het een en van is in dat op te zijn voor met niet aan ook bij of wordt je als door",
    "sv": "och att det som en \u00e4r p\u00e5 av f\u00f6r med den till inte ett om har "
    "kan de eller fr\u00e5n",
    "da": "og at det som en er p\u00e5 af for med den til ikke et om har kan de eller fra der",
    "nb": "og \u00e5 det som en er p\u00e5 av for med den til ikke et om har kan de eller fra der",
    "fi": "ja on ei se ett\u00e4 joka tai ovat kun niin my\u00f6s h\u00e4n sen voi kuin "
    "ole mutta jos",
    "pl": "i w na z si\u0119 do nie jest to \u017ce o jak za od po lub przez dla s\u0105 oraz",
    "cs": "a se na je v \u017ee to s z do nebo pro kter\u00fd jako ne jsou by od p\u0159i po",
    "hu": "a az \u00e9s hogy nem egy is van ha csak meg vagy de mint ez lehet minden k\u00e9t",
    "tr": "ve bir bu i\u00e7in ile de da olarak daha \u00e7ok veya gibi olan kadar sonra her ya ne",
    "ro": "\u0219i de la \u00een cu pe este nu un o care se din pentru mai sau ca sunt",
}
"""The commonest words of each language."""
SCRIPTS: Mapping[str, tuple[str, str]] = {
    "ja": ("\u3040", "\u30ff"),
    "ko": ("\uac00", "\ud7af"),
    "zh": ("\u4e00", "\u9fff"),
    "ru": ("\u0400", "\u04ff"),
    "ar": ("\u0600", "\u06ff"),
    "he": ("\u0590", "\u05ff"),
    "el": ("\u0370", "\u03ff"),
    "th": ("\u0e00", "\u0e7f"),
    "hi": ("\u0900", "\u097f"),
}
"""The letters that tell a language; kana before Han, as Japanese has both."""
SHARE = 0.25
"""Share of the letters that must be of another script."""
KANA = 0.05
"""The same for kana: Japanese has Han letters besides."""
FEWEST_WORDS = 20
"""Fewer words tell no language."""
FEWEST_SHARE = 0.08
"""Share of small words in any language that is known here."""
_WORD = re.compile(r"[^\W\d_]+")
_WORDS = {code: frozenset(words.split()) for code, words in STOP_WORDS.items()}
_UKRAINIAN = re.compile("[\u0456\u0457\u0454\u0491]")


def language(text: str) -> Guess:
    """The language of a text in lower case, as a two-letter code."""
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return Guess()
    for code, (first, last) in SCRIPTS.items():
        share = sum(first <= char <= last for char in letters) / len(letters)
        if share >= (KANA if code == "ja" else SHARE):
            if code == "ru" and len(_UKRAINIAN.findall(text)) > 0.01 * len(letters):
                code = "uk"  # noqa: PLW2901 - the same script
            return Guess(code, round(min(1.0, 0.7 + share / 3), 2))
    words = Counter(_WORD.findall(text))
    total = sum(words.values())
    if total < FEWEST_WORDS:
        return Guess()
    shares = {code: sum(words[word] for word in small) / total for code, small in _WORDS.items()}
    ranked = sorted(shares, key=lambda code: -shares[code])
    first_share, second_share = shares[ranked[0]], shares[ranked[1]]
    if first_share < FEWEST_SHARE or first_share < 1.1 * second_share:
        return Guess()
    sure = min(1.0, 0.5 + first_share) * (1 - 0.5 * (second_share / first_share) ** 2)
    return Guess(ranked[0], round(sure, 2))
