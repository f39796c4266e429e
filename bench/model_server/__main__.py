"""A server of its own process that speaks the five wire formats on loopback.

    python bench/model_server TOKENS

It prints its port, and answers every request with a stream. The first part of the path says how
that comes: ``first`` is a short reply whose first words come alone, ``fast`` is TOKENS at once,
``paced`` one each half millisecond.
"""

import asyncio
import contextlib
import sys

from replies import PATHS, STREAMS

PAUSE = 0.0005
FEW = 3
"""Tokens of a short reply."""


def chunks(made: list[bytes]) -> list[bytes]:
    """Pieces as HTTP/1.1 sends them, with the last that is empty."""
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in made] + [b"0\r\n\r\n"]


def short(made: list[bytes]) -> list[bytes]:
    """A short reply in two pieces, the first words alone.

    OpenAI's first event has no words, and comes with the second.
    """
    head, *rest = chunks([b"".join(made[:2]), *made[2:]])
    return [head, b"".join(rest)]


async def serve(tokens: int) -> None:
    """Answer until the process is ended."""
    long = {path: chunks(STREAMS[name](tokens)) for name, path in PATHS.items()}
    few = {path: short(STREAMS[name](FEW)) for name, path in PATHS.items()}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                size = head.lower().partition("content-length:")[2].split("\r\n")[0]
                await reader.readexactly(int(size or 0))
                _, how, rest = head.split()[1].split("/", 2)
                # Anthropic's client adds the version
                path = "/" + rest.partition("?")[0].removeprefix("v1/")
                media = "application/x-ndjson" if path == PATHS["ollama"] else "text/event-stream"
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n".encode()
                )
                if how == "fast":
                    writer.writelines(long[path])
                    await writer.drain()
                    continue
                for piece in (few if how == "first" else long)[path]:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(PAUSE)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1])))
