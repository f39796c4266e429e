"""Secrets of the Game Master on every surface that a player may see: none is on any of them.

A campaign is filled with words that only the Game Master may know, wherever a field, a value in a
field, a reference, a link, a name or an id can hold one. Every command that takes ``--as`` is then
run for the party, for everybody, and for a character, as text and as JSON, and the vaults and
exports that are made for players are read byte by byte. A command with ``--as`` that is not among
those that are run here fails the test.
"""

import itertools
import re
import shlex
import typing

import attrs
import click
import pytest

from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.audience import GM, PARTY
from ttrpg_core.entries import Command
from ttrpg_core.table.combat.sheet import Sheet
from ttrpg_core.table.combat.state import Duration, Effect, RepeatSave, Resource
from ttrpg_core.table.world.entity import fields_of
from ttrpg_core.table.world.kinds import KINDS, kind
from ttrpg_core.table.world.people import Character
from ttrpg_core.world import World, rows

CANARY = "zqx"
"""How every secret begins, and nothing else; what is searched for is this alone."""
LEAK = re.compile(rf"{CANARY}\w")
VIEWERS = ("party", "public", "open-character", "npc/open-npc")

_ASIDE = {"chat", "chat continue", "chat export", "chat search", "chat show", "recap accept"}
"""What was said in a chat has an audience turn by turn, which is tested with the talk; a draft of a
recap is accepted for somebody, and shown by ``recap``."""
LINES = {
    "calendar month": ["calendar month"],
    "campaign show": ["campaign show", "campaign show salt"],
    "character sheet": ["character sheet open-character", "character sheet zqxcharacter"],
    "combat condition list": ["combat condition list"],
    "combat condition show": ["combat condition show open-condition", "combat condition show zqx"],
    "combat show": ["combat show zqxfight"],
    "find": ["find zqx", "find open", "find plain"],
    "links": ["links open-npc", "links zqxnpc", "links npc/open-npc"],
    "note find": ["note find zqx", "note find open"],
    "location path": ["location path open-location zqxlocation"],
    "location tree": ["location tree", "location tree open-location"],
    "plot board": ["plot board"],
    "recap": ["recap", "recap 1", "recap --previously"],
    "relation graph": ["relation graph open-npc", "relation graph zqxnpc"],
    "time now": ["time now"],
    "vault export": [],  # the test below reads what it writes
}
for _kind in KINDS:
    LINES[f"{_kind} list"] = [f"{_kind} list"]
    LINES[f"{_kind} show"] = [f"{_kind} show open-{_kind}", f"{_kind} show zqx{_kind}"]
LINES["npc list"].append("npc list --tag zqxtag")

NOT_FOUND = 3


def canary(count=itertools.count()):  # noqa: B008 - one for all
    return f"{CANARY}{next(count)}"


def value_of(cls, audience):
    """A value inside an entity, with canaries in all of it, or in what is secret of it."""
    told = {}
    own = "audience" in {each.name for each in attrs.fields(cls)}
    for each in attrs.fields(cls):
        known = each.metadata.get("field")
        if each.name == "audience":
            told["audience"] = audience
        elif each.name == "revealed":  # what is open to somebody else is secret all the same
            told["revealed"] = {
                name: "npc/zqxnpc" for name, known in fields_of(cls).items() if known.secret
            }
        elif known is not None and known.shape in {"line", "text"}:
            secret = known.secret or (own and audience == GM)
            told[each.name] = canary() if secret else "plain"
        elif known is not None and known.shape == "ref":
            told[each.name] = f"{(known.kinds or ('npc',))[0]}/zqx{(known.kinds or ('npc',))[0]}"
    return cls(**told)


def values(cls, *, secret):
    """Values for the fields of a kind: all canaries, or a canary in what is secret."""
    given = {}
    for name, known in fields_of(cls).items():
        hide = secret or known.secret
        if known.shape == "line":
            given[name] = canary() if hide else "plain"
        elif known.shape == "text":
            given[name] = canary() if hide else "Plain, with [[npc/zqxnpc|a stranger]] in it."
        elif known.shape == "lines":
            given[name] = (canary(),) if hide else ("plain",)
        elif known.shape == "ref":
            given[name] = f"{(known.kinds or ('npc',))[0]}/zqx{(known.kinds or ('npc',))[0]}"
        elif known.shape == "refs":
            target = (known.kinds or ("npc",))[0]
            given[name] = (f"{target}/zqx{target}", f"{target}/open-{target}")
        elif known.shape == "value":
            held = typing.get_args(getattr(attrs.fields(cls), name).type)
            if held and attrs.has(held[0]):
                given[name] = (value_of(held[0], PARTY), value_of(held[0], GM))
    return given


