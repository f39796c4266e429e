"""Which genre a book is of, told by words that stand in it more than elsewhere."""

import re
from collections import Counter
from collections.abc import Mapping

from ttrpg_ingest.facts.guess import Guess, best
from ttrpg_ingest.facts.sample import Sample

ENOUGH = 6.0
"""Points from which a genre is as likely as not."""
MOST = 3
"""How often a word counts: a book about one dragon is no more fantasy than one about many."""
USUAL = 4.0
"""Points for the genre that the game mostly has."""
TITLE = 5.0
"""Points for a word of the genre in the title."""

GENRES: Mapping[str, str] = {
    "fantasy": "dragon elf elves dwarf dwarves orc orcs goblin wizard spell spells sword "
    "dungeon magic"
    " paladin sorcerer potion undead knight castle kingdom troll halfling cleric druid armor torch",
    "sci-fi": "starship spaceship spacecraft planet alien aliens laser robot android starport orbit"
    " psionic vacuum asteroid colony starships worlds gravity technology clone",
    "space-opera": "galaxy galactic empire hyperspace rebels blaster starfighter smuggler cantina"
    " federation warp star fleet",
    "cyberpunk": "corp corps corporation megacorp cyberware netrunner hacker chrome implant neural"
    " street nuyen matrix cyberdeck augmentation neon synth",
    "horror": "horror terror fear ghost vampire werewolf blood scream haunted nightmare "
    "corpse dread"
    " madness killer gore demon",
    "cosmic-horror": "sanity cthulhu mythos eldritch cultist cultists investigator tome unspeakable"
    " insanity ritual tentacles antiquarian",
    "post-apocalyptic": "wasteland radiation mutant mutants scavenger apocalypse ruins "
    "fallout bunker"
    " survivors raiders scrap",
    "western": "sheriff gunslinger saloon outlaw cowboy frontier revolver ranch posse "
    "railroad duel",
    "superhero": "superhero superheroes villain villains superpower superpowers cape "
    "sidekick powers"
    " heroine nemesis vigilante",
    "steampunk": "steam airship clockwork brass gears aether goggles automaton zeppelin inventor",
    "urban-fantasy": "vampires werewolves masquerade supernatural coven fae nightclub "
    "mortal kindred"
    " occult sorcery",
    "modern": "police car phone computer internet gun agent city apartment government lawyer",
    "historical": "century roman medieval samurai legion emperor feudal viking renaissance colonial"
    " peasant crusade",
    "noir": "detective femme gangster private mob speakeasy whiskey cigarette alley racket crooked",
    "pulp": "jungle treasure adventurers explorer nazi zeppelin fedora serial fists daredevil",
    "mystery": "clue clues suspect murder detective alibi witness evidence mystery culprit",
    "military": "soldier squad platoon battalion tank rifle artillery sergeant infantry mission",
    "mythological": "gods titan olympus hero myth myths oracle demigod nymph underworld pantheon",
    "weird": "weird surreal dream dreams strange uncanny bizarre impossible liminal",
}
"""Words of each genre, in lower case."""
_WORD = re.compile(r"[a-z]{3,}")
_SPOKEN = {name: frozenset(words.split()) for name, words in GENRES.items()}


def genre(looked_at: Sample, usual: str) -> Guess:
    """The genre of a book, ``usual`` being the one that its game mostly has."""
    counts = Counter(_WORD.findall(f"{looked_at.headings}\n{looked_at.text}"))
    title = frozenset(_WORD.findall(looked_at.title))
    scores: dict[str, float] = {}
    for name, words in _SPOKEN.items():
        scores[name] = sum(min(MOST, counts[word]) for word in words) / 2
        spoken = name.replace("-", " ")
        scores[name] += TITLE * bool(words & title or f" {spoken} " in looked_at.title)
        scores[name] += USUAL * (name == usual)
        scores[name] *= 12 / (8 + len(words) / 3)
    return best(scores, enough=ENOUGH)
