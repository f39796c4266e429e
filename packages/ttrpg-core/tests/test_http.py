"""The network against a real server on loopback: retries, Retry-After, streams, --offline."""

import asyncio
import contextlib
import email.utils
import os
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import httpx
import pytest

from ttrpg_core.errors import Offline
from ttrpg_core.http import MAX_WAIT, OfflineTransport, RetryTransport, client, proxies, retry_after
from ttrpg_core.settings_tables import NetworkSettings

KEY = "sk-0123456789-very-secret"


@attrs.define
class Server:
    """What it answers is a list a path; the last is repeated. Counts what it was asked."""

    url: str = ""
    script: dict[str, list] = attrs.field(factory=dict)
    asked: Counter = attrs.field(factory=Counter)
    bodies: list[bytes] = attrs.field(factory=list)
    keys: list[str | None] = attrs.field(factory=list)


@pytest.fixture
def server():
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            told.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            told.keys.append(self.headers.get("x-api-key"))
            number = told.asked[self.path]
            told.asked[self.path] += 1
            answers = told.script[self.path]
            answer = answers[min(number, len(answers) - 1)]
            if answer == "hang up":
                self.close_connection = True
                return
            status, headers, *pieces = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in pieces:
                if piece == "hang up":
                    self.close_connection = True
                    return
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece.encode()))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST  # noqa: N815 - the name that http.server asks for

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        told.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield told
        http.shutdown()
        thread.join()


