"""``models``: which language models there are, which are asked, and how they are."""

import json
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from ttrpg_cli import modelled
from ttrpg_core import entries, text
from ttrpg_core.app import App
from ttrpg_core.errors import AuthError, NotFound, ProviderError
from ttrpg_core.llm import Delta, Message, Need, Purpose, Request
from ttrpg_core.llm.calls import Call
from ttrpg_core.llm.money import summary
from ttrpg_core.llm.routing import Health, ask_vendors
from ttrpg_core.llm.routing.vendors import split
from ttrpg_core.paths import locked
from ttrpg_core.settings import Config, Source
from ttrpg_core.store import peek
from ttrpg_core.text import nearest
from ttrpg_core.views import Block, Fields, Table, Text

QUESTION = "What does a fall of 30 feet do?"
"""What is weighed where no question is given: as long as most are."""
TRIAL = "Count from one to twelve in words, with commas between them."
"""Long enough to come in several pieces, and short enough to cost next to nothing."""
TRIAL_TOKENS = 256
"""A model that reasons needs some before it speaks."""
LONGEST_QUESTION = 100_000


def _names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models for the shell: those that vendors named."""
    database = ctx.find_root().obj.paths.database
    rows = peek(database, "SELECT model, vendor FROM models ORDER BY model")
    return [CompletionItem(name) for name, _vendor in rows if name.startswith(incomplete)]


def _vendors(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Vendors for the shell."""
    known = ctx.find_root().obj.plugins.entries(entries.Provider)
    return [
        CompletionItem(name, help=entry.summary)
        for name, entry in known.items()
        if name.startswith(incomplete)
    ]


def _model(_: click.Context, __: click.Parameter, value: str) -> str:
    """A model as it was typed: one short line of text."""
    return text.name(value, "model") if value else value


def _models(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_model(ctx, param, each) for each in value)


