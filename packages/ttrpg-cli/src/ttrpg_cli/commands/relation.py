"""``relation``: what one thing is to another."""

from typing import Any

import click

from ttrpg_cli.world import showing
from ttrpg_cli.world.editing import written
from ttrpg_cli.world.noun import LIMIT, UNDO, hint_unknown, named, noun, show, world_of
from ttrpg_cli.world.options import as_viewer, given, names_of, naming, settable, words_of
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError
from ttrpg_core.paths import write_atomically
from ttrpg_core.table.world import graph, kinds
from ttrpg_core.table.world.relations import Relation
from ttrpg_core.table.world.seen import Named, Seen, seen
from ttrpg_core.table.world.ties import TIES, tie
from ttrpg_core.views import Block, Table, Text, Tree
from ttrpg_core.world import World, relating

FORMS = {"dot": graph.dot, "mermaid": graph.mermaid, "svg": graph.svg}
"""Ways to write a graph for other programs, by the ending of a file's name."""
_thing = names_of(*(each for each in kinds.KINDS if each != Relation.KIND))
_words = words_of([word for each in TIES for word in dict.fromkeys((each.words, each.back))])

relation = noun("relation", "Relations: who is what to whom, since when")
del relation.commands["edit"]


@relation.command("list")
@click.argument("thing", metavar="[NAME]", required=False, shell_complete=_thing)
@click.option("--kind", metavar="WORDS", help="Only this kind.", shell_complete=_words)
@click.option("--active", is_flag=True, help="Only those that have not ended.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many.")
@as_viewer
@click.pass_obj
def list_(
    app: App, thing: str | None, kind: str | None, limit: int, viewer: str, *, active: bool
) -> None:
    """The relations of one thing, as they are from its side, or all of them."""
    world, audience = world_of(app), Audience.of(viewer)
    ego = world.resolve(thing, relating.ends(), audience) if thing is not None else ""
    found = relating.about(world, ego, audience) if ego else relating.every(world, audience)
    if kind is not None:
        found = relating.of_kind(found, kind)
    if active:
        found = [each for each in found if not each.ended]
    name = world.named(audience)
    views = [(each, view) for each in found[:limit] if (view := seen(each, audience, name))]
    rows = [_row(each, view, name, ego) for each, view in views]
    blocks: list[Block] = [
        Table(
            ("From", "Is", "To", "", "Id"),
            rows,
            empty='No relations yet: ttrpg relation add NAME "seeks" NAME',
        )
    ]
    blocks += showing.more(len(found), limit)
    app.screen.show(
        "ttrpg.relation.list/1",
        {"total": len(found), "relations": [_data(view) for each, view in views]},
        blocks,
    )


@relation.command()
@click.argument("source", metavar="NAME", shell_complete=_thing)
@click.argument("words", metavar="KIND", shell_complete=_words)
@click.argument("target", metavar="NAME", shell_complete=_thing)
@click.option("--secret", "secretly", is_flag=True, help="The GM's alone, as if nothing is said.")
@settable(Relation)
@click.pass_obj
def add(
    app: App,
    /,
    source: str,
    words: str,
    target: str,
    *,
    secretly: bool,
    in_editor: bool,
    **fields: Any,
) -> None:
    """Say what one thing is to another: ttrpg relation add mara seeks "the salt crown".

    KIND is one of 'ttrpg relation kinds', or words of your own.
    """
    world, values = world_of(app), given(fields)
    if secretly and values.get("audience", "gm") != "gm":
        raise InputError("it cannot be secret and known", "Leave --secret or --audience away")
    with written(app, "", wanted=in_editor) as note:
        made = relating.add(world, source, words, target, {**values, **note})
    show(app, world, made)
    app.screen.say(f"{relating.told(world, made)}. {UNDO}", "good")
    hint_unknown(app, world, made, made.audience)


@relation.command()
@naming(Relation)
@click.option("--kind", "name", metavar="WORDS", help="What the first is to the second instead.",
              shell_complete=_words)  # fmt: skip
@settable(Relation)
@click.pass_obj
def edit(app: App, /, wanted: str, *, in_editor: bool, **fields: Any) -> None:
    """Change a relation: its words, how strong it is, what there is to say of it.

    What may be given again is added to; -OLD takes OLD away, and '' empties it.
    """
    world, values = world_of(app), given(fields)
    if not (values or in_editor):
        raise InputError(
            "nothing to change", "Name a field, such as --kind; all: ttrpg relation edit --help"
        )
    old = named(world, Relation, wanted)
    with written(app, old.text, wanted=in_editor) as note:
        if note and world.get(old.ref).text != old.text:
            raise InputError("the relation was changed meanwhile", "Edit it again")
        new, different = relating.edit(world, old.ref, {**values, **note})
    show(app, world, new)
    said = showing.changed(new, different)
    if "name" in different:
        said = relating.told(world, new)
    app.screen.say(f"{said}. {UNDO}" if different else said, "good")