@attrs.define
class Naps:
    """Sleeps at once, and knows how long it should have been."""

    taken: list[float] = attrs.field(factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def talk(server: Server, path: str, retries: int = 2, read=None) -> tuple[object, Naps]:
    """Ask through a client with retries; the answer, or the error, and the naps between."""
    naps = Naps()

    async def go():
        transport = RetryTransport(httpx.AsyncHTTPTransport(), retries, sleep=naps)
        async with httpx.AsyncClient(transport=transport, headers={"x-api-key": KEY}) as asking:
            if read is not None:
                return await read(asking, server.url + path)
            return await asking.post(server.url + path, json={"words": "hello"})

    try:
        return asyncio.run(go()), naps
    except httpx.HTTPError as error:
        return error, naps


OK = (200, {}, "fine")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(server, status):
    server.script["/x"] = [(status, {}, "wait"), (status, {}, "wait"), OK]
    answer, naps = talk(server, "/x")
    assert (answer.status_code, answer.text) == (200, "fine")
    assert server.asked["/x"] == 3
    assert len(naps.taken) == 2
    assert all(0 < nap <= 10 for nap in naps.taken)
    assert server.bodies == [b'{"words":"hello"}'] * 3, "the question is whole each time"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_what_will_not_pass_is_not_tried_again(server, status):
    server.script["/x"] = [(status, {}, "no"), OK]
    answer, naps = talk(server, "/x")
    assert (answer.status_code, answer.text) == (status, "no")
    assert server.asked["/x"] == 1
    assert naps.taken == []


def test_the_last_answer_stands_and_can_be_read(server):
    server.script["/x"] = [(503, {}, "busy"), (529, {}, "overloaded")]
    answer, naps = talk(server, "/x")
    assert (answer.status_code, answer.text) == (529, "overloaded")
    assert server.asked["/x"] == 3
    answer, naps = talk(server, "/x", retries=0)
    assert server.asked["/x"] == 4
    assert naps.taken == []


def test_retry_after_in_seconds_and_as_a_date(server):
    moment = datetime.now(UTC) + timedelta(seconds=40)
    date = email.utils.format_datetime(moment, usegmt=True)
    server.script["/x"] = [
        (429, {"Retry-After": "7"}, ""),
        (429, {"Retry-After": date}, ""),
        (429, {"Retry-After": "0"}, ""),
        OK,
    ]
    answer, naps = talk(server, "/x", retries=3)
    assert answer.status_code == 200
    assert naps.taken[0] == 7
    assert 30 < naps.taken[1] <= 40
    assert naps.taken[2] == 0


def test_a_wait_too_long_is_left_to_the_caller(server):
    server.script["/x"] = [(429, {"Retry-After": str(int(MAX_WAIT) + 1)}, "later"), OK]
    answer, naps = talk(server, "/x")
    assert (answer.status_code, answer.text) == (429, "later")
    assert (server.asked["/x"], naps.taken) == (1, [])
    assert retry_after(answer.headers) == MAX_WAIT + 1


def get(asking, url):
    return asking.get(url)


def test_a_connection_that_is_dropped_before_the_answer_is_tried_again(server):
    server.script["/x"] = ["hang up", OK]
    answer, naps = talk(server, "/x", read=get)
    assert answer.text == "fine"
    assert len(naps.taken) == 1
    server.script["/y"] = ["hang up"]
    answer, _ = talk(server, "/y", read=get)
    assert isinstance(answer, httpx.RemoteProtocolError)
    assert server.asked["/y"] == 3


def test_what_was_sent_and_may_have_been_done_is_not_sent_again(server):
    server.script["/x"] = ["hang up", OK]
    answer, naps = talk(server, "/x")
    assert isinstance(answer, httpx.RemoteProtocolError)
    assert server.asked["/x"] == 1
    assert naps.taken == []


def test_nobody_there_is_tried_again_and_then_said(server):
    nowhere = Server(url="http://127.0.0.1:9")  # the discard port: nobody listens
    answer, naps = talk(nowhere, "/x")
    assert isinstance(answer, httpx.ConnectError)
    assert len(naps.taken) == 2


def test_after_the_first_byte_nothing_is_said_twice(server):
    server.script["/x"] = [(200, {}, "once upon", "hang up"), OK]
    heard = ""

    async def read(asking, url):
        nonlocal heard
        async with asking.stream("POST", url) as answer:
            async for piece in answer.aiter_text():
                heard += piece

    answer, naps = talk(server, "/x", read=read)
    assert isinstance(answer, httpx.RemoteProtocolError)
    assert heard == "once upon"
    assert (server.asked["/x"], naps.taken) == (1, [])


def test_a_stream_arrives_as_it_comes_after_a_retry(server):
    server.script["/x"] = [(503, {}, ""), (200, {}, "a", "b", "c")]

    async def read(asking, url):
        async with asking.stream("POST", url) as answer:
            return "".join([piece async for piece in answer.aiter_text()])

    answer, naps = talk(server, "/x", read=read)
    assert answer == "abc"
    assert len(naps.taken) == 1


def test_answers_given_up_give_their_connection_back(server):
    """With one connection in the pool, an answer left open would stop the next try for ever."""
    server.script["/x"] = [(503, {}, "x" * 100_000), (503, {}, "x" * 100_000), OK]
    naps = Naps()

    async def go():
        inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))
        transport = RetryTransport(inner, 2, sleep=naps)
        async with httpx.AsyncClient(transport=transport, timeout=5) as asking:
            return await asking.post(server.url + "/x")

    assert asyncio.run(go()).text == "fine"


def test_a_request_that_is_wrong_in_itself_is_not_tried_again(server):
    async def read(asking, url):
        return await asking.get("gopher://127.0.0.1/")

    answer, naps = talk(server, "/x", read=read)
    assert isinstance(answer, httpx.UnsupportedProtocol)
    assert naps.taken == []


def test_no_redirect_takes_the_key_elsewhere(server):
    server.script["/x"] = [(302, {"Location": "/elsewhere"}, "")]

    async def go():
        async with client(NetworkSettings(), headers={"x-api-key": KEY}) as asking:
            return await asking.get(server.url + "/x")

    assert asyncio.run(go()).status_code == 302
    assert server.asked == {"/x": 1}
    assert server.keys == [KEY]


def test_no_error_shows_the_key(server):
    server.script["/x"] = ["hang up"]
    for url in (server.url, "http://127.0.0.1:9"):
        error, _ = talk(attrs.evolve(server, url=url), "/x", retries=0)
        assert isinstance(error, httpx.HTTPError)
        assert KEY not in f"{error} {error!r} {error.request!r}"


def test_settings_bound_the_time(server):
    settings = NetworkSettings(connect_seconds=3, read_seconds=5, retries=4)
    made = client(settings, base_url=server.url)
    assert (made.timeout.connect, made.timeout.read) == (3, 5)
    assert made._transport.retries == 4
    asyncio.run(made.aclose())


