"""Ask the next model too when the first is silent for long; whoever speaks first is the one.

Both are paid for, so it is off unless the user wants it. A stream is opened and closed by the task
that asks, which here is not the task that reads; :class:`InTask` gives each a task of its own.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

from ttrpg_core.llm.messages import Delta, Request
from ttrpg_core.llm.model import Limit, Model, Reply
from ttrpg_core.llm.routing.attempts import Attempt

Ask = Callable[[], Awaitable[Attempt | None]]
"""Asks one model: the attempt that has begun to answer, or None."""
MOST = 2
"""Models that are asked at the same time."""
AHEAD = 16
"""Pieces that are read before they are taken; then the vendor waits, as it would without a task."""


class InTask:
    """A model whose every stream lives in a task of its own, from its opening to its close.

    What opens a connection has to close it where it keeps limits or scopes open between the two, as
    another author's model may.
    """

    def __init__(self, model: Model) -> None:
        self.info = model.info
        self._model = model

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Reply]:
        """Send a request; leaving the block closes the connection."""
        opened: asyncio.Future[tuple[Limit, ...]] = asyncio.get_running_loop().create_future()
        queue: asyncio.Queue[Delta | BaseException | None] = asyncio.Queue(AHEAD)
        task = asyncio.create_task(self._pump(request, opened, queue))
        pieces = _taken(queue)
        try:
            yield Reply(pieces, await opened)
        finally:
            await pieces.aclose()
            task.cancel()
            await asyncio.wait([task])

    async def _pump(
        self,
        request: Request,
        opened: "asyncio.Future[tuple[Limit, ...]]",
        queue: "asyncio.Queue[Delta | BaseException | None]",
    ) -> None:
        try:
            async with self._model.stream(request) as reply:
                opened.set_result(reply.limits)
                async for piece in reply:
                    await queue.put(piece)
        except Exception as error:  # noqa: BLE001 - it is raised where the reply is read
            if opened.done():
                await queue.put(error)
            else:
                opened.set_exception(error)
        else:
            await queue.put(None)


async def _taken(
    queue: "asyncio.Queue[Delta | BaseException | None]",
) -> AsyncGenerator[Delta]:
    while True:
        piece = await queue.get()
        if piece is None:
            return
        if isinstance(piece, BaseException):
            raise piece
        yield piece


async def race(
    asks: Iterator[tuple[str, Ask]], seconds: float, silent: Callable[[str], None]
) -> Attempt | None:
    """The first attempt that begins to answer; the others are closed, and ``silent`` told of them.

    One more model is asked whenever those that are under way were silent for so long, or failed.
    """
    running: dict[asyncio.Task[Attempt | None], str] = {}
    winner: Attempt | None = None
    try:
        more = _start(asks, running)
        while running and winner is None:
            patient = seconds if more and len(running) < MOST else None
            done, _ = await asyncio.wait(
                running, timeout=patient, return_when=asyncio.FIRST_COMPLETED
            )
            winner = next((found for task in done if (found := _begun(task)) is not None), None)
            for task in done:
                if winner is None:
                    task.result()  # raises what ends the search
                if winner is None or _begun(task) is winner:
                    del running[task]
            if winner is None and more and len(running) < MOST:
                more = _start(asks, running)
    finally:
        for name in running.values():
            silent(name)
        await _stop(running)
    return winner


def _begun(task: "asyncio.Task[Attempt | None]") -> Attempt | None:
    """The attempt that has begun to answer, of a task that is done; None where it has not."""
    return None if task.cancelled() or task.exception() is not None else task.result()


def _start(
    asks: Iterator[tuple[str, Ask]], running: dict["asyncio.Task[Attempt | None]", str]
) -> bool:
    """Ask the next model; False when there is none."""
    found = next(asks, None)
    if found is None:
        return False
    name, ask = found
    running[asyncio.ensure_future(ask())] = name
    return True


async def _stop(running: dict["asyncio.Task[Attempt | None]", str]) -> None:
    """Cancel what is under way, and leave what began to answer in the same moment."""
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, Attempt):
            await result.leave("cancelled")
