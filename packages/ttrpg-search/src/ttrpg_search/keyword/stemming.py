"""English words to their stems, so that "grappling", "grappled" and "grapples" are one.

Porter's algorithm of 1980 in its five steps, over words that are folded already, with a short list
of irregular forms before it. Both the index and the questions go through here, so the two always
agree; a word of another language mostly comes out as it went in. The Snowball package does the same
with more refinement, but importing it costs more than a whole search from the shell may.
"""

_IRREGULAR = {
    word: stem
    for stem, words in {
        "fall": "fell fallen",
        "hold": "held",
        "stand": "stood",
        "throw": "threw thrown",
        "break": "broke broken",
        "choose": "chose chosen",
        "fight": "fought",
        "run": "ran",
        "swim": "swam swum",
        "fly": "flew flown flies flying flier",
        "die": "dying died dies",
        "lie": "lying",
        "tie": "tying",
        "steal": "stole stolen",
        "hide": "hid hidden hiding",
        "catch": "caught",
        "freeze": "froze frozen",
        "drown": "drowned",
        "sleep": "slept",
        "speak": "spoke spoken",
        "ride": "rode ridden riding",
        "shoot": "shot",
        "shrink": "shrank shrunk",
        "sink": "sank sunk",
        "strike": "struck stricken striking",
        "bind": "bound",
        "blow": "blew blown",
        "buy": "bought",
        "sell": "sold",
        "spend": "spent",
        "lose": "lost losing",
        "leave": "left leaving",
        "teach": "taught",
        "think": "thought",
        "win": "won",
        "wake": "woke woken waking",
        "wear": "wore worn",
        "write": "wrote written writing",
        "eat": "ate eaten",
        "drink": "drank drunk",
        "see": "saw seen",
        "give": "gave given giving",
        "take": "took taken taking",
        "make": "made making",
        "know": "knew known",
        "find": "found",
        "keep": "kept",
        "sneak": "snuck",
        "foot": "feet",
        "tooth": "teeth",
        "man": "men",
        "woman": "women",
        "child": "children",
        "person": "people",
        "wolf": "wolves",
        "elf": "elves elven elvish",
        "dwarf": "dwarves dwarven dwarvish",
        "knife": "knives",
        "life": "lives",
        "mouse": "mice",
        "thief": "thieves",
        "staff": "staves",
        "half": "halves",
        "wolfman": "wolfmen",
        "armor": "armour armoured armours",
        "defens": "defence defense defences",
        "color": "colour colours",
        "paralyz": "paralyse paralysed paralysis paralyses",
    }.items()
    for word in words.split()
}
_STEP2 = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
}
_STEP3 = {
    "icate": "ic",
    "ative": "",
    "alize": "al",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
}
_LAST = frozenset(ending[-3:] for ending in (*_STEP2, *_STEP3))
"""How a word with one of these endings ends: most words have none."""
_STEP4 = tuple(
    "ement ance ence able ible ment ant ent ism ate iti ous ive ize ion al er ic ou".split()  # noqa: SIM905 - a table
)
_KINDS = {ord(each): "V" if each in "aeiou" else "C" for each in "abcdefghijklmnopqrstuvwxyz"}
_known: dict[str, str] = {}
_MOST_KNOWN = 200_000


def stem(word: str) -> str:
    """The stem of a word in lower case."""
    found = _known.get(word)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[word] = _stem(_IRREGULAR.get(word, word))
    return found


def irregular() -> list[tuple[str, str]]:
    """The irregular forms, each with its stem."""
    return [(word, stem(word)) for word in _IRREGULAR]


def _stem(word: str) -> str:
    if len(word) <= 2 or not word.isascii() or not word.isalpha():  # noqa: PLR2004 - too short to have an ending
        return word
    word = _step1(word)
    if word.endswith("y") and len(word) > 2 and word[-2] not in "aeiou":  # noqa: PLR2004 - "by"
        word = word[:-1] + "i"
    if word.endswith("li") and _measure(word[:-2]) > 0:
        word = word[:-2]
    word = _swap(_swap(word, _STEP2), _STEP3)
    if word.endswith(_STEP4):
        ending = next(each for each in _STEP4 if word.endswith(each))
        base = word[: -len(ending)]
        if _measure(base) > 1 and (ending != "ion" or base[-1:] in {"s", "t"}):
            word = base
    return _step5(word)


def _step1(word: str) -> str:
    """Plurals, and the endings -ed and -ing."""
    if word.endswith("s"):
        if word.endswith(("sses", "ies")):
            word = word[:-2]
        elif not word.endswith(("ss", "us")):
            word = word[:-1]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if word.endswith(ending) and _voiced(word[: -len(ending)]):
            word = word[: -len(ending)]
            if word.endswith(("at", "bl", "iz")):
                return word + "e"
            if _doubled(word) and word[-1] not in "lsz":
                return word[:-1]
            if _measure(word) == 1 and _short(word):
                return word + "e"
            return word
    return word


def _step5(word: str) -> str:
    """A last -e, and a doubled -l."""
    if word.endswith("e"):
        base = word[:-1]
        measure = _measure(base)
        if measure > 1 or (measure == 1 and not _short(base)):
            word = base
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        word = word[:-1]
    return word


def _swap(word: str, endings: dict[str, str]) -> str:
    """The longest ending that fits is put another way, where enough of a word stands before it."""
    if word[-3:] not in _LAST:
        return word
    for size in range(7, 2, -1):
        other = endings.get(word[-size:])
        if other is not None and len(word) > size:
            base = word[:-size]
            return base + other if _measure(base) > 0 else word
    return word


def _pattern(word: str) -> str:
    """Each letter as consonant or vowel: "happy" is CVCCV, as a y behind a consonant is a vowel."""
    kinds = word.translate(_KINDS)
    place = word.find("y", 1)
    while place > 0:
        if kinds[place - 1] == "C":
            kinds = f"{kinds[:place]}V{kinds[place + 1 :]}"
        place = word.find("y", place + 1)
    return kinds


def _measure(word: str) -> int:
    """Porter's m: how often a consonant follows a vowel."""
    return _pattern(word).count("VC")


def _voiced(word: str) -> bool:
    """Whether a vowel is in it."""
    return "V" in _pattern(word)


def _doubled(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and word[-1] not in "aeiou"


def _short(word: str) -> bool:
    """Ends with consonant, vowel, consonant that is not w, x or y: as in "hop"."""
    if len(word) < 3 or word[-1] in "aeiouwxy":  # noqa: PLR2004 - the three letters
        return False
    return word[-2] in "aeiouy" and word[-3] not in "aeiou"