@click.group(
    invoke_without_command=True, short_help="Language models: which are asked, and how they are"
)
@click.pass_context
def models(ctx: click.Context) -> None:
    """Language models. Without a command: the list.

    A model is VENDOR/MODEL, such as anthropic/claude-haiku-4-5.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@models.command("list")
@click.option("--vendor", metavar="NAME", shell_complete=_vendors, help="Of this vendor alone.")
@click.pass_obj
def list_(app: App, vendor: str | None) -> None:
    """Which models there are: each vendor with a key is asked, which costs nothing.

    Where one cannot be asked, what it named before is shown. A price is in dollars for a million
    tokens, in and out.
    """
    router = app.models
    wanted = [_vendor(app, vendor)] if vendor else list(router.vendors.known)
    answers = _ask(app, wanted)
    found = [
        modelled.Known.of(router, name)
        for answer in answers
        for name in modelled.names(router, answer)
    ]
    app.screen.show(
        "ttrpg.models/1",
        {
            "models": [each.data() for each in found],
            "vendors": [modelled.health_data(each) for each in answers],
        },
        modelled.listing(found),
    )
    keyless = [each.vendor for each in answers if isinstance(each.error, AuthError)]
    if keyless:
        app.screen.say(f"Without a key: {', '.join(keyless)}; see: ttrpg keys set", "dim")
    for answer in answers:
        if answer.error is not None and answer.vendor not in keyless:
            app.screen.say(f"{answer.vendor}: {answer.error.message}", "dim")
    if vendor and not found and answers[0].error is not None:
        raise answers[0].error
    if not router.names():
        app.screen.say("None is asked yet; choose one: ttrpg models use VENDOR/MODEL", "warn")


@models.command()
@click.argument("model", callback=_model, shell_complete=_names)
@click.pass_obj
def show(app: App, model: str) -> None:
    """One model: what it can do, what it costs, and how it has fared."""
    router = app.models
    _vendor(app, split(model)[0])
    known = modelled.Known.of(router, model)
    if known.error is not None and known.unknown:
        raise known.error
    record = router.records.record(model)
    app.screen.show(
        "ttrpg.models.show/1",
        {**known.data(), **modelled.record_data(router, model)},
        [Fields([*known.pairs(), *modelled.fared(router, model, record)])],
    )
    if known.error is not None:
        app.screen.say(known.error.message, "warn")
    elif note := _not_named(app, model):
        app.screen.say(note, "warn")


@models.command()
@click.argument("model", callback=_model, shell_complete=_names)
@click.pass_obj
def test(app: App, model: str) -> None:
    """Ask a model something small, to see that it answers; that costs a little.

    It is asked though it is left alone after failures, and trusted again when it answers.
    """
    request = Request([Message("user", TRIAL)], max_tokens=TRIAL_TOKENS)
    _vendor(app, split(model)[0])
    app.models.vendors.model(model)
    app.screen.say(f"Asking {model} ...", "dim")
    call, pieces = app.run(_trial(app, request, Need(model=model, fallback=False)))
    bill = call.bill
    assert bill is not None, "the block was left"
    first = bill.first_seconds or 0.0
    streams = f"{pieces} pieces" if pieces > 1 else "the text came in one piece: it does not stream"
    pairs = [
        ("model", call.model),
        ("answer", " ".join(call.reply.text.split())[:200] or f"no words ({call.reply.finish})"),
        ("first piece", f"{first:.2f} s"),
        ("whole", f"{bill.seconds:.2f} s"),
        ("streaming", streams),
        ("ended", call.reply.finish),
    ]
    app.screen.show(
        "ttrpg.models.test/1",
        {
            "model": call.model,
            "answer": call.reply.text,
            "first_seconds": round(first, 3),
            "seconds": round(bill.seconds, 3),
            "pieces": pieces,
            "finish": call.reply.finish,
            "input": bill.usage.input,
            "output": bill.usage.output,
            "cost": bill.cost,
            "certainty": bill.certainty,
        },
        [Fields(pairs)],
    )
    for note in call.notes:
        app.screen.say(note, "warn")
    app.screen.say(summary(bill), "dim")


async def _trial(app: App, request: Request, need: Need) -> tuple[Call, int]:
    """The call, and in how many pieces its text came."""
    pieces = 0
    async with app.models.call(request, Purpose("test"), need) as call:
        async for piece in call.reply:
            pieces += _speaks(piece)
    return call, pieces


def _speaks(piece: Delta) -> bool:
    return bool(piece.text or piece.reasoning)


@models.command()
@click.argument(
    "names",
    nargs=-1,
    required=True,
    metavar="MODEL...",
    callback=_models,
    shell_complete=_names,
)
@click.option("--add", is_flag=True, help="After those that are asked already.")
@click.pass_obj
def use(app: App, names: tuple[str, ...], add: bool) -> None:  # noqa: FBT001 - click's signature
    """Choose the models to ask, the best first; the next is asked when one does not answer."""
    router = app.models
    for name in names:
        _vendor(app, split(name)[0])
        router.vendors.model(name)
    audit = app.audit  # before it is written: nothing is changed that could not be told of
    with locked(app.paths.config):  # and read again: another window may have added one since
        now = Config(app.paths, app.environ, app.flags, campaign=False)
        old = list(now.get("models.use").value)
        chosen = list(dict.fromkeys([*(old if add else []), *names]))
        new = app.config.set("models.use", json.dumps(chosen))
    audit.record("setting.changed", {"key": "models.use", "old": str(old), "new": str(chosen)})
    app.screen.show("ttrpg.models.use/1", {"use": chosen, "was": old}, [])
    app.screen.say(f"Asked from now on: {', '.join(chosen)} ({new.where})", "good")
    if (source := app.config.get("models.use")).source > Source.USER:
        app.screen.say(f"{source.where} still overrides it", "warn")
    for name in names:
        obstacle = router.vendors.obstacle(name.partition("/")[0])
        if obstacle is not None:
            app.screen.say(f"{obstacle.message}. {obstacle.hint}", "warn")
        elif note := _not_named(app, name):
            app.screen.say(note, "warn")


@models.command()
@click.pass_obj
def health(app: App) -> None:
    """Ask each vendor whether it is well, and show how each model has fared."""
    router = app.models
    used = {name.partition("/")[0] for name in router.names()}
    wanted = [
        name
        for name in router.vendors.known
        if name in used or router.vendors.obstacle(name) is None
    ]
    answers = _ask(app, wanted)
    down = [each for each in answers if each.error is not None and each.vendor in used]
    for each in down:
        if isinstance(each.error, ProviderError) and not isinstance(each.error, AuthError):
            said = f"{each.vendor}: {each.error.message}"
            app.alerts.raise_alert("provider_down", each.vendor, "warning", said)
    asked = list(dict.fromkeys([*router.names(), *router.records.fared()]))
    blocks: list[Block] = [
        Table(
            ("Vendor", "State", "Models", "Answered in"),
            [modelled.health_row(each) for each in answers],
            empty="No vendor of language models can be asked; see: ttrpg keys",
        ),
        *(
            Text(f"{each.vendor}: {each.error.message}. {each.error.hint}", "warn")
            for each in down
            if each.error is not None
        ),
    ]
    if asked:
        rows = [modelled.fared_row(router, name) for name in asked]
        blocks += [
            Text(""),
            Table(("Model", "State", "Begins in", "Answered", "Failed"), rows),
            *(
                Text(f"{name}: {error}", "dim")
                for name in asked
                if (error := modelled.last_error(router, router.records.record(name)))
            ),
        ]
    app.screen.show(
        "ttrpg.models.health/1",
        {
            "vendors": [modelled.health_data(each) for each in answers],
            "models": [{"model": n, **modelled.record_data(router, n)} for n in asked],
        },
        blocks,
    )
    if down:
        raise ProviderError(f"cannot be asked: {', '.join(each.vendor for each in down)}")


@models.command()
@click.argument("question", required=False)
@click.option(
    "--model", metavar="MODEL", default="", shell_complete=_names, help="If you named it."
)
@click.pass_obj
def why(app: App, question: str | None, model: str) -> None:
    """Which model would be asked, and why not the others. Nothing is sent, and nothing costs."""
    asked = text.text(question or QUESTION, "question", LONGEST_QUESTION)
    request = Request([Message("user", asked)], max_tokens=app.settings.models.max_tokens)
    weighed, notes = app.models.why(request, Purpose("why"), Need(model=model))
    would = {"asked": "would be asked", "next": "then", "left out": "left out", "failed": "failed"}
    app.screen.show(
        "ttrpg.models.why/1",
        {
            "strategy": app.settings.models.strategy,
            "weighed": [
                {"model": each.model, "verdict": each.verdict, "reason": each.reason}
                for each in weighed
            ],
            "notes": notes,
        },
        [
            Table(
                ("Model", "", "Why"),
                [(each.model, would[each.verdict], each.reason) for each in weighed],
            )
        ],
    )
    for note in notes:
        app.screen.say(note, "warn")


def _vendor(app: App, name: str) -> str:
    """The name of a vendor that is installed; NotFound with the nearest for another."""
    obstacle = app.models.vendors.obstacle(name)
    if isinstance(obstacle, NotFound):
        raise obstacle
    return name


def _ask(app: App, names: Sequence[str]) -> list[Health]:
    """Every vendor that can be asked, and why the others cannot."""
    router = app.models
    able = [name for name in names if router.vendors.obstacle(name) is None]
    if able:
        app.screen.say(f"Asking {', '.join(able)} ...", "dim")
    return app.run(ask_vendors(router.vendors, router.records, names))


def _not_named(app: App, model: str) -> str:
    """That a vendor does not name a model, as far as it is known which it does; else empty.

    It may have it all the same: few vendors name every one.
    """
    vendor = model.partition("/")[0]
    named = app.models.records.named(vendor)
    if not named:
        (answer,) = _ask(app, [vendor])
        if answer.error is not None:
            return f"Whether there is such a model is not known: {answer.error.message}"
        named = app.models.records.named(vendor)
    if model in named:
        return ""
    return f"{model} is not among the models that {vendor} names. {nearest(model, named)}".rstrip()
