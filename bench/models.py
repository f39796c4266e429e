"""What streaming a model's reply costs, against raw httpx and the vendors' own clients.

    python bench/models.py [TURNS]        or: nox -s bench -- models

A server in a process of its own speaks the five wire formats on loopback, one event a chunk. Each
reader runs in a process of its own too, where it reads in turn with ``httpx``, which sends the same
request over a connection that is kept as well, and does nothing with the bytes:

- first: from asking until the first delta;
- CPU: user and system seconds for 1,000 tokens that come as fast as the reader takes them;
- paced: the same for a token each half millisecond, when most time goes into waking up.

A figure is the median of the ratios of pairs: a reader and ``httpx`` one right after the other, who
goes first alternating, PAIRS of them in each of TURNS (default 3) processes. Whatever slows the
machine slows both of a pair, and a lucky one counts no more than an unlucky one: a ``first`` of
``ttrpg`` comes out within some 0.05 again, also beside other work. Python collects cycles, from an
equal start for both, and who makes garbage pays for it.

Readers are the model of a vendor (``ttrpg``), which the goals are for; the same behind the router
and a budget, whose money is set aside on the disk before anything is sent (``routed``: that write
alone takes longer than all of a request on loopback); and the ``openai`` and ``anthropic`` clients
where they are installed. Ratios travel between machines; seconds do not.
"""

import asyncio
import contextlib
import gc
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx

from model_server.replies import PATHS

SERVER = Path(__file__).parent / "model_server"
TOKENS = 1_000
PAIRS, WARM = {"first": 160, "fast": 8, "paced": 1}, {"first": 20, "fast": 2, "paced": 0}
GOAL_FIRST, GOAL_CPU = 1.15, 2.0
CLIENTS = {"openai_chat": "openai", "openai_responses": "openai", "anthropic": "anthropic"}
ROUTED = "openai_responses"
"""The format that the router is measured with; it is the same for each."""
ASKED = "Who guards the bridge at night, and what does the toll come to?"
KEY = "sk-bench"
Opened = Callable[[], "contextlib.AbstractAsyncContextManager[AsyncIterator[object]]"]
Once = Callable[[Opened], Awaitable[float]]


def ours(name: str, url: str) -> Opened:
    """A model of our vendor."""
    from ttrpg_core.context import Context
    from ttrpg_core.llm import Message, Request
    from ttrpg_providers import vendors

    made = {
        "openai_chat": lambda: vendors.openai_vendor(
            known(vendors.OpenAISettings(url, api="chat"))
        ),
        "openai_responses": lambda: vendors.openai_vendor(
            known(vendors.OpenAISettings(url, api="responses"))
        ),
        "anthropic": lambda: vendors.anthropic_vendor(known(vendors.AnthropicSettings(url))),
        "gemini": lambda: vendors.gemini_vendor(known(vendors.GeminiSettings(url))),
        "ollama": lambda: vendors.ollama_vendor(known(vendors.OllamaSettings(url))),
    }

    def known(settings: object) -> Context:
        return Context(settings=settings, secret=lambda *_: KEY)

    model = made[name]().model("m")
    request = Request([Message("user", ASKED)])
    return lambda: model.stream(request)


def routed(_name: str, url: str) -> Opened:
    """The same as a command gets it: chosen by the router, held against a budget."""
    from ttrpg_core.app import App
    from ttrpg_core.llm import Message, Request
    from ttrpg_core.llm.calls import Purpose
    from ttrpg_core.llm.money.budgets import Budget

    home = Path(tempfile.mkdtemp(dir=sys.argv[4]))
    (home / "config.toml").write_text(
        '[models]\nuse = ["openai/m"]\n'
        f'[plugins.openai]\nbase_url = "{url}"\nprices = ["m 1 2"]\napi = "responses"\n'
    )
    app = App(environ={"TTRPG_HOME": str(home), "OPENAI_API_KEY": KEY})
    app.purse.budgets.set(Budget("month", 10**12))
    request = Request([Message("user", ASKED)])

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[object]]:
        async with app.models.call(request, Purpose("bench")) as call:
            yield call.reply

    return opened


def theirs(name: str, url: str) -> Opened:
    """The vendor's own client."""
    messages = [{"role": "user", "content": ASKED}]
    if name == "anthropic":
        from anthropic import AsyncAnthropic

        claude = AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0)

        @contextlib.asynccontextmanager
        async def opened() -> AsyncIterator[AsyncIterator[object]]:
            async with await claude.messages.create(
                model="m", max_tokens=1024, messages=messages, stream=True
            ) as stream:
                yield aiter(stream)

        return opened
    from openai import AsyncOpenAI

    gpt = AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0)
    create = gpt.chat.completions.create if name == "openai_chat" else gpt.responses.create
    said = {"messages": messages} if name == "openai_chat" else {"input": ASKED}

    @contextlib.asynccontextmanager
    async def asked() -> AsyncIterator[AsyncIterator[object]]:
        async with await create(model="m", stream=True, **said) as stream:
            yield aiter(stream)

    return asked


READERS = {"ttrpg": ours, "routed": routed, "client": theirs}


