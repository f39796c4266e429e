"""A server that does just what it is told, down to the bytes: for answers that go wrong.

It is a process of its own on loopback, so what breaks is a real connection::

    with played({"/late": [[1.5, answer(200, "text/plain", b"at last")]]}) as url:
        ...

A path has lists of steps, one for each request, and the last is repeated. Of the steps, done once
the request was read, bytes are sent as they are, a number is seconds to wait, ``REPEAT`` sends what
comes after it until the client leaves, and ``RESET`` breaks the connection without a word. After
the last step it is closed. ``asked(url)`` counts the requests.
"""

import asyncio
import base64
import contextlib
import json
import socket
import struct
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

REPEAT, RESET = "repeat", "reset"
Step: TypeAlias = bytes | float | str
_NOW = struct.pack("ii", 1, 0)
"""SO_LINGER that drops what was not sent, and sends a reset."""
_COUNTS = "/asked"


def answer(status: int, media: str, *pieces: bytes, **headers: str) -> bytes:
    """A whole answer whose end is that of the connection."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Played\r\nContent-Type: {media}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + b"".join(pieces)


@contextlib.contextmanager
def played(scripts: Mapping[str, Sequence[Sequence[Step]]]) -> Iterator[str]:
    """Run the server; its address. The longest path that the request's begins with is played."""
    told = json.dumps(
        {path: [[_written(step) for step in one] for one in each] for path, each in scripts.items()}
    )
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            server.stdin.write(told.encode())
            server.stdin.close()
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def asked(url: str) -> dict[str, int]:
    """How many requests there were, by path."""
    with urllib.request.urlopen(url + _COUNTS, timeout=10) as reply:  # noqa: S310 - of played()
        found: dict[str, int] = json.load(reply)
    return found


def _written(step: Step) -> object:
    return {"send": base64.b64encode(step).decode()} if isinstance(step, bytes) else step


def _read(step: object) -> Step:
    if isinstance(step, dict):
        return base64.b64decode(step["send"])
    assert isinstance(step, int | float | str)
    return step


async def _serve(scripts: dict[str, list[list[Step]]]) -> None:
    counts: Counter[str] = Counter()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            size = head.lower().partition("content-length:")[2].partition("\r\n")[0]
            await reader.readexactly(int(size or 0))
            path = head.split()[1]
            if path == _COUNTS:
                writer.write(answer(200, "application/json", json.dumps(counts).encode()))
            else:
                known = max((each for each in scripts if path.startswith(each)), key=len)
                lists = scripts[known]
                steps = lists[min(counts[known], len(lists) - 1)]
                counts[known] += 1
                await _play(steps, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


async def _play(steps: list[Step], writer: asyncio.StreamWriter) -> None:
    for at, step in enumerate(steps):
        if step == REPEAT:
            while True:
                await _play(steps[at + 1 :], writer)
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif step == RESET:
            line: socket.socket = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
            writer.transport.abort()
            return
        else:
            await asyncio.sleep(float(step))


if __name__ == "__main__":
    read = json.load(sys.stdin)
    lists = {path: [[_read(step) for step in one] for one in each] for path, each in read.items()}
    asyncio.run(_serve(lists))
