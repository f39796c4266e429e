"""How far our counts of a request's tokens are from the vendors', on recorded traffic.

For each family: recordings, the error of ``estimate`` in per cent (mean and median of its size, and
the worst with its sign), how many times the count ``at_most`` is (median), and for how many it was
below the count, which must be none. Ends with 1 when it was. ``--each`` prints every recording.
Usage: ``python bench/tokens.py [--each] [FOLDER]``, the folder with ``anthropic``, ``gemini``,
``ollama`` and ``openai``.
"""

import base64
import json
import os
import statistics
import sys
import tomllib
import zlib
from collections import defaultdict
from pathlib import Path

import attrs
import yaml

from ttrpg_core.llm import Image, Message, Reasoning, Request, Text, Tool, ToolCall, ToolResult
from ttrpg_core.llm.tokens import at_most, estimate, family

HERE = Path(__file__).resolve().parent
LISTED = HERE.parent / "packages/ttrpg-providers/tests/recordings.toml"
DATA = Path(os.environ.get("TTRPG_TEST_DATA", HERE.parents[1] / "shared" / "data"))


class Loader(yaml.CSafeLoader):
    """Ruby writes ``!binary`` where Python writes ``!!binary``."""


Loader.add_constructor("!binary", yaml.constructor.SafeConstructor.construct_yaml_binary)


@attrs.frozen
class Measured:
    """One recorded request: its model, the vendor's count and ours."""

    name: str
    model: str
    counted: int
    expected: int
    bound: int

    @property
    def error(self) -> float:
        """How far off the estimate was, as a share of the count."""
        return (self.expected - self.counted) / self.counted


def exchanges(path: Path) -> list[dict]:
    """The exchanges of a cassette, of Python or of Ruby."""
    known = yaml.load(path.read_text("utf-8"), Loader)
    return known.get("interactions") or known["http_interactions"]


def sent(request: dict) -> dict | None:
    """The JSON that was sent; None where there was none."""
    body = request.get("parsed_body", request.get("body"))
    if isinstance(body, dict) and "string" in body:
        body = body["string"]
    if isinstance(body, bytes) and body.startswith(b"\x1f\x8b"):
        body = zlib.decompress(body, 31)
    return json.loads(body) if isinstance(body, str | bytes) else body


def picture(url: str) -> Image | None:
    """The image of a data URL; None for one that lies elsewhere."""
    head, _, data = url.partition(",")
    if not head.startswith("data:"):
        return None
    return Image(base64.b64decode(data), head.removeprefix("data:").partition(";")[0])


def arguments(text: object) -> dict:
    """The arguments of a call, whichever way they are written."""
    return json.loads(text or "{}") if isinstance(text, str | type(None)) else text


def openai_chat(body: dict) -> Request | None:
    """A chat completion in our words, and a request of Ollama, which is much the same."""
    system, messages = [], []
    for each in body["messages"]:
        parts: list = []
        content = each.get("content") or each.get("reasoning") or ""
        for part in [{"text": content}] if isinstance(content, str) else content:
            url = part.get("image_url")
            found = picture(url["url"]) if url else Text(part["text"])
            if found is None:
                return None
            parts.append(found)
        for call in each.get("tool_calls") or ():
            told = call["function"]
            parts.append(ToolCall(call.get("id", ""), told["name"], arguments(told["arguments"])))
        if each["role"] in {"system", "developer"}:
            system.append(each["content"])
        elif each["role"] == "tool":
            said = [ToolResult(each.get("tool_call_id", ""), each["content"])]
            messages.append(Message("user", said))
        else:
            messages.append(Message(each["role"], [p for p in parts if p != Text("")]))
    tools = [
        Tool(t["name"], t.get("description") or "", t.get("parameters", {}))
        for t in (each["function"] for each in body.get("tools") or ())
    ]
    shape = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    return Request(messages, "\n".join(system), tuple(tools), schema=shape)


def openai_responses(body: dict) -> Request | None:
    """A request of the Responses in our words."""
    messages = []
    for each in body["input"]:
        content = each["content"]
        parts = [{"text": content}] if isinstance(content, str) else content
        found = [Text(p["text"]) if "text" in p else picture(p["image_url"]) for p in parts]
        messages.append(Message(each["role"], found))
    return Request(messages)


