"""Alerts: kept once an hour, told in every way that is wanted, and in nobody's way."""

import http.server
import json
import os
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
import structlog

from ttrpg_core import logs
from ttrpg_core.app import App
from ttrpg_core.errors import BudgetExceeded, StoreError
from ttrpg_core.llm import Message, Price, Purpose, Request, Usage
from ttrpg_core.llm.money import Alert, Alerts, Budget, Ledger, LedgerPurse, channels, watch
from ttrpg_core.settings_tables import MoneySettings, NetworkSettings
from ttrpg_core.webhook import Webhook, body

ALERT = Alert(
    1,
    "2026-01-02T03:04:05+00:00",
    "provider_down",
    "openai",
    "warning",
    "openai does not answer",
    1,
    "2026-01-02T03:04:05+00:00",
    None,
)
DOLLAR = 10**9


class Ear:
    def __init__(self):
        self.heard = []
        self.closed = False

    def send(self, alert):
        self.heard.append(alert)

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def logs_of_the_test_alone():
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def alerts(store, stopped, ear):
    return Alerts(store, stopped, [ear])


def down(alerts, severity="warning", subject="openai"):
    return alerts.raise_alert("provider_down", subject, severity, f"{subject} does not answer")


def test_an_alert_is_kept_and_told(alerts, ear):
    assert down(alerts)
    (kept,) = alerts.all()
    assert ear.heard == [kept]
    assert (kept.kind, kept.subject, kept.severity) == ("provider_down", "openai", "warning")
    assert (kept.message, kept.times, kept.acknowledged_at) == ("openai does not answer", 1, None)
    assert kept.at == "2026-01-02T03:04:05.000000+00:00"


def test_the_same_within_an_hour_is_one(alerts, ear, stopped):
    down(alerts)
    stopped.move(minutes=30)
    assert not down(alerts)
    assert down(alerts, subject="gemini")
    stopped.move(minutes=29, seconds=59)
    assert not down(alerts)
    assert [each.subject for each in ear.heard] == ["openai", "gemini"]
    assert [(each.subject, each.times) for each in alerts.all()] == [("gemini", 1), ("openai", 3)]
    stopped.move(seconds=2)
    assert down(alerts)
    assert len(alerts.all()) == 3


def test_one_of_a_clock_that_was_ahead_hides_nothing(alerts, ear, stopped):
    stopped.move(days=3000)
    down(alerts)
    stopped.move(days=-3000)
    assert down(alerts)
    assert not down(alerts)
    assert len(ear.heard) == 2


def test_a_worse_one_is_told_at_once(alerts, ear):
    for severity in ("info", "warning", "info", "critical", "critical"):
        down(alerts, severity)
    assert [each.severity for each in ear.heard] == ["info", "warning", "critical"]


def test_acknowledged_ones_are_gone_from_the_list_and_not_told_again(alerts, ear, stopped):
    down(alerts)
    down(alerts, subject="gemini")
    (first, second) = reversed(alerts.all())
    assert alerts.acknowledge([first.id]) == [first]
    assert alerts.acknowledge([first.id, 999]) == []
    assert [each.id for each in alerts.all()] == [second.id]
    assert [each.id for each in alerts.all(acknowledged=True)] == [second.id, first.id]
    assert not down(alerts)
    assert len(alerts.acknowledge()) == 1
    assert alerts.all() == []


@pytest.mark.parametrize("words", ["\ud800", "\x1b[2J\x07", "a\0b", "x" * 100_000])
def test_a_vendors_words_can_be_kept_and_shown(alerts, purse, words):
    assert alerts.raise_alert("provider_down", words, "warning", words)
    (kept,) = alerts.all()
    assert kept.message.isprintable()
    assert len(kept.message) <= 6000
    request = Request([Message("user", "x")], max_tokens=10)
    purse.release(purse.reserve("v/m", Price(1, 1), request, Purpose("ask")), words)


def test_a_thousand_are_kept(alerts, monkeypatch):
    monkeypatch.setattr("ttrpg_core.llm.money.alerts.KEPT", 10)
    for number in range(15):
        down(alerts, subject=f"vendor-{number}")
    assert [each.subject for each in alerts.all()] == [f"vendor-{n}" for n in range(14, 4, -1)]


