"""What a model may do in a conversation: roll, search, look up, and propose; never write.

A tool's answer is bounded and fenced, as what stands in a book is not ours to trust. A call that
cannot be run, for a tool that there is not or arguments that make no sense, is answered as failed,
so the model can mend it; nothing a model says raises.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ttrpg_core.audience import GM, PARTY, Audience, project
from ttrpg_core.dice import roll
from ttrpg_core.errors import InputError, TtrpgError
from ttrpg_core.journal import Journal
from ttrpg_core.library import Library
from ttrpg_core.llm import Tool, ToolCall, ToolResult
from ttrpg_core.llm.chats import Cited
from ttrpg_core.proposals import NOTE_MAX, Proposals
from ttrpg_core.proposals.proposal import NOTHING, Evidence, Proposal
from ttrpg_core.search import Finder, Question
from ttrpg_core.table.campaigns import EDITABLE, Campaign
from ttrpg_core.table.world.entity import parts
from ttrpg_core.table.world.kinds import KINDS
from ttrpg_core.talk import world_facts
from ttrpg_core.talk.sources import Passage, fenced
from ttrpg_core.talk.voices import campaign_facts
from ttrpg_core.text import NAME_MAX, QUERY_MAX, TEXT_MAX
from ttrpg_core.world import Reader

MOST_PASSAGES = 5
"""Passages that one search answers at the most."""
PASSAGE_MAX = 2000
"""Characters of a passage that a model is given."""
RESULT_MAX = 12_000
"""Characters that a tool answers at the most."""
PROPOSED_MAX = 5
"""Proposals that are taken in one reply."""
_HISTORY = 15


@attrs.frozen
class Ability:
    """A tool and the code behind it, which answers text and may raise TtrpgError."""

    tool: Tool
    run: Callable[[Mapping[str, Any]], str]


@attrs.define
class Toolbox:
    """The tools of one conversation, as ``viewer`` may use them.

    ``asked`` is what a person said last: what is proposed rests on it.

    ``sources`` are the passages that were given to the model for this answer, from whatever side:
    a search goes on with their numbers. ``earlier`` are those of the answers before it: theirs are
    taken, and a passage that comes again keeps its own. ``proposed`` are this answer's proposals.
    """

    journal: Journal
    library: Library
    finder: Finder | None
    rng: random.Random
    proposals: Proposals
    campaign: Campaign | None = None
    viewer: Audience = GM
    chat: str = ""
    sources: list[Cited] = attrs.field(factory=list)
    earlier: list[Cited] = attrs.field(factory=list)
    proposed: list[Proposal] = attrs.field(factory=list)
    asked: Evidence = NOTHING

    @property
    def session(self) -> str:
        """The id of the session that is played, "" while none is: budgets may be for one."""
        return parts(self._reader().running())[1] if self.campaign is not None else ""

    def tools(self) -> tuple[Tool, ...]:
        """The tools that there are for this viewer."""
        return tuple(ability.tool for ability in self._abilities().values())

    def run(self, call: ToolCall) -> ToolResult:
        """Do what was asked, or say why not."""
        ability = self._abilities().get(call.name)
        if ability is None:
            known = ", ".join(self._abilities()) or "none"
            return ToolResult(call.id, f"There is no tool {call.name!r:.60}. Known: {known}", True)
        if call.unread:
            return ToolResult(call.id, "The arguments were not one JSON object; send one", True)
        try:
            said = ability.run(_checked(call.arguments, ability.tool))
        except TtrpgError as error:
            return ToolResult(call.id, f"{error.message}. {error.hint}".rstrip(". ") + ".", True)
        return ToolResult(call.id, said[:RESULT_MAX])

    def passages(self, question: str, count: int) -> list[Cited]:
        """The passages of the books that answer best and may be seen; numbered, and kept."""
        if self.finder is None or count < 1 or not question.strip():
            return []
        asked = Question(" ".join(question.split())[:QUERY_MAX], count=count * 3)
        found = self.finder.find(asked)
        known = {source.digest for source in self.sources}
        numbers = {source.digest: source.number for source in self.earlier}
        free = max((source.number for source in (*self.earlier, *self.sources)), default=0)
        fresh: list[Cited] = []
        for hit in found.hits if found.answered else ():
            chunk = hit.chunk
            book = self.library.book_of(chunk.sha256)
            source = Cited(
                number=numbers.get(chunk.digest) or free + 1,
                book=book.title if book else "",
                path=chunk.path or ((chunk.heading,) if chunk.heading else ()),
                label=chunk.label,
                page=chunk.first_page,
                text=chunk.text[:PASSAGE_MAX],
                sha256=chunk.sha256,
                digest=chunk.digest,
                audience=GM if chunk.gm_only else PARTY,
            )
            if book and self.viewer.sees(source.audience) and chunk.digest not in known:
                fresh.append(source)
                free = max(free, source.number)
            if len(fresh) == count:
                break
        self.sources += fresh
        return fresh

    def _abilities(self) -> dict[str, Ability]:
        """By name; an NPC only rolls, and only the Game Master's own talk may propose."""
        found = [Ability(_ROLL, self._roll)]
        if self.viewer.sees(PARTY):
            if self.finder is not None:
                found.append(Ability(_SEARCH, self._search))
            if self.campaign is not None:
                found.append(Ability(_CAMPAIGN, self._campaign))
                found.append(Ability(_WORLD, self._world))
        if self.viewer == GM and self.campaign is not None:
            found += [
                Ability(_CHANGES, self._changes),
                Ability(_NOTE, self._note),
                Ability(_EDIT, self._edit),
                Ability(_NEW, self._new),
                Ability(_REMOVAL, self._removal),
            ]
        return {ability.tool.name: ability for ability in found}

    def _roll(self, asked: Mapping[str, Any]) -> str:
        return roll(asked["dice"], self.rng).text

    def _search(self, asked: Mapping[str, Any]) -> str:
        fresh = self.passages(asked["question"], min(asked.get("count", 3), MOST_PASSAGES))
        return given(fresh) if fresh else "Nothing in the books answers that."

    def _campaign(self, asked: Mapping[str, Any]) -> str:
        assert self.campaign is not None
        if thing := asked.get("thing"):
            return world_facts.one(self._reader(), thing, self.viewer)
        facts = project(campaign_facts(self.campaign), self.viewer)
        counts = world_facts.counts(self._reader(), self.viewer)
        return "\n".join([*(fact.text for fact in facts), *counts])

    def _world(self, asked: Mapping[str, Any]) -> str:
        return world_facts.found(self._reader(), asked["words"], self.viewer)

    def _reader(self) -> Reader:
        assert self.campaign is not None
        return Reader(self.journal.store.connection, self.campaign.id)

    def _changes(self, asked: Mapping[str, Any]) -> str:
        assert self.campaign is not None
        count = min(asked.get("count", _HISTORY), _HISTORY)
        entries = self.journal.history(count, campaign=self.campaign.id)
        return "\n".join(f"{e.at[:16]} {e.prose}" for e in entries) or "Nothing was changed yet."

    def _note(self, asked: Mapping[str, Any]) -> str:
        return self._propose(
            asked,
            lambda to, why: self.proposals.note(to, asked["note"], self.chat, why),
        )

    def _edit(self, asked: Mapping[str, Any]) -> str:
        fields, thing = {asked["field"]: asked["value"]}, asked.get("thing", "")
        if not thing:
            return self._propose(
                asked, lambda to, why: self.proposals.edit(to, fields, self.chat, why)
            )
        return self._propose(
            asked, lambda to, why: self.proposals.change(to, thing, fields, self.chat, why)
        )

    def _new(self, asked: Mapping[str, Any]) -> str:
        known = ("name", "summary", "text", "source", "target")
        fields = {name: asked[name] for name in known if name in asked}
        kind = asked["kind"]
        return self._propose(
            asked, lambda to, why: self.proposals.add(to, kind, fields, self.chat, why)
        )

    def _removal(self, asked: Mapping[str, Any]) -> str:
        thing = asked["thing"]
        return self._propose(
            asked, lambda to, why: self.proposals.remove(to, thing, self.chat, why)
        )

    def _propose(
        self, asked: Mapping[str, Any], make: Callable[[Campaign, Evidence], Proposal]
    ) -> str:
        assert self.campaign is not None
        if len(self.proposed) >= PROPOSED_MAX:
            raise InputError(f"{PROPOSED_MAX} proposals are enough for one answer", "Go on without")
        before = tuple(f"{each.book}, {each.label}".rstrip(", ") for each in self.sources)
        why = attrs.evolve(
            self.asked,
            because=asked.get("because", ""),
            quotes=tuple(dict.fromkeys(before))[:MOST_PASSAGES],
        )
        self.proposed.append(make(self.campaign, why))
        return "Put to the Game Master, who decides after your answer. Nothing is changed yet."


