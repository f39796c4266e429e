"""Ask a proxy that nobody here wrote: LiteLLM's, in each of the formats that it answers in.

    nox -s litellm        (or, where litellm[proxy] is installed: python litellm_proxy.py)

Behind the proxy stand its own mock answers, and a recorded kind of chat stream with words and with
two parallel calls of a tool: what the proxy makes of it in Anthropic's, Gemini's and OpenAI's
formats is its own writing. Each reply is read by our model of that format, over HTTP, as a stream.
Prints a line a case; ends with 1 when one does not hold.
"""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from ttrpg_core.context import Context
from ttrpg_core.errors import ProviderError, RateLimited, UnknownModel
from ttrpg_core.llm import Message, Reply, Request, Tool
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_core.testing.played import Step, played
from ttrpg_providers import vendors
from ttrpg_providers.vendor import HttpVendor

KEY = f"sk-{secrets.token_hex(8)}"
STARTING = 240
"""Seconds until the proxy has to answer: it imports a great deal."""
MOCKED = "The bridge is watched by two guards, day and night."
WORDS = ("The ", "bridge ", "is ", "watched.")
ROLL = Tool("roll", "Rolls dice", {"type": "object", "properties": {"dice": {"type": "string"}}})
ASK = Request([Message("user", "Who guards the bridge?")], system="Be brief.", tools=(ROLL,))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def say(line: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def chunk(**said: object) -> bytes:
    """A chunk of a chat's stream."""
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**head, **said})}\n\n".encode()


def choice(delta: object, finish: str | None = None) -> bytes:
    """A chunk that says something."""
    return chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def call(index: int, **said: object) -> bytes:
    """A piece of a call."""
    return choice({"tool_calls": [{"index": index, **said}]})


def upstream() -> dict[str, list[list[Step]]]:
    """What stands behind the proxy."""
    usage = {"prompt_tokens": 20, "completion_tokens": 12, "total_tokens": 32}
    end = [chunk(choices=[], usage=usage), b"data: [DONE]\n\n"]
    told = [choice({"content": word}) for word in WORDS]
    first = {"type": "function", "function": {"name": "roll", "arguments": ""}}
    return {
        "/words": [[HEAD, *told, choice({}, "stop"), *end]],
        "/tools": [
            [
                HEAD,
                call(0, id="call_a", **first),
                call(0, function={"arguments": '{"di'}),
                call(0, function={"arguments": 'ce": "2d6"}'}),
                call(1, id="call_b", **first),
                call(1, function={"arguments": '{"dice": "1d20"}'}),
                choice({}, "tool_calls"),
                *end,
            ]
        ],
    }


BACKENDS = {"": "deepseek/deepseek-chat", "-for-anthropic": "hosted_vllm/m"}
"""What the proxy takes the stream for: of some vendors it knows that they speak a format by
themselves, and hands their words on without writing its own."""


def config(url: str) -> str:
    """The proxy's settings; JSON is YAML too."""

    def model(name: str, kind: str, **more: str) -> dict[str, object]:
        return {"model_name": name, "litellm_params": {"model": kind, "api_key": "none", **more}}

    mock = "mock_response"
    return json.dumps(
        {
            "model_list": [
                model("mocked", "anthropic/claude-haiku-4-5", **{mock: MOCKED}),
                model("limited", "openai/gpt-4o-mini", **{mock: "litellm.RateLimitError"}),
                *(
                    model(f"{name}{suffix}", kind, api_base=f"{url}/{name}")
                    for suffix, kind in BACKENDS.items()
                    for name in ("words", "tools")
                ),
            ],
            "general_settings": {"master_key": KEY},
            "litellm_settings": {"telemetry": False, "num_retries": 0},
        }
    )


def formats(base: str, key: str = KEY) -> Mapping[str, HttpVendor]:
    """Our vendors, each with the proxy for its server."""

    def known(settings: object) -> Context:
        limits = NetworkSettings(retries=0, first_seconds=30, read_seconds=30)
        return Context(settings=settings, secret=lambda *_: key, network=limits)

    v1 = f"{base}/v1"
    return {
        "openai chat": vendors.openai_vendor(known(vendors.OpenAISettings(v1, api="chat"))),
        "openai responses": vendors.openai_vendor(
            known(vendors.OpenAISettings(v1, api="responses"))
        ),
        "anthropic": vendors.anthropic_vendor(known(vendors.AnthropicSettings(v1))),
        "gemini": vendors.gemini_vendor(known(vendors.GeminiSettings(f"{base}/v1beta"))),
    }


async def ask(vendor: HttpVendor, model: str) -> Reply | ProviderError:
    """The reply, or what went wrong."""
    try:
        async with vendor.model(model).stream(ASK) as reply:
            await reply.read()
    except ProviderError as error:
        return error
    return reply


def holds(model: str, got: Reply | ProviderError) -> bool:
    """Whether this is what the model of this name answers."""
    if isinstance(got, ProviderError):
        return model in {"limited", "nobody"} and type(got) in {RateLimited, UnknownModel}
    calls = [(each.name, dict(each.arguments)) for each in got.tool_calls]
    used = (got.usage.input, got.usage.output)
    if model == "mocked":
        return (got.text, got.finish) == (MOCKED, "stop")
    if model == "words":
        return (got.text, got.finish, used) == ("".join(WORDS), "stop", (20, 12))
    wanted = [("roll", {"dice": "2d6"}), ("roll", {"dice": "1d20"})]
    return (calls, got.finish, used) == (wanted, "tool", (20, 12))


SKIPPED = {
    ("openai responses", "mocked"): "its mock of this format does not stream",
    ("openai responses", "limited"): "its mock of an error breaks its own stream",
}


async def check(base: str) -> int:
    """Every format with every model; how many do not hold."""
    wrong = 0
    for name, vendor in formats(base).items():
        for model in ("mocked", "words", "tools", "limited", "nobody"):
            if (name, model) in SKIPPED:
                say(f"{name:17} {model:8} left out: {SKIPPED[name, model]}")
                continue
            bridged = name == "anthropic" and model in {"words", "tools"}
            got = await ask(vendor, f"{model}-for-anthropic" if bridged else model)
            held = holds(model, got)
            wrong += not held
            said = got.message if isinstance(got, ProviderError) else got.text or got.tool_calls
            say(f"{name:17} {model:8} {'held' if held else 'WRONG'}: {str(said)[:90]}")
    names = {each.id for each in await formats(base)["openai chat"].models()}
    say(f"models: {sorted(names)}")
    return wrong + (not {"mocked", "words", "tools"} <= names)


def wait_for(base: str, proxy: subprocess.Popen[bytes]) -> None:
    """Until the proxy answers."""
    for _ in range(STARTING * 2):
        if proxy.poll() is not None:
            sys.exit("the proxy ended before it answered")
        try:
            urllib.request.urlopen(f"{base}/health/liveliness", timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    sys.exit("the proxy does not answer")


def main() -> int:
    """Start the proxy, ask it, end it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, played(upstream()) as url:
        written = Path(folder) / "config.yaml"
        written.write_text(config(url), "utf-8")
        script = str(Path(sysconfig.get_path("scripts")) / "litellm")
        command = [script, "--config", str(written), "--host", "127.0.0.1", "--port", str(port)]
        environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # it asks no network
        with (Path(folder) / "log").open("wb") as log:
            proxy = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=folder)
            try:
                wait_for(base, proxy)
                wrong = asyncio.run(check(base))
            finally:
                proxy.terminate()
                proxy.wait()
    say(f"not held: {wrong}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
