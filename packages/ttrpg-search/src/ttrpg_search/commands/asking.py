"""``ttrpg ask``: the sentences of your books that answer, each checked where it stands."""

import attrs
import click

from ttrpg_core.app import App
from ttrpg_core.errors import CitationError, InputError, NotFound
from ttrpg_core.text import NAME_MAX, QUERY_MAX
from ttrpg_core.text import text as bounded
from ttrpg_core.views import Block, Quote, Text
from ttrpg_search.commands import ruled
from ttrpg_search.commands.citing import Cited, cited, unsupported
from ttrpg_search.commands.finding import Answer, Wanted, checked, find, keep
from ttrpg_search.commands.options import where_to_look
from ttrpg_search.commands.passages import ELLIPSIS, laid
from ttrpg_search.commands.quoting import said_of
from ttrpg_search.commands.saying import say_read, say_unanswered
from ttrpg_search.commands.shown import caption, passage, plain, systems, title
from ttrpg_search.commands.typed import piped


@click.command("ask", short_help="Ask your books: the sentences that answer, with their page")
@click.argument("question", nargs=-1)
@where_to_look
@click.option("--full", is_flag=True, help="The whole passages, with the sentences marked.")
@click.option(
    "--strict",
    is_flag=True,
    help="End with 6 when a quote or citation does not stand, or there is none.",
)
@click.option("--model", default="", metavar="VENDOR/MODEL", help="Ask this language model.")
@click.option("--no-model", is_flag=True, help="The sentences alone, whatever models are chosen.")
@click.option(
    "--anyway", is_flag=True, help="Ask a model also when the question is not in your books."
)
@click.pass_context
def ask(
    ctx: click.Context,
    question: tuple[str, ...],
    books: tuple[str, ...],
    system: str,
    kinds: tuple[str, ...],
    page: str,
    results: int | None,
    *,
    keyword_only: bool,
    players: bool,
    full: bool,
    strict: bool,
    model: str,
    no_model: bool,
    anyway: bool,
) -> None:
    """Answer QUESTION from your books, with quotes and their printed pages.

    With a language model (ttrpg models use), it answers from the best passages, and the answer is
    shown while it comes. Without one, the sentences of the books themselves are the answer. Either
    way every quote is checked against the text of the page that it is cited from. Without QUESTION,
    or with -, it is read from stdin.
    """
    app: App = ctx.obj
    if model and no_model:
        raise InputError("--model and --no-model exclude each other", "Leave one of them out")
    bounded(model, "model", NAME_MAX)
    words = " ".join(question)
    if words in {"", "-"}:
        words = " ".join(piped(QUERY_MAX).split())
    most = results or app.settings.search.results
    wanted = checked(Wanted(words, books, system, kinds, page, most, 0, keyword_only, players))
    if no_model or not (model or app.settings.models.use):
        answer = find(app, wanted)
        _say(app, answer)
        code = _by_the_books(app, answer, full=full, strict=strict)
    else:
        code = _by_model(app, wanted, results, model, full=full, strict=strict, anyway=anyway)
    if code:
        ctx.exit(code)


def _say(app: App, answer: Answer) -> None:
    if not answer.answered:
        say_unanswered(app, answer)
    say_read(app, answer)


def _by_the_books(app: App, answer: Answer, *, full: bool, strict: bool) -> int:
    """Show the sentences that answer; the exit code."""
    found = cited(app, answer)
    wrong = unsupported(found)
    app.screen.show("ttrpg.ask/1", _data(app, answer, found), _blocks(answer, found, full=full))
    keep(app, answer, "ask")
    if wrong and strict:
        raise CitationError(
            f"{wrong} quote{'s' * (wrong != 1)} cannot be found where cited",
            "The book was read anew since: ttrpg library reindex",
        )
    return 0 if answer.answered else NotFound.code


