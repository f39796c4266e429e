"""The forms that stat blocks take, one line a system: the labels that tell it, and how many.

Labels are looked for in plain text near the name. A form is told by several labels that agree, so
that one "AC 15" in a rule makes no stat block. The list runs from the particular to the general.
"""

import re

import attrs

SIZES = "Tiny|Small|Medium|Large|Huge|Gargantuan|Diminutive|Fine|Colossal"
TYPE_LINE = re.compile(
    rf"^[ \t]*(?P<size>{SIZES})(?: (?:or|and|to) (?:{SIZES}))? "
    r"(?P<type>[^,\n|(]{3,60}?(?:\([^)\n]{0,60}\))?)"
    r"(?:,[ \t]*|[ \t]+\|[ \t]*)(?P<alignment>[^\n.:]{0,60}"
    r"(?:aligned|good|evil|neutral|chaotic|lawful|alignment)\b[^\n.:]{0,40})$",
    re.MULTILINE | re.IGNORECASE,
)
"""Size, type and alignment in one line: the second line of a creature since 2000."""


@attrs.frozen
class Form:
    """A system's stat block: its labels, how many of them tell it, and those that must be there."""

    system: str
    labels: tuple[re.Pattern[str], ...]
    need: int
    must: re.Pattern[str] | None = None


def _labels(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns)


_SCORES = r"\bS[Tt][Rr]\b[\s|:+\-\d()]*(?:MOD|SAVE|\b[Dd][Ee][Xx]\b|\bD[Ee][Xx]\b|\bC[Oo][Nn]\b)"