async def sent(reader: Callable[[str, str], Opened], name: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body of what a reader asks, as they come over the wire."""
    heard: asyncio.Future[tuple[dict[str, str], bytes]] = asyncio.Future()

    async def refuse(incoming: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await incoming.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
        headers = dict(line.split(": ", 1) for line in head)
        lower = {key.lower(): value for key, value in headers.items()}
        body = await incoming.readexactly(int(lower["content-length"]))
        heard.set_result((headers, body))
        writer.write(b"HTTP/1.1 400 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with contextlib.suppress(Exception):  # each says in its own way that it was refused
            async with reader(name, f"http://127.0.0.1:{port}")() as pieces:
                await anext(pieces)
        return await asyncio.wait_for(heard, 10)


def raw(url: str, headers: dict[str, str], body: bytes) -> Opened:
    """Only httpx, with a client that is kept."""
    own = {"host", "content-length"}
    client = httpx.AsyncClient(
        timeout=60, headers={key: each for key, each in headers.items() if key.lower() not in own}
    )

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[object]]:
        async with client.stream("POST", url, content=body) as answer:
            yield answer.aiter_bytes()

    return opened


async def until_first(opened: Opened) -> float:
    """Seconds from asking until the first delta."""
    start = time.perf_counter()
    async with opened() as pieces:
        await anext(pieces)
        seconds = time.perf_counter() - start
        async for _ in pieces:
            pass
    return seconds


async def cpu(opened: Opened) -> float:
    """Seconds of this process for all of a long reply."""
    start = time.process_time()
    async with opened() as pieces:
        number = 0
        async for _ in pieces:
            number += 1
    assert number >= TOKENS, number
    return time.process_time() - start


async def measure(reader: str, name: str, base: str) -> dict[str, list[tuple[float, float]]]:
    """What one reader of one format takes and httpx in turn with it, by kind: the pairs."""
    headers, body = await sent(READERS[reader], name)
    found: dict[str, list[tuple[float, float]]] = {}
    for kind, once in (("first", until_first), ("fast", cpu), ("paced", cpu)):
        url = base.replace("HOW", kind)
        mine, bare = READERS[reader](name, url), raw(url + PATHS[name], headers, body)
        pairs = []
        for number in range(WARM[kind] + PAIRS[kind]):
            if number == WARM[kind]:
                gc.collect()
                gc.freeze()
            seconds = {}
            for each in (mine, bare) if number % 2 else (bare, mine):
                gc.collect()
                seconds[each] = await once(each)
            pairs.append((seconds[mine], seconds[bare]))
        found[kind] = pairs[WARM[kind] :]
    return found


def readers(name: str) -> list[str]:
    """Who can read a format here."""
    found = ["ttrpg"]
    if name == ROUTED:
        found.append("routed")
    if name in CLIENTS and importlib.util.find_spec(CLIENTS[name]):
        found.append("client")
    return found


def run(turns: int, home: str) -> dict[tuple[str, str], dict[str, list[tuple[float, float]]]]:
    """The pairs of every reader of every format, each measured in turn in its own process."""
    found: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    with subprocess.Popen(
        [sys.executable, SERVER, str(TOKENS)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{server.stdout.readline().strip()}/HOW"
        for name, reader in [(n, r) for _ in range(turns) for n in PATHS for r in readers(n)]:
            child = subprocess.run(
                [sys.executable, __file__, reader, name, base, home],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            known = found.setdefault((name, reader), {})
            for kind, pairs in json.loads(child.stdout).items():
                known.setdefault(kind, []).extend(pairs)
        server.terminate()
    return found


def main(turns: int) -> int:
    """Run every reader of every format in turn, and print the ratios; 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as home:
        found = run(turns, home)
    print(f"{'milliseconds, and ratios to httpx':36} {'first':>14} {'CPU':>14} {'paced':>14}")
    ratios: dict[tuple[str, str], list[float]] = {}
    for (name, reader), kinds in found.items():
        ratios[name, reader] = [
            statistics.median(mine / bare for mine, bare in pairs) for pairs in kinds.values()
        ]
        cells = [
            f"{statistics.median(mine for mine, _ in pairs) * 1e3:7.2f} {ratio:6.2f}"
            for pairs, ratio in zip(kinds.values(), ratios[name, reader], strict=True)
        ]
        shown = CLIENTS[name] if reader == "client" else reader
        print(f"{name:20} {shown:15} {' '.join(cells)}")
    missed = [
        name
        for name in PATHS
        for first, fast, _ in [ratios[name, "ttrpg"]]
        if first > min(GOAL_FIRST, ratios.get((name, "client"), [GOAL_FIRST])[0])
        or fast > min(GOAL_CPU, ratios.get((name, "client"), [0, GOAL_CPU])[1])
    ]
    print(
        f"goals of ttrpg: first {GOAL_FIRST}, CPU {GOAL_CPU}, and less than the vendor's client;"
        f" missed: {', '.join(missed) or 'none'}"
    )
    return int(bool(missed))


if __name__ == "__main__":
    if len(sys.argv) > 3:  # noqa: PLR2004 - the child's own call
        print(json.dumps(asyncio.run(measure(*sys.argv[1:4]))))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
