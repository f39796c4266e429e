"""Write docs/providers.md, or check that it is current: ``docs/make_providers.py [--check]``.

The table of faults is what our models say to a server, in a process of its own, that does each of
them; that of recorded traffic counts packages/ttrpg-providers/tests/recordings.toml, whose every
line a test replays. Needs ttrpg-core and ttrpg-providers; the recordings need not be there.
"""

import importlib.util
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
TESTS = HERE.parent / "packages/ttrpg-providers/tests"
PAGE = HERE / "providers.md"
NOTE = "<!-- Written by docs/make_providers.py; change the source and run it. -->\n"
FORMATS = {
    "openai_chat": "OpenAI chat",
    "openai_responses": "OpenAI responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "ollama": "Ollama",
}
HEAD = """\
# Providers: what is tested, and what you see when one fails

How to set them up is in [the package's README](../packages/ttrpg-providers/README.md).

## When a server goes wrong

Each row was played by a server in a process of its own to the models of all five formats: OpenAI's
chat and responses, Anthropic's, Gemini's and Ollama's. `NAME` stands for the vendor's. What had
come is kept and marked as not finished. *Again* says whether the request is sent once more before
you see the error, up to `network.retries` times and after the wait that is asked for, where that is
no longer than `network.wait_seconds`; after the first word nothing is. The next model of your list
is asked where there is one. Every such error ends a command with exit code 5.
"""
RECORDED = """\
## Recorded traffic

Answers that the vendors really gave, from the test data of other projects. Each is read as it is
and cut at any place; served over HTTP, it says the same. One of each format is served cut at every
single byte. The counts are of exchanges; without the recordings their tests are skipped.
"""
OTHERS = """\
## Servers that nobody here wrote

`nox -s litellm` puts the proxy of LiteLLM, with answers that it mocks and streams that it
translates, behind our four formats that it speaks (OpenAI's chat and responses, Anthropic's,
Gemini's): words, two parallel calls of a tool in pieces, counts of tokens, a rate limit, a model
that is not there. It takes a large environment and some minutes, and is no part of the gate.

`nox -s bench -- models` measures the time to the first word and the CPU of a stream, as ratios to
`httpx` reading the same bytes, beside the vendors' own clients.
"""


def loaded(path: Path) -> ModuleType:
    """A module of a folder that is no package."""
    spec = importlib.util.spec_from_file_location("provider_faults", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # attrs looks its classes up there
    spec.loader.exec_module(made)
    return made


def fault_rows() -> list[str]:
    """What is seen of each fault; formats that say the same share a row."""
    faults = loaded(TESTS / "faults.py")
    rows: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for to in faults.DIALECTS:
        for case, seen in faults.see(to):
            error = seen.error
            shown = (
                f"`{type(error).__name__}`" if error else "none",
                _same(f"{error.message}. {error.hint}", to.vendor) if error else "",
                "yes" if case.kept else "",
                "yes" if seen.again else "",
            )
            rows.setdefault(case.name, {}).setdefault(shown, []).append(to.name)
    lines = []
    for name, kinds in rows.items():
        for shown, formats in kinds.items():
            where = "" if len(kinds) == 1 else f" ({', '.join(FORMATS[each] for each in formats)})"
            lines.append(f"| {name}{where} | {' | '.join(shown)} |")
    return lines


def _same(said: str, vendor: str) -> str:
    """A message without what differs from run to run: the vendor, and seconds that pass."""
    text = re.sub(rf"\b{vendor}\b", "NAME", said)
    text = re.sub(r"\bWait 3,[56]\d\d s", "Wait 3,600 s", text)
    return text.replace("127.0.0.1", "HOST").replace("|", "\\|")


def recorded_rows() -> list[str]:
    """How many exchanges of each kind there are, by format."""
    listed = tomllib.loads((TESTS / "recordings.toml").read_text("utf-8"))["exchange"]
    kinds: dict[str, Counter[str]] = {}
    for each in listed:
        for kind in _kinds(each):
            kinds.setdefault(kind, Counter())[each.get("format", "")] += 1
    return [
        f"| {kind} | " + " | ".join(str(counts[each] or "") for each in FORMATS) + " |"
        for kind, counts in sorted(kinds.items())
    ]


def _kinds(each: dict[str, object]) -> list[str]:
    if "other" in each:
        return []
    if "error" in each:
        return [f"error: `{each['error']}`"]
    how = "streamed" if each.get("frames") else "whole"
    calls = each.get("calls")
    number = len(calls) if isinstance(calls, list) else 0
    found = [f"a reply, {how}"]
    if number:
        found.append(f"{'one call of a tool' if number == 1 else 'several calls at once'}, {how}")
    if each.get("thought"):
        found.append(f"thoughts in words, {how}")
    usage = each.get("usage")
    counted = usage if isinstance(usage, list) else [0] * 5
    if counted[2]:
        found.append("tokens from the vendor's cache")
    if counted[3]:
        found.append("tokens of reasoning")
    if each.get("finish") in {"length", "refused"}:
        found.append(f"ended: {each['finish']}")
    if each.get("every_byte"):
        found.append("cut at every byte, over HTTP")
    return found


def page() -> str:
    """The whole page."""
    formats = list(FORMATS.values())
    return "\n".join(
        [
            NOTE,
            HEAD,
            "| what the server does | error | what you read | kept | again |",
            "|---|---|---|---|---|",
            *fault_rows(),
            "",
            RECORDED,
            f"| case | {' | '.join(formats)} |",
            "|---" * (len(formats) + 1) + "|",
            *recorded_rows(),
            "",
            OTHERS,
        ]
    )


def main() -> int:
    """Write or check; 1 when it is not current."""
    text = page().rstrip() + "\n"
    if "--check" not in sys.argv:
        PAGE.write_text(text, "utf-8")
        print(f"wrote {PAGE.name}")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        print("docs/providers.md is current")
        return 0
    print("docs/providers.md is not current; run: python docs/make_providers.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
