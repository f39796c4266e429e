"""The commands of the program itself, offered through the same hook as everybody's."""

from collections.abc import Iterable

from ttrpg_core import Command, hookimpl

COMMANDS = (
    ("At the table", "roll", "Roll dice: 4d6kh3, 1d20adv+5, 8d6[fire]", "roll:roll"),
    ("At the table", "combat", "Fights: prepare, start, show, end", "combat:combat"),
    ("At the table", "next", "The next turn of the fight", "turning:next_"),
    ("At the table", "prev", "Look back at the turn before", "turning:prev"),
    ("At the table", "order", "The order: ttrpg order goblin-2 before mara", "turning:order"),
    ("At the table", "hit", "Damage: ttrpg hit gob2 7 fire", "blows:hit"),
    ("At the table", "heal", "Healing: ttrpg heal mara 5", "blows:heal"),
    ("At the table", "save", "A save that is owed: ttrpg save mara 12", "blows:save"),
    ("At the table", "cond", "Conditions: ttrpg cond mara poisoned 3 rounds", "blows:cond"),
    ("At the table", "time", "The campaign's time: now, advance, set", "clock:time"),
    ("At the table", "rest", "A rest of the party: short or long", "rest:rest"),
    ("At the table", "downtime", "Days between adventures, and for what", "rest:downtime"),
    ("At the table", "undo", "Take back the last change, or the last few", "undo:undo"),
    ("At the table", "redo", "Do again what was undone", "undo:redo"),
    ("At the table", "history", "Every change, the newest first", "undo:history"),
    ("At the table", "session", "Sessions: plan, start, end, look back", "session:session"),
    ("At the table", "recap", "What happened in a session, for you or the players", "recap:recap"),
    ("At the table", "chat", "Talk with a model about your campaign and books", "chat:chat"),
    ("Campaign", "campaign", "Campaigns: create, choose, edit, delete", "campaign:campaign"),
    ("Campaign", "snapshot", "Moments of a campaign, and the way back", "snapshot:snapshot"),
    ("Campaign", "calendar", "Calendars: choose one, see a month", "calendars:calendar"),
    ("Campaign", "character", "Characters of the party: add, show, edit", "character:character"),
    ("Campaign", "condition", "Conditions of your own, with what they do", "condition:condition"),
    ("Campaign", "npc", "NPCs: add, show, move, reveal", "npc:npc"),
    ("Campaign", "location", "Locations: show, connect, tree, path", "location:location"),
    ("Campaign", "faction", "Factions: members, what they think of the party", "faction:faction"),
    ("Campaign", "item", "Items: add, show, give, reveal", "item:item"),
    (
        "Campaign",
        "relation",
        "Relations: who is what to whom, since when",
        "relation:relation",
    ),
    ("Campaign", "note", "Notes: write, find, link, pin", "note:note"),
    ("Campaign", "plot", "Plots: start, complete, clocks, board", "plot:plot"),
    ("Campaign", "arc", "Arcs: plots in order, phases, milestones", "arc:arc"),
    ("Campaign", "handout", "Handouts: letters, maps, and who was given them", "handout:handout"),
    ("Campaign", "ruling", "Rulings: how a rule is played here, above the book", "ruling:ruling"),
    ("Campaign", "reveals", "What was revealed to whom, and when", "reveals:reveals"),
    ("Campaign", "find", "Find words anywhere in the campaign", "find:find"),
    ("Campaign", "links", "Links of anything, both ways, and broken ones", "links:links"),
    ("Campaign", "proposals", "What models propose: accept, edit, reject", "proposals:proposals"),
    ("Campaign", "vault", "The campaign as Markdown pages, for Obsidian", "vault:vault"),
    ("Models", "models", "Language models: which are asked, and how they are", "models:models"),
    ("Models", "budget", "Limits of what language models may cost", "budget:budget"),
    ("Models", "usage", "What language models cost, by model, day, campaign", "usage:usage"),
    ("Models", "alerts", "Budgets that run out, providers that fail", "alerts:alerts"),
    ("Program", "demo", "The main job in a minute, in a folder of its own", "demo:demo"),
    ("Program", "config", "Settings, each with where it comes from", "config:config"),
    ("Program", "keys", "Keys of providers: kept, shown by source only", "keys:keys"),
    ("Program", "plugins", "What is installed, and what is wrong with it", "plugins:plugins"),
    ("Program", "backup", "Backups: create, check, restore", "backup:backup"),
    ("Program", "doctor", "Look for what could be wrong, and say what to do", "doctor:doctor"),
    ("Program", "audit", "What happened that matters for security", "audit:audit"),
    ("Program", "completion", "Completion for bash, zsh or fish", "completion:completion"),
)
"""Heading, name, help line and place of each; one file a noun, under ``commands/``."""


@hookimpl
def ttrpg_commands() -> Iterable[Command]:
    """The commands that are there with no other package installed."""
    for section, name, summary, place in COMMANDS:
        yield Command(name, summary, f"ttrpg_cli.commands.{place}", section=section)
