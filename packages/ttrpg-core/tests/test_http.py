"""The network against a real server on loopback: retries, Retry-After, streams, --offline."""

import asyncio
import email.utils
import os
import threading
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import httpx
import pytest

from ttrpg_core.errors import ConfigError, Offline, OutOfQuota, RateLimited, TtrpgError, Unreachable
from ttrpg_core.http import exchange, retry_after
from ttrpg_core.http.kept import proxies
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
            for piece in filter(None, pieces):  # an empty chunk would be the end
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


def talk(server: Server, path: str, retries: int = 2, method="POST", **more) -> tuple:
    """Ask with retries: the answer with its text, or the error; and the naps between."""
    naps = Naps()
    limits = NetworkSettings(connect_seconds=5, first_seconds=5, read_seconds=5, retries=retries)
    sent = {"headers": {"x-api-key": KEY}, "content": b'{"words":"hello"}', "sleep": naps, **more}

    async def go():
        async with exchange(limits, method, server.url + path, **sent) as answer:
            return answer.status, (await answer.read(1_000_000)).decode(), answer

    try:
        return *asyncio.run(go()), naps
    except TtrpgError as error:
        return None, "", error, naps


OK = (200, {}, "fine")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(server, status):
    server.script["/x"] = [(status, {}, "wait"), (status, {}, "wait"), OK]
    status, text, _, naps = talk(server, "/x")
    assert (status, text) == (200, "fine")
    assert server.asked["/x"] == 3
    assert len(naps.taken) == 2
    assert all(0 < nap <= 10 for nap in naps.taken)
    assert server.bodies == [b'{"words":"hello"}'] * 3, "the question is whole each time"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_what_will_not_pass_is_not_tried_again(server, status):
    server.script["/x"] = [(status, {}, "no"), OK]
    found, text, _, naps = talk(server, "/x")
    assert (found, text) == (status, "no")
    assert server.asked["/x"] == 1
    assert naps.taken == []


def test_the_last_answer_stands_and_can_be_read(server):
    server.script["/x"] = [(503, {}, "busy"), (529, {}, "overloaded")]
    status, text, _, naps = talk(server, "/x")
    assert (status, text) == (529, "overloaded")
    assert server.asked["/x"] == 3
    *_, naps = talk(server, "/x", retries=0)
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
    status, *_, naps = talk(server, "/x", retries=3)
    assert status == 200
    assert naps.taken[0] == 7
    assert 30 < naps.taken[1] <= 40
    assert naps.taken[2] == 0


MAX_WAIT = NetworkSettings().wait_seconds


def test_a_wait_too_long_is_left_to_the_caller(server):
    server.script["/x"] = [(429, {"Retry-After": str(int(MAX_WAIT) + 1)}, "later"), OK]
    status, text, answer, naps = talk(server, "/x")
    assert (status, text) == (429, "later")
    assert (server.asked["/x"], naps.taken) == (1, [])
    assert retry_after(answer.headers) == MAX_WAIT + 1


def test_a_connection_that_is_dropped_before_the_answer_is_tried_again(server):
    server.script["/x"] = ["hang up", OK]
    _, text, _, naps = talk(server, "/x", method="GET")
    assert text == "fine"
    assert len(naps.taken) == 1
    server.script["/y"] = ["hang up"]
    _, _, error, _ = talk(server, "/y", method="GET")
    assert type(error) is Unreachable
    assert server.asked["/y"] == 3


def test_what_was_sent_and_may_have_been_done_is_not_sent_again(server):
    server.script["/x"] = ["hang up", OK]
    _, _, error, naps = talk(server, "/x")
    assert type(error) is Unreachable
    assert server.asked["/x"] == 1
    assert naps.taken == []


def test_nobody_there_is_tried_again_and_then_said(server):
    nowhere = Server(url="http://127.0.0.1:9")  # the discard port: nobody listens
    _, _, error, naps = talk(nowhere, "/x")
    assert type(error) is Unreachable
    assert len(naps.taken) == 2


def test_after_the_first_byte_nothing_is_said_twice(server):
    server.script["/x"] = [(200, {}, "once upon", "hang up"), OK]
    heard = []
    naps = Naps()

    async def read():
        url = server.url + "/x"
        async with exchange(NetworkSettings(), "POST", url, sleep=naps) as answer:
            async for piece in answer.pieces():
                heard.append(piece)  # noqa: PERF401 - what came before the error is of interest

    with pytest.raises(Unreachable):
        asyncio.run(read())
    assert heard == [b"once upon"]
    assert (server.asked["/x"], naps.taken) == (1, [])


def test_a_stream_arrives_as_it_comes_after_a_retry(server):
    server.script["/x"] = [(503, {}, ""), (200, {}, "a", "b", "c")]
    _, text, _, naps = talk(server, "/x")
    assert text == "abc"
    assert len(naps.taken) == 1


