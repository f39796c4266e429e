"""``ttrpg models`` with models that need no network."""

from importlib.metadata import EntryPoint

import pytest

from ttrpg_cli.modelled import Known
from ttrpg_core.llm import Beyond, ModelInfo, Price

RUNS = [
    (["models"], "models"),
    (["models", "list", "--vendor", "fake"], "models"),
    (["models", "show", "fake/echo"], "models.show"),
    (["models", "test", "fake/echo"], "models.test"),
    (["models", "use", "fake/echo"], "models.use"),
    (["models", "health"], "models.health"),
    (["models", "why"], "models.why"),
    (["models", "why", "Who is Mara?", "--model", "fake/echo"], "models.why"),
]
every_run = pytest.mark.parametrize(("line", "schema"), RUNS, ids=lambda v: "-".join(v)[:40])


@pytest.fixture
def ttrpg(ttrpg, plugins):
    plugins.add(EntryPoint("fakes", "ttrpg_core.testing.fakes", "ttrpg"), "fakes")
    assert ttrpg("models", "use", "fake/echo").code == 0
    return ttrpg


@every_run
def test_every_form(ttrpg, line, schema):
    told = ttrpg(*line, "--json")
    assert told.code == 0, told
    assert told.json()["schema"] == f"ttrpg.{schema}/1"
    plain = ttrpg(*line, "--plain")
    assert plain.code == 0
    assert "\x1b" not in plain.out
    quiet = ttrpg(*line, "--quiet")
    assert quiet.err == ""
    shown = ttrpg(*line, env={"COLUMNS": "80"})
    assert all(len(row) <= 80 for row in shown.out.splitlines())
    assert bool(shown.out) == (line[1:2] != ["use"])


def test_what_is_listed_says_place_price_and_source(ttrpg):
    listed = ttrpg("models", "--json").json()["models"]
    assert listed == [
        {
            "model": "fake/echo",
            "place": 1,
            "context": 8192,
            "max_output": 8192,
            "capabilities": [],
            "price": {
                "input": 0,
                "output": 0,
                "cached": None,
                "written": None,
                "date": "",
                "source": "runs in this process",
                "beyond": None,
            },
            "error": None,
        }
    ]
    assert "free" in ttrpg("models").out


def test_what_longer_prompts_cost_is_said():
    price = Price(0.1, 0.5, beyond=Beyond(100_000, Price(0.5, 2.5, cached=0.05, written=0.625)))
    known = Known("v/m", ModelInfo("m", price=price))
    assert "from $0.1 / $0.5" in known.row()
    said = dict(known.pairs())["over 100,000 in"]
    assert said == (
        "$0.5 / $2.5 for the whole request; $0.05 from the cache; $0.625 into the cache"
    )
    assert known.data()["price"]["beyond"]["price"]["output"] == 2.5


def test_a_test_says_what_came_and_how(ttrpg):
    tried = ttrpg("models", "test", "fake/echo")
    assert "Count from one to twelve" in tried.out
    assert "pieces" in tried.out
    assert "11 in, 11 out · $0" in tried.err
    assert "answered" in ttrpg("models", "show", "fake/echo").out


def test_use_is_kept_with_its_order_and_told_to_the_audit(ttrpg):
    done = ttrpg("models", "use", "--add", "fake/other")
    assert done.code == 3
    assert ttrpg("models", "use", "--add", "fake/echo").code == 0
    assert ttrpg("config", "get", "models.use", "--json").json()["value"] == ["fake/echo"]
    assert "models.use" in ttrpg("audit", "--json").out
    assert ttrpg("models", "use").code == 2


def test_what_another_window_adds_meanwhile_stays(ttrpg, monkeypatch):
    from ttrpg_core.llm.routing.vendors import Vendors
    from ttrpg_core.paths import Paths
    from ttrpg_core.settings import Config

    looked_up = Vendors.model

    def slowly(vendors, full):
        Config(Paths.of(), {}).set("models.use", '["fake/echo", "fake/other"]')
        return looked_up(vendors, full)

    monkeypatch.setattr(Vendors, "model", slowly)
    assert ttrpg("models", "use", "--add", "fake/echo").code == 0
    kept = ttrpg("config", "get", "models.use", "--json").json()["value"]
    assert kept == ["fake/echo", "fake/other"]


def test_use_says_what_overrides_it(ttrpg):
    done = ttrpg("models", "use", "fake/echo", env={"TTRPG_MODELS_USE": '["fake/echo"]'})
    assert "TTRPG_MODELS_USE still overrides it" in done.err


def test_none_chosen(ttrpg):
    ttrpg("config", "set", "models.use", "[]")
    assert ttrpg("models", "why").code == 3
    assert "ttrpg models use" in ttrpg("models", "why").err
    assert "None is asked yet" in ttrpg("models").err


def test_what_is_not_there(ttrpg):
    for line in (["show"], ["test"], ["use"]):
        done = ttrpg("models", *line, "fake/nothing")
        assert done.code == 3
        assert "fake has no model 'nothing'" in done.err
        done = ttrpg("models", *line, "fakes/echo")
        assert done.code == 3
        assert "Did you mean: fake" in done.err
        assert ttrpg("models", *line, "fake").code == 2
    assert ttrpg("models", "list", "--vendor", "fakes").code == 3


def test_offline_models_stay(ttrpg):
    why = ttrpg("--offline", "models", "why", "--json").json()["weighed"]
    assert why[0]["verdict"] == "asked"
    assert ttrpg("--offline", "models", "test", "fake/echo").code == 0
