"""``ttrpg ask`` with a language model: an answer, its quotes checked, and what it cost."""

import attrs

from ttrpg_core import records
from ttrpg_core.app import App
from ttrpg_core.errors import (
    BadReply,
    CitationError,
    Offline,
    ProviderError,
    Refused,
    TtrpgError,
)
from ttrpg_core.llm import Need, Purpose
from ttrpg_core.llm.money import summary
from ttrpg_core.quotes import Checker
from ttrpg_core.talk.answering import Answer as Told
from ttrpg_core.talk.answering import answer
from ttrpg_core.talk.citations import Quoted
from ttrpg_core.talk.sources import Passage, passages
from ttrpg_core.views import Block, Text
from ttrpg_search.commands import ruled
from ttrpg_search.commands.finding import Answer
from ttrpg_search.commands.passages import ELLIPSIS
from ttrpg_search.commands.quoting import said_of
from ttrpg_search.commands.shown import caption, passage, plain

GIVEN = 8
"""Passages that a model is given, unless the user says how many."""
MOST = 24_000
"""Characters of passages that a model is given at the most: some 6,000 tokens."""
SHOWN = 60
"""Characters of a quote that are repeated with its verdict."""


@attrs.define
class Outcome:
    """What became of asking a model: the answer as far as it came, and what ended it early."""

    told: Told
    error: TtrpgError | None = None
    stopped: bool = False

    @property
    def code(self) -> int:
        """The exit code that an error ends with; --offline was the user's own word, and is none."""
        return 0 if self.error is None or isinstance(self.error, Offline) else self.error.code

    @property
    def why(self) -> str:
        """The error in one line."""
        if self.error is None:
            return ""
        hint = self.error.hint.partition("\n")[0]
        return f"{self.error.message}. {hint}" if hint else self.error.message


def asked(app: App, found: Answer, model: str) -> Outcome:
    """Ask a model about what was found, and show its answer while it comes.

    What a vendor, a budget or a setting refuses is in the outcome: there still are the passages.
    """
    given = passages(found.hits, found.books, MOST)
    outcome = Outcome(Told(_question(found), given))
    checker = Checker(app.library, dict.fromkeys(each.sha256 for each in given))
    campaign = records.current(app.store.connection)
    try:
        with app.screen.stream(f"Asking {model or 'a model'}") as stream:
            app.run(
                answer(
                    app.models,
                    outcome.told,
                    checker,
                    stream.write,
                    purpose=Purpose("ask", campaign=campaign.id if campaign else ""),
                    need=Need(model=model),
                    max_tokens=app.settings.models.max_tokens,
                )
            )
    except KeyboardInterrupt:
        outcome.stopped = True
    except TtrpgError as error:
        outcome.error = error
    else:
        outcome.error = _failed(outcome.told)
    return outcome


def _question(found: Answer) -> str:
    """The question as a model is asked it, with the rulings that stand above the passages."""
    if not found.rulings:
        return found.wanted.query
    told = [f"- {each.name}" + (f": {each.text}" if each.text else "") for each in found.rulings]
    above = "This table has ruled, and that stands above any book:"
    return "\n".join([found.wanted.query, "", above, *told])[:MOST]


def _failed(told: Told) -> ProviderError | None:
    """The error of a reply that came whole and is no answer."""
    if told.finish == "refused":
        return Refused(f"{told.model} declined to answer")
    return None if told.text.strip() else BadReply(f"{told.model} answered nothing")


def say_ended(app: App, outcome: Outcome) -> None:
    """On stderr: what the user should know of the answer, and what it cost.

    Raises KeyboardInterrupt when it was stopped before a word had come.
    """
    told = outcome.told
    for note in told.notes:
        app.screen.say(note[:1].upper() + note[1:], "dim")
    if told.finish == "length":
        app.screen.say("The answer was cut off: raise the setting models.max_tokens", "warn")
    whole = told.finish != "cancelled"
    if whole and told.text.strip() and not told.quotes and not told.cited:
        app.screen.say("It cites no passage, so nothing of it was checked", "warn")
    if told.bill is not None:
        app.screen.say(f"{told.model}: {summary(told.bill)}", "dim")
    if outcome.error is not None:
        app.screen.say(outcome.why, "bad" if outcome.code else "warn")
    if outcome.stopped and not told.text:
        raise KeyboardInterrupt


