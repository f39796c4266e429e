"""Logs: where they go, and what is not in them."""

import io
import json
import stat
import sys
from pathlib import Path

import pytest
import structlog

from ttrpg_core.logs import MAX_BYTES, configure, redact

KEY = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def unconfigured():
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_json_lines_in_the_state_folder_and_nothing_on_the_screen(tmp_path, capfd):
    path = configure(tmp_path / "state")
    with structlog.contextvars.bound_contextvars(campaign="keep"):
        structlog.get_logger().info("book added", pages=3, title="naïve\n龍")
    structlog.get_logger().debug("too quiet to keep")
    (line,) = lines(path)
    assert (line["event"], line["level"], line["campaign"]) == ("book added", "info", "keep")
    assert (line["pages"], line["title"]) == (3, "naïve\n龍")
    assert line["timestamp"].endswith("Z")
    assert capfd.readouterr() == ("", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_verbose_goes_to_stderr_alone(tmp_path, capsys):
    path = configure(tmp_path / "state", verbose=True)
    structlog.get_logger().warning("careful", api_key=KEY)
    out, err = capsys.readouterr()
    assert out == ""
    assert "careful" in err
    assert KEY not in err
    assert not path.exists()


def test_every_level_and_an_exception(tmp_path):
    path = configure(tmp_path)
    log = structlog.get_logger()
    try:
        int(f"refused: Bearer {KEY}")
    except ValueError:
        log.exception("it broke")
    for level in ("info", "warning", "error", "critical"):
        getattr(log, level)(level)
    found = lines(path)
    assert [line["level"] for line in found] == ["error", "info", "warning", "error", "critical"]
    assert "ValueError" in found[0]["exception"]
    assert KEY not in path.read_text()


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("api_key", "x", "[hidden]"),
        ("key", "x", "[hidden]"),
        ("X-Api-Key", "x", "[hidden]"),
        ("apikey", "x", "[hidden]"),
        ("Authorization", "Bearer x", "[hidden]"),
        ("access_token", "x", "[hidden]"),
        ("prompt", "the villain is the mayor", "[hidden]"),
        ("secrets", ["a", "b"], "[hidden]"),
        ("tokens", 512, 512),
        ("tokens_in", 3.5, 3.5),
        ("key", None, None),
        ("keyword", "fts", "fts"),
        ("monkey", "george", "george"),
        ("note", f"my key is {KEY}!", "my key is [hidden]!"),
        ("note", "Bearer abc.def", "[hidden]"),
        ("url", "https://x/?key=AIza" + "a" * 30, "https://x/?key=[hidden]"),
        ("headers", {"x-api-key": "v", "a": "b"}, {"x-api-key": "[hidden]", "a": "b"}),
        ("deep", [{"a": [f"{KEY}"]}], [{"a": ["[hidden]"]}]),
        ("error", ValueError(KEY), "ValueError('[hidden]')"),
        ("event", f"sent {KEY}", "sent [hidden]"),
    ],
)  # fmt: skip
def test_redaction(name, value, kept):
    assert redact(None, "info", {name: value}) == {name: kept}


def test_a_large_log_is_moved_aside(tmp_path):
    path = configure(tmp_path)
    path.write_text("x" * MAX_BYTES)
    log = structlog.get_logger()
    log.info("the last straw")
    log.info("a new leaf")
    assert [line["event"] for line in lines(path)] == ["a new leaf"]
    assert "the last straw" in (tmp_path / "log.jsonl.1").read_text()


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path):
    (tmp_path / "state").write_text("a file in the way")
    configure(tmp_path / "state")
    structlog.get_logger().info("hello")
    configure(tmp_path)
    (tmp_path / "log.jsonl").mkdir()
    structlog.get_logger().info("hello")


def test_configuring_again_leaves_no_file_open(tmp_path):
    for number in range(3):
        path = configure(tmp_path / str(number))
        structlog.get_logger().info("hello")
        assert len(lines(path)) == 1


@pytest.mark.parametrize("gone", ["closed", "detached", "none"])
def test_stderr_that_went_away_ends_nothing(tmp_path, monkeypatch, gone):
    configure(tmp_path, verbose=True)
    stream = io.TextIOWrapper(io.BytesIO())
    stream.close() if gone == "closed" else stream.detach()
    monkeypatch.setattr(sys, "stderr", None if gone == "none" else stream)
    structlog.get_logger().info("hello")
