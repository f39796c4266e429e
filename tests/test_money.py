"""Money in whole processes: what is refused is not sent, and what is killed is counted."""

import contextlib
import json
import re
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest

MODEL = "server/here/first"
PRICES = ["here/first 1000 1000"]  # a tenth of a cent for a token: small numbers are seen


@attrs.define
class Told:
    """What a server was asked, how long it speaks, and what was sent to its webhook."""

    url: str
    asked: int = 0
    pieces: int = 4
    begun: threading.Event = attrs.field(factory=threading.Event)
    alerts: list = attrs.field(factory=list)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer("application/json", json.dumps({"data": [{"id": "first"}]}))

    def do_POST(self):
        told = self.server.told
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/hook":
            told.alerts.append(body)
            self.answer("text/plain", "")
            return
        told.asked += 1
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for _ in range(told.pieces):
            self.say({"choices": [{"index": 0, "delta": {"content": "far, "}}]})
            told.begun.set()
            time.sleep(0.02)
        self.say({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.say({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 8}})
        self.wfile.write(b"data: [DONE]\n\n")

    def say(self, event):
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

    def answer(self, media, text):
        self.send_response(200)
        self.send_header("content-type", media)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def handle(self):
        with contextlib.suppress(OSError, ValueError):  # whoever asked was killed
            super().handle()

    def finish(self):
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_):
        pass


@pytest.fixture
def told():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.told = Told(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield http.told
        http.shutdown()
        thread.join()


@pytest.fixture
def asked(cli, home, told):
    """Starts or runs a question to the model, at a home whose settings price it or not."""

    def write(prices):
        (home / "config.toml").write_text(
            f'[models]\nuse = ["{MODEL}"]\nmax_tokens = 100\n[network]\nretries = 0\n'
            f'[money]\nwebhook = "{told.url}/hook"\n'
            f'[plugins.server]\nservers = ["here {told.url}/v1"]\nprices = {json.dumps(prices)}\n'
        )

    write(PRICES)
    cli.run(home, "campaign")
    return write


def ask(cli, home, code=0):
    return cli.run(home, "models", "test", MODEL, code=code).stderr.decode()


def usage(cli, home):
    return json.loads(cli.run(home, "usage", "--json").stdout)["total"]


def standing(cli, home):
    return json.loads(cli.run(home, "budget", "--json").stdout)["budgets"][0]


def test_an_answer_ends_with_its_cost_and_what_is_left(cli, home, asked):
    cli.run(home, "budget", "set", "20")
    assert "20 in, 8 out · $0.028 · $19.97 left of month" in ask(cli, home)
    assert standing(cli, home)["spent"] == 0.028


def test_a_model_without_a_price_is_not_asked_until_the_line_that_prices_it(cli, home, told, asked):
    asked([])
    said = ask(cli, home, code=4)
    assert f"{MODEL} is unpriced" in said
    assert told.asked == 0
    line = re.search(r'prices = (\["here/first IN OUT"\])', said)
    asked([line[1][2:-2].replace("IN", "1000").replace("OUT", "1000")])
    ask(cli, home)
    assert (told.asked, usage(cli, home)["cost"]) == (1, 0.028)


def test_a_call_that_may_pass_a_limit_is_not_made(cli, home, told, asked):
    cli.run(home, "budget", "set", "0.03", "--per", "day")
    said = ask(cli, home, code=4)
    assert "today's budget is $0.03" in said
    assert "ttrpg budget set" in said
    assert told.asked == 0
    assert usage(cli, home)["calls"] == 0
    assert [alert["kind"] for alert in told.alerts] == ["exceeded"]
    assert "may cost" in told.alerts[0]["text"]


def test_a_killed_process_leaves_what_it_set_aside(cli, home, told, asked):
    cli.run(home, "budget", "set", "5", "--per", "total")
    told.pieces = 2000
    process = subprocess.Popen(
        [cli.script, "models", "test", MODEL],
        env=cli.environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert told.begun.wait(30)
    during = standing(cli, home)
    assert during["set_aside"] > 0
    process.kill()
    process.wait()
    told.pieces = 4
    ask(cli, home)
    after = standing(cli, home)
    assert after["set_aside"] == 0
    assert after["spent"] == pytest.approx(during["set_aside"] + 0.028)
    assert usage(cli, home)["estimated"] == pytest.approx(during["set_aside"])
    assert "about" in cli.run(home, "usage").stdout.decode()


def test_of_many_at_once_as_many_are_asked_as_the_limit_allows(cli, home, told, asked):
    worst = one_worst(cli, home)
    cli.run(home, "budget", "set", f"{0.028 + 2.5 * worst:.9f}", "--per", "total")
    told.pieces = 100  # two seconds: all of them are there before the first is through
    running = [
        subprocess.Popen(
            [cli.script, "models", "test", MODEL],
            env=cli.environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(6)
    ]
    said = [process.communicate(timeout=60)[1].decode() for process in running]
    codes = sorted(process.returncode for process in running)
    found = standing(cli, home)
    assert found["spent"] <= found["amount"]
    assert codes.count(0) == told.asked - 1
    assert set(codes) == {0, 4}, said


def one_worst(cli, home):
    """What one call sets aside, as a refusal says it."""
    ask(cli, home)
    cli.run(home, "budget", "set", "0.000001", "--per", "total")
    return float(re.search(r"may cost \$([\d.]+)", ask(cli, home, code=4))[1])
