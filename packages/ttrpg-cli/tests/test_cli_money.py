"""``ttrpg budget``, ``usage`` and ``alerts``: what is shown, refused and kept."""

import json
from datetime import timedelta

import pytest

from ttrpg_core.app import App
from ttrpg_core.llm import Message, Price, Purpose, Request, Usage
from ttrpg_core.llm.money import summary

PRICE = Price(1, 1)


@pytest.fixture
def pay(ttrpg_home, plugins, clock):
    """Spends so many dollars with a model."""

    def run(dollars, model="acme/large", why="ask", finish="stop", campaign=""):
        app = App(plugins=plugins, clock=clock)
        price = Price(0, dollars / 1000 * 1_000_000)
        request = Request([Message("user", "x")], max_tokens=1000)
        held = app.purse.reserve(model, price, request, Purpose(why, campaign=campaign))
        bill = app.purse.settle(held, Usage(500, 1000), finish, seconds=2)
        app.close()
        return summary(bill)

    return run


def audited(ttrpg):
    events = ttrpg("audit", "list", "--json", "--kind", "budget").json()["events"]
    return [(event["kind"], event["facts"]) for event in reversed(events)]


def test_no_budget_says_how_to_set_one(ttrpg):
    result = ttrpg("budget")
    assert "ttrpg budget set 20 --per month" in result.out
    assert ttrpg("budget", "--json").json()["budgets"] == []


@pytest.mark.parametrize("amount", ["20", "$20", "20.00"])
def test_a_budget_is_set_and_shown(ttrpg, amount):
    result = ttrpg("budget", "set", amount, "--per", "month")
    assert "This month's budget is $20.00. 'ttrpg budget rm month' takes it back" in result.err
    (found,) = ttrpg("budget", "--json").json()["budgets"]
    assert found == {
        "id": "month",
        "period": "month",
        "campaign": None,
        "session": None,
        "amount": 20.0,
        "spent": 0.0,
        "set_aside": 0.0,
        "left": 20.0,
        "share": 0.0,
        "action": "allow",
        "hourly": 0.0,
        "projected": 0.0,
        "begins_anew": found["begins_anew"],
    }
    assert found["begins_anew"].startswith("1974-0")


