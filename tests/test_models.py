"""``ttrpg models`` and what is behind it: whole processes, and a server that misbehaves."""

import contextlib
import json
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest

WORDS = ("one, ", "two, ", "three, ", "four")


@attrs.define
class Servers:
    """A server that speaks OpenAI's format; what a model does is in ``ways`` by its name.

    ``asked`` are the models that were asked in their order, ``left`` is set when a client went away
    in the middle of a reply.
    """

    url: str = ""
    ways: dict = attrs.field(factory=dict)
    headers: dict = attrs.field(factory=dict)
    asked: list = attrs.field(factory=list)
    left: threading.Event = attrs.field(factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Each way to answer is a method."""

    def do_GET(self):
        if self.server.told.ways.get("list") == "down":
            self.plain(500, b'{"error": {"message": "no list today"}}')
            return
        listed = [{"id": name, "max_model_len": 8192} for name in ("first", "second")]
        self.plain(200, json.dumps({"data": listed}).encode())

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.told.asked.append(sent["model"])
        way = self.server.told.ways.get(sent["model"], "well")
        getattr(self, way)()

    def plain(self, status, body, media="application/json", **headers):
        self.send_response(status)
        self.send_header("content-type", media)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        for name, value in self.server.told.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def say(self, text="", **more):
        choice = {"index": 0, "delta": {"content": text} if text else {}, **more}
        self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())

    def well(self):
        self.begin()
        for word in WORDS:
            self.say(word)
            time.sleep(0.02)
        self.say(finish_reason="stop")
        usage = {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 8}}
        self.wfile.write(f"data: {json.dumps(usage)}\n\ndata: [DONE]\n\n".encode())

    def busy(self):
        self.plain(503, b'{"error": {"message": "too busy"}}')

    def limited(self):
        self.plain(429, b'{"error": {"message": "slow down"}}', retry_after="300")

    def page(self):
        self.plain(200, b"<html><body>Log in</body></html>", "text/html")

    def reset(self):
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def keyless(self):
        self.plain(401, b'{"error": {"message": "bad key", "code": "invalid_api_key"}}')

    def midway(self):
        self.begin()
        self.say("one, ")
        self.wfile.flush()
        time.sleep(0.2)
        self.reset()

    def endless(self):
        self.begin()
        with contextlib.suppress(OSError):
            for number in range(2000):
                self.say(f"{number} ")
                self.wfile.flush()
                time.sleep(0.01)
        self.server.told.left.set()

    def silent(self):
        self.begin()
        self.wfile.flush()
        if select.select([self.connection], [], [], 20)[0]:
            self.server.told.left.set()

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def finish(self):
        with contextlib.suppress(OSError, ValueError):
            super().finish()


@pytest.fixture
def servers():
    told = Servers()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.told = told
        told.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield told
        http.shutdown()
        thread.join()


@pytest.fixture
def served(home, servers):
    """A home that knows the server by its settings alone, and asks two of its models."""
    (home / "config.toml").write_text(
        "[models]\n"
        'use = ["server/here/first", "server/here/second"]\n'
        "[network]\nretries = 0\n"
        "[plugins.server]\n"
        f'servers = ["here {servers.url}"]\n'
        'prices = ["here/first 2 8", "here/second 1 4"]\n'
    )
    return home


FAULTS = {
    "busy": "here is overloaded: too busy",
    "limited": "here says: too many requests: slow down",
    "page": "here did not answer as a language model does",
    "reset": "the connection to 127.0.0.1 broke",
    "keyless": "here does not take the key: bad key",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_second_answers_where_the_first_does_not(cli, served, servers, fault):
    servers.ways["first"] = fault
    done = cli.run(served, "chat", input=b"Count for me")
    assert done.stdout.decode().strip() == "one, two, three, four"
    assert servers.asked == ["first", "second"]
    told = " ".join(done.stderr.decode().split())
    assert f"server/here/second answers instead of server/here/first: {FAULTS[fault]}" in told
    usage = json.loads(cli.run(served, "usage", "--json").stdout)
    billed = {each["name"]: each["estimated"] > 0 for each in usage["rows"] if each["cost"]}
    assert "server/here/second" in billed
    assert billed.get("server/here/first", False) == (fault in {"page", "reset"})
    sure = cli.run(served, "models", "show", "server/here/first", "--json")
    assert FAULTS[fault] in json.loads(sure.stdout)["last_error"]


def test_what_has_begun_is_not_begun_again(cli, served, servers):
    servers.ways["first"] = "midway"
    done = cli.run(served, "chat", input=b"Count for me", code=5)
    assert "one," in done.stdout.decode()
    assert servers.asked == ["first"]


def test_a_model_that_is_down_is_left_alone_by_the_next_process(cli, served, servers):
    servers.ways["first"] = "busy"
    for _ in range(4):
        cli.run(served, "chat", input=b"Count for me")
    assert servers.asked.count("first") == 3
    why = json.loads(cli.run(served, "models", "why", "--json").stdout)["weighed"]
    assert [each["verdict"] for each in why] == ["asked", "left out"]
    assert "left alone for" in why[1]["reason"]
    assert b"left alone" in cli.run(served, "models", "health").stdout
    alerts = json.loads(cli.run(served, "alerts", "--json").stdout)
    (down,) = [each for each in alerts["alerts"] if each["kind"] == "provider_down"]
    assert down["message"].startswith(f"{down['subject']}: ")
    servers.ways.clear()
    cli.run(served, "models", "test", "server/here/first")
    cli.run(served, "models", "test", "server/here/first")
    cli.run(served, "chat", input=b"Count for me")
    assert servers.asked[-1] == "first"


def test_all_down_names_each(cli, served, servers):
    servers.ways.update(first="keyless", second="busy")
    done = cli.run(served, "chat", input=b"Count for me", code=5)
    told = " ".join(done.stderr.decode().split())
    assert "too busy" in told
    assert "Nor could others: server/here/first: here does not take the key" in told


def test_the_commands(cli, served, servers):
    listed = json.loads(cli.run(served, "models", "--json").stdout)
    assert [(each["model"], each["place"]) for each in listed["models"]] == [
        ("server/here/first", 1),
        ("server/here/second", 2),
    ]
    assert listed["models"][0]["context"] == 8192
    tried = json.loads(cli.run(served, "models", "test", "server/here/second", "--json").stdout)
    assert (tried["input"], tried["output"], tried["pieces"]) == (20, 8, 4)
    assert tried["cost"] == pytest.approx((20 * 1 + 8 * 4) / 1e6)
    assert 0 < tried["first_seconds"] <= tried["seconds"]
    used = cli.run(served, "models", "use", "server/here/second")
    assert b"Asked from now on: server/here/second" in used.stderr
    cli.run(served, "models", "use", "--add", "server/here/first", "server/here/second")
    listed = json.loads(cli.run(served, "models", "list", "--vendor", "server", "--json").stdout)
    assert [each["place"] for each in listed["models"]] == [2, 1]
    misspelt = cli.run(served, "models", "use", "server/here/frist")
    assert b"Did you mean: server/here/first" in misspelt.stderr
    assert (
        b"there is no vendor 'servr'"
        in cli.run(served, "models", "use", "servr/here/first", code=3).stderr
    )
    assert b"write it as vendor/model" in cli.run(served, "models", "use", "server", code=2).stderr


def test_what_was_named_is_listed_offline(cli, served, servers):
    assert json.loads(cli.run(served, "models", "--json").stdout)["models"]
    offline = cli.run(served, "--offline", "models", "--json")
    assert len(json.loads(offline.stdout)["models"]) == 2
    done = cli.run(served, "--offline", "chat", input=b"Count for me", code=4)
    assert b"offline is set" in done.stderr
    assert servers.asked == []
    why = json.loads(cli.run(served, "--offline", "models", "why", "--json").stdout)["weighed"]
    assert {each["verdict"] for each in why} == {"left out"}


def test_health_says_who_is_down(cli, served, servers):
    well = json.loads(cli.run(served, "models", "health", "--json").stdout)
    assert {"vendor": "server", "well": True}.items() <= well["vendors"][-1].items()
    servers.ways["list"] = "down"
    done = cli.run(served, "models", "health", code=5)
    assert b"no list today" in done.stdout
    assert b"cannot be asked: server" in done.stderr
    assert b"provider_down" in cli.run(served, "alerts", "--json").stdout


def test_a_limit_of_one_process_is_seen_by_the_next(cli, served, servers):
    servers.headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "6m0s",
    }
    cli.run(served, "chat", input=b"Count for me")
    cli.run(served, "chat", input=b"Count for me")
    assert servers.asked == ["first", "second"]
    shown = cli.run(served, "models", "show", "server/here/first").stdout.decode()
    assert "0 of 60 left for" in shown


def test_a_silent_model_is_overtaken_and_its_connection_closed(cli, served, servers):
    servers.ways["first"] = "silent"
    start = time.monotonic()
    done = cli.run(served, "chat", input=b"Count for me", env={"TTRPG_MODELS_HEDGE_SECONDS": "0.3"})
    assert time.monotonic() - start < 15
    assert done.stdout.decode().strip() == "one, two, three, four"
    assert servers.left.wait(10)
    told = " ".join(done.stderr.decode().split())
    assert "server/here/second answers instead of server/here/first: it was slower" in told
    usage = json.loads(cli.run(served, "usage", "--json").stdout)
    assert usage["total"]["calls"] == 2


def test_ctrl_c_closes_the_connection_and_settles(cli, served, servers):
    servers.ways["first"] = "endless"
    process = subprocess.Popen(
        [cli.script, "models", "test", "server/here/first"],
        env=cli.environment(served),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not servers.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    assert servers.left.wait(10)
    usage = json.loads(cli.run(served, "usage", "--json").stdout)
    assert usage["total"]["calls"] == 1
    assert usage["total"]["estimated"] > 0
