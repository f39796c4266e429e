"""What streaming a model's reply costs, against raw httpx and the vendors' own clients.

    python bench/models.py [TURNS]        or: nox -s bench -- models

A server in a process of its own speaks the five wire formats on loopback, one event a chunk. Each
reader runs in a process of its own too, where it reads in turn with ``httpx``, which does nothing
with the bytes; the least of all its rounds in TURNS (default 3) processes counts:

- first: from asking until the first delta, over a connection that is kept;
- CPU: user and system seconds for 1,000 tokens that come as fast as the reader takes them;
- paced: the same for a token each half millisecond, when most time goes into waking up.

The ``openai`` and ``anthropic`` clients are measured where they are installed. Ratios travel
between machines; seconds do not.
"""

import asyncio
import contextlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

TOKENS, FIRSTS, ROUNDS, PAUSE = 1_000, 60, 6, 0.0005
GOAL_FIRST, GOAL_CPU = 1.15, 2.0
PATHS = {
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "anthropic": "/messages",
    "gemini": "/models/m:streamGenerateContent",
    "ollama": "/api/chat",
}
CLIENTS = {"openai_chat": "openai", "openai_responses": "openai", "anthropic": "anthropic"}
ASKED = "Who guards the bridge at night, and what does the toll come to?"
Once = Callable[["Opened"], Awaitable[float]]
Opened = Callable[[], "contextlib.AbstractAsyncContextManager[AsyncIterator[object]]"]


def sse(*said: object, name: str = "") -> list[bytes]:
    """Events, as each vendor writes them."""
    head = f"event: {name}\n" if name else ""
    return [f"{head}data: {json.dumps(each)}\n\n".encode() for each in said]


def words(tokens: int) -> list[str]:
    """The text of a reply, a token each."""
    return [("The ", "bridge ", "is ", "watched ", "by ", "two. ")[at % 6] for at in range(tokens)]


def openai_chat(tokens: int) -> list[bytes]:
    """Chunks of a completion."""
    head = {
        "id": "chatcmpl-BenchBenchBenchBenchBenchBe",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": "gpt-5.4-mini-2026-03-05",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }

    def choice(delta: object, finish: str | None = None) -> dict[str, object]:
        said = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**head, "choices": [said], "usage": None, "obfuscation": "x8Yz"}

    usage = {"prompt_tokens": 20, "completion_tokens": tokens, "total_tokens": tokens + 20}
    return [
        *sse(choice({"role": "assistant", "content": "", "refusal": None})),
        *sse(*(choice({"content": word}) for word in words(tokens))),
        *sse(choice({}, "stop"), {**head, "choices": [], "usage": usage}),
        b"data: [DONE]\n\n",
    ]


def openai_responses(tokens: int) -> list[bytes]:
    """Events of a response."""
    usage = {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens + 20,
    }
    done = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_795_000_000,
        "model": "gpt-5.4-mini",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "status": "completed",
        "usage": usage,
    }
    at = {"item_id": "msg_0123456789abcdef0123456789abcdef", "output_index": 0, "content_index": 0}
    found = []
    kind = "response.output_text.delta"
    for number, word in enumerate(words(tokens)):
        said = {"type": kind, "sequence_number": number, **at, "delta": word, "logprobs": []}
        found += sse(said, name=kind)
    last = {"type": "response.completed", "sequence_number": tokens, "response": done}
    return [*found, *sse(last, name="response.completed")]