def _by_model(
    app: App,
    wanted: Wanted,
    results: int | None,
    model: str,
    *,
    full: bool,
    strict: bool,
    anyway: bool,
) -> int:
    """Let a model answer from the passages; where it cannot, they are shown themselves."""
    from ttrpg_search.commands import modelled

    answer = find(app, attrs.evolve(wanted, count=results or modelled.GIVEN))
    best = answer.hits[: wanted.count]
    fewer = Answer(wanted, answer.findings, best, answer.books, answer.ms, answer.rulings)
    _say(app, fewer)
    if not best or not (answer.findings.answered or anyway):
        if best:
            app.screen.say("No model was asked, and nothing is paid; --anyway asks one", "dim")
        return _by_the_books(app, fewer, full=full, strict=strict)
    outcome = modelled.asked(app, answer, model)
    if not outcome.told.text.strip():
        modelled.say_ended(app, outcome)
        code = _by_the_books(app, fewer, full=full, strict=strict)
        return outcome.code or code
    blocks = modelled.sources(answer, outcome.told, full=full)
    if answer.rulings:
        above = ruled.blocks(answer.rulings)[:-1]
        blocks = [Text(""), Text("Rulings of this table", "title"), *above, *blocks]
    if outcome.error is not None:
        blocks += [Text(""), Text("The passages themselves", "title")]
        blocks += _blocks(fewer, cited(app, fewer), full=full)
    app.screen.show("ttrpg.answer/1", modelled.data(app, answer, outcome), blocks)
    modelled.say_ended(app, outcome)
    keep(app, answer, "ask")
    return modelled.ended(outcome, strict=strict)


def _blocks(answer: Answer, found: list[Cited], *, full: bool) -> list[Block]:
    told = systems(answer)
    blocks: list[Block] = ruled.blocks(answer.rulings)
    above = len(blocks)
    for number, one in enumerate(found, 1):
        hit = one.quoted.hit
        book = answer.books[hit.chunk.sha256]
        said = caption(attrs.evolve(hit, chunk=attrs.evolve(hit.chunk, label=one.label)), book)
        if len(blocks) > above:
            blocks.append(Text(""))
        blocks.append(Text(title(number, hit, book, told.get(book.sha256, "")), "title"))
        if full:
            blocks += passage(hit.chunk, said, one.quoted.spans, full=True)
        else:
            blocks += _quote(one, said)
        for verdict in one.verdicts:
            if verdict.outcome != "supported":
                blocks.append(Text(f"Not supported: {said_of(verdict)}", "bad"))
    return blocks


def _quote(one: Cited, said: str) -> list[Block]:
    """The sentences alone, what is left out between them shown by an …; rows as a table."""
    text = one.quoted.hit.chunk.text
    start, end = one.quoted.head
    if end:
        rows = "\n".join(text[a:b] for a, b in one.quoted.spans)
        set_out = laid(f"{text[start:end]}\n{rows}")
        if set_out.text:
            return [Quote(set_out.text, said)]
        return [*set_out.tables, Text(said, "dim")]
    whole, marks = "", []
    at = 0
    for first, last in one.quoted.spans:
        gap = text[at:first].strip()
        if whole:
            whole += f" {ELLIPSIS} " if gap else "\n" if "\n" in text[at:first] else " "
        shift = len(whole) - first
        marks += [(a + shift, b + shift) for a, b in one.quoted.hit.marks if first <= a < last]
        whole += text[first:last]
        at = last
    set_out = laid(whole, marks)
    return [Quote(set_out.text, said, set_out.marks)]


def _data(app: App, answer: Answer, found: list[Cited]) -> dict[str, object]:
    findings = answer.findings
    return {
        "question": answer.wanted.query,
        "searched": findings.corrected or answer.wanted.query,
        "suggested": findings.suggested or None,
        "answered": answer.answered,
        "rulings": ruled.data(answer.rulings),
        "supported": not unsupported(found),
        "passages": [
            {
                **plain(app, number, one.quoted.hit, answer),
                "quotes": [
                    {
                        "text": text,
                        "span": list(span),
                        "verdict": verdict.outcome,
                        "page": verdict.found.label or None if verdict.found else None,
                    }
                    for text, span, verdict in zip(
                        one.quoted.texts, one.quoted.spans, one.verdicts, strict=True
                    )
                ],
            }
            for number, one in enumerate(found, 1)
        ],
        "ms": round(answer.ms, 2),
    }
