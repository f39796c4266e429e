"""A noun of the command line for a kind of entity: ``npc``, ``location``, ``note`` ...

:func:`noun` makes the group with the verbs that all kinds have; a kind's own file under
``commands/`` adds what only it has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import click

from ttrpg_cli.campaigns.kept import snapshots_of
from ttrpg_cli.world import showing
from ttrpg_cli.world.editing import written
from ttrpg_cli.world.options import as_viewer, given, naming, settable
from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.audience import GM, PARTY, PUBLIC, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.table.world.entity import Entity, fields_of, parts
from ttrpg_core.table.world.kinds import kind as kind_of
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.seen import Seen, seen
from ttrpg_core.text import SHOWN
from ttrpg_core.views import Block, Text
from ttrpg_core.world import World, relating
from ttrpg_core.world.searching import mentions, tells

E = TypeVar("E", bound=Entity)
UNDO = "'ttrpg undo' takes it back"
LIMIT = 20
"""Entities that a list shows where nobody says otherwise: a terminal's height."""

More: TypeAlias = Callable[
    [App, World, Entity, Audience], Iterable[Block | Mapping[str, Any] | Entity]
]
"""Blocks that a kind shows of one of its own, below its fields.

A mapping is for ``--json``; an entity is in the blocks, so that it is not listed as a mention.
"""

Begins: TypeAlias = Callable[[World], Mapping[str, Any]]
"""What a new entity has where nobody gives other values."""


def world_of(app: App) -> World:
    """The world of the current campaign; NotFound, with how to choose one, when there is none."""
    return World(app.journal, records.campaign_or_current(app.store.connection, None).id)


def show(
    app: App, world: World, entity: Entity, viewer: Audience = GM, more: More | None = None
) -> None:
    """Show one entity as a viewer sees it, with what mentions it as far as they know that."""
    found = world.seen_one(entity.ref, viewer)
    named = world.named(viewer)
    extra = [*(more(app, world, entity, viewer) if more else ()), *related(world, entity, viewer)]
    told = {each.ref for each in extra if isinstance(each, Entity)}
    others = (
        each
        for each in mentions(world, entity)
        if each.KIND != Relation.KIND and each.ref not in told
    )
    known = [each for other in others if (each := seen(other, viewer, named))]
    if viewer != GM:  # what is said of it in a secret is not theirs to know
        known = [each for each in known if tells(each, entity.name)]
    showing.whole(
        app.screen,
        found,
        [(each.ref, each.name) for each in known],
        [each for each in extra if not isinstance(each, Mapping | Entity)],
        {
            name: value
            for each in extra
            if isinstance(each, Mapping)
            for name, value in each.items()
        },
    )


def noun(
    kind: str,
    summary: str,
    columns: Sequence[str] = (),
    more: More | None = None,
    *,
    begins: Begins = lambda _: {},
    of: type[click.Group] = click.Group,
) -> click.Group:
    """The group of a kind with ``list add show edit rm reveal hide``; a noun alone lists.

    ``columns`` are the fields that a list shows beside name and id; ``more`` adds to one shown;
    ``begins`` answers what a new one has where nobody gives other values.
    """
    cls = kind_of(kind)

    @click.group(kind, cls=of, invoke_without_command=True, short_help=summary, help=f"{summary}.")
    @click.pass_context
    def group(ctx: click.Context) -> None:
        if ctx.invoked_subcommand is None:
            ctx.invoke(group.commands["list"])

    group.help = f"{summary}. Without a command: the list."
    for add in (_list, _show, _edit, _rm, _reveal, _hide):
        add(group, cls, columns, more)
    _add(group, cls, begins, more)
    return group


def _list(group: click.Group, cls: type[Entity], columns: Sequence[str], _: More | None) -> None:
    @group.command("list", help=f"The {cls.PLURAL} of the current campaign, by name.")
    @click.option("--tag", help="Only those with this tag.")
    @click.option(
        "--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many."
    )
    @as_viewer
    @click.pass_obj
    def list_(app: App, tag: str | None, limit: int, viewer: str) -> None:
        world, audience = world_of(app), Audience.of(viewer)
        if tag is None:
            total = world.count(cls.KIND, audience)
            found = first(world.seen(audience, cls.KIND), limit)
        else:
            every = [
                each
                for each in world.seen(audience, cls.KIND)
                if tag in each.fields.get("tags", ())
            ]
            total, found = len(every), every[:limit]
        showing.listing(app.screen, cls, found, total, columns or _columns(cls))


