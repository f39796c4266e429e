"""What is known of models beforehand: ``models.toml``, and prices that the user says.

A price is the vendor's own of a day, with its source. What is not known is unpriced: a budget
refuses it, and says how to price it.
"""

import functools
import math
import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import attrs

from ttrpg_core.errors import ConfigError
from ttrpg_core.llm import Beyond, ModelInfo, Price

_DATED = re.compile(r"-(?:20\d{6}|20\d\d-\d\d-\d\d|latest|\d{3})\Z")
"""How vendors mark one issue of a model."""
_FEWEST, _MOST = 3, 5
"""Words of a price that the user says: the model, input and output, at most cached and written."""


@functools.cache
def _known() -> dict[str, dict[str, ModelInfo]]:
    """Every vendor's models by id."""
    read = tomllib.loads(files("ttrpg_providers").joinpath("models.toml").read_text("utf-8"))
    return {
        vendor: {
            name: ModelInfo(
                name,
                context=said.get("context", 0),
                max_output=said.get("max_output", 0),
                price=_price(
                    said, said.get("date", table["date"]), said.get("source", table["source"])
                ),
            )
            for name, said in table["models"].items()
        }
        for vendor, table in read.items()
    }


def _price(said: dict[str, Any], date: str, source: str) -> Price:
    """A price of ``models.toml``, with that of longer prompts."""
    more = said.get("beyond")
    return Price(
        said["input"],
        said["output"],
        cached=said.get("cached"),
        written=said.get("written"),
        date=date,
        source=source,
        beyond=None if more is None else Beyond(more["tokens"], _price(more, date, source)),
    )


def own_prices(lines: Iterable[str], setting: str) -> dict[str, Price]:
    """Prices that the user says: ``MODEL INPUT OUTPUT [CACHED [WRITTEN]]``; ``*`` is any model."""
    found: dict[str, Price] = {}
    for line in lines:
        words = line.split()
        try:
            numbers = [float(word) for word in words[1:]]
        except ValueError:
            numbers = []
        sound = all(math.isfinite(number) and number >= 0 for number in numbers)
        if not sound or not _FEWEST <= len(numbers) + 1 <= _MOST:
            raise ConfigError(
                f"{setting}: {line!r} is no price; write MODEL INPUT OUTPUT [CACHED [WRITTEN]]",
                "In US dollars for a million tokens, such as: gpt-4o 2.5 10 1.25",
            )
        cached, written, *_ = [*numbers[2:], None, None]
        found[words[0]] = Price(
            numbers[0], numbers[1], cached=cached, written=written, source="your settings"
        )
    return found


def filled(vendor: str, info: ModelInfo, own: dict[str, Price]) -> ModelInfo:
    """What the vendor says of a model, with what is known here; the user's price stands first.

    One issue of a model, such as ``claude-haiku-4-5-20251001``, costs what the model does.
    """
    bare = _DATED.sub("", info.id)
    known = _known().get(vendor, {})
    listed = known.get(info.id) or known.get(bare) or ModelInfo(info.id)
    said = next((own[name] for name in (info.id, bare, "*") if name in own), None)
    return attrs.evolve(
        info,
        context=info.context or listed.context,
        max_output=info.max_output or listed.max_output,
        price=said or info.price or listed.price,
        capabilities=info.capabilities | listed.capabilities,
    )


def listed(vendor: str) -> list[str]:
    """The ids of a vendor's models that are known here."""
    return sorted(_known().get(vendor, {}))
