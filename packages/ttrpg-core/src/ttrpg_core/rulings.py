"""Rulings of a campaign, read quickly: a search asks for them before it shows what books say.

Apart from :mod:`ttrpg_core.world`, which takes longer to import than a question to answer.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.world.links import spoken

_MOST = 200
"""Rulings that are looked at for one question."""


class Ruled(NamedTuple):
    """A ruling that stands. ``at`` is when it was made, ISO 8601 in UTC."""

    id: str
    name: str
    text: str
    type: str
    rule: str
    book: str
    page: str
    at: str


def standing(
    connection: sqlite3.Connection, campaign: str, words: Sequence[str], viewer: Audience = GM
) -> list[Ruled]:
    """The rulings of a campaign that stand and have any of the words, the best first.

    Words are letters and digits; they meet each other by their stems.
    """
    if not words:
        return []
    found = connection.execute(
        "SELECT id, entities.name, audience, created_at, state"
        " FROM entities_said JOIN entities ON entities.number = entities_said.rowid"
        " WHERE entities_said MATCH ? AND campaign = ? AND kind = 'ruling'"
        " ORDER BY bm25(entities_said), entities.name, id LIMIT ?",
        [" OR ".join(f'"{each}"' for each in words), campaign, _MOST],
    )
    rulings = []
    for key, name, audience, at, state in found:
        said = json.loads(state)
        if said.get("status", "standing") == "standing" and viewer.sees(Audience(audience)):
            text, kind = spoken(said.get("text", "")), said.get("type", "ruling")
            rule, book, page = (said.get(each, "") for each in ("rule", "book", "page"))
            rulings.append(Ruled(key, name, text, kind, rule, book, page, at))
    return rulings