@relation.command()
@naming(Relation)
@click.option("--when", default="", help="When it ended, in words or as a date of the game.")
@click.pass_obj
def end(app: App, wanted: str, when: str) -> None:
    """Say that a relation is over; it stays, and 'edit --no-ended' takes it up again."""
    world = world_of(app)
    new, different = world.edit(
        named(world, Relation, wanted).ref, {"ended": True, **({"until": when} if when else {})}
    )
    show(app, world, new)
    told = "It is over" if different else "It was over already"
    app.screen.say(f"{told}. {UNDO}" if different else told, "good")


@relation.command("kinds")
@click.pass_obj
def kinds_(app: App) -> None:
    """The kinds of relations that are known, from both sides; any other words will do."""
    app.screen.show(
        "ttrpg.relation.kinds/1",
        {
            "kinds": [
                {"kind": each.words, "inverse": each.back, "symmetric": each.symmetric}
                for each in TIES
            ]
        },
        [
            Table(
                ("From one side", "From the other"),
                [(each.words, "the same" if each.symmetric else each.back) for each in TIES],
            )
        ],
    )


@relation.command("graph")
@click.argument("thing", metavar="[NAME]", required=False, shell_complete=_thing)
@click.option(
    "--depth",
    type=click.IntRange(1, relating.DEEPEST),
    default=2,
    show_default=True,
    help="Steps from NAME.",
)
@click.option(
    "--format", "form", type=click.Choice(list(FORMS)), help="Write it for another program."
)
@click.option("-o", "--output", metavar="FILE", help="Where to, with --format; else stdout.")
@click.option("--force", is_flag=True, help="Replace FILE when it is there already.")
@as_viewer
@click.pass_obj
def graph_(
    app: App,
    thing: str | None,
    depth: int,
    form: str | None,
    output: str | None,
    viewer: str,
    *,
    force: bool,
) -> None:
    """What one thing is to others, and those to others again; without a name, all relations.

    --format dot is for Graphviz, mermaid for Markdown viewers, svg a picture.
    """
    world, audience = world_of(app), Audience.of(viewer)
    ego = world.resolve(thing, relating.ends(), audience) if thing is not None else ""
    drawn = relating.drawn(world, ego, depth, audience)
    if form is None and output is not None:
        form = output.rpartition(".")[2].casefold()
        if form not in FORMS:
            raise InputError(f"no format is known by {output!r:.60}", f"--format {'|'.join(FORMS)}")
    if form is None:
        _show_graph(app, world, drawn, audience)
    elif output is None:
        click.echo(text.printable(FORMS[form](drawn)), nl=False)
    else:
        path = text.writable_file(output, force=force, ours=app.paths.irreplaceable)
        write_atomically(path, FORMS[form](drawn))
        app.audit.record(
            "data.exported",
            {"what": "relations", "file": str(path), "for": str(audience)},
            severity="security",
        )
        app.screen.show("ttrpg.relation.graph.file/1", {"file": str(path)}, [])
        app.screen.say(f"Wrote {path}, for {audience}", "good")


def _show_graph(app: App, world: World, drawn: graph.Graph, viewer: Audience) -> None:
    named = world.named(viewer)
    views = {each.ref: seen(each, viewer, named) for each in drawn.relations}
    rows: list[tuple[int, str, str]] = []
    above: dict[int, str] = {}  # the thing of each depth that was shown last
    for depth, by, thing, again in drawn.rows:
        name = drawn.names.get(thing, "?")
        above[depth] = thing
        if by is None:
            rows.append((depth, name, ""))
            continue
        view = views[by.ref]
        words = by.other(above[depth - 1])[0].words
        note = [showing.of_relation(view)] if view is not None else []
        note += ["see elsewhere"] if again else []
        rows.append((depth, f"{words} {name}", "; ".join(each for each in note if each)))
    blocks: list[Block] = [Tree(rows, empty="No relations yet.")]
    if drawn.more:
        blocks.append(Text(f"Only the first {graph.NODES_MAX} things are shown.", "dim"))
    app.screen.show(
        "ttrpg.relation.graph/1",
        {
            "things": [
                {"name": name, **({"ref": each} if viewer == GM else {})}
                for each, name in drawn.names.items()
            ],
            "relations": [_data(view) for each in drawn.relations if (view := views[each.ref])],
            "more": drawn.more,
        },
        blocks,
    )


def _row(each: Relation, view: Seen, name: Named, ego: str) -> tuple[str, ...]:
    here = ego or each.source
    way, other = each.other(here)
    return (
        name(here) or here,
        way.words,
        name(other) or other,
        showing.of_relation(view),
        each.id if view.audience else "",
    )


def _data(view: Seen) -> dict[str, Any]:
    known = tie(view.name, view.fields.get("inverse", ""))
    return {**showing.data(view), "inverse": known.back, "symmetric": known.symmetric}
