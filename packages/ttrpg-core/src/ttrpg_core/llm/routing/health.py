"""Ask vendors how they are, without paying for a call: each lists its models, or says why not."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

import attrs

from ttrpg_core.errors import StoreError, TimedOut, TtrpgError
from ttrpg_core.llm.model import ModelInfo
from ttrpg_core.llm.routing.records import Records
from ttrpg_core.llm.routing.vendors import Vendors

AT_ONCE = 4
"""Vendors that are asked at the same time."""
PATIENCE = 15.0
"""Seconds that a vendor may take; a list of models is no long answer."""


@attrs.frozen
class Health:
    """What a vendor answered in ``seconds``: its models, or the error in their place."""

    vendor: str
    models: Sequence[ModelInfo] = ()
    error: TtrpgError | None = None
    seconds: float = 0.0


async def ask_vendors(
    vendors: Vendors,
    records: Records,
    names: Iterable[str],
    *,
    patience: float = PATIENCE,
    timer: Callable[[], float] = time.perf_counter,
) -> list[Health]:
    """Every named vendor, some at a time, in their order; what they list is remembered.

    One that cannot be asked, as there is no key for it, is not.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def ask(name: str) -> Health:
        if (obstacle := vendors.obstacle(name)) is not None:
            return Health(name, error=obstacle)
        async with room:
            began = timer()
            try:
                async with asyncio.timeout(patience):
                    models = await vendors.models(name)
            except TimeoutError:
                late = TimedOut(f"{name} did not answer within {patience:g} s", retryable=True)
                return Health(name, error=late, seconds=timer() - began)
            except TtrpgError as error:
                return Health(name, error=error, seconds=timer() - began)
            seconds = timer() - began
        with contextlib.suppress(StoreError):  # they are told all the same
            records.learn(name, models)
        return Health(name, tuple(models), seconds=seconds)

    return await asyncio.gather(*map(ask, names))
