"""An exchange: answers as they come, limits one by one, sockets that close, errors of ours."""

import asyncio
import contextlib
import time

import attrs
import pytest

from ttrpg_core.errors import AuthError, BadReply, ConfigError, Offline, TimedOut, Unreachable
from ttrpg_core.http import exchange
from ttrpg_core.settings_tables import NetworkSettings

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = NetworkSettings(connect_seconds=5, first_seconds=5, read_seconds=5, retries=0)
KEY = "sk-canary-0123456789"


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


@attrs.define
class Told:
    """What the server saw: the requests, and when each connection was closed by the client."""

    url: str = ""
    requests: list[bytes] = attrs.field(factory=list)
    closed: asyncio.Event = attrs.field(factory=asyncio.Event)


@contextlib.asynccontextmanager
async def serving(*steps):
    """A server that answers with these bytes, waits a number's seconds, or hangs up at None."""
    told = Told()

    async def answer(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            told.requests.append(await reader.readuntil(b"\r\n\r\n"))
            for step in steps:
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif step is not None:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(step):
                            while await reader.read(1000):
                                pass
                            told.closed.set()
                            break
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    async with server:
        yield told


async def read(url, limits=LIMITS, **more):
    pieces = []
    async with exchange(limits, "GET", url, **more) as answer:
        async for piece in answer.pieces():
            pieces.append(piece)  # noqa: PERF401 - what came before an error is of interest
    return pieces


def test_pieces_come_as_they_are_sent():
    async def go():
        steps = (HEAD, chunk(b"one"), 0.05, chunk(b"two"), b"0\r\n\r\n")
        async with serving(*steps) as told, exchange(LIMITS, "POST", told.url) as answer:
            assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")
            return [piece async for piece in answer.pieces()]

    assert asyncio.run(go()) == [b"one", b"two"]


@pytest.mark.parametrize("leave", ["break", "error", "cancel"])
def test_leaving_midway_closes_the_socket_at_once(leave):
    async def go():
        async with serving(HEAD, chunk(b"one"), 30) as told:
            came = asyncio.Event()

            async def use():
                async with exchange(LIMITS, "GET", told.url) as answer:
                    async for _ in answer.pieces():
                        came.set()
                        if leave == "break":
                            return
                        if leave == "error":
                            raise KeyError

            task = asyncio.create_task(use())
            await came.wait()
            start = time.perf_counter()
            if leave == "cancel":
                task.cancel()
            await asyncio.wait_for(told.closed.wait(), 5)
            seconds = time.perf_counter() - start
            with contextlib.suppress(KeyError, asyncio.CancelledError):
                await task
            return seconds

    assert asyncio.run(go()) < 2  # a busy machine; the goal is a tenth of a second


@pytest.mark.parametrize(
    ("steps", "limits", "what"),
    [
        ([30], {"first_seconds": 0.1, "read_seconds": 0.1}, "without the first byte"),
        ([HEAD, 30], {"first_seconds": 0.1}, "without the first byte"),
        ([HEAD, chunk(b"one"), 30], {"read_seconds": 0.1}, "without the next piece"),
    ],
)
def test_each_limit_is_its_own(steps, limits, what):
    async def go():
        async with serving(*steps) as told:
            with pytest.raises(TimedOut, match=what) as caught:
                await read(told.url, attrs.evolve(LIMITS, **limits))
            assert caught.value.retryable

    asyncio.run(go())


def test_a_slow_first_byte_is_no_slow_piece():
    async def go():
        async with serving(0.3, HEAD, 0.3, chunk(b"one"), b"0\r\n\r\n") as told:
            return await read(told.url, attrs.evolve(LIMITS, read_seconds=0.1))

    assert asyncio.run(go()) == [b"one"]


@pytest.mark.parametrize("steps", [[None], [HEAD, chunk(b"one"), None], [b"SSH-2.0\r\n\r\n", None]])
def test_a_connection_that_breaks_is_unreachable(steps):
    async def go():
        async with serving(*steps) as told:
            with pytest.raises(Unreachable, match="broke") as caught:
                await read(told.url)
            assert caught.value.retryable

    asyncio.run(go())


def test_nobody_there():
    with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1") as caught:
        asyncio.run(read("http://127.0.0.1:9/"))
    assert caught.value.unsent, "so nobody can charge for it"


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://a.example/", "http://", "http://[::1"]
)
def test_no_address(url):
    with pytest.raises(ConfigError, match="no address of a server"):
        asyncio.run(read(url))


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\u00e9\u20ac", f"{KEY}\x00"])
def test_a_key_that_cannot_be_sent_is_not_shown(key):
    async def go():
        async with serving(HEAD, b"0\r\n\r\n") as told:
            with pytest.raises(AuthError) as caught:
                await read(told.url, headers={"x-api-key": key})
            error = caught.value
            assert error.__cause__ is None
            assert error.__suppress_context__
            assert KEY not in f"{error} {error!r} {error.hint}"

    asyncio.run(go())


def test_offline_sends_nothing():
    async def go():
        async with serving(HEAD, b"0\r\n\r\n") as told:
            with pytest.raises(Offline):
                await read(told.url, offline=True)
            assert told.requests == []

    asyncio.run(go())


def test_a_whole_answer_is_bounded():
    async def go():
        steps = (HEAD, chunk(b"x" * 1000), chunk(b"x" * 1000), b"0\r\n\r\n")
        async with serving(*steps) as told:
            async with exchange(LIMITS, "GET", told.url) as answer:
                assert len(await answer.read(2000)) == 2000
            async with exchange(LIMITS, "GET", told.url) as answer:
                with pytest.raises(BadReply, match="over 1,999 bytes"):
                    await answer.read(1999)

    asyncio.run(go())