def ended(outcome: Outcome, *, strict: bool) -> int:
    """The exit code, after all was shown. CitationError, where the user is strict."""
    if outcome.stopped:
        raise KeyboardInterrupt
    wrong = _unfounded(outcome.told)
    if wrong and strict and not outcome.code:
        raise CitationError(wrong, "What the books say themselves: --no-model")
    return outcome.code


def _unfounded(told: Told) -> str:
    """What of an answer does not rest on the books, as ``--strict`` has it; "" for nothing."""
    if wrong := len(told.unsupported):
        return f"{wrong} quote{'s' * (wrong != 1)} of the answer cannot be found where cited"
    if told.unknown:
        named = ", ".join(map(str, dict.fromkeys(told.unknown)))
        return f"the answer cites what it was not given: {named}"
    if not told.quotes and not told.cited:
        return "the answer cites no passage, so nothing of it was checked"
    return ""


def sources(found: Answer, told: Told, *, full: bool) -> list[Block]:
    """The passages that were cited, each with its quotes, then the quotes that stand in none."""
    blocks: list[Block] = []
    for each in told.cited:
        hit = found.hits[each.number - 1]
        said = caption(hit, found.books[each.sha256])
        blocks.append(Text(f"[{each.number}] {_named(each)}"))
        blocks += [_verdict(quote) for quote in told.quotes if quote.source == each.number]
        if full:
            blocks += [*passage(hit.chunk, said, hit.marks, full=True), Text("")]
    shown = {each.number for each in told.cited}
    rest = [_verdict(quote) for quote in told.quotes if quote.source not in shown]
    if blocks:
        blocks = [Text(""), Text("Sources", "title"), *blocks]
    if rest:
        blocks += [Text(""), Text("Quotes that stand in no source", "title"), *rest]
    return blocks


def _named(each: Passage) -> str:
    path = each.path[1:] if each.path[:1] == (each.title,) else each.path
    return ", ".join(part for part in (each.title, each.where, " > ".join(path)) if part)


def _verdict(quote: Quoted) -> Text:
    text = " ".join(quote.text.split())
    short = text if len(text) <= SHOWN else f"{text[: SHOWN - 1].rstrip()}{ELLIPSIS}"
    verdict = quote.verdict
    if quote.supported:
        return Text(f'    Stands there: "{short}"', "good")
    if verdict.outcome == "misattributed" and quote.source is not None:
        return Text(f'    Stands here, and not where it was cited: "{short}"', "warn")
    why = "not in these books" if verdict.outcome == "not_found" else said_of(verdict)
    return Text(f'    Not supported: "{short}": {why}', "bad")


def data(app: App, found: Answer, outcome: Outcome) -> dict[str, object]:
    """Everything, as ``ttrpg.answer/1``."""
    told, bill = outcome.told, outcome.told.bill
    cited = {each.number for each in told.cited}
    return {
        "question": found.wanted.query,
        "searched": found.findings.corrected or found.wanted.query,
        "answered": found.answered,
        "rulings": ruled.data(found.rulings),
        "model": told.model,
        "answer": told.shown,
        "text": told.text,
        "finish": told.finish,
        "error": outcome.why or None,
        "supported": not _unfounded(told),
        "quotes": [_quote(quote) for quote in told.quotes],
        "unknown": list(told.unknown),
        "sources": [
            {**plain(app, each.number, hit, found), "cited": each.number in cited}
            for each, hit in zip(told.given, found.hits, strict=False)  # a long one may be left out
        ],
        "usage": attrs.asdict(bill.usage) if bill else None,
        "cost": bill.cost if bill else None,
        "certainty": bill.certainty if bill else None,
        "left": bill.left if bill else None,
        "budget": (bill.budget or None) if bill else None,
        "notes": list(told.notes),
        "ms": round(found.ms, 2),
    }


def _quote(quote: Quoted) -> dict[str, object]:
    stands = quote.verdict.found
    return {
        "text": quote.text,
        "verdict": quote.verdict.outcome,
        "cited": list(quote.cited),
        "source": quote.source,
        "page": stands.label or None if stands else None,
        "differences": [attrs.asdict(each) for each in quote.verdict.differences],
    }
