"""``ttrpg --help`` for what is installed, and the help of every command of every package."""

import os
from importlib.metadata import EntryPoint

import click
import pytest

from ttrpg_cli import group
from ttrpg_core import Command
from ttrpg_core.app import App
from ttrpg_core.plugins import FIRST_PARTY, Plugins

MODULES = {
    "ttrpg-core": "ttrpg_core.plugin",
    "ttrpg-cli": "ttrpg_cli.plugin",
    "ttrpg-ingest": "ttrpg_ingest",
    "ttrpg-search": "ttrpg_search",
    "ttrpg-providers": "ttrpg_providers",
    "ttrpg-genres": "ttrpg_genres",
    "ttrpg-voice": "ttrpg_voice",
}
HEAD = """\
Usage: ttrpg [OPTIONS] [COMMAND] [ARGS]...

  The Game Master's assistant.

  Without a command: where you are, and what to do next.

Options:
  --json                Print data as one JSON object.
  --plain               Print linear text, for screen readers and scripts.
  --quiet               Say nothing but data and errors.
  --offline             Open no socket.
  --key-file NAME=FILE  A file with the key NAME, for this command alone.
  --debug               Show the trace of an error, and log to stderr.
  -V, --version         Print the version.
  -h, --help            Show this message and exit.

At the table:
  chat      Talk with a model about your campaign and books
  combat    Fights: prepare, start, show, end
  cond      Conditions: ttrpg cond mara poisoned 3 rounds
  downtime  Days between adventures, and for what
  heal      Healing: ttrpg heal mara 5
  history   Every change, the newest first
  hit       Damage: ttrpg hit gob2 7 fire
  next      The next turn of the fight
  order     The order: ttrpg order goblin-2 before mara
  prev      Look back at the turn before
  recap     What happened in a session, for you or the players
  redo      Do again what was undone
  rest      A rest of the party: short or long
  roll      Roll dice: 4d6kh3, 1d20adv+5, 8d6[fire]
  save      A save that is owed: ttrpg save mara 12
  session   Sessions: plan, start, end, look back
  time      The campaign's time: now, advance, set
  undo      Take back the last change, or the last few
"""
CAMPAIGN = """
Campaign:
  arc        Arcs: plots in order, phases, milestones
  calendar   Calendars: choose one, see a month
  campaign   Campaigns: create, choose, edit, delete
  character  Characters of the party: add, show, edit
  condition  Conditions of your own, with what they do
  faction    Factions: members, what they think of the party
  find       Find words anywhere in the campaign
  handout    Handouts: letters, maps, and who was given them
  item       Items: add, show, give, reveal
  links      Links of anything, both ways, and broken ones
  location   Locations: show, connect, tree, path
  note       Notes: write, find, link, pin
  npc        NPCs: add, show, move, reveal
  plot       Plots: start, complete, clocks, board
  proposals  What models propose: accept, edit, reject
  relation   Relations: who is what to whom, since when
  reveals    What was revealed to whom, and when
  ruling     Rulings: how a rule is played here, above the book
  snapshot   Moments of a campaign, and the way back
  vault      The campaign as Markdown pages, for Obsidian
"""
MODELS = """
Models:
  alerts  Budgets that run out, providers that fail
  budget  Limits of what language models may cost
  models  Language models: which are asked, and how they are
  usage   What language models cost, by model, day, campaign
"""
PROGRAM = """
Program:
  audit       What happened that matters for security
  backup      Backups: create, check, restore
  completion  Completion for bash, zsh or fish
  config      Settings, each with where it comes from
  demo        The main job in a minute, in a folder of its own
  doctor      Look for what could be wrong, and say what to do
  keys        Keys of providers: kept, shown by source only
  plugins     What is installed, and what is wrong with it
"""
LIBRARY = {"library": "Your rule books: add, list, show, remove"}
SEARCH = {
    "ask": "Ask your books: the sentences that answer, with their page",
    "eval": "How good the search is, by questions with known answers",
    "quote": "Whether a quote stands in your books, word for word",
    "search": "Find a rule in your books, with its page",
}
ALONE = ("ttrpg-core", "ttrpg-cli")


def books(commands):
    """Their section of the help."""
    width = max(map(len, commands))
    lines = "".join(f"  {name:{width}}  {commands[name]}\n" for name in sorted(commands))
    return f"\nBooks:\n{lines}"


SETS = [
    (ALONE, ""),
    ((*ALONE, "ttrpg-search"), books(SEARCH)),
    ((*ALONE, "ttrpg-ingest"), books(LIBRARY)),
    (FIRST_PARTY, books(LIBRARY | SEARCH)),
]


def installed(distributions):
    plugins = Plugins()
    for name in distributions:
        plugins.add(EntryPoint(name.removeprefix("ttrpg-"), MODULES[name], "ttrpg"), name)
    assert plugins.problems == ()
    return plugins


@pytest.mark.parametrize(("distributions", "books"), SETS, ids=lambda value: str(len(value)))
def test_help_shows_what_is_installed(home, distributions, books):
    app = App(environ={**os.environ, "TTRPG_HOME": str(home)}, plugins=installed(distributions))
    ctx = group.root.make_context("ttrpg", [], obj=app, resilient_parsing=True, terminal_width=80)
    assert group.root.get_help(ctx) + "\n" == HEAD + books + CAMPAIGN + MODELS + PROGRAM


def leaves(path, command):
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves([*path, name], child)


EVERY = installed(FIRST_PARTY)
PATHS = [
    pytest.param(path, each, id="-".join(path))
    for name in EVERY.entries(Command)
    for path, each in leaves([name], EVERY.load(Command, name))
]


@pytest.mark.parametrize(("path", "command"), PATHS)
def test_each_command_explains_itself(path, command, ttrpg, plugins):
    for name in ("ttrpg-ingest", "ttrpg-search"):
        plugins.add(EntryPoint(name, MODULES[name], "ttrpg"), name)
    result = ttrpg(*path, "--help")
    assert result.code == 0
    assert result.err == ""
    assert result.out.startswith(f"Usage: ttrpg {' '.join(path)}")
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.opts[0] in result.out


@pytest.mark.parametrize("name", sorted(EVERY.entries(Command)))
def test_the_record_says_what_the_command_says(name):
    command = EVERY.load(Command, name)
    assert command.get_short_help_str(limit=200).rstrip(".") == EVERY.entries(Command)[name].summary