def sheet(*, secret):
    """The numbers of a character, and what is on it: the GM's words in all of it, or in some."""
    effects = tuple(
        Effect(
            f"{key}#{number}",
            condition,
            source="npc/zqxnpc",
            note=canary(),
            duration=Duration("custom", text=canary()),
            save=RepeatSave("con", 13),
            linked_to="zqxnpc#1",
        )
        for key in ("zqxcharacter" if secret else "open-character",)
        for number, condition in enumerate(("poisoned", "open-condition", "zqxcondition"), 1)
    )
    word = canary() if secret else "Ki"
    return Sheet(hp=5, hp_max=12, effects=effects, last_effect=3, resources=(Resource(word, 3, 1),))


def made(cls, *, secret):
    told = values(cls, secret=secret)
    if cls is Character:
        told["sheet"] = sheet(secret=secret)
    name = f"Zqx{cls.KIND}" if secret else f"Open {cls.KIND}"
    key = f"zqx{cls.KIND}" if secret else f"open-{cls.KIND}"
    if secret:
        told.pop("parent", None)  # nothing is inside itself
    if cls.KIND == "relation" and not secret:
        told |= {"source": "npc/open-npc", "target": "character/open-character"}
    return cls(id=key, name=name, audience=GM if secret else PARTY, **told)


@pytest.fixture
def salt(ttrpg):
    for line in (
        "campaign create Salt --description zqxdescription --tag zqxtag",
        "session plan 'Open night'",
        "session start",
        "combat new 'Zqxfight'",
        "combat add Open --hp 20 -k player",
        "combat add Zqxhidden --hp 7 --hidden",
        "combat add Foe --hp 31 --ac 17 --recharge 'Zqxbreath=5'",
        "combat start",
        "cond foe poisoned",
    ):
        done = ttrpg(*shlex.split(line))
        assert done.code == 0, (line, done)
    app = App(plugins=ttrpg.plugins, rng=ttrpg.rng, clock=ttrpg.clock)
    world = World(app.journal, records.campaign_or_current(app.store.connection, None).id)
    with world.change("canaries") as change:
        for name in KINDS:
            for secret in (False, True):
                change.insert("entities", rows.row(world.campaign, made(kind(name), secret=secret)))
    app.close()
    for line in (
        "combat add open-character",
        "combat add zqxcharacter",
        "cond open-character zqxcondition --note zqxnote",
        "hit open-character 2",
        "npc edit zqxnpc --role zqxrole",
        "npc edit open-npc --secret zqxsecret",
        "npc reveal open-item",
        "location edit zqxlocation --mood zqxmood",
        "note 'zqxnote of tonight'",
        "plot start zqxplot --anyway",
        "plot start open-plot --anyway",
        "hit foe 5 fire",
        "hit zqxhidden 9 fire",
        "snapshot create zqxsnapshot",
        "session end",
    ):
        done = ttrpg(*shlex.split(line))
        assert done.code in {0, NOT_FOUND}, (line, done)
    return ttrpg


def commands(path, command):
    """A command and every command below it, with its words."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(f"{path} {name}", below)


def viewing():
    """The commands that show something as somebody sees it."""
    plugins = App(environ={"TTRPG_DISABLE": "*"}).plugins
    return {
        path
        for name in plugins.owned("commands")
        for path, command in commands(name, plugins.load(Command, name))
        if any("--as" in each.opts for each in command.params)
    }


def test_every_command_that_shows_as_a_player_sees_is_tried():
    assert viewing() - _ASIDE == set(LINES)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_command_tells_a_player_a_secret(salt, viewer):
    for line in itertools.chain.from_iterable(LINES.values()):
        for more in ((), ("--json",)):
            done = salt(*shlex.split(line), "--as", viewer, *more)
            assert done.code in {0, NOT_FOUND}, (line, done)
            typed = shlex.split(line)
            said = (done.out + done.err).casefold()
            for word in typed:  # what was typed may be said back
                said = said.replace(repr(word).casefold(), "")
            assert not LEAK.search(said), (line, viewer, done)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_vault_for_players_has_a_secret_in_a_byte(salt, viewer, tmp_path):
    folder = tmp_path / "vault"
    assert salt("vault", "export", str(folder), "--as", viewer).code == 0
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 2 or viewer in {"public", "npc/open-npc"}
    for path in written:
        told = (path.relative_to(folder).as_posix() + path.read_text()).casefold()
        assert CANARY not in told, (path, viewer)


def test_what_is_planted_is_there_for_the_game_master(salt):
    for line in (
        "character sheet open-character",
        "npc show open-npc",
        "plot show open-plot",
        "find zqx",
        "recap",
        "campaign show",
    ):
        assert LEAK.search(salt(*shlex.split(line)).out.casefold()), line