def test_a_silent_server_is_given_up(server):
    async def go():
        async def silent(reader, writer):
            with contextlib.suppress(asyncio.CancelledError):
                await reader.read()
            writer.close()

        listening = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        settings = NetworkSettings(read_seconds=0.1, retries=0)
        async with listening, client(settings) as asking:
            with pytest.raises(httpx.ReadTimeout):
                await asking.get(f"http://127.0.0.1:{port}/")

    asyncio.run(go())


# Offline.


def test_offline_opens_no_socket(python, server):
    code = (
        "import asyncio, socket, sys\n"
        "def refuse(*a, **k): print('a socket was opened'); raise SystemExit(9)\n"
        "for name in ('connect', 'connect_ex', 'sendto', 'bind'):\n"
        "    setattr(socket.socket, name, refuse)\n"
        "socket.getaddrinfo = socket.create_connection = refuse\n"
        "from ttrpg_core.http import client\n"
        "from ttrpg_core.settings_tables import NetworkSettings\n"
        "from ttrpg_core.errors import Offline\n"
        "async def go():\n"
        "    async with client(NetworkSettings(), offline=sys.argv[2] == 'off') as asking:\n"
        "        await asking.post(sys.argv[1], json={})\n"
        "try: asyncio.run(go())\n"
        "except Offline as error: print(error.code, error.message, '|', error.hint)\n"
    )
    out = python(code, server.url + "/x", "off", HTTP_PROXY=server.url).stdout
    assert out.startswith("4 127.0.0.1 was asked for")
    assert "offline" in out
    done = python(code, server.url + "/x", "on", check=False)
    assert "a socket was opened" in done.stdout, "without offline the same trap springs"
    assert server.asked == {}


def test_offline_is_not_retried():
    async def go():
        naps = Naps()
        async with httpx.AsyncClient(
            transport=RetryTransport(OfflineTransport(), 3, sleep=naps)
        ) as asking:
            with pytest.raises(Offline):
                await asking.get("http://127.0.0.1/")
        return naps.taken

    assert asyncio.run(go()) == []


# Proxies.


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(server, monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", server.url)
    server.script["http://books.example/x"] = [(503, {}, ""), (200, {}, "by proxy")]
    server.script["/x"] = [(200, {}, "direct")]

    async def go():
        async with client(NetworkSettings()) as asking:
            for mounted in asking._mounts.values():
                if mounted is not None:
                    mounted._sleep = Naps()
            far = await asking.get("http://books.example/x")
            near = await asking.get(server.url + "/x")
            return far.text, near.text

    assert asyncio.run(go()) == ("by proxy", "direct")
    assert server.asked["http://books.example/x"] == 2, "retries hold for proxies too"


def test_patterns_of_proxies():
    assert proxies({}) == {}
    assert proxies({"no": "a.example"}) == {}
    assert proxies({"http": "p:1", "no": "*"}) == {}
    found = proxies(
        {"https": "http://p:1", "all": "socks5://q:2", "no": "a.example, .b.example,10.0.0.1"}
    )
    assert (found["https://"], found["all://"]) == ("http://p:1", "socks5://q:2")
    for host in ("a.example", "*.a.example", "b.example", "*.b.example", "10.0.0.1", "localhost"):
        assert found[f"all://{host}"] is None
    assert proxies({"http": "p:1"})["http://"] == "http://p:1"
    for pattern in found:
        httpx.AsyncClient(mounts={pattern: None}, trust_env=False)


# Retry-After.

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("9" * 400, float("inf")),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Fri, 02 Jan 2026 03:05:05 -0000", 60.0),
        ("Fri, 02 Jan 2026 04:05:05 +0100", 60.0),
        ("Fri, 02 Jan 2025 03:05:05 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("1e3", None),
        ("nan", None),
        ("Fri, 02 Jan 99999999999999999999 03:05:05 GMT", None),
        ("Fri, 99 Jan 2026 03:05:05 GMT", None),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after({"retry-after": value}, NOW) == seconds
    assert retry_after({}, NOW) is None