def given(sources: Sequence[Cited], *others: str) -> str:
    """Passages as a model is given them: fenced by a word that none of the ``others`` has."""
    told, word = fenced([passage_of(source) for source in sources], *others)
    return f"Passages, each between lines with the word {word}:\n\n{told}"


def passage_of(source: Cited) -> Passage:
    """A kept source as the passage that it was."""
    return Passage(
        source.number,
        source.sha256,
        source.book,
        source.path,
        source.label,
        source.page,
        source.text,
    )


def _checked(asked: Mapping[str, Any], tool: Tool) -> Mapping[str, Any]:
    """Arguments of the right names, types and lengths; InputError says which is not."""
    properties: Mapping[str, Mapping[str, Any]] = tool.schema["properties"]
    if unknown := sorted(set(asked) - set(properties)):
        raise InputError(f"{tool.name} has no argument {unknown[0]!r:.60}", ", ".join(properties))
    for name, wanted in properties.items():
        if name not in asked:
            if name in tool.schema["required"]:
                raise InputError(f"{tool.name} needs the argument {name!r}")
            continue
        value = asked[name]
        if wanted["type"] == "integer":
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:  # noqa: PLR2004 - no tool counts further
                raise InputError(f"{name} is a whole number from 1 to 100")
        elif not isinstance(value, str) or not value.strip() or len(value) > wanted["maxLength"]:
            raise InputError(f"{name} is a text of 1 to {wanted['maxLength']} characters")
        elif value not in wanted.get("enum", [value]):
            raise InputError(f"{name} is one of {', '.join(wanted['enum'])}")
    return asked


