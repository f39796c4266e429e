"""What is shown of a reply: the words while they come, then what they rest on and cost."""

from collections.abc import Iterator, Sequence

import attrs
import click

from ttrpg_cli.talking.kept import counted, short
from ttrpg_core.app import App
from ttrpg_core.llm import Bill, ToolCall, ToolResult, Usage
from ttrpg_core.llm.chats.exporting import cited, plain
from ttrpg_core.llm.money import summary
from ttrpg_core.proposals import Proposal
from ttrpg_core.talk.reading import cited_numbers
from ttrpg_core.talk.turns import Answered, Conversation
from ttrpg_core.views import Screen, Stream


@attrs.define
class Shown:
    """A listener that streams to the screen."""

    stream: Stream
    screen: Screen
    begun: bool = False

    def piece(self, text: str) -> None:
        """The next words."""
        self.stream.write(text)
        self.begun = True

    def used(self, call: ToolCall, result: ToolResult) -> None:
        """A tool was used: a line about it, outside of the reply."""
        if self.begun:
            self.stream.write("\n\n")
            self.begun = False
        said = short(result.text)
        if call.name == "search_books" and not result.failed:
            said = "looked into your books"
        verb = "failed: " if result.failed else ""
        self.screen.say(f"({call.name}: {verb}{said})", "dim")

    def note(self, text: str) -> None:
        """Something about the call."""
        self.screen.say(text, "dim")


def say_after(app: App, talk: Conversation, answered: Answered) -> None:
    """What is to be known of a reply, on stderr; the last line is what it cost."""
    for said in _troubles(talk, answered):
        app.screen.say(said, "warn")
    used = set(cited_numbers(answered.text))
    for source in answered.sources:
        if source.number in used:
            app.screen.say(cited(source), "dim")
    if answered.bills:
        app.screen.say(summary(total(answered.bills)), "dim")


def _troubles(talk: Conversation, answered: Answered) -> Iterator[str]:
    """What is wrong with a reply, a line each."""
    finish = answered.turns[-1].finish if answered.turns else ""
    if answered.stopped:
        yield "Stopped; what came is kept" if answered.text else "Stopped before anything came"
    elif not answered.text.strip():
        yield "The model said nothing; ask again, or another model"
    if finish == "length":
        yield "Cut at the longest reply that is allowed: models.max_tokens"
    elif finish == "refused":
        yield "The model declined to go on"
    if answered.bare:
        yield "It wanted more tools than chat.rounds allows"
    if answered.text and answered.sources and not cited_numbers(answered.text):
        yield "It cites none of the passages it was given, so nothing of it was checked"
    wrong = sum(not quote.supported for quote in answered.quotes)
    if wrong:
        verb = "does" if wrong == 1 else "do"
        yield f"{counted(wrong, 'quote')} {verb} not stand where cited"
    for thing in answered.slips:
        yield f"{talk.voice.title} may have spoken of what is not known: {thing}"


def decide(app: App, proposed: Sequence[Proposal], talk: Conversation) -> None:
    """Ask about each proposal; what nobody decides on waits, as do all that Ctrl-C leaves."""
    waiting = 0
    for number, proposal in enumerate(proposed):
        app.screen.say(f"Proposal {proposal.id} for {proposal.campaign}:", "title")
        for line in proposal.lines:
            app.screen.say(f"  {line}")
        try:
            yes = app.screen.ask("Write it down?", default=False)
        except (KeyboardInterrupt, click.Abort):
            app.screen.say("")
            waiting += len(proposed) - number
            break
        if yes:
            talk.toolbox.proposals.accept(proposal.id)
            app.screen.say("Done. 'ttrpg undo' takes it back", "good")
        else:
            waiting += 1
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        app.screen.say(f"{counted(waiting, 'proposal')} {verb}: ttrpg chat pending", "warn")


def total(bills: Sequence[Bill]) -> Bill:
    """Several calls as one: what they used and cost together, and what is left after the last."""
    last = bills[-1]
    costs = [bill.cost for bill in bills]
    known = [cost for cost in costs if cost is not None]
    exact = all(bill.certainty == "priced" for bill in bills)
    return attrs.evolve(
        last,
        usage=Usage(
            input=sum(bill.usage.input for bill in bills),
            output=sum(bill.usage.output for bill in bills),
        ),
        cost=sum(known) if len(known) == len(costs) else None,
        certainty=last.certainty if len(bills) == 1 else "priced" if exact else "estimated",
    )


def data(talk: Conversation, answered: Answered) -> dict[str, object]:
    """A reply as plain values, for ``--json``."""
    bill = total(answered.bills) if answered.bills else None
    return {
        "chat": talk.chat.id,
        "model": answered.turns[-1].model if answered.turns else None,
        "text": answered.text,
        "stopped": answered.stopped,
        "turns": [plain(turn, pictures=False) for turn in answered.turns],
        "unsupported": [quote.text for quote in answered.quotes if not quote.supported],
        "slips": list(answered.slips),
        "proposals": [{"id": p.id, "changes": p.lines} for p in answered.proposed],
        "usage": None if bill is None else attrs.asdict(bill.usage),
        "cost": None if bill is None else bill.cost,
        "left": None if bill is None else bill.left,
        "budget": None if bill is None else bill.budget or None,
    }
