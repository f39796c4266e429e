"""What a model is told of the world of a campaign: found by words, or one thing whole.

It goes through the one projection for whoever hears the answer. What stands in the world may come
from an import or a web page, so it is given as plain text: nothing in it that cannot be seen, and
nothing that could be taken for a fence of passages.
"""

import json
from collections.abc import Mapping
from typing import Any

from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import NotFound
from ttrpg_core.table.world.seen import Seen
from ttrpg_core.talk.sources import plain
from ttrpg_core.world import Reader
from ttrpg_core.world.searching import search

MOST = 12
"""Things that one search answers at the most."""


def found(reader: Reader, words: str, viewer: Audience) -> str:
    """What has all the words, a line each."""
    met = search(reader, words, viewer=viewer, limit=MOST)
    lines = [f"{_head(each.seen)}: {each.excerpt}" for each in met]
    return plain("\n".join(lines)) or "Nothing in the campaign has these words."


def one(reader: Reader, wanted: str, viewer: Audience) -> str:
    """All of one thing that the viewer may know.

    NotFound is the same for what is not there and for what is a secret.
    """
    try:
        seen = reader.seen_one(reader.resolve(wanted, viewer=viewer), viewer)
    except NotFound as error:
        if viewer == GM:
            raise
        raise NotFound(f"nothing is known of {wanted!r:.60}") from error
    names = seen.names if viewer == GM else {}
    fields = seen.fields.items()
    lines = [f"{name.replace('_', ' ')}: {_told(each, names)}" for name, each in fields]
    return plain("\n".join([_head(seen), *lines]))


def counts(reader: Reader, viewer: Audience) -> list[str]:
    """How many things of each kind there are, for whoever may know that."""
    if viewer != GM:
        return []
    told = ", ".join(f"{number} {kind}" for kind, number in reader.counts().items())
    return [f"Written down of its world: {told}"] if told else []


def _head(seen: Seen) -> str:
    return f"{seen.name} ({seen.ref or seen.kind})"


def _told(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return f"{names[value]} ({value})" if value in names else value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(_told(each, names) for each in value)
    return json.dumps(value, ensure_ascii=False)