def anthropic(tokens: int) -> list[bytes]:
    """Events of a message."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": 1},
    }
    block = {"type": "text", "text": ""}
    found = sse({"type": "message_start", "message": message}, name="message_start")
    found += sse(
        {"type": "content_block_start", "index": 0, "content_block": block},
        name="content_block_start",
    )
    for word in words(tokens):
        delta = {"type": "text_delta", "text": word}
        said = {"type": "content_block_delta", "index": 0, "delta": delta}
        found += sse(said, name="content_block_delta")
    found += sse({"type": "content_block_stop", "index": 0}, name="content_block_stop")
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    ended = {"type": "message_delta", "delta": stop, "usage": {"output_tokens": tokens}}
    return [
        *found,
        *sse(ended, name="message_delta"),
        *sse({"type": "message_stop"}, name="message_stop"),
    ]


def gemini(tokens: int) -> list[bytes]:
    """Chunks of generateContent; each counts anew."""
    found = []
    for number, word in enumerate(words(tokens)):
        candidate: dict[str, object] = {
            "content": {"parts": [{"text": word}], "role": "model"},
            "index": 0,
        }
        if number == tokens - 1:
            candidate["finishReason"] = "STOP"
        usage = {
            "promptTokenCount": 20,
            "candidatesTokenCount": number,
            "totalTokenCount": number + 20,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
        }
        said = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3.5"}
        found += sse({**said, "responseId": "0123456789abcdef"})
    return found


def ollama(tokens: int) -> list[bytes]:
    """Lines of a chat."""
    head = {"model": "llama3.2:3b", "created_at": "2026-11-27T12:00:00.123456789Z"}
    said = [
        {**head, "message": {"role": "assistant", "content": word}, "done": False}
        for word in words(tokens)
    ]
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    counts = {"total_duration": 1, "prompt_eval_count": 20, "eval_count": tokens}
    return [f"{json.dumps(each)}\n".encode() for each in [*said, {**head, **last, **counts}]]


STREAMS = {each.__name__: each for each in (openai_chat, openai_responses, anthropic, gemini)}
STREAMS["ollama"] = ollama


async def serve() -> None:
    """Answer every request with a stream; the first part of the path says how it comes."""

    def chunks(made: list[bytes]) -> list[bytes]:
        return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in made] + [b"0\r\n\r\n"]

    long = {path: chunks(STREAMS[name](TOKENS)) for name, path in PATHS.items()}
    short = {path: chunks(STREAMS[name](3)) for name, path in PATHS.items()}
    for pieces in short.values():  # OpenAI's first event has no words, and comes with the second
        pieces[:2] = [b"".join(pieces[:2])]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                size = head.lower().partition("content-length:")[2].split("\r\n")[0]
                await reader.readexactly(int(size or 0))
                _, how, rest = head.split()[1].split("/", 2)
                path = "/" + rest.partition("?")[0].removeprefix(
                    "v1/"
                )  # Anthropic's client adds it
                media = "application/x-ndjson" if path == PATHS["ollama"] else "text/event-stream"
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n".encode()
                )
                if how == "fast":
                    writer.writelines(long[path])
                    await writer.drain()
                    continue
                for piece in (short if how == "first" else long)[path]:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(PAUSE)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def ours(name: str, url: str) -> Opened:
    """A model of our vendor, as a command gets it."""
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
        return Context(settings=settings, secret=lambda *_: "sk-bench")

    model = made[name]().model("m")
    request = Request([Message("user", ASKED)])
    return lambda: model.stream(request)


def raw(name: str, url: str) -> Opened:
    """Only httpx, with a client that is kept."""
    client = httpx.AsyncClient(timeout=60)
    content = json.dumps({"model": "m", "max_tokens": 1024, "messages": [ASKED]}).encode()

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[AsyncIterator[object]]:
        async with client.stream("POST", url + PATHS[name], content=content) as answer:
            yield answer.aiter_bytes()

    return opened


def theirs(name: str, url: str) -> Opened:
    """The vendor's own client."""
    messages = [{"role": "user", "content": ASKED}]
    if name == "anthropic":
        from anthropic import AsyncAnthropic

        claude = AsyncAnthropic(api_key="sk-bench", base_url=url, max_retries=0)

        @contextlib.asynccontextmanager
        async def opened() -> AsyncIterator[AsyncIterator[object]]:
            async with await claude.messages.create(
                model="m", max_tokens=1024, messages=messages, stream=True
            ) as stream:
                yield aiter(stream)

        return opened
    from openai import AsyncOpenAI

    gpt = AsyncOpenAI(api_key="sk-bench", base_url=url, max_retries=0)
    create = gpt.chat.completions.create if name == "openai_chat" else gpt.responses.create
    said = {"messages": messages} if name == "openai_chat" else {"input": ASKED}

    @contextlib.asynccontextmanager
    async def asked() -> AsyncIterator[AsyncIterator[object]]:
        async with await create(model="m", stream=True, **said) as stream:
            yield aiter(stream)

    return asked