def test_a_database_that_cannot_be_written_loses_the_alert_and_nothing_else(alerts, store, ear):
    store.connection.execute("PRAGMA query_only = ON")
    assert not down(alerts)
    assert ear.heard == []


# What is worth an alert.


@pytest.fixture
def purse(store, stopped, alerts):
    return LedgerPurse(
        store, stopped, MoneySettings(), lambda kind, facts=None: None, alerts, zone=UTC
    )


def pay(purse, cost):
    request = Request([Message("user", "x")], max_tokens=10_000)
    held = purse.reserve("v/m", Price(0, cost / 10**7), request, Purpose("ask"))
    return purse.settle(held, Usage(1, 10_000), "stop")


def told(ear):
    return [(each.kind, each.subject, each.severity) for each in ear.heard]


def test_each_step_of_a_budget_is_told_once_a_period(purse, ear, stopped):
    purse.budgets.set(Budget("day", 100 * DOLLAR))
    for _ in range(19):
        pay(purse, 5 * DOLLAR)
        stopped.move(minutes=40)
    assert told(ear) == [
        ("fast", "day", "warning"),
        ("approaching", "day 50% of $100.00", "info"),
        ("approaching", "day 80% of $100.00", "warning"),
        ("approaching", "day 90% of $100.00", "warning"),
        ("approaching", "day 95% of $100.00", "critical"),
    ]
    ear.heard.clear()
    stopped.move(days=1)
    pay(purse, 50 * DOLLAR)
    assert ("approaching", "day 50% of $100.00", "info") in told(ear)