def _add(group: click.Group, cls: type[Entity], begins: Begins, more: More | None) -> None:
    @group.command(help=f"Add {showing.one(cls)}.")
    @click.argument("name")
    @settable(cls)
    @click.pass_obj
    def add(app: App, /, name: str, *, in_editor: bool, **fields: Any) -> None:
        world, values = world_of(app), given(fields)
        with written(app, "", wanted=in_editor) as text:
            if in_editor and not text:
                raise InputError("nothing was written", "Nothing was added")
            made = world.add(cls, {**begins(world), **values, **text, "name": name})
        show(app, world, made, more=more)
        app.screen.say(f"Added {made.name!r}. {UNDO}", "good")
        if "audience" in values:
            hint_unknown(app, world, made, made.audience)


def _show(group: click.Group, cls: type[Entity], _: Sequence[str], more: More | None) -> None:
    @group.command("show", help=f"Show {showing.one(cls)}, and what mentions it.")
    @naming(cls)
    @as_viewer
    @click.pass_obj
    def show_(app: App, wanted: str, viewer: str) -> None:
        world, audience = world_of(app), Audience.of(viewer)
        show(app, world, named(world, cls, wanted, audience), audience, more)


def _edit(group: click.Group, cls: type[Entity], _: Sequence[str], more: More | None) -> None:
    text = (
        f"Change fields of {showing.one(cls)}.\n\nWhat may be given again is added to; -OLD"
        " takes OLD away, and '' empties it."
    )

    @group.command(help=text)
    @naming(cls)
    @settable(cls, renames=True)
    @click.pass_obj
    def edit(app: App, /, wanted: str, *, in_editor: bool, **fields: Any) -> None:
        world, values = world_of(app), given(fields)
        if not (values or in_editor):
            raise InputError(
                "nothing to change",
                f"Name a field, such as --tag; all are in: ttrpg {cls.KIND} edit --help",
            )
        old = named(world, cls, wanted)
        with written(app, old.text, wanted=in_editor) as text:
            if text and world.get(old.ref).text != old.text:
                raise InputError(f"{old.name!r} was changed meanwhile", "Edit it again")
            new, different = world.edit(old.ref, {**values, **text})
        show(app, world, new, more=more)
        said = showing.changed(new, different)
        app.screen.say(f"{said}. {UNDO}" if different else said, "good")
        if "audience" in values:
            hint_unknown(app, world, new, new.audience)


def _rm(group: click.Group, cls: type[Entity], _: Sequence[str], __: More | None) -> None:
    @group.command(help=f"Delete {cls.PLURAL}; what mentions them stays as it is.")
    @naming(cls, several=True)
    @click.pass_obj
    def rm(app: App, wanted: tuple[str, ...]) -> None:
        world = world_of(app)
        with world.change(f"{cls.KIND}.delete") as change:
            refs = dict.fromkeys(named(world, cls, each).ref for each in wanted)
            if len(refs) > 1:
                why = f"before deleting {len(refs)} {cls.PLURAL}"
                snapshots_of(app).take(world.campaign, why)
            gone = [world.delete(each) for each in refs]
            names = ", ".join(repr(each.name) for each in gone)
            change.prose = f"deleted {names}"
            change.facts = {"refs": list(refs)}
        found = {other.ref: other for each in gone for other in mentions(world, each)}
        ties = [each for each in found.values() if isinstance(each, Relation)]
        left = [each for each, other in found.items() if other not in ties]
        app.screen.show(
            f"ttrpg.{cls.KIND}.rm/1",
            {
                "deleted": list(refs),
                "mentioned_in": left,
                "relations_left": [each.ref for each in ties],
            },
            [],
        )
        app.screen.say(f"Deleted {names}. {UNDO}", "good")
        if left:
            app.screen.say(f"Still mentioned in: {_some(left)}", "warn")
        if ties:
            app.screen.say(
                f"These relations lead nowhere now: {_some([each.id for each in ties])};"
                " 'ttrpg relation rm' deletes them",
                "warn",
            )


