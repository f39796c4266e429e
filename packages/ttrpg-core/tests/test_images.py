"""What the journal keeps of a row that changed: what it was, exactly, in half the room."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core import images
from ttrpg_core.rows import dump, same

texts = st.text(st.sampled_from('abé\U0001f5dd"\\'), max_size=12) | st.builds(
    "".join, st.lists(st.sampled_from(["salt ", "tide ", "gull ", "é"]), max_size=60)
)
values = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.sampled_from([0, 0.0, -0.0, 1, 1.0, "1"])
    | texts
    | st.binary(max_size=4)
)
rows = st.dictionaries(st.sampled_from("abc"), values)


@given(rows, rows)
def test_what_is_read_is_what_was_written(old, new):
    for one in (new, {**old, **new}, {name: new.get(name, old[name]) for name in old}):
        assert same(images.became(dump(old), images.after(old, one)), one)


@pytest.mark.parametrize(("old", "new"), [(None, {"a": 1}), ({"a": 1}, None), (None, None)])
def test_a_row_that_came_or_went_is_kept_whole(old, new):
    assert images.after(old, new) == dump(new)
    assert images.became(dump(old), images.after(old, new)) == new


def test_a_word_in_a_long_text_is_kept_alone():
    old = {"id": "x", "state": "salt " * 100 + "sea" + " gull" * 100, "at": 1}
    new = {**old, "state": old["state"].replace("sea", "tide"), "at": 2}
    assert json.loads(images.after(old, new)) == [{"state": [500, 500, "tide"], "at": 2}]


def test_an_image_of_before_there_were_differences_is_read():
    assert images.became('{"a": 1}', '{"a": 2, "b": null}') == {"a": 2, "b": None}
