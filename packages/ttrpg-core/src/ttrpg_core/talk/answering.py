"""A question answered from passages by a model, checked before it is shown, while it comes."""

from collections.abc import Callable

import attrs

from ttrpg_core.llm import Bill, Finish, Models, Need, Purpose
from ttrpg_core.quotes import Checker
from ttrpg_core.talk.citations import Citations, Quoted
from ttrpg_core.talk.prompts import asking
from ttrpg_core.talk.sources import Passage


@attrs.define
class Answer:
    """What became of a question, filled in while the model speaks.

    ``text`` is what the model wrote and ``shown`` the same with pages and marks, as far as it came:
    after an error or Ctrl-C it holds what was there by then, and ``finish`` is "cancelled".
    ``quotes``, ``cited`` and ``unknown`` are those of :class:`.Citations`. ``bill`` is there when
    the call was made, in whatever way it ended.
    """

    question: str
    given: tuple[Passage, ...]
    text: str = ""
    shown: str = ""
    quotes: list[Quoted] = attrs.field(factory=list)
    cited: tuple[Passage, ...] = ()
    unknown: list[int] = attrs.field(factory=list)
    model: str = ""
    finish: Finish = "cancelled"
    notes: list[str] = attrs.field(factory=list)
    bill: Bill | None = None

    @property
    def unsupported(self) -> tuple[Quoted, ...]:
        """The quotes that do not stand where they are cited."""
        return tuple(each for each in self.quotes if not each.supported)


async def answer(
    models: Models,
    told: Answer,
    checker: Checker,
    show: Callable[[str], None],
    *,
    purpose: Purpose,
    need: Need | None = None,
    max_tokens: int = 1024,
) -> None:
    """Ask a model and fill in ``told``; ``show`` is given the text as it may be shown.

    What was said is kept, shown and billed also when it breaks off. Raises what
    :meth:`.Models.call` and a reply do.
    """
    citations = Citations(told.given, checker, told.question)
    told.quotes, told.unknown = citations.quotes, citations.unknown

    said: list[str] = []
    shown: list[str] = []

    def say(text: str) -> None:
        if text:
            shown.append(text)
            show(text)

    request = asking(told.question, told.given, max_tokens)
    call = None
    try:
        async with models.call(request, purpose, need) as call:
            told.model, told.notes = call.model, call.notes
            try:
                async for delta in call.reply:
                    said.append(delta.text)
                    say(citations.feed(delta.text))
            finally:
                told.finish, told.text = call.reply.finish, "".join(said)
                say(citations.end())
                told.cited = citations.cited
                told.shown = "".join(shown)
    finally:
        if call is not None:
            told.bill = call.bill