def anthropic(body: dict) -> Request | None:
    """A request of the Messages in our words."""
    messages = []
    for each in body["messages"]:
        parts: list = []
        content = each["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match part["type"]:
                case "text":
                    parts.append(Text(part["text"]))
                case "image":
                    source = part["source"]
                    if "data" not in source:
                        return None
                    parts.append(Image(base64.b64decode(source["data"]), "image/png"))
                case "tool_use":
                    parts.append(ToolCall(part["id"], part["name"], part["input"]))
                case "tool_result":
                    told = part["content"]
                    text = told if isinstance(told, str) else "".join(p["text"] for p in told)
                    parts.append(ToolResult(part["tool_use_id"], text))
                case "thinking":
                    parts.append(Reasoning(part["thinking"], part["signature"], "anthropic"))
                case _:
                    return None
        messages.append(Message(each["role"], parts))
    tools = [
        Tool(t["name"], t.get("description") or "", t["input_schema"])
        for t in body.get("tools", ())
    ]
    shape = body.get("output_config", {}).get("format", {}).get("schema")
    system = body.get("system", "")
    if isinstance(system, list):
        system = "".join(part["text"] for part in system)
    return Request(messages, system, tuple(tools), schema=shape)


def gemini(body: dict) -> Request | None:
    """A request of generateContent in our words."""
    messages = []
    for each in body["contents"]:
        parts: list = []
        for part in each["parts"]:
            call = part.get("functionCall") or part.get("function_call")
            told = part.get("functionResponse") or part.get("function_response")
            seal = part.get("thoughtSignature", "")
            data = part.get("inline_data") or part.get("inlineData")
            if call:
                parts.append(ToolCall(call.get("id", ""), call["name"], call["args"], "", seal))
            elif told:
                parts.append(ToolResult(told["name"], json.dumps(told["response"])))
            elif data:
                parts.append(Image(base64.b64decode(data["data"]), data["mime_type"]))
            elif "text" in part:
                parts.append(Text(part["text"]))
            else:
                return None
        messages.append(Message("assistant" if each["role"] == "model" else "user", parts))
    tools = [
        Tool(
            t["name"],
            t.get("description") or "",
            t.get("parameters") or t.get("parametersJsonSchema") or {},
        )
        for group in body.get("tools", ())
        for t in group.get("functionDeclarations") or group.get("function_declarations") or ()
    ]
    instruction = body.get("systemInstruction") or body.get("system_instruction") or {}
    system = "".join(part["text"] for part in instruction.get("parts", ()))
    return Request(messages, system, tuple(tools))


FORMS = {
    "anthropic": anthropic,
    "gemini": gemini,
    "ollama": openai_chat,
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
}


def counted(listed: dict, response: dict) -> int:
    """The vendor's own count: that of an answer, or of a question for the count alone."""
    if "usage" in listed:
        return listed["usage"][0]
    body = response.get("parsed_body") or json.loads(response["body"]["string"])
    return body.get("input_tokens") or body.get("totalTokens") or 0


def measured(folder: Path) -> list[Measured]:
    """Every recording with a count of tokens whose request we can say in our words."""
    found = []
    for listed in tomllib.loads(LISTED.read_text("utf-8"))["exchange"]:
        path = folder / listed["file"]
        counts = "usage" in listed or listed.get("other", "").endswith(
            ("count_tokens", "countTokens")
        )
        if not counts or path.suffix not in {".yaml", ".yml"}:
            continue
        exchange = exchanges(path)[listed["number"]]
        request = exchange["request"]
        body = sent(request)
        form = listed.get("format") or path.parent.name
        body = body and body.get("generateContentRequest", body)
        said = body and FORMS[form](body)
        if said is None:
            continue
        url = request["uri"].partition("/models/")[2].partition(":")[0]
        model = f"{form}/{body.get('model') or url}"
        name = f"{path.name[:70]} {listed['number']}"
        found.append(
            Measured(
                name,
                model,
                counted(listed, exchange["response"]),
                estimate(said, model),
                at_most(said, model),
            )
        )
    return found


def main() -> None:
    """Print a line for each family."""
    words = [word for word in sys.argv[1:] if word != "--each"]
    folder = Path(words[0]) if words else DATA / "llm"
    if not folder.exists():
        print(f"the recordings are not at {folder}: nothing is measured")
        return
    by_family = defaultdict(list)
    for one in measured(folder):
        by_family[family(one.model).name].append(one)
    print(f"{'family':8} {'n':>3} {'mean':>6} {'median':>6} {'worst':>7} {'bound':>6} {'below':>5}")
    below = 0
    for name, all_of_it in by_family.items():
        if "--each" in sys.argv:
            for one in all_of_it:
                figures = f"{one.counted:6} {one.expected:6} {one.error:+7.0%} {one.bound:6}"
                print(f"  {figures}  {one.model} {one.name}")
        sizes = [abs(one.error) for one in all_of_it]
        worst = max((one.error for one in all_of_it), key=abs)
        bound = statistics.median(one.bound / one.counted for one in all_of_it)
        passed = sum(one.bound < one.counted for one in all_of_it)
        below += passed
        print(
            f"{name:8} {len(all_of_it):3} {statistics.mean(sizes):6.0%}"
            f" {statistics.median(sizes):6.0%} {worst:+7.0%} {bound:5.1f}x {passed:5}"
        )
    sys.exit(1 if below else 0)


if __name__ == "__main__":
    main()
