"""The benchmark of the library in one run: no part that fails takes the others along."""

import importlib
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "library"
SCRIPT = """
import sys
sys.path.insert(0, {bench!r})
from figures import MISSED, at_least, at_most, once
{body}
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """The module ``run`` with parts of our own: ``bench(name="body of a script")``."""
    monkeypatch.syspath_prepend(BENCH)
    for name in ("figures", "run"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    run = importlib.import_module("run")
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "KEPT", tmp_path / "kept")

    def with_parts(**bodies):
        for name, body in bodies.items():
            (tmp_path / f"{name}.py").write_text(SCRIPT.format(bench=str(BENCH), body=body))
        monkeypatch.setattr(run, "PARTS", {name: run.Part(f"{name}.py", 1) for name in bodies})
        return run

    yield with_parts
    for name in ("figures", "run"):
        sys.modules.pop(name, None)


def rows(capsys):
    """The lines of the last table, by their part."""
    out = capsys.readouterr().out
    return out[out.rindex("\npart ") :].strip().splitlines()[1:]


def test_one_table_with_goals_whatever_fails(bench, capsys):
    run = bench(
        good="at_most('small', 1.5, 2); at_least('large', 0.9, 0.8)",
        bad="at_most('small', 2.5, 2); sys.exit(MISSED)",
        broken="at_least('before', 1, 1); 1 / 0",
        nothing="print('no data')",
    )
    assert run.main([]) == 1
    good, large, bad, before, broken, nothing, _, total = rows(capsys)
    assert good.split() == ["good", "small", "1.5", "<=", "2", "MET"]
    assert large.split() == ["good", "large", "0.9", ">=", "0.8", "MET"]
    assert bad.split() == ["bad", "small", "2.5", "<=", "2", "MISSED"]
    assert before.split()[-1] == "MET"
    assert broken == "broken    failed with 1: figures may be missing"
    assert "nothing could be measured" in nothing
    assert total == "1 goals missed, 1 parts not run to their end"


def test_the_worst_of_several_stands_in_the_table(bench, capsys):
    bodies = "[at_least('recall', share, 0.9, of) for share, of in ((1, 'a'), (0.5, 'b'))]"
    assert bench(one=bodies).main([]) == 1
    told = " ".join(rows(capsys)[0].split())
    assert told == "one recall (b, worst of 2) 0.5 >= 0.9 MISSED"


def test_a_goal_without_its_baseline_is_named(bench, capsys):
    run = bench(one="from figures import not_measured; not_measured('a / other engine', 1.5)")
    assert run.main([]) == 0
    told = " ".join(rows(capsys)[0].split())
    assert told == "one a / other engine nan <= 1.5 NOT MEASURED"


def test_a_part_that_hangs_is_stopped_and_the_next_one_runs(bench, capsys, monkeypatch):
    run = bench(slow="at_most('a', 1, 2); import time; time.sleep(600)", next="at_most('b', 1, 2)")
    monkeypatch.setattr(run.Part, "most", 3.0)
    assert run.main([]) == 1
    slow, stopped, after, *_ = rows(capsys)
    assert slow.split()[-1] == after.split()[-1] == "MET"
    assert stopped.startswith("slow      stopped after")


def test_it_resumes_where_it_was_stopped(bench, capsys, tmp_path):
    count = f"open({str(tmp_path / 'count')!r}, 'a').write"
    half = f"once('one', lambda: {count}('1') and {{'x': 1.0}}); open({str(tmp_path / 'there')!r})"
    run = bench(first=f"{count}('f'); at_most('a', 1, 2)", second=half)
    assert run.main([]) == 1
    (tmp_path / "there").touch()
    assert run.main(["--resume"]) == 0
    assert (tmp_path / "count").read_text() == "f1"
    assert "first     a" in capsys.readouterr().out
    assert run.main([]) == 0
    assert (tmp_path / "count").read_text() == "f1f1", "without --resume all is measured anew"


def test_a_part_that_is_not_there(bench, capsys):
    assert bench(one="").main(["two"]) == 2
    assert "there are: one" in capsys.readouterr().out


@pytest.mark.parametrize("script", ["figures", "run", "shell", "ingest", "hostile", "speed"])
def test_every_part_is_a_script_that_compiles(script):
    compile((BENCH / f"{script}.py").read_text("utf-8"), script, "exec")
