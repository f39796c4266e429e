"""One recording of each format, served over HTTP in two pieces, cut at every byte of it."""

import asyncio
import contextlib
import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

from ttrpg_core.context import Context

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
SPEC = importlib.util.spec_from_file_location("provider_faults", HERE / "faults.py")
faults = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = faults  # attrs looks its classes up there
SPEC.loader.exec_module(faults)
LISTED = tomllib.loads((HERE / "recordings.toml").read_text("utf-8"))["exchange"]
CUT = [each for each in LISTED if each.get("every_byte")]
WHOLE = -1


def test_there_is_one_of_each_format():
    assert {each["format"] for each in CUT} == {each.name for each in faults.DIALECTS}
    assert len(CUT) == len(faults.DIALECTS)


@contextlib.asynccontextmanager
async def cutting(body: bytes, media: str):
    """A server that keeps its connections; the path says where the answer is cut."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def talk(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not reader.at_eof():
                asked = (await reader.readuntil(b"\r\n\r\n")).decode()
                size = asked.lower().partition("content-length:")[2].partition("\r\n")[0]
                await reader.readexactly(int(size))
                at = int(asked.split("/")[1])
                parts = [body] if at == WHOLE else [body[:at], body[at:]]
                chunks = [faults.chunk(part) for part in parts if part]
                writer.write(b"".join([head.encode(), *chunks, b"0\r\n\r\n"]))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.parametrize("each", CUT, ids=lambda each: each["format"])
def test_cut_at_every_byte_over_http_it_says_the_same(recorded, each):
    body = recorded(each["file"])[each["number"]].body
    to = next(to for to in faults.DIALECTS if to.name == each["format"])

    async def ask(url: str, at: int):
        known = Context(secret=lambda *_: "k", network=faults.LIMITS)
        async with to.made(known, f"{url}/{at}", ()).model("m").stream(faults.ASK) as reply:
            await reply.read()
        return reply.text, reply.reasoning, reply.tool_calls, reply.usage, reply.finish

    def go(url: str):
        async def every():
            whole = await ask(url, WHOLE)
            return whole, [at for at in range(1, len(body)) if await ask(url, at) != whole]

        return asyncio.run(every())

    async def served():
        async with cutting(body, to.media) as url:
            return await asyncio.to_thread(go, url)  # whose loop closes what it kept

    whole, different = asyncio.run(served())
    assert len(whole[0]) == each["length"]
    assert [call.name for call in whole[2]] == [call[0] for call in each.get("calls", [])]
    assert different == []