def test_setting_it_again_says_what_it_was_and_both_are_audited(ttrpg):
    ttrpg("budget", "set", "20")
    result = ttrpg("budget", "set", "0.50")
    assert "is $0.50; it was $20.00. 'ttrpg budget set 20 --per month' takes it back" in result.err
    ttrpg("budget", "rm", "mo")
    assert audited(ttrpg) == [
        ("budget.set", {"budget": "month", "amount": "$20.00"}),
        ("budget.set", {"budget": "month", "amount": "$0.50", "before": "$20.00"}),
        ("budget.removed", {"budget": "month", "amount": "$0.50"}),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["set", "twenty"], 2, "no amount of money"),
        (["set", "0"], 2, "More than nothing"),
        (["set", "1e9"], 2, "no amount of money"),
        (["set", "20", "--per", "year"], 2, "'year'"),
        (["set", "20", "--campaign", "nowhere"], 3, "nowhere"),
        (["set", "20", "--session", "s-1"], 3, "no campaign is chosen"),
        (["set", "20", "--session", "a b"], 2, "no session"),
        (["rm", "month"], 3, "month"),
        (["rm", "\x1b[2J"], 2, "control character"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_set(ttrpg, arguments, code, says):
    result = ttrpg("budget", *arguments)
    assert result.code == code
    assert says in result.err
    assert ttrpg("budget", "--json").json()["budgets"] == []
    assert audited(ttrpg) == []


def test_a_budget_of_a_campaign_and_of_a_session_in_it(ttrpg, pay):
    ttrpg("campaign", "create", "Salt Road")
    ttrpg("budget", "set", "5", "--per", "total", "--campaign", "salt")
    result = ttrpg("budget", "set", "1", "--per", "day", "--session", "s-1")
    assert "Today's budget of salt-road/s-1 is $1.00" in result.err
    ids = [each["id"] for each in ttrpg("budget", "--json").json()["budgets"]]
    assert ids == ["total/salt-road", "day/salt-road/s-1"]
    assert pay(1, campaign="salt-road").endswith("$4.00 left of total/salt-road")
    assert pay(1).endswith("$1.00")
    assert ttrpg("budget", "rm", "day/salt").code == 0


def test_a_limit_below_what_is_spent_says_until_when(ttrpg, pay):
    pay(3)
    result = ttrpg("budget", "set", "2", "--per", "day")
    assert "$3.00 is spent already: calls that cost anything are refused until" in result.err


def test_status_shows_what_is_left_and_what_is_near(ttrpg, pay):
    ttrpg("budget", "set", "10", "--per", "total")
    pay(9.6)
    result = ttrpg("budget")
    assert "$9.60 of $10.00" in result.out
    assert "$0.40" in result.out
    assert "never" in result.out
    assert "the total budget: $9.60 of $10.00 is spent or set aside (96%)" in result.out
    (found,) = ttrpg("budget", "status", "--json").json()["budgets"]
    assert (found["action"], found["share"], found["left"]) == ("degrade", 0.96, 0.4)


def test_usage_by_model_with_its_estimates(ttrpg, pay):
    assert ttrpg("usage").out.startswith("No call of a model since ")
    pay(2)
    pay(1, "acme/large", "chat")
    pay(0.5, "other/small", finish="cancelled")
    result = ttrpg("usage")
    lines = [line.split() for line in result.out.splitlines()]
    assert ["acme/large", "2", "1,000", "0", "2,000", "$3.00"] in lines
    assert ["other/small", "1", "500", "0", "1,000", "about", "$0.50"] in lines
    assert ["all", "3", "1,500", "0", "3,000", "about", "$3.50"] in lines
    data = ttrpg("usage", "--json").json()
    assert data["total"] == {
        "calls": 3,
        "input": 1500,
        "cached": 0,
        "written": 0,
        "output": 3000,
        "reasoning": 0,
        "cost": 3.5,
        "estimated": 0.5,
        "seconds": 6.0,
    }
    assert [row["name"] for row in data["rows"]] == ["acme/large", "other/small"]
    assert [row["name"] for row in ttrpg("usage", "--by", "why", "--json").json()["rows"]] == [
        "ask",
        "chat",
    ]


def test_usage_by_day_has_every_day_and_the_last_ones(ttrpg, pay, clock):
    for _ in range(3):
        pay(1)
        clock.now += timedelta(days=2)
    data = ttrpg("usage", "--by", "day", "--json").json()
    assert [row["cost"] for row in data["rows"]] == [1, 0, 1, 0, 1]
    short = ttrpg("usage", "--by", "day", "-n", "2", "--json").json()
    assert [row["cost"] for row in short["rows"]] == [0, 1]
    assert short["left_out"] == 3


@pytest.mark.parametrize(
    ("since", "calls"),
    [("all", 3), ("60d", 3), ("30d", 2), ("1w", 1), ("12h", 1), ("today", 1), ("1974-02-01", 2)],
)
def test_usage_since(ttrpg, pay, clock, since, calls):
    for days in (28, 12, 0):
        pay(1)
        clock.now += timedelta(days=days)
    assert ttrpg("usage", "--since", since, "--json").json()["total"]["calls"] == calls


@pytest.mark.parametrize(
    "since", ["", "yesterday", "7", "d", "99999w", "2026-13-01", "-1d", "\x00"]
)
def test_usage_since_what_is_no_time(ttrpg, since):
    result = ttrpg("usage", "--since", since)
    assert (result.code, "Traceback" in result.err) == (2, False)


def test_a_forecast_says_what_it_knows(ttrpg, pay, clock):
    ttrpg("budget", "set", "30", "--per", "month")
    ttrpg("budget", "set", "100", "--per", "total")
    ttrpg("budget", "set", "1", "--per", "hour")
    assert "too little history: 0 of 7 whole days" in ttrpg("budget", "forecast").out
    for _ in range(10):
        pay(1)
        clock.now += timedelta(days=1)
    data = ttrpg("budget", "forecast", "--json").json()
    assert data["month"]["daily"] == 1.0
    assert data["month"]["low"] <= data["month"]["expected"] <= data["month"]["high"]
    verdicts = {each["id"]: each["verdict"] for each in data["budgets"]}
    assert "$30.00 is enough: about $" in verdicts["month"]
    assert verdicts["total"] == "is used up about 06 May 1974"
    assert verdicts["hour"] == "too early to say" or "at this pace" in verdicts["hour"]
    assert len(data["days"]) == 10
    ttrpg("budget", "set", "5", "--per", "month")
    assert "is not enough: about" in ttrpg("budget", "forecast").out


def test_alerts_are_listed_and_acknowledged(ttrpg, pay):
    assert ttrpg("alerts").out == "Nothing to tell.\n"
    ttrpg("budget", "set", "10", "--per", "total")
    pay(9)
    pay(0.6)
    found = ttrpg("alerts", "--json").json()["alerts"]
    assert [(each["subject"], each["severity"]) for each in found] == [
        ("total 95% of $10.00", "critical"),
        ("total 90% of $10.00", "warning"),
    ]
    assert "the total budget: $9.00 of $10.00" in ttrpg("alerts").out
    assert "Acknowledged 1 alert\n" in ttrpg("alerts", "ack", str(found[0]["id"])).err
    result = ttrpg("alerts", "ack", str(found[0]["id"]), str(found[1]["id"]))
    assert result.code == 3
    assert "Acknowledged 1 alert\n" in result.err
    assert "Nothing was open" in ttrpg("alerts", "ack").err
    assert ttrpg("alerts", "list", "--json").json()["alerts"] == []
    assert len(ttrpg("alerts", "list", "--all", "--json").json()["alerts"]) == 2


def test_everything_fits_a_terminal_of_eighty_columns(ttrpg, pay, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ttrpg("campaign", "create", "The Long Road to the Lantern under the Mountain")
    ttrpg("budget", "set", "1000", "--campaign", "the-long", "--session", "session-" + "9" * 40)
    ttrpg("budget", "set", "2", "--per", "day")
    pay(1.95, "server/some-very-long-name-of-a-model-that-one-runs-oneself-70b-instruct-q4")
    for line in (["budget"], ["usage"], ["usage", "--by", "day"], ["alerts"]):
        out = ttrpg(*line).out
        assert max(len(each) for each in out.splitlines()) <= 80
    assert json.loads(ttrpg("budget", "forecast", "--json").out)["schema"]


@pytest.fixture
def killed(ttrpg_home, plugins, clock):
    """A call whose program was killed: its number in the ledger."""
    app = App(plugins=plugins, clock=clock)
    request = Request([Message("user", "x")], max_tokens=1000)
    held = app.purse.reserve("acme/large", Price(0, 1000), request, Purpose("ask"))
    app.store.connection.execute("UPDATE calls SET process = '99999999 1'")
    app.close()
    return str(held.id)


def test_what_a_killed_program_set_aside_is_shown_and_can_be_had_back(ttrpg, killed):
    ttrpg("budget", "set", "1.50", "--per", "total")
    assert "ttrpg budget lost" in ttrpg("usage").err
    assert ttrpg("usage", "--json").json()["lost"] == [int(killed)]
    assert "acme/large" in ttrpg("budget", "lost").out
    assert ttrpg("budget", "--json").json()["budgets"][0]["left"] == 0.5
    done = ttrpg("budget", "free", killed)
    assert "$1.00 can be spent again" in done.err
    assert ttrpg("budget", "--json").json()["budgets"][0]["left"] == 1.5
    assert audited(ttrpg)[-1] == (
        "budget.freed",
        {"call": int(killed), "model": "acme/large", "amount": "$1.00"},
    )
    assert ttrpg("budget", "lost").out == "Every call has ended.\n"
    assert "ttrpg budget lost" not in ttrpg("usage").err
    assert ttrpg("budget", "free", killed).code == 3


def test_a_refusal_says_what_of_it_was_lost(ttrpg, killed, pay):
    from ttrpg_core.errors import BudgetExceeded

    ttrpg("budget", "set", "1.50", "--per", "total")
    with pytest.raises(BudgetExceeded) as caught:
        pay(1)
    assert "$1.00 is of calls that never ended: ttrpg budget lost" in caught.value.hint


def test_a_call_under_way_is_not_freed(ttrpg, plugins, clock):
    app = App(plugins=plugins, clock=clock)
    request = Request([Message("user", "x")], max_tokens=1000)
    held = app.purse.reserve("acme/large", Price(0, 1000), request, Purpose("ask"))
    assert ttrpg("budget", "lost", "--json").json()["calls"] == []
    assert ttrpg("budget", "free", str(held.id)).code == 3
    assert "Every call has ended" in ttrpg("budget", "free", "--all").err
    assert app.purse.ledger.entry(held.id).state == "open"
    app.close()


@pytest.mark.parametrize("line", [(), ("--all", "1"), ("0",), ("x",)])
def test_what_is_to_be_freed_is_said(ttrpg, line):
    assert ttrpg("budget", "free", *line).code == 2


def test_what_was_freed_and_ends_after_all_is_charged(ttrpg, killed, plugins, clock):
    from ttrpg_core.llm.calls import Reservation

    ttrpg("budget", "free", "--all")
    app = App(plugins=plugins, clock=clock)
    app.purse.settle(Reservation(int(killed), 1.0), Usage(5, 500), "stop")
    app.close()
    assert ttrpg("usage", "--json").json()["total"]["cost"] == 0.5
