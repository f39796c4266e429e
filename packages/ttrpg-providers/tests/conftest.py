"""Recorded traffic of vendors, as it lies beside the project; absent, its tests are skipped."""

import json
import os
import zlib
from pathlib import Path

import attrs
import pytest

DATA = Path(os.environ.get("TTRPG_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))


@attrs.frozen
class Exchange:
    """One request and what came back; ``sent`` is its JSON, None where it was cut or is none."""

    url: str
    sent: dict | None
    status: int
    headers: dict[str, str]
    body: bytes


def read_cassette(path: Path) -> list[Exchange]:
    """The exchanges of a file of vcrpy or Ruby's VCR; bodies are unpacked."""
    yaml = pytest.importorskip("yaml")

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Ruby writes ``!binary`` where Python writes ``!!binary``."""

    Loader.add_constructor("!binary", yaml.constructor.SafeConstructor.construct_yaml_binary)
    known = yaml.load(path.read_text("utf-8"), Loader)
    found = []
    for each in known.get("interactions") or known["http_interactions"]:
        request, response = each["request"], each["response"]
        headers = {name.lower(): values[0] for name, values in response["headers"].items()}
        for name in ("content-encoding", "content-length", "transfer-encoding", "connection"):
            headers.pop(name, None)
        found.append(
            Exchange(
                request["uri"],
                _sent(request),
                response["status"]["code"],
                headers,
                _body(response),
            )
        )
    return found


def _sent(request):
    body = request.get("parsed_body", request.get("body"))
    if isinstance(body, dict) and "string" in body:
        body = body["string"]
    if isinstance(body, str | bytes):
        try:
            return json.loads(body)
        except ValueError:
            return None
    return body


def _body(response) -> bytes:
    if "parsed_body" in response:
        return json.dumps(response["parsed_body"]).encode()
    body = response["body"]["string"]
    body = body if isinstance(body, bytes) else body.encode()
    return zlib.decompress(body, 31) if body.startswith(b"\x1f\x8b") else body


@pytest.fixture
def recorded():
    """Reads a recording: ``recorded("openai/llm__x.yaml")`` answers its exchanges.

    What is no cassette is one exchange of status 200: lines of chunks, or a bare body.
    """

    def read(name: str) -> list[Exchange]:
        path = DATA / "llm" / name
        if not path.exists():
            pytest.skip("the recorded traffic is not here (TTRPG_TEST_DATA)")
        if path.suffix in {".yaml", ".yml"}:
            return read_cassette(path)
        return [Exchange("", None, 200, {}, path.read_bytes())]

    return read
