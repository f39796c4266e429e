"""Initiative by cards: one for each who acts, from a deck that is not put back each round.

The highest acts first: by rank, then spades, hearts, diamonds, clubs, and jokers before all, so no
two are alike. After a round with a joker in it, or when too few are left, the deck is shuffled.
"""

import random
from collections.abc import Sequence

CARDS = 54
"""Cards of a deck; a card is a number, the two of clubs 0 and the jokers 52 and 53."""
_RANKS = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K", "A")
_SUITS = ("clubs", "diamonds", "hearts", "spades")
_JOKERS = frozenset({52, 53})


def title(card: int) -> str:
    """What a card is called: ``Q spades``, ``joker``."""
    if card in _JOKERS:
        return "joker"
    rank, suit = divmod(card, len(_SUITS))
    return f"{_RANKS[rank]} {_SUITS[suit]}"


def left_in(out: Sequence[int], needed: int) -> tuple[int, ...]:
    """The cards that are out when so many are to be dealt: none after a shuffle."""
    fits = len(out) + needed <= CARDS
    return tuple(out) if fits and not _JOKERS & set(out) else ()


def draw(out: Sequence[int], rng: random.Random) -> int:
    """A card that is not out; when all are, from a second deck."""
    deck = [card for card in range(CARDS) if card not in out] or list(range(CARDS))
    return rng.choice(deck)