def read_into_an_error(answer, body):
    """As a vendor does: the words tell a quota that is used up from too many requests."""
    if b"insufficient_quota" in body:
        return OutOfQuota("used up", status=answer.status)
    return RateLimited("too many", status=answer.status, retry_after=float(body or 0))


def test_what_waiting_does_not_help_is_not_tried_again(server):
    server.script["/x"] = [(429, {"Retry-After": "1"}, "insufficient_quota"), OK]
    _, _, error, naps = talk(server, "/x", failed=read_into_an_error)
    assert type(error) is OutOfQuota
    assert (server.asked["/x"], naps.taken) == (1, [])


def test_the_wait_that_the_words_tell_of_is_kept(server):
    server.script["/x"] = [(429, {"Retry-After": "1"}, "7.5"), OK]
    _, text, _, naps = talk(server, "/x", failed=read_into_an_error)
    assert (text, naps.taken) == ("fine", [7.5])
    server.script["/y"] = [(429, {}, str(MAX_WAIT + 1)), OK]
    _, _, error, naps = talk(server, "/y", failed=read_into_an_error)
    assert (error.retry_after, naps.taken) == (MAX_WAIT + 1, [])


def test_an_error_is_sent_again_no_more_often_than_the_settings_say(server):
    server.script["/x"] = [(429, {}, "")]
    for retries in (0, 1, 4):
        server.asked.clear()
        _, _, error, naps = talk(server, "/x", retries, failed=read_into_an_error)
        assert type(error) is RateLimited
        assert (server.asked["/x"], len(naps.taken)) == (retries + 1, retries)


@pytest.mark.parametrize("pieces", [["x" * 900_000, "x" * 900_000], ["over", "hang up"]])
def test_an_error_that_is_endless_or_broken_is_still_read(server, pieces):
    server.script["/x"] = [(400, {}, *pieces)]
    bodies = []

    def failed(answer, body):
        bodies.append(body)
        return OutOfQuota("no", status=answer.status)

    _, _, error, _ = talk(server, "/x", failed=failed)
    assert type(error) is OutOfQuota
    assert len(bodies[0]) == min(1_000_000, sum(len(each) for each in pieces if each != "hang up"))


def test_a_request_that_is_wrong_in_itself_is_not_tried_again():
    _, _, error, naps = talk(Server(url="gopher://127.0.0.1"), "/x")
    assert type(error) is ConfigError
    assert naps.taken == []


def test_no_redirect_takes_the_key_elsewhere(server):
    server.script["/x"] = [(302, {"Location": "/elsewhere"}, "")]
    status, *_ = talk(server, "/x")
    assert status == 302
    assert server.asked == {"/x": 1}
    assert server.keys == [KEY]


def test_no_error_shows_the_key(server):
    server.script["/x"] = ["hang up"]
    for url in (server.url, "http://127.0.0.1:9"):
        _, _, error, _ = talk(attrs.evolve(server, url=url), "/x", retries=0)
        assert type(error) is Unreachable
        shown = "".join(traceback.format_exception(error))
        assert KEY not in f"{error} {error!r} {shown}"


# Offline.


def test_offline_opens_no_socket(python, server):
    code = (
        "import asyncio, socket, sys\n"
        "def refuse(*a, **k): print('a socket was opened'); raise SystemExit(9)\n"
        "for name in ('connect', 'connect_ex', 'sendto', 'bind'):\n"
        "    setattr(socket.socket, name, refuse)\n"
        "socket.getaddrinfo = socket.create_connection = refuse\n"
        "from ttrpg_core.http import exchange\n"
        "from ttrpg_core.settings_tables import NetworkSettings\n"
        "from ttrpg_core.errors import Offline\n"
        "async def go():\n"
        "    offline = sys.argv[2] == 'off'\n"
        "    async with exchange(NetworkSettings(), 'POST', sys.argv[1], offline=offline): pass\n"
        "try: asyncio.run(go())\n"
        "except Offline as error: print(error.code, error.message, '|', error.hint)\n"
    )
    out = python(code, server.url + "/x", "off", HTTP_PROXY=server.url).stdout
    assert out.startswith("4 127.0.0.1 was asked for")
    assert "offline" in out
    done = python(code, server.url + "/x", "on", check=False)
    assert "a socket was opened" in done.stdout, "without offline the same trap springs"
    assert server.asked == {}


def test_offline_is_not_retried(server):
    _, _, error, naps = talk(server, "/x", offline=True)
    assert (type(error), naps.taken, server.asked) == (Offline, [], {})


# Proxies.


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(server, monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", server.url)
    server.script["http://books.example/x"] = [(503, {}, ""), (200, {}, "by proxy")]
    server.script["/x"] = [(200, {}, "direct")]

    _, far, *_ = talk(attrs.evolve(server, url="http://books.example"), "/x")
    _, near, *_ = talk(server, "/x")
    assert (far, near) == ("by proxy", "direct")
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