def test_a_budget_that_was_raised_is_told_of_anew(purse, ear):
    for amount in (10, 100):
        purse.budgets.set(Budget("total", amount * DOLLAR))
        pay(purse, amount * DOLLAR * 8 // 10)
    assert told(ear) == [
        ("approaching", "total 80% of $10.00", "warning"),
        ("approaching", "total 80% of $100.00", "warning"),
    ]


def test_a_refusal_is_told(purse, ear):
    purse.budgets.set(Budget("month", DOLLAR))
    with pytest.raises(BudgetExceeded):
        pay(purse, 5 * DOLLAR)
    (kept,) = ear.heard
    assert (kept.kind, kept.subject) == ("exceeded", "month")
    assert "may cost $5.00" in kept.message


def test_a_vendor_that_counts_too_much_is_told_of_loudly(purse, ear):
    held = purse.reserve(
        "v/m", Price(1, 1), Request([Message("user", "x")], max_tokens=10), Purpose("ask")
    )
    purse.settle(held, Usage(1, 10**6), "stop")
    assert told(ear) == [("overcharged", "v/m", "critical")]
    purse.settle(held, Usage(1, 10**6), "stop")
    assert len(ear.heard) == 1


def test_what_fails_after_a_call_takes_no_answer_away(purse, monkeypatch):
    def full(*_, **__):
        raise StoreError("the disk is full")

    purse.budgets.set(Budget("day", DOLLAR))
    for place in ("alerts.raise_alert", "ledger.hours", "ledger.sum_up"):
        name, method = place.split(".")
        monkeypatch.setattr(getattr(purse, name), method, full)
        monkeypatch.setattr("ttrpg_core.llm.money.purse._TIDY", 1)
        assert pay(purse, DOLLAR // 5).cost == 0.2
        monkeypatch.undo()


def test_old_days_are_summed_up_by_the_way(purse, store, stopped):
    pay(purse, DOLLAR)
    stopped.move(days=800)
    for _ in range(99):
        pay(purse, 1000)
    assert store.connection.execute("SELECT COUNT(*), SUM(cost) FROM spending").fetchone()[:] == (
        1,
        DOLLAR,
    )


def test_an_hour_far_over_the_usual_is_told(purse, ear, stopped):
    for hour in range(30):
        pay(purse, DOLLAR // 10 + hour * DOLLAR // 1000)
        stopped.move(hours=1)
    assert told(ear) == []
    pay(purse, 2 * DOLLAR)
    assert told(ear) == [("anomaly", "hour", "warning")]
    assert ear.heard[0].message == "$2.00 within an hour; one with calls usually costs $0.11"


def test_a_month_of_calls_is_read_for_an_hour_that_costs_something_alone(purse, monkeypatch):
    read = []
    hours = Ledger.hours
    monkeypatch.setattr(Ledger, "hours", lambda of, since: read.append(since) or hours(of, since))
    pay(purse, DOLLAR // 100)
    assert read == [datetime(2026, 1, 2, 3, tzinfo=UTC)]
    pay(purse, DOLLAR)
    assert read[-1] < datetime(2025, 12, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("latest", "before", "unusual"),
    [
        (DOLLAR, [DOLLAR // 10] * 23, False),  # nothing is usual yet
        (DOLLAR, [DOLLAR // 10] * 24, True),
        (DOLLAR // 4, [DOLLAR // 10] * 24, False),  # less than five times the usual
        (99_999_999, [1000] * 30, False),  # less than ten cents
        (DOLLAR, [DOLLAR // 100, DOLLAR] * 20, False),  # such hours there were
        (0, [DOLLAR] * 30, False),
    ],
)
def test_the_rule_of_an_unusual_hour(latest, before, unusual):
    assert (watch.of_hour(latest, before) is not None) == unusual


def test_open_calls_are_no_cost_of_an_hour(purse, store, stopped):
    purse.reserve("v/m", Price(1, 1), Request([Message("user", "x")]), Purpose("ask"))
    assert Ledger(store, stopped).hours(datetime(2026, 1, 1, tzinfo=UTC)) == {}
    pay(purse, DOLLAR)
    stopped.move(hours=1)
    pay(purse, DOLLAR)
    assert set(purse.ledger.hours(stopped.now - timedelta(days=1))) == {
        "2026-01-02T03",
        "2026-01-02T04",
    }


# How it is told.


def lines(state):
    return [json.loads(line) for line in (state / "log.jsonl").read_text("utf-8").splitlines()]


def test_the_log_has_a_line_for_each(tmp_path):
    channels.Log(tmp_path).send(ALERT)
    (line,) = lines(tmp_path)
    assert line["event"] == "alert"
    assert (line["kind"], line["subject"], line["level"]) == ("provider_down", "openai", "warning")


def test_logs_that_go_elsewhere_already_stay_there(tmp_path, capsys):
    logs.configure(tmp_path, verbose=True)
    channels.Log(tmp_path).send(ALERT)
    assert "openai does not answer" in capsys.readouterr().err
    assert not (tmp_path / "log.jsonl").exists()


@pytest.fixture
def path_of(tmp_path, monkeypatch):
    """A folder that alone is on the PATH, and puts a program there that notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, code):
        program = folder / name
        program.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{code}\n", "utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return put


def test_the_desktop_is_told_by_its_own_program(tmp_path, path_of, monkeypatch):
    out = tmp_path / "out.json"
    path_of("notify-send", f"json.dump([sys.argv[1:], dict(os.environ)], open({str(out)!r}, 'w'))")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-canary")
    monkeypatch.setattr(sys, "platform", "linux")
    channels.notify(ALERT)
    arguments, environ = json.loads(out.read_text("utf-8"))
    assert arguments == [
        "--app-name=ttrpg",
        "--urgency=normal",
        "--",
        "ttrpg: provider down",
        "openai does not answer",
    ]
    assert "canary" not in json.dumps(environ)
    assert "PATH" in environ


def test_each_system_has_its_way_and_texts_are_no_part_of_a_script(path_of):
    hostile = '"; do shell script "x"; $(touch y); -x'
    for name in ("osascript", "powershell", "notify-send"):
        path_of(name, "")
    for platform, at in (("darwin", 7), ("linux", 4)):
        command, more = channels.notifier("title", hostile, "info", platform)
        assert command[at + 1] == hostile
        assert not any(hostile in part for part in command[: at + 1])
        assert more == {}
    command, more = channels.notifier("title", hostile, "info", "win32")
    assert hostile not in " ".join(command)
    assert more == {"TTRPG_TITLE": "title", "TTRPG_BODY": hostile}


def test_a_system_without_a_way_is_not_told(path_of):
    for platform in ("linux", "darwin", "win32", "aix"):
        assert channels.notifier("a", "b", "info", platform) is None
    channels.notify(ALERT)


def test_a_program_that_fails_is_a_line_in_the_log(tmp_path, path_of, monkeypatch):
    path_of("notify-send", "sys.exit(3)")
    monkeypatch.setattr(sys, "platform", "linux")
    beside = channels.Beside("desktop", channels.notify, tmp_path)
    beside.send(ALERT)
    beside.close()
    (line,) = lines(tmp_path)
    assert (line["event"], line["by"], line["reason"]) == (
        "alert not sent",
        "desktop",
        "CalledProcessError",
    )


def test_what_is_slow_is_waited_for_a_moment_only(tmp_path):
    begun, heard = threading.Event(), threading.Event()
    beside = channels.Beside("webhook", lambda _: (begun.set(), heard.wait(60)), tmp_path)
    start = time.monotonic()
    beside.send(ALERT)
    assert begun.wait(30)
    beside.close()
    assert time.monotonic() - start < 30, "neither sending nor closing waits for the slow one"
    heard.set()


class Hook(http.server.BaseHTTPRequestHandler):
    status = 204
    seen: ClassVar[list] = []

    def do_POST(self):
        size = int(self.headers["content-length"])
        self.seen.append((self.path, dict(self.headers), self.rfile.read(size)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    class Here(Hook):
        seen: ClassVar[list] = []

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Here)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    Here.url = f"http://127.0.0.1:{server.server_port}/secret-canary"
    yield Here
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_the_alert_as_json(hook):
    Webhook(hook.url, NetworkSettings())(ALERT)
    ((path, headers, content),) = hook.seen
    assert path == "/secret-canary"
    assert {name.lower(): value for name, value in headers.items()}["content-type"] == (
        "application/json"
    )
    data = json.loads(content)
    assert content == body(ALERT)
    assert data["schema"] == "ttrpg.alert/1"
    assert (data["kind"], data["severity"]) == ("provider_down", "warning")
    assert data["text"] == data["content"] == "ttrpg: openai does not answer"


@pytest.mark.parametrize(
    ("url", "status", "offline", "reason"),
    [
        (None, 500, False, "500"),
        (None, 404, False, "404"),
        (None, 204, True, "offline"),
        ("http://127.0.0.1:1/secret-canary", 0, False, "127.0.0.1"),
        ("no address secret-canary", 0, False, "money.webhook"),
        ("file:///secret-canary", 0, False, "money.webhook"),
    ],
)
def test_a_webhook_that_fails_is_a_line_without_its_url(
    tmp_path, hook, url, status, offline, reason
):
    hook.status = status
    webhook = Webhook(url or hook.url, NetworkSettings(), offline=offline)
    assert "canary" not in repr(webhook)
    beside = channels.Beside("webhook", webhook, tmp_path)
    beside.send(ALERT)
    for thread in beside._running:
        thread.join(20)
    (line,) = lines(tmp_path)
    assert line["by"] == "webhook"
    assert reason in line["reason"]
    assert "canary" not in json.dumps(line)
    assert len(hook.seen) in ({0} if offline or url else {1, 2})


def test_the_app_tells_in_the_ways_that_the_settings_name(home, hook):
    app = App(
        environ={
            **os.environ,
            "TTRPG_MONEY_WEBHOOK": hook.url,
            "TTRPG_MONEY_DESKTOP": "true",
            "TTRPG_DISABLE": "*",
        }
    )
    assert [type(each).__name__ for each in app.alerts.channels] == ["Log", "Beside", "Beside"]
    assert app.purse.alerts is app.alerts
    down(app.alerts)
    app.close()
    assert len(hook.seen) == 1
    assert any(line["event"] == "alert" for line in lines(app.paths.state_dir))


UNANSWERED = """
import socket, sys, time
from datetime import UTC, datetime
from pathlib import Path
from ttrpg_core.llm.money import Alert
from ttrpg_core.settings_tables import MoneySettings, NetworkSettings
from ttrpg_core.webhook import channels

looked_up = socket.getaddrinfo

def silent(host, *rest, **more):
    if host in ("hooks.example", b"hooks.example"):
        print("asked", flush=True)
        time.sleep(30)
    return looked_up(host, *rest, **more)

socket.getaddrinfo = silent
money = MoneySettings(webhook="http://hooks.example/x")
told = channels(money, NetworkSettings(), Path(sys.argv[1]), offline=False)
now = datetime.now(UTC).isoformat()
for each in told:
    each.send(Alert(1, now, "fast", "month", "warning", "Too fast", 1, now, None))
for each in told:
    each.close()
"""


def test_a_name_that_is_not_answered_keeps_the_program_from_nothing(tmp_path):
    began = time.monotonic()
    command = [sys.executable, "-c", UNANSWERED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "asked\n"
    assert time.monotonic() - began < 15
