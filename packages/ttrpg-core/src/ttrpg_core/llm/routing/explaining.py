"""A decision in words: why this model, why not the others, and what the user should know of it."""

import math
from collections.abc import Sequence

import attrs

from ttrpg_core.errors import ProviderError, TtrpgError
from ttrpg_core.llm.calls import Stance, Weighed
from ttrpg_core.llm.money.amounts import dollars, nano_of
from ttrpg_core.llm.routing.candidates import WITHOUT_TOOLS, Candidate

DEGRADED = "degrade"
NAMED = "named"
"""Orders that no strategy made: a budget asked for the cheapest, or the user named one."""


@attrs.frozen
class Plan:
    """Who is asked, in this order, and who is not.

    ``order`` is what made the order: a strategy's name, or one of the two above. ``usual`` is who
    would be asked first if no budget had a say; ``names`` are all in the user's order.
    """

    able: Sequence[Candidate]
    refused: Sequence[Candidate]
    order: str
    usual: str = ""
    names: Sequence[str] = ()


@attrs.define
class Trip:
    """What happens on the way to an answer: verdicts, notes for the user, and errors."""

    plan: Plan
    notes: list[str] = attrs.field(factory=list)
    errors: list[TtrpgError] = attrs.field(factory=list)
    _said: dict[str, Weighed] = attrs.field(factory=dict, init=False)

    def note(self, text: str) -> None:
        """Something that the user should know, once."""
        if text and not any(text in known for known in self.notes):
            self.notes.append(text)

    def left_out(self, name: str, error: TtrpgError) -> None:
        """It was not asked after all."""
        self._said[name] = Weighed(name, "left out", error.message)
        self.errors.append(error)

    def failed(self, name: str, error: TtrpgError) -> None:
        """It was asked, and did not begin to answer."""
        self._said[name] = Weighed(name, "failed", error.message)
        self.errors.append(error)

    def silent(self, name: str) -> None:
        """It was asked, and another one was quicker."""
        self._said[name] = Weighed(name, "failed", "it was slower, and was left")

    def weighed(self, asked: str = "") -> list[Weighed]:
        """Every model: those that could be asked in their order, then those that could not."""
        found = [
            self._said.get(each.name)
            or Weighed(
                each.name,
                "asked" if each.name == asked else "next",
                reason(each, self.plan.order, self._place(each.name, place)),
            )
            for place, each in enumerate(self.plan.able, 1)
        ]
        left_out = [
            Weighed(each.name, "left out", each.refusal.message)
            for each in self.plan.refused
            if each.refusal is not None
        ]
        return found + left_out

    def _place(self, name: str, place: int) -> int:
        """The number of a model: in the user's order that of its list, which has the others too."""
        if self.plan.order == "priority" and name in self.plan.names:
            return self.plan.names.index(name) + 1
        return place

    def answered(self, name: str) -> None:
        """Note who answers in whose place: of those that were asked, or stand before it."""
        before = [said for said in self._said.values() if said.model != name]
        if self.plan.order == "priority":
            place = self.plan.names.index(name)
            before += [
                Weighed(each.name, "left out", each.refusal.message)
                for each in self.plan.refused
                if each.refusal is not None and self.plan.names.index(each.name) < place
            ]
        if any(each.name == name and each.bare for each in self.plan.able):
            self.note(f"{name}: {WITHOUT_TOOLS}")
        if before:
            told = "; ".join(f"{said.model}: {said.reason}" for said in before)
            self.note(f"{name} answers instead of {told}")

    def error(self) -> TtrpgError:
        """What to raise when none answered: the last vendor's error, else the first refusal's.

        Its hint says what became of the others.
        """
        asked = [error for error in self.errors if isinstance(error, ProviderError)]
        refusals = [each.refusal for each in self.plan.refused if each.refusal is not None]
        error = [*asked[-1:], *self.errors, *refusals][0]
        others = [
            f"{said.model}: {said.reason}"
            for said in self.weighed()
            if said.verdict in {"failed", "left out"} and said.reason != error.message
        ]
        if others:
            told = "Nor could others: " + "; ".join(others)
            error.hint = f"{error.hint}\n{told}" if error.hint else told
        return error


def reason(candidate: Candidate, order: str, place: int) -> str:
    """Why a model stands where it stands, with what is known of it."""
    parts = [_standing(candidate, order, place)]
    if candidate.wait > 0:
        parts.append(f"after {candidate.wait:.1f} s for its rate limit")
    if candidate.info.context:
        parts.append(f"about {candidate.tokens:,} of {candidate.info.context:,} tokens")
    else:
        parts.append(f"about {candidate.tokens:,} tokens, its limit is not known")
    if candidate.worst is not None and order not in {"cost", DEGRADED}:
        parts.append(f"{_dollars(candidate.worst)} at most")
    return "; ".join([*parts, *candidate.remarks])


def _standing(candidate: Candidate, order: str, place: int) -> str:
    spent = "unpriced" if candidate.worst is None else f"{_dollars(candidate.worst)} at most"
    first = candidate.first_seconds
    words = {
        NAMED: "you named it",
        DEGRADED: f"by cost, as a budget asks: {spent}",
        "priority": f"number {place} in your order",
        "cost": f"by cost: {spent}",
        "latency": f"by latency: {_latency(first)}",
        "round_robin": "it is its turn" if place == 1 else f"its turn comes in {place - 1}",
        "weighted": f"drawn as number {place}",
    }
    return words[order]


def _latency(first: float | None) -> str:
    if first is None:
        return "not measured of late"
    return f"{first:.2f} s" if first < math.inf else "it failed, and has not answered since"


def on_budget(stance: Stance, plan: Plan, seconds: float) -> str:
    """What a budget made of a call, in words; empty when nothing."""
    match stance.action:
        case "warn":
            return stance.reason
        case "throttle":
            return f"{stance.reason}; so this waits {seconds:g} s"
        case "degrade":
            first = plan.able[0].name if plan.able else ""
            if first == plan.usual or not first:
                return stance.reason
            return f"{stance.reason}; so {first} is asked instead of {plan.usual}"
        case _:
            return ""


def _dollars(amount: float) -> str:
    return dollars(nano_of(amount))