def _tool(name: str, description: str, /, *required: str, **properties: Mapping[str, Any]) -> Tool:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return Tool(name, description, schema)


def _words(description: str, longest: int, **more: Any) -> Mapping[str, Any]:
    return {"type": "string", "maxLength": longest, "description": description, **more}


def _count(description: str) -> Mapping[str, Any]:
    return {"type": "integer", "description": description}


_BECAUSE = _words("Why, with the words that it rests on", 500)
_ROLL = _tool(
    "roll_dice",
    "Roll dice and see how they fall. Never make up a roll.",
    "dice",
    dice=_words("Dice as in 4d6kh3, 1d20adv+5 or 8d6[fire]", 200),
)
_SEARCH = _tool(
    "search_books",
    "Find passages in the Game Master's own books, with numbers to cite them by.",
    "question",
    question=_words("What to find, in plain words", QUERY_MAX),
    count=_count(f"How many passages, {MOST_PASSAGES} at the most"),
)
_CAMPAIGN = _tool(
    "look_up_campaign",
    "What is written down of the campaign that is played, or of one thing in it.",
    thing=_words("A name, as of a person, a place or a plot; leave it out for the campaign", 200),
)
_WORLD = _tool(
    "search_campaign",
    "Find people, places, plots and notes of the campaign that have all the words.",
    "words",
    words=_words("A word or a few", QUERY_MAX),
)
_CHANGES = _tool(
    "recent_changes",
    "The latest changes to the campaign, the newest first.",
    count=_count(f"How many, {_HISTORY} at the most"),
)
_NOTE = _tool(
    "propose_note",
    "Offer a note for the campaign. The Game Master sees it and decides.",
    "note",
    note=_words("The note, as it would be written down; [[Mara]] links to Mara", NOTE_MAX),
    because=_BECAUSE,
)
_EDIT = _tool(
    "propose_edit",
    "Offer another value for one field. The Game Master sees it and decides.",
    "field",
    "value",
    field=_words(f"Of the campaign: {', '.join(EDITABLE)}; of a thing, as it is looked up", 40),
    value=_words(
        "The whole new text; for a list only what is added, with ; between; for the status of a"
        " plot, an arc or a session where it goes; for clocks one of a plot, as in: The flood 2/6",
        TEXT_MAX,
    ),
    thing=_words("Of what, by its name; leave it out for the campaign itself", 200),
    because=_BECAUSE,
)
_NEW = _tool(
    "propose_new",
    "Offer a person, place, thing, session or relation for the campaign. The Game Master sees it"
    " and decides.",
    "kind",
    "name",
    kind=_words("What it is", 20, enum=list(KINDS)),
    name=_words("What it is called; the words of a relation, as in: seeks", NAME_MAX),
    source=_words("Only for a relation: of whom it is said", NAME_MAX),
    target=_words("Only for a relation: to whom or to what", NAME_MAX),
    summary=_words("What it is, in a line", NAME_MAX),
    text=_words("All of it, in Markdown", TEXT_MAX),
    because=_BECAUSE,
)
_REMOVAL = _tool(
    "propose_removal",
    "Offer to delete a thing of the campaign. The Game Master sees it and decides.",
    "thing",
    "because",
    thing=_words("Its name", 200),
    because=_BECAUSE,
)
