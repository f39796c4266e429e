"""WordPiece: a text to the token numbers of a BERT vocabulary.

The text is cleaned of control characters, put in lower case without accents where the model was
trained so, cut at spaces and punctuation (each Chinese character is a word), and each word is cut
into the longest pieces that the vocabulary has, greedily from the left; later pieces are spelled
with ``##``. A word with a part that no piece covers is the unknown token as a whole.
Source: J. Devlin et al., "BERT" (2018), and the vocabulary's own conventions.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ttrpg_core.errors import PluginError

LONGEST_WORD: Final = 100
"""A longer word is unknown as a whole."""
MOST_CHARACTERS: Final = 20_000
"""What is read of a text: far more than any model's window holds."""
_MOST_CACHED: Final = 50_000
_ASCII = re.compile(r"[A-Za-z0-9]+|[!-/:-@\[-`{-~]")
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Cuts texts; remembers how words were cut, since texts repeat them."""

    def __init__(self, vocabulary: Mapping[str, int], *, lower: bool = True) -> None:
        self._numbers = vocabulary
        self._lower = lower
        self._cut: dict[str, tuple[int, ...]] = {}
        self.unknown = vocabulary["[UNK]"]
        self.first = vocabulary["[CLS]"]
        self.last = vocabulary["[SEP]"]

    def tokens(self, text: str, most: int) -> list[int]:
        """The numbers of a text's tokens, at most ``most``, without the first and last marks."""
        numbers: list[int] = []
        for word in split(text[:MOST_CHARACTERS], lower=self._lower):
            numbers += self._pieces(word)
            if len(numbers) >= most:
                break
        return numbers[:most]

    def _pieces(self, word: str) -> tuple[int, ...]:
        known = self._cut.get(word)
        if known is None:
            known = self._cut_word(word)
            if len(self._cut) < _MOST_CACHED:
                self._cut[word] = known
        return known

    def _cut_word(self, word: str) -> tuple[int, ...]:
        if len(word) > LONGEST_WORD:
            return (self.unknown,)
        numbers = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                number = self._numbers.get(piece)
                if number is not None:
                    break
            else:
                return (self.unknown,)
            numbers.append(number)
            start = end
        return tuple(numbers)


def split(text: str, *, lower: bool = True) -> list[str]:
    """A text's words and signs of punctuation, each on its own."""
    if text.isascii() and text.isprintable():
        return _ASCII.findall(text.lower() if lower else text)
    words: list[str] = []
    for run in _clean(text).split():
        folded = run
        if lower:
            folded = "".join(
                sign
                for sign in unicodedata.normalize("NFD", run.lower())
                if unicodedata.category(sign) != "Mn"
            )
        words += _at_punctuation(folded)
    return words


def _clean(text: str) -> str:
    signs = []
    for sign in text:
        number = ord(sign)
        if sign in "\t\n\r" or unicodedata.category(sign) == "Zs":
            signs.append(" ")
        elif number in {0, 0xFFFD} or unicodedata.category(sign)[0] == "C":
            continue
        elif any(low <= number <= high for low, high in _IDEOGRAPHS):
            signs.append(f" {sign} ")
        else:
            signs.append(sign)
    return "".join(signs)


def _at_punctuation(run: str) -> list[str]:
    words: list[str] = []
    open_word = False
    for sign in run:
        if _is_punctuation(sign):
            words.append(sign)
            open_word = False
        elif open_word:
            words[-1] += sign
        else:
            words.append(sign)
            open_word = True
    return words


def _is_punctuation(sign: str) -> bool:
    return (sign.isascii() and sign.isprintable() and not sign.isalnum() and sign != " ") or (
        unicodedata.category(sign)[0] == "P"
    )


def read_vocabulary(folder: Path, most_bytes: int = 32_000_000) -> dict[str, int]:
    """The vocabulary of a model's folder: ``vocab.txt``, else the one in ``tokenizer.json``."""
    plain, whole = folder / "vocab.txt", folder / "tokenizer.json"
    path = plain if plain.exists() else whole
    try:
        if path.stat().st_size > most_bytes:
            raise PluginError(f"{path} is too large for a vocabulary", "Get the model's own file")
        text = path.read_text("utf-8")
        if path == plain:
            words = text.removesuffix("\n").split("\n")
            found = {word.rstrip("\r"): number for number, word in enumerate(words)}
        else:
            model = json.loads(text)["model"]
            if model.get("type", "WordPiece") != "WordPiece":
                raise PluginError(
                    f"{path} is not a WordPiece vocabulary but {model['type']}",
                    "Choose a model of BERT type, or the embedder 'sentence-transformers'",
                )
            found = {str(word): int(number) for word, number in model["vocab"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PluginError(f"cannot read the vocabulary {path}: {error}", HINT) from error
    if not {"[UNK]", "[CLS]", "[SEP]"} <= found.keys():
        raise PluginError(f"{path} lacks [UNK], [CLS] or [SEP]", HINT)
    return found


HINT: Final = "Get the folder of the model again; it holds vocab.txt or tokenizer.json"
