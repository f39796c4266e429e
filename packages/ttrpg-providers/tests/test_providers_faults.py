"""Every vendor's model against a server that does everything wrong that a server can."""

import html
import importlib.util
import json
import logging
import sys
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest

from ttrpg_core.context import Context
from ttrpg_providers import embedders, vendors

SPEC = importlib.util.spec_from_file_location(
    "provider_faults", Path(__file__).with_name("faults.py")
)
faults = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = faults  # attrs looks its classes up there
SPEC.loader.exec_module(faults)


@pytest.fixture(scope="module", params=faults.DIALECTS, ids=lambda each: each.name)
def seen(request):
    return faults.see(request.param)


def test_what_is_seen_is_what_is_meant_and_what_came_is_kept(seen):
    wrong = []
    for case, found in seen:
        kind = type(found.error) if found.error else None
        kept = found.kept[: len(case.kept)] if case.kept else found.kept
        if (kind, kept) != (case.error, case.kept):
            wrong.append((case.name, kind, found.kept[:50], found.error))
        if found.error is None and found.finish != "stop":
            wrong.append((case.name, found.finish))
        if found.error is not None and found.finish == "stop":
            wrong.append((case.name, found.finish))
    assert wrong == []


def test_how_long_to_wait_is_read_from_each_form(seen):
    for case, found in seen:
        said = found.error.retry_after if found.error else None
        if case.wait is None:
            assert said is None or "429" in case.name, case.name
        else:
            assert said == pytest.approx(case.wait, abs=60 if case.wait == faults.DATED else 0)


def test_each_was_asked_once_and_only_what_can_help_would_be_asked_again(seen):
    again = {case.name for case, found in seen if found.again}
    assert all(found.requests == 1 for _, found in seen)
    for name in again:
        assert name.startswith(("429", "500", "503", "529")), name
    assert {"500", "503", "529", "429, `Retry-After: 20`"} <= again
    assert "429, nothing is left of what was paid for" not in again
    assert "429, `Retry-After` with a date" not in again, "an hour is left to the caller"


def test_every_error_says_what_to_do(seen):
    for case, found in seen:
        if found.error is not None:
            assert found.error.hint, case.name
            assert len(found.error.message) < 500


def test_no_error_shows_the_key_or_a_header(seen):
    """Neither as they are, nor as JSON or a URL writes them."""
    for case, found in seen:
        if found.error is not None:
            shown = "".join(traceback.format_exception(found.error)) + repr(found)
            for secret in (faults.KEY, faults.HEADER):
                for form in (
                    secret,
                    json.dumps(secret)[1:-1],
                    repr(secret)[1:-1],
                    html.escape(secret),
                    quote(secret, safe=""),
                    quote(secret),
                    secret[:12],
                    secret[-6:],
                ):
                    assert form not in shown, (case.name, shown)


def test_no_log_shows_the_key_or_a_header(caplog):
    """Of ours, and of the libraries below, at their most talkative."""
    caplog.set_level(logging.DEBUG)
    faults.see(faults.DIALECTS[0])
    assert caplog.records
    shown = "\n".join(f"{each.getMessage()} {each.args!r}" for each in caplog.records)
    for secret in (faults.KEY, faults.HEADER):
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), secret[:12]):
            assert form not in shown


def test_no_repr_shows_the_key_or_a_header():
    known = Context(
        settings=vendors.OpenAISettings(headers=(f"X-Team: {faults.HEADER}",)),
        secret=lambda *_: faults.KEY,
    )
    made = vendors.openai_vendor(known)
    for thing in (known, made, made.line, made.model("m"), embedders.openai_embedder(known)):
        shown = repr(thing) + repr(getattr(thing, "__dict__", ""))
        assert faults.KEY[:12] not in shown
        assert faults.HEADER[:12] not in shown