FORMS = (
    Form(
        "dnd5e",
        _labels(
            TYPE_LINE.pattern,
            r"^\W*(?:Armor Class|AC)\b[:\s]*\d",
            r"\b(?:Hit Points|HP)\b[:\s]*\d+\s*(?:\(|$)",
            r"^\W*Speed\b[:\s]*\d",
            _SCORES,
            r"\b(?:Challenge|CR)\b[:\s]*[\d\u00bc\u00bd\u215b]",
            r"\b[Pp]assive Perception\b",
        ),
        4,
        re.compile(r"\bS[Tt][Rr]\b|\b(?:Challenge|CR)\b[:\s]*[\d\u00bc\u00bd\u215b]"),
    ),
    Form(
        "pf2e",
        _labels(
            r"\b(?:Creature|CREATURE|Hazard|HAZARD) [-\u2013]?\d+\b",
            r"^\W*Perception [+-]\d+",
            r"^\W*AC \d+\s*[;(,]",
            r"\bFort [+-]\d+.{0,40}\bRef [+-]\d+",
            r"^\W*HP \d+",
            r"^\W*Speed \d+ feet",
            r"\bStr [+-]\d+,? Dex [+-]\d+",
        ),
        4,
    ),
    Form(
        "starfinder",
        _labels(r"\bEAC \d+", r"\bKAC \d+", r"\bHP \d+", r"\bCR \d", r"\bFort [+-]\d+", r"\bXP \d"),
        4,
        re.compile(r"\b[EK]AC \d"),
    ),
    Form(
        "pf1e",
        _labels(
            r"\bCR [\d\u00bc\u00bd\u215b]",
            r"\bXP [\d,]+",
            r"\bInit(?:iative)?:? [+-]?\d",
            r"\b(?:AC|Armor Class):? \d+.{0,60}\btouch \d+",
            r"\b(?:hp|Hit Dice:?) \d+",
            r"\bFort [+-]\d+.{0,40}\bRef [+-]\d+",
            r"\bSpeed:? \d+ ft",
            r"\bStr \d+, Dex \d+",
            r"\b(?:Base Atk|Base Attack)\b",
        ),
        4,
    ),
    Form(
        "13th-age",
        _labels(
            r"^\W*(?:(?:Large|Huge|Double-strength|Normal|Mook)[ ,].{0,40})?"
            r"\d+(?:st|nd|rd|th) level \w+",
            r"\bInitiative:? [+-]?\d+",
            r"\bAC\b[\s|:]*\d+",
            r"\bPD\b[\s|:]*\d+",
            r"\bMD\b[\s|:]*\d+",
            r"\bHP\b[\s|:]*\d+",
        ),
        4,
        re.compile(r"\bPD\b[\s|:]*\d"),
    ),
    Form(
        "coc",
        _labels(
            r"\bSTR\b[\s|:]*\d+",
            r"\bCON\b[\s|:]*\d+",
            r"\bSIZ\b[\s|:]*\d+",
            r"\bDEX\b[\s|:]*\d+",
            r"\bPOW\b[\s|:]*\d+",
            r"\b(?:Hit Points|HP)\b[:\s]*\d+",
            r"\b(?:Damage Bonus|DB|Build|Sanity Loss|SAN)\b[:\s]*[-+\d]",
        ),
        4,
        re.compile(r"\b(?:SIZ|POW|Sanity Loss|SAN)\b"),
    ),
    Form(
        "savage-worlds",
        _labels(
            r"\bAgility d\d+",
            r"\bSmarts d\d+",
            r"\bSpirit d\d+",
            r"\bPace:? \d+",
            r"\bParry:? \d+",
            r"\bToughness:? \d+",
        ),
        4,
    ),
    Form(
        "gurps",
        _labels(
            r"\bST:? \d+", r"\bDX:? \d+", r"\bIQ:? \d+", r"\bHT:? \d+", r"\bBasic (?:Speed|Move)"
        ),
        4,
    ),
    Form(
        "fate",
        _labels(
            r"^\W*(?:ASPECTS|Aspects|HIGH CONCEPT|High Concept)\b",
            r"^\W*(?:SKILLS|Skills|APPROACHES|Approaches)\b",
            r"^\W*(?:STRESS|Stress|Physical Stress)\b",
            r"^\W*(?:STUNTS|Stunts|CONSEQUENCES|Consequences)\b",
        ),
        3,
        re.compile(r"\b(?:Average|Fair|Good|Great|Superb|Fantastic)\s*\(\+\d\)"),
    ),
    Form(
        "pbta",
        _labels(
            r"^\W*Instinct:\s*\S",
            r"\b(?:HP:? \d+|\d+ HP)\b",
            r"\b(?:Armor:? \d|\d Armor)\b",
            r"\bd\d+(?:[+-]\d+)? damage\b|\(d\d+(?:[+-]\d+)? damage\)",
            r"\b(?:Group|Horde|Solitary|Stealthy|Organized|Special Qualities)\b",
        ),
        3,
    ),
    Form(
        "cypher",
        _labels(
            r"^\W*Motive:",
            r"^\W*Health:? \d+",
            r"^\W*Damage Inflicted:",
            r"^\W*Movement:",
            r"^\W*(?:Environment|Modifications|Interaction|Use):",
        ),
        4,
    ),
    Form(
        "year-zero",
        _labels(
            r"\bStrength:? \d",
            r"\bAgility:? \d",
            r"\bWits:? \d",
            r"\bEmpathy:? \d",
            r"\bHealth:? \d",
        ),
        4,
    ),
    Form(
        "mork-borg",
        _labels(r"\bHP:? \d+", r"\bMorale:? (?:\d+|-)", r"\b(?:No armor|Armou?r)\b.{0,20}-?d\d"),
        3,
    ),
    Form(
        "cairn",
        _labels(r"\b\d+ HP\b", r"\b\d+ STR\b", r"\b\d+ DEX\b", r"\b\d+ WIL\b", r"\b\d+ Armor\b"),
        3,
        re.compile(r"\b\d+ (?:STR|WIL)\b"),
    ),
    Form(
        "osr",
        _labels(
            r"\b(?:AC|Armou?r Class)\b[:\s]*(?:-?\d|as )",
            r"\b(?:HD|Hit Dice)\b[:\s]*[\d\u00bd]",
            r"\bhp\b[:\s]*\d+",
            r"(?:#\s?AT|\b(?:Att|ATT|Attacks?|No\. of Attacks))\b[:\s]*\S",
            r"\b(?:Dmg|D|DMG|Damage)\b[:\s]*\d",
            r"\b(?:MV|Mv|Move|Movement)\b[:\s]*\d",
            r"\b(?:ML|Morale|Mor)\b[:\s]*\d",
            r"\b(?:SV|Sv|Save As|Save|AL|Alignment|No\. Appearing|NA|TT|Treasure Type)\b[:\s]*\S",
        ),
        3,
        re.compile(r"\b(?:AC|Armou?r Class|HD|Hit Dice)\b[:\s]*(?:-?\d|as )"),
    ),
)
"""Every form; the first that the most labels agree on is taken."""

HINT = re.compile(
    r"\b(?:AC|Armou?r Class|HD|Hit Dice|HP|hp|Hit Points|EAC|STR|Str|ST|SIZ|Agility|Strength|"
    r"Instinct|Parry|Health|Stress|STRESS|Damage Inflicted|Creature|CREATURE|CR|Challenge)\b"
    r"[\s|:*_]*(?:[-+]?\d|d\d|as |\S*DEX|Dex|To |\(|\u25a1)|\b\d+ (?:HP|STR)\b|"
    r"^\W*(?:STRESS|Stress)\b",
    re.MULTILINE,
)
"""What some label of every form looks like: where it is not, no form is tried."""
