"""Which game a book is for, told by its name and by the words that only this game uses."""

import attrs

from ttrpg_ingest.facts.guess import Guess, best
from ttrpg_ingest.facts.sample import Sample

TITLE, NAMED, TERM = 8.0, 3.0, 1.0
"""Points for the game's name in the title, its name in the text, and one of its terms."""
ENOUGH = 3.0
"""Points from which a game is as likely as not."""


def _listed(text: str) -> tuple[str, ...]:
    """What is parted by semicolons."""
    return tuple(text.split("; "))


@attrs.frozen
class System:
    """A game: what it is called, its terms, and for an edition the game whose terms it shares.

    ``titled`` are names that are ordinary words too, which tell nothing but in a title.
    """

    name: str
    genre: str
    called: tuple[str, ...] = attrs.field(converter=_listed)
    terms: tuple[str, ...] = attrs.field(converter=_listed)
    base: str = ""
    titled: tuple[str, ...] = attrs.field(converter=_listed, default="")


SYSTEMS = (
    System(
        "dnd5e",
        "fantasy",
        "5th edition; fifth edition; d&d 5e;  dnd5e; srd 5; srd cc v5; document 5.1",
        "proficiency bonus; long rest; short rest; spell slot; saving throw; passive "
        "perception; hit dice; bonus action; ability check; cantrip; spellcasting ability; "
        "armor class; death saving",
    ),
    System(
        "dnd5e-2024",
        "fantasy",
        "srd 5.2; document 5.2; 5.5e; 2024 rules",
        "weapon mastery; d20 test; heroic inspiration; bloodied; rules glossary; emanation; "
        "magic action; origin feat; epic boon; mastery properties",
        "dnd5e",
    ),
    System(
        "dnd-older",
        "fantasy",
        "d20 system; 3.5 edition; d&d 3; revised system reference; v.3.5; ad&d; 4th edition",
        "base attack bonus; flat-footed; prestige class; use magic device; thac0; spell "
        "resistance; hide and move silently; healing surge; encounter power; fort save; ref "
        "save",
    ),
    System(
        "osr",
        "fantasy",
        "basic fantasy; labyrinth lord; old-school essentials; old school essentials; swords "
        "& wizardry; osric; knave; lamentations of the flame; halberds and helmets; "
        "hellebarden und helme; old school; b/x",
        "magic-user; save vs; saves vs; hit dice; morale; treasure type; retainer; demihuman; "
        "turn undead; wandering monster; dungeon level; ac 7; gold pieces; spell list; "
        "halfling; save as; no. appearing; hd 1; referee; magieb; trefferw\u00fcrfel; "
        "rettungsw\u00fcrf; moral",
    ),
    System(
        "into-the-odd",
        "fantasy",
        "cairn; into the odd; electric bastionland; mausritter",
        "fatigue; warden; hit protection; critical damage; deprived; bulky; spellbook; scars; "
        "wil; blast",
    ),
    System(
        "pf1e",
        "fantasy",
        "pathfinder roleplaying game; pathfinder rpg; pathfinder reference",
        "combat maneuver; cmb; cmd; base attack bonus; flat-footed; caster level; full-round "
        "action; swift action; attack of opportunity; wondrous; favored class",
    ),
    System(
        "pf2e",
        "fantasy",
        "pathfinder second edition; pathfinder 2e; pf2e; pathfinder 2",
        "critical success; critical failure; three actions; ancestry feat; stride; flat "
        "check; off-guard; hero point; trained in; recall knowledge; spell rank; frequency "
        "once per",
    ),
    System(
        "starfinder",
        "space-opera",
        "starfinder",
        "stamina points; resolve points; energy armor class; kinetic armor class; credstick; "
        "mystic; solarian; starship combat; technomancer; eac",
    ),
    System(
        "13th-age",
        "fantasy",
        "13th age; 13a",
        "escalation die; icon relationship; one unique thing; recoveries; champion tier; "
        "adventurer tier; epic tier; mental defense; physical defense; incremental advance; "
        "full heal-up; staggered",
    ),
    System(
        "coc",
        "cosmic-horror",
        "call of cthulhu",
        "investigator; sanity; keeper; mythos; credit rating; pushed roll; library use; spot "
        "hidden; idea roll; bout of madness; damage bonus",
    ),
    System(
        "cthulhu-like",
        "cosmic-horror",
        "cthulhu dark; trail of cthulhu; delta green; cthulhu hack; openquest; cthulhu",
        "sanity loss; great old ones; elder sign; eldritch; investigator; insanity; cultist",
    ),
    System(
        "brp",
        "",
        "basic roleplaying; runequest; mythras",
        "characteristics roll; resistance table; power points; hit location; magic points; fumble",
    ),
    System(
        "fate",
        "",
        "fate core; fate condensed; fate accelerated; fate srd; fate system",
        "fate point; invoke; compel; stunt; create an advantage; high concept; physical "
        "stress; consequences; situation aspect; refresh; ladder; trouble aspect",
    ),
    System(
        "pbta",
        "",
        "powered by the apocalypse; apocalypse world; dungeon world; monsterhearts; masks:",
        "playbook; on a 10+; on a 7-9; 7\u20139; basic moves; hold 1; take +1 forward; hard move; "
        "agenda; make a move; fronts; bonds",
    ),
    System(
        "forged-in-the-dark",
        "",
        "blades in the dark; forged in the dark; scum and villainy",
        "position and effect; progress clock; resistance roll; downtime; crew sheet; "
        "flashback; devil's bargain; engagement roll; the score; push yourself",
    ),
    System(
        "savage-worlds",
        "",
        "savage worlds; swade",
        "bennies; wild die; wild card; shaken; parry; toughness; soak roll; edges and "
        "hindrances; hindrance; arcane background; raise",
    ),
    System(
        "gurps",
        "",
        "gurps",
        "character points; 3d6; basic speed; basic lift; damage resistance; success roll; "
        "tech level",
    ),
    System(
        "shadowrun",
        "cyberpunk",
        "shadowrun",
        "nuyen; decker; rigger; street samurai; essence loss; awakened; matrix; drain; metahuman",
    ),
    System(
        "traveller",
        "sci-fi",
        "cepheus; clement sector; traveller srd; traveller rpg",
        "starport; jump drive; tech level; universal world profile; referee; 2d6; social "
        "standing; mustering out; psionic; starship; law level; parsec",
        titled=" traveller ",
    ),
    System(
        "stars-without-number",
        "sci-fi",
        "stars without number; worlds without number; cities without number",
        "effort; foci; psychic; sector; faction turn; spike drive; system strain",
    ),
    System(
        "cyberpunk",
        "cyberpunk",
        "cyberpunk red; cyberpunk 2020; cyberpunk 2077",
        "netrunner; eurobuck; night city; humanity loss; cyberware; solo; fixer; edgerunner; "
        "interlock",
    ),
    System(
        "wod",
        "urban-fantasy",
        "world of darkness; vampire: the; vampire the masquerade; werewolf: the; mage: the; "
        "chronicles of darkness",
        "storyteller; willpower; kindred; camarilla; vitae; discipline; dots; coterie; hunger "
        "dice; sabbat",
    ),
    System(
        "warhammer",
        "fantasy",
        "warhammer; wfrp; zweihander; dark heresy",
        "weapon skill; ballistic skill; fate points; corruption; old world; advances; "
        "insanity points; career",
    ),
    System(
        "mork-borg",
        "fantasy",
        "m\u00f6rk borg; mork borg; cy_borg; pirate borg",
        "omens; scvm; nechrubel; basilisk; broken; presence; dr12; unclean scroll",
    ),
    System(
        "year-zero",
        "",
        "year zero; mutant: year; forbidden lands; tales from the loop; coriolis; vaesen",
        "push the roll; pushing a roll; base dice; gear dice; broken by; empathy; stress "
        "dice; base die",
    ),
    System(
        "cypher",
        "",
        "cypher system; numenera",
        "gm intrusion; might pool; speed pool; intellect pool; cypher; effort; edge; recovery "
        "roll; character sentence",
        titled=" the strange ",
    ),
    System(
        "ironsworn",
        "",
        "ironsworn; starforged",
        "iron vow; momentum; swear; progress track; strong hit; weak hit; oracle; face danger",
    ),
    System(
        "loner",
        "",
        " loner",
        "twist counter; oracle; solo; closed question; chance die; risk die; protagonist",
    ),
    System(
        "tricube-tales",
        "",
        "tricube tales",
        "karma; resolve token; quirk; perk; trait",
    ),
)
"""Every game that is known; the names are those that filters and packs use."""


def system(looked_at: Sample) -> Guess:
    """The game a book is for."""
    text = f"{looked_at.headings}\n{looked_at.text}"
    own: dict[str, float] = {}
    named: dict[str, bool] = {}
    for each in SYSTEMS:
        points = TERM * sum(term in text for term in each.terms) * min(1.0, 8 / len(each.terms))
        titled = any(name and name in looked_at.title for name in (*each.called, *each.titled))
        called = sum(text.count(name) for name in each.called)
        points += TITLE * titled + NAMED * min(1.5, 0.75 * called)
        own[each.name], named[each.name] = points, titled or called > 0
    scores: dict[str, float] = {}
    for each in SYSTEMS:
        scores[each.name] = own[each.name]
        if each.base and own[each.name] >= ENOUGH:
            scores[each.name] += own[each.base]
            own[each.base] = 0.0
            scores[each.base] = 0.0
    for name in scores:
        if not named[name]:
            scores[name] -= 2 * TERM  # words that other games use too
    return best(scores, enough=ENOUGH)


def usual_genre(name: str) -> str:
    """The genre that a game mostly has, "" for one that has many."""
    return next((each.genre for each in SYSTEMS if each.name == name), "")
