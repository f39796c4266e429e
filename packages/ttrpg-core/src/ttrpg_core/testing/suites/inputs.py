"""What the suites try on everybody: any bytes, any text, and words that have broken programs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

AWKWARD = (
    "",
    " ",
    "\t\n",
    '"',
    '"unclosed',
    "'; DROP TABLE chunks; --",
    "((((",
    ")",
    "AND OR NOT",
    "dragon AND",
    "NEAR(dragon, 3)",
    "text:dragon",
    "dragon*",
    "*",
    "-dragon",
    "^dragon",
    "dra?gon~2",
    "[a-z]+ {1} \\ /",
    "<speak>&amp;</speak>",
    "%s %d {0} {name}",
    "\u00e9 e\u0301 \u1e9e \u0130",
    "\U0001f409 \u9f8d \u062a\u0646\u064a\u0646",
    "\u202edesrever",
    "\ufeffmark",
    "drag\u00adon",
)
"""Texts that mean something to some query language, markup or alphabet."""


def missing(suite: str, fixture: str, what: str) -> NoReturn:
    """Say which fixture the author has still to write."""
    msg = f"{suite} needs {what}: override the fixture {fixture!r} in your class"
    raise NotImplementedError(msg)


def for_any_bytes(check: Callable[[bytes], object], longest: int = 4096) -> None:
    """Run a check on many byte strings; the smallest that fails it is shown."""
    _need_hypothesis()
    from hypothesis import strategies

    _hold(strategies.binary(max_size=longest), check)


def for_any_text(check: Callable[[str], object], longest: int = 200) -> None:
    """Run a check on the awkward texts and on many others; none has a NUL or half a surrogate."""
    for text in AWKWARD:
        check(text)
    _need_hypothesis()
    from hypothesis import strategies

    letters = strategies.characters(exclude_categories=["Cs"], exclude_characters="\0")
    _hold(strategies.text(letters, max_size=longest), check)


def _need_hypothesis() -> None:
    pytest.importorskip("hypothesis", reason="needs hypothesis: pip install 'ttrpg-core[testing]'")


def _hold(strategy: "SearchStrategy[T]", check: Callable[[T], object]) -> None:
    """The same inputs each time: an author's release must not fail by chance, or pass by it."""
    from hypothesis import HealthCheck, given, settings

    @settings(
        derandomize=True,
        deadline=None,  # an engine may be slow; whether it is right is the question here
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def holds(value: T) -> None:
        check(value)

    holds()
