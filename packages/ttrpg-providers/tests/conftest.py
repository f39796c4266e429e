"""Recorded traffic of vendors, as it lies beside the project; absent, its tests are skipped."""

import contextlib
import json
import os
import select
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


@attrs.define
class Server:
    """Answers on loopback: a path has a list of ``(status, headers, pieces)``, the last repeated.

    A piece is bytes, or a number of seconds to wait; a client that leaves in that time is noted in
    ``left``. The connection closes after the last piece.
    """

    url: str = ""
    script: dict[str, list] = attrs.field(factory=dict)
    asked: list[tuple[str, dict[str, str], dict | None]] = attrs.field(factory=list)
    left: threading.Event = attrs.field(factory=threading.Event)

    def next(self, path: str):
        answers = self.script.get(path) or self.script[path.partition("?")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def server():
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            size = int(self.headers.get("content-length", 0))
            sent = json.loads(self.rfile.read(size)) if size else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.asked.append((self.path, headers, sent))
            status, answer, pieces = told.next(self.path)
            self.send_response(status)
            for name, value in answer.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in pieces:
                if isinstance(piece, bytes):
                    self.wfile.write(piece)
                elif select.select([self.connection], [], [], piece)[0]:
                    told.left.set()
                    return

        do_GET = do_POST  # noqa: N815 - the name that http.server asks for

        def log_message(self, *_):
            pass

        def handle(self):
            with contextlib.suppress(ConnectionError):
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        told.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield told
        http.shutdown()
        thread.join()