def _reveal(group: click.Group, cls: type[Entity], _: Sequence[str], more: More | None) -> None:
    secrets = ", ".join(name for name, each in fields_of(cls).items() if each.secret)

    @group.command(help=f"Let the party know of {showing.one(cls)}, or of a secret field of it.")
    @naming(cls)
    @click.option("--field", help=f"The secret to reveal: {secrets}.")
    @click.option(
        "--to", default="party", show_default=True, metavar="WHO", help="Who may know it."
    )
    @click.pass_obj
    def reveal(app: App, wanted: str, field: str | None, to: str) -> None:
        _disclose(app, cls, wanted, field, Audience.of(to), more)


def _hide(group: click.Group, cls: type[Entity], _: Sequence[str], more: More | None) -> None:
    @group.command(help=f"Make {showing.one(cls)}, or a field of it, the GM's alone again.")
    @naming(cls)
    @click.option("--field", help="The field to hide again.")
    @click.pass_obj
    def hide(app: App, wanted: str, field: str | None) -> None:
        _disclose(app, cls, wanted, field, GM, more)


def _disclose(
    app: App, cls: type[Entity], wanted: str, field: str | None, to: Audience, more: More | None
) -> None:
    world = world_of(app)
    new, different = world.reveal(named(world, cls, wanted).ref, to, field)
    show(app, world, new, more=more)
    what = f"the {field.replace('_', ' ')} of {new.name!r}" if field else repr(new.name)
    done = f"Hid {what}" if to == GM else f"Revealed {what} to {to}"
    app.screen.say(f"{done}. {UNDO}" if different else "Nothing was different", "good")
    hint_unknown(app, world, new, to)


def hint_unknown(app: App, world: World, entity: Entity, to: Audience) -> None:
    """Say what keeps somebody from knowing of an entity that is meant for them.

    That is the entity itself, when a secret of it was revealed, or one that it cannot be without;
    or there is nobody of this name.
    """
    if to == GM:
        return
    if to not in (PARTY, PUBLIC):
        who = f"npc/{to.npc}" if to.npc else f"character/{to.name}"
        if world.peek(who) is None:
            app.screen.say(f"There is no {who} in this campaign: is the name right?", "warn")
    known = world.named(to)
    needed = [
        getattr(entity, name) for name, each in fields_of(type(entity)).items() if each.needed
    ]
    for each in (entity.ref, *needed):
        if known(each) is None:
            kind, key = parts(each)
            name = world.named()(each) or each
            app.screen.say(f"They do not know of {name!r} yet: ttrpg {kind} reveal {key}", "warn")


def named(world: World, cls: type[E], wanted: str, viewer: Audience = GM) -> E:
    """The entity of a kind that somebody means, among those that a viewer knows."""
    found = world.get(world.resolve(wanted, (cls.KIND,), viewer))
    if not isinstance(found, cls):
        raise TypeError(found)
    return found


def related(world: World, entity: Entity, viewer: Audience) -> Iterator[Block | Mapping[str, Any]]:
    """What an entity is to others, as its viewer knows it."""
    found = relating.about(world, entity.ref, viewer)
    if not found or entity.KIND == Relation.KIND:
        return
    name = world.named(viewer)
    views = ((each, seen(each, viewer, name)) for each in found)
    rows = [(view, *each.other(entity.ref)) for each, view in views if view is not None]
    yield {
        "relations": [
            {**showing.data(view), "is": tie.words, "other": other if viewer == GM else name(other)}
            for view, tie, other in rows
        ]
    }
    yield Text("")
    yield Text("Relations:", "title")
    for view, tie, other in rows[:LIMIT]:
        notes = showing.of_relation(view)
        yield Text(f"- {tie.words} {name(other) or other}" + (f" ({notes})" if notes else ""))
    if len(rows) > LIMIT:
        yield Text(f"{len(rows) - LIMIT} more: ttrpg relation list {entity.ref}", "dim")


def first(found: Iterator[Seen], limit: int) -> list[Seen]:
    """The first so many."""
    return [each for each, _ in zip(found, range(limit), strict=False)]


def _columns(cls: type[Entity]) -> list[str]:
    """What a list shows of a kind: its summary, and its own short fields."""
    common = set(fields_of(Entity))
    own = [
        name
        for name, each in fields_of(cls).items()
        if name not in common and each.shape in {"line", "choice", "number", "ref"}
    ]
    return [*own[:3], "summary"]


def _some(names: Sequence[str]) -> str:
    left = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {left} more" if left > 0 else "")