READERS = {"ttrpg": ours, "client": theirs}


async def measure(reader: str, name: str, base: str) -> dict[str, list[float]]:
    """What one reader of one format takes, and httpx in turn with it: the least of each."""

    async def least(
        how: str, rounds: int, once: Callable[[Opened], Awaitable[float]]
    ) -> list[float]:
        url = base.replace("HOW", how)
        mine, bare = READERS[reader](name, url), raw(name, url)
        times = [(await once(mine), await once(bare)) for _ in range(rounds + 3)][3:]
        return [min(each) for each in zip(*times, strict=True)]

    async def until_first(opened: Opened) -> float:
        start = time.perf_counter()
        async with opened() as pieces:
            await anext(pieces)
            seconds = time.perf_counter() - start
            async for _ in pieces:
                pass
        return seconds

    async def cpu(opened: Opened) -> float:
        start = time.process_time()
        async with opened() as pieces:
            number = 0
            async for _ in pieces:
                number += 1
        assert number >= TOKENS, number
        return time.process_time() - start

    return {
        "first": await least("first", FIRSTS, until_first),
        "CPU": await least("fast", ROUNDS, cpu),
        "paced": await least("paced", 1, cpu),
    }


def readers(name: str) -> list[str]:
    """Who can read a format here."""
    found = ["ttrpg"]
    if name in CLIENTS and importlib.util.find_spec(CLIENTS[name]):
        found.append("client")
    return found


def main(turns: int) -> int:
    """Run every reader of every format in turn, and print the ratios; 1 where a goal is missed."""
    best: dict[tuple[str, str], dict[str, list[float]]] = {}
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{server.stdout.readline().strip()}/HOW"
        for name, reader in [(n, r) for _ in range(turns) for n in PATHS for r in readers(n)]:
            run = subprocess.run(
                [sys.executable, __file__, reader, name, base],
                capture_output=True,
                text=True,
                check=True,
            )
            figures = json.loads(run.stdout)
            known = best.setdefault((name, reader), figures)
            for key, pair in figures.items():
                known[key] = [min(both) for both in zip(known[key], pair, strict=True)]
        server.terminate()
    print(f"{'milliseconds, and ratios to httpx':36} {'first':>14} {'CPU':>14} {'paced':>14}")
    ratios: dict[tuple[str, str], list[float]] = {}
    for (name, reader), figures in best.items():
        ratios[name, reader] = [mine / bare for mine, bare in figures.values()]
        cells = [
            f"{figures[key][0] * 1e3:7.2f} {ratio:6.2f}"
            for key, ratio in zip(figures, ratios[name, reader], strict=True)
        ]
        shown = CLIENTS[name] if reader == "client" else reader
        print(f"{name:20} {shown:15} {' '.join(cells)}")
    missed = [
        name
        for name in PATHS
        for first, cpu, _ in [ratios[name, "ttrpg"]]
        if first > min(GOAL_FIRST, ratios.get((name, "client"), [GOAL_FIRST])[0])
        or cpu > min(GOAL_CPU, ratios.get((name, "client"), [0, GOAL_CPU])[1])
    ]
    print(
        f"goals: first {GOAL_FIRST}, CPU {GOAL_CPU}, and less than the vendor's client;"
        f" missed: {', '.join(missed) or 'none'}"
    )
    return int(bool(missed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve())
    elif len(sys.argv) > 3:  # noqa: PLR2004 - the child's own call
        print(json.dumps(asyncio.run(measure(*sys.argv[1:4]))))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
