"""Campaigns on the screen: one as a card, and what several things of a kind are called."""

from ttrpg_core.table import campaigns
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.table.world import kinds

ABOUT = 300
"""Characters of a description that are shown; '--json' has all."""


def card(found: Campaign, date: str | None = None) -> list[tuple[str, str]]:
    """What a campaign says of itself; ``date`` is the one in the game, where it is known better."""
    pairs = [("Campaign", f"{found.name} ({found.id})" if found.id else found.name)]
    if found.archived_at:
        pairs.append(("Put away", found.archived_at[:10]))
    for field in campaigns.EDITABLE[1:]:
        value = getattr(found, field)
        if field == "game_date" and date is not None:
            value = date
        if field == "description" and len(value) > ABOUT:
            value = f"{value[: ABOUT - 4]} ..."
        pairs.append((field.replace("_", " ").capitalize(), value))
    players = [
        f"{each.name} ({each.character})" if each.character else each.name for each in found.players
    ]
    pairs.append(("Players", ", ".join(players)))
    pairs += [(field.capitalize(), ", ".join(getattr(found, field))) for field in campaigns.LISTS]
    return [pair for pair in pairs if pair[1]]


def several(kind: str, count: int = 2) -> str:
    """What so many of a kind are called: ``NPCs``, ``1 plot``."""
    if kind not in kinds.KINDS:
        return kind if count == 1 else f"{kind}s"
    plural = kinds.kind(kind).PLURAL
    if count != 1:
        return plural
    return plural.removesuffix("s") if plural.casefold() == f"{kind}s" else kind
