"""Our frozen classes answer what attrs' own would."""

import copy
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.values import frozen


def both():
    """The same class, made by attrs and by us."""

    def make(decorator):
        class Thing:
            a: int
            b: str = attrs.field(default="b", repr=False)
            c: float = attrs.field(default=0.0, eq=False)
            d: tuple = attrs.field(default=(), hash=False)

        return decorator(Thing)

    return make(attrs.frozen), make(frozen)


@frozen
class Kept:
    """A class that can be pickled, as it stands in a module."""

    name: str
    more: dict = attrs.field(factory=dict, hash=False)


@frozen
class Further(Kept):
    """One field more."""

    size: int = 0

    def __repr__(self):
        return "its own"


values = st.tuples(st.integers(0, 1), st.sampled_from("ab"), st.floats(0, 1), st.just((1, 2)))


@given(values, values)
def test_values_compare_and_hash_as_with_attrs(one, two):
    theirs, ours = both()
    assert (ours(*one) == ours(*two)) is (theirs(*one) == theirs(*two))
    assert (ours(*one) != ours(*two)) is (theirs(*one) != theirs(*two))
    assert repr(ours(*one)) == repr(theirs(*one))
    if theirs(*one) == theirs(*two):
        assert hash(ours(*one)) == hash(ours(*two))


def test_what_is_left_out_of_the_hash_need_not_have_one():
    assert hash(Kept("a", {})) == hash(Kept("a", {"b": 1}))
    assert Kept("a", {}) != Kept("a", {"b": 1})


def test_another_class_is_never_equal():
    assert Kept("a") != Further("a")
    assert Kept("a") != "a"
    assert repr(Further("a")) == "its own"
    assert repr(Kept("a")) == "Kept(name='a', more={})"


def test_it_is_frozen_and_can_be_copied():
    kept = Further("a", {"b": [1]}, 2)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        kept.name = "b"
    for other in (copy.deepcopy(kept), pickle.loads(pickle.dumps(kept)), attrs.evolve(kept)):
        assert other == kept
    assert attrs.asdict(kept) == {"name": "a", "more": {"b": [1]}, "size": 2}
