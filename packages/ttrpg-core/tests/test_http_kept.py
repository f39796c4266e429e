"""Connections that are kept between calls, closed with their loop, and never shared wrongly."""

import asyncio
import contextlib
import gc
import socket
import threading
import time

import attrs
import pytest

from ttrpg_core.errors import TimedOut
from ttrpg_core.http import exchange
from ttrpg_core.http.kept import _CLIENTS
from ttrpg_core.settings_tables import NetworkSettings

LIMITS = NetworkSettings(connect_seconds=5, first_seconds=5, read_seconds=5, retries=0)
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: who=me; Path=/\r\n\r\n"


@attrs.define
class Told:
    """Connections that were opened, when each was closed, and the heads of the requests."""

    url: str = ""
    opened: int = 0
    closed: list[float] = attrs.field(factory=list)
    heads: list[bytes] = attrs.field(factory=list)


@pytest.fixture
def server():
    """Answers in chunks over connections that stay open; ``/hold`` sends one chunk and waits."""
    told = Told()
    listening = socket.create_server(("127.0.0.1", 0))
    told.url = f"http://127.0.0.1:{listening.getsockname()[1]}"

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    read = connection.recv(10_000)
                    if not read:
                        told.closed.append(time.perf_counter())
                        return
                    buffer += read
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                told.heads.append(head)
                if b"/silent" in head:
                    continue
                connection.sendall(HEAD + b"5\r\nhello\r\n")
                if b"/hold" not in head:
                    connection.sendall(b"0\r\n\r\n")
                if b"/hang-up" in head:
                    return

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                told.opened += 1
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield told
    listening.close()


async def ask(url: str, limits=LIMITS) -> bytes:
    async with exchange(limits, "POST", url, content=b"{}") as answer:
        return await answer.read(100)


def soon(what, seconds=4.0) -> bool:
    until = time.perf_counter() + seconds
    while not what() and time.perf_counter() < until:
        time.sleep(0.005)
    return what()


def test_calls_share_a_connection_which_closes_with_the_loop(server):
    async def go():
        for _ in range(3):
            assert await ask(server.url) == b"hello"
        assert (server.opened, server.closed) == (1, [])
        await asyncio.gather(*(ask(server.url) for _ in range(4)))
        assert server.opened <= 4

    asyncio.run(go())
    assert soon(lambda: len(server.closed) == server.opened)
    before = server.opened
    asyncio.run(ask(server.url))
    assert server.opened == before + 1, "another loop has connections of its own"


def test_loops_of_several_threads_do_not_meet(server):
    threads = [threading.Thread(target=lambda: asyncio.run(ask(server.url))) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert server.opened == 5
    assert soon(lambda: len(server.closed) == 5)


def test_a_loop_inside_the_life_of_another_takes_nothing_from_it(server):
    """Both in one thread: the first stands still while the second runs."""
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    for loop in (first, second, first):
        assert loop.run_until_complete(ask(server.url)) == b"hello"
    for loop in (first, second):
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert soon(lambda: len(server.closed) == server.opened)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_was_closed_without_its_generators_is_forgotten(server):
    gc.disable()  # a collection in the server's thread would make the one below return at once
    try:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(ask(server.url))
        loop.close()
        assert loop in _CLIENTS
        asyncio.run(ask(server.url))
        assert loop not in _CLIENTS
        del loop
        gc.collect()  # sockets that nobody can close any more say so here, not in another test
    finally:
        gc.enable()


def test_cookies_are_not_kept(server):
    async def go():
        await ask(server.url)
        await ask(server.url)

    asyncio.run(go())
    assert len(server.heads) == 2
    assert not any(b"cookie" in head.lower() for head in server.heads)


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(server):
    async def go():
        await ask(f"{server.url}/hang-up")
        await asyncio.sleep(0.05)
        return await ask(server.url)

    assert asyncio.run(go()) == b"hello"
    assert server.opened == 2


@pytest.mark.parametrize("path", ["/hold", "/silent"])
def test_a_cancelled_call_closes_its_own_connection_at_once_and_no_other(server, path):
    async def go():
        async with exchange(LIMITS, "POST", f"{server.url}/hold") as other:
            coming = other.pieces()
            assert await anext(coming) == b"hello"
            task = asyncio.create_task(ask(f"{server.url}{path}"))
            assert await asyncio.to_thread(soon, lambda: len(server.heads) == 2)
            await asyncio.sleep(0.05)
            start = time.perf_counter()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(soon, lambda: bool(server.closed))
            seconds = server.closed[0] - start
            assert len(server.closed) == 1
            await coming.aclose()
            return seconds

    assert asyncio.run(go()) < 2  # a busy machine; the goal is a tenth of a second


# A limit for each wait, with one timer.

SLOW = attrs.evolve(LIMITS, first_seconds=0.2, read_seconds=0.1)


def test_who_reads_may_take_longer_than_the_limit(server):
    async def go():
        async with exchange(SLOW, "POST", f"{server.url}/x") as answer:
            pieces = []
            async for piece in answer.pieces():
                await asyncio.sleep(0.5)
                pieces.append(piece)
            return pieces

    assert asyncio.run(go()) == [b"hello"]


@pytest.mark.parametrize("path", ["/hold", "/silent"])
def test_after_a_limit_the_task_goes_on(server, path):
    """The cancellation by which a wait ends is taken back: the next call is not cancelled."""

    async def go():
        for _ in range(3):
            start = time.perf_counter()
            with pytest.raises(TimedOut):
                await ask(f"{server.url}{path}", SLOW)
            assert time.perf_counter() - start < 4, "it was SLOW that ended it, not LIMITS"
            assert asyncio.current_task().cancelling() == 0
        return await ask(server.url)

    assert asyncio.run(go()) == b"hello"


def test_a_limit_from_outside_stays_one(server):
    async def go():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask(f"{server.url}/hold")
        task = asyncio.create_task(ask(f"{server.url}/hold", attrs.evolve(SLOW, read_seconds=5)))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())


def test_pieces_may_be_taken_by_one_task_after_another(server):
    async def go():
        async with exchange(SLOW, "POST", f"{server.url}/hold") as answer:
            coming = answer.pieces()
            assert await asyncio.create_task(anext(coming)) == b"hello"
            with pytest.raises(TimedOut, match="the next piece"):
                await asyncio.create_task(anext(coming))

    asyncio.run(go())
