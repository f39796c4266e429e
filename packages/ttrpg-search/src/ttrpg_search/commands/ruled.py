"""Rulings of the current campaign that a question is about: they stand above every book."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ttrpg_core.app import App
from ttrpg_core.views import Block, Quote, Text
from ttrpg_search.keyword.tokens import stems, telling

if TYPE_CHECKING:
    from ttrpg_core.rulings import Ruled

MOST = 3
"""Rulings that are shown above an answer."""
SHARE = 0.6
"""The share of a question's words that a ruling without a fitting rule has in its name."""
_FILTER = re.compile(r'(?<!\S)(?:-|\w+:)(?:"[^"]*"|\S+)')
"""A filter, or a word that must not be there."""


def rulings(app: App, question: str, *, players: bool) -> tuple["Ruled", ...]:
    """The rulings that stand and fit a question, the nearest first; what players know of them.

    Where the campaign has none, the search loses no time over it: one look at an index.
    """
    connection = app.store.connection
    row = connection.execute(
        "SELECT campaign FROM entities WHERE kind = 'ruling' AND campaign ="
        " (SELECT value FROM chosen WHERE key = 'campaign') LIMIT 1"
    ).fetchone()
    if row is None:
        return ()
    from ttrpg_core.audience import GM, PARTY
    from ttrpg_core.rulings import standing

    words = telling(_FILTER.sub(" ", question))
    asked = frozenset(stems(" ".join(words)))
    if not asked:
        return ()
    found = standing(connection, row[0], words, PARTY if players else GM)
    fitting = [(nearness, each) for each in found if (nearness := _near(asked, each))]
    fitting.sort(key=lambda each: each[1].at, reverse=True)
    fitting.sort(key=lambda each: -each[0])
    return tuple(each for _, each in fitting[:MOST])


def _near(asked: frozenset[str], ruling: "Ruled") -> float:
    """How near a ruling is to a question: 0 when it is about something else.

    It fits when the question has all words of its rule, or when its name and its rule have most
    words of the question.
    """
    rule = frozenset(stems(" ".join(telling(ruling.rule)))) if ruling.rule else frozenset[str]()
    name = frozenset(stems(ruling.name))
    share = len(asked & (rule | name)) / len(asked)
    if rule and rule <= asked:
        return 1 + share
    return share if share >= SHARE else 0.0


def blocks(found: Sequence["Ruled"]) -> list[Block]:
    """Rulings as they stand above an answer, each with its kind and date; a space behind them."""
    shown: list[Block] = []
    for each in found:
        shown += [Text(f"{each.name} [{each.type}, {each.at[:10]}]", "title")]
        caption = ", ".join(part for part in (_about(each), f"ruling/{each.id}") if part)
        shown += [Quote(each.text, caption) if each.text else Text(caption, "dim"), Text("")]
    return shown


def data(found: Sequence["Ruled"]) -> list[dict[str, str | None]]:
    """Rulings as plain values."""
    return [
        {
            "ref": f"ruling/{each.id}",
            "name": each.name,
            "text": each.text or None,
            "type": each.type,
            "rule": each.rule or None,
            "book": each.book or None,
            "page": each.page or None,
            "at": each.at,
        }
        for each in found
    ]


def _about(each: "Ruled") -> str:
    """The rule that it is about, and the book that it departs from."""
    where = f"{each.book} p. {each.page}" if each.book and each.page else each.book
    if each.rule and where:
        return f"on {each.rule}, instead of {where}"
    return f"on {each.rule}" if each.rule else f"instead of {where}" if where else ""
