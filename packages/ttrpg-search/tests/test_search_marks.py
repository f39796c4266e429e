"""Marks: of all words of a passage those that meet the query, found without cutting every word."""

from hypothesis import given
from hypothesis import strategies as st

from ttrpg_search.keyword.marks import marks
from ttrpg_search.keyword.plan import Group, Plan, Way
from ttrpg_search.keyword.tokens import WORD, known_stem, stems

_SAID = (
    "hold held fire firing fired FIRE d'artagnan o\u2019neil I'll ill 'twas it's creatures' a an 5"
    " 5th dry dries flying flew wolves wolf's relational relate hop hope hopping x_fire 1d6 ties"
    " hit points hitting point elves die dying caf\u00e9"
)
SAID = _SAID.split()


def planned(*said: str) -> Plan:
    groups = [Group((Way("", tuple(stems(each)), 1.0, 1.0, 1),), 1.0, 1.0) for each in said]
    return Plan(tuple(groups), (), 1.0, 0, "")


def every_word(text: str, said: tuple[str, ...]) -> list[str]:
    """The words that a look at each of them marks, for queries of single words."""
    wanted = {stems(each)[0] for each in said}
    return [found[0] for found in WORD.finditer(text) if known_stem(found[0]) in wanted]


@given(
    st.lists(st.tuples(st.sampled_from(SAID), st.sampled_from(" ,\n-'\u2019_(\"")), max_size=30),
    st.sets(st.sampled_from([each for each in SAID if len(stems(each)) == 1]), min_size=1),
)
def test_no_word_that_meets_the_query_is_overlooked(pieces, said):
    text = "".join(f"{word}{gap}" for word, gap in pieces)
    for each in (text, f"{text} \u00fcber"):  # the second is cut word by word
        marked = [each[start:end] for start, end in marks(each, planned(*said))]
        expected = every_word(each, tuple(said))
        own = ("'s", "\u2019s")
        assert marked == [one[:-2] if one[-2:] in own else one for one in expected]


def test_phrases_are_marked_as_a_whole_and_longest_first():
    text = "Hit points: a hit, then Hit\nPoints\u2019 total. point hit"
    found = marks(text, planned("hit points", "hit"))
    assert [text[start:end] for start, end in found] == ["Hit points", "hit", "Hit\nPoints", "hit"]


def test_nothing_is_marked_for_an_empty_plan():
    assert marks("fire and smoke", planned()) == ()
