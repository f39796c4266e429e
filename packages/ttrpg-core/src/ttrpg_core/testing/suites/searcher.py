"""What is promised of a search backend, by words or by vectors."""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import attrs
import pytest

from ttrpg_core.documents import Chunk
from ttrpg_core.search import Hit, Query, Searcher, Term
from ttrpg_core.testing.suites.inputs import for_any_text, missing

RED, BLUE, GREEN = "a" * 64, "b" * 64, "c" * 64
"""Content hashes of three books."""


def chunk(number: int, text: str, source: str = RED, heading: str = "") -> Chunk:
    """A passage on a page of its own."""
    return Chunk(
        id=number,
        sha256=source,
        ordinal=number,
        heading=heading,
        path=(heading,) if heading else (),
        first_page=number,
        last_page=number,
        label=str(number + 1),
        text=text,
    )


SHELF = (
    chunk(1, "The silver dragon guards a silver hoard.", RED, "Dragons"),
    chunk(2, "A dragon may breathe fire or frost; roll to see which.", RED, "Breath"),
    chunk(3, "Grappling: make a contest of strength to hold your foe.", BLUE, "Grappling"),
    chunk(4, "A torch burns for an hour and sheds bright light.", BLUE, "Torches"),
    chunk(5, "Übermut! 🐉 Größe — then the Dragon wakes.", GREEN, "Höhlen"),
)
"""Five passages of three books; the last has characters of one to four bytes before its dragon."""


class SearcherTests:
    """Inherit it for a search backend with nothing in it.

    ::

        class TestGrep(SearcherTests):
            @pytest.fixture
            def searcher(self):
                return Grep(Context())

    ``role`` is that of your record: a vector backend finds something near whatever is asked, so
    what it must *not* find is asked of keyword backends alone. A backend that reads passages from
    the library's own tables overrides ``add`` and puts them there too.
    """

    role: ClassVar[Literal["keyword", "vector"]] = "keyword"

    @pytest.fixture
    def searcher(self) -> Searcher:
        """Your backend, empty."""
        missing("SearcherTests", "searcher", "an empty search backend")

    def add(self, searcher: Searcher, chunks: Sequence[Chunk]) -> None:
        """Index passages; handed over one by one, as the library does."""
        searcher.add(each for each in chunks)

    def test_it_is_a_searcher(self, searcher: Searcher) -> None:
        """It has the methods of the protocol."""
        assert isinstance(searcher, Searcher)

    def test_nothing_is_found_in_nothing(self, searcher: Searcher) -> None:
        """Empty, it counts none, finds none, and takes none without complaint."""
        assert searcher.count() == 0
        assert searcher.search(Query("dragon"), 5) == []
        self.add(searcher, ())
        assert searcher.count() == 0

    def test_what_was_added_is_found_whole(self, searcher: Searcher) -> None:
        """Every passage is found by its own words, and comes back as it went in."""
        self.add(searcher, SHELF)
        assert searcher.count() == len(SHELF)
        for each in SHELF:
            hits = searcher.search(Query(each.text), 1)
            assert [hit.chunk for hit in hits] == [each]

    def test_the_best_comes_first(self, searcher: Searcher) -> None:
        """Scores do not rise; what meets the whole query precedes what meets a part of it."""
        self.add(searcher, SHELF)
        hits = searcher.search(Query("silver dragon"), 5)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(math.isfinite(score) for score in scores)
        assert hits[0].chunk.id == 1
        assert 2 in [hit.chunk.id for hit in hits]

    def test_words_that_are_nowhere_find_nothing(self, searcher: Searcher) -> None:
        """A word that no passage has finds no passage."""
        self._keyword_only()
        self.add(searcher, SHELF)
        assert searcher.search(Query("xylophone"), 5) == []

    def test_case_does_not_matter(self, searcher: Searcher) -> None:
        """A word is found in capitals and without."""
        self._keyword_only()
        self.add(searcher, SHELF)
        found = [
            {hit.chunk.id for hit in searcher.search(Query(word), 9)}
            for word in ("dragon", "DRAGON", "Dragon")
        ]
        assert found == [{1, 2, 5}] * 3

    def test_at_most_k_come(self, searcher: Searcher) -> None:
        """No more than ``k`` come, none for zero, and fewer are the first of more."""
        self.add(searcher, SHELF)
        every = _ids(searcher.search(Query("dragon"), 99))
        assert len(every) == len(set(every)) >= 3
        for k in range(len(every) + 1):
            assert _ids(searcher.search(Query("dragon"), k)) == every[:k]

    def test_only_the_named_books_are_searched(self, searcher: Searcher) -> None:
        """With ``sources``, hits come from those books alone; an unknown book has none."""
        self.add(searcher, SHELF)
        for sources in ({RED}, {BLUE}, {RED, GREEN}):
            hits = searcher.search(Query("dragon torch foe", frozenset(sources)), 9)
            assert {hit.chunk.sha256 for hit in hits} == sources
        assert searcher.search(Query("dragon", frozenset()), 9) == []
        assert searcher.search(Query("dragon", frozenset({"f" * 64})), 9) == []

    def test_few_hits_are_not_crowded_out(self, searcher: Searcher) -> None:
        """A book's one passage is found however many better ones other books have."""
        self.add(searcher, SHELF)
        self.add(searcher, [chunk(100 + n, "dragon dragon dragon", BLUE) for n in range(80)])
        hits = searcher.search(Query("dragon", frozenset({GREEN})), 3)
        assert [hit.chunk.id for hit in hits] == [5]

    def test_the_same_id_replaces(self, searcher: Searcher) -> None:
        """A passage that is there already is replaced: counted once, found by its new words."""
        self.add(searcher, SHELF)
        changed = attrs.evolve(SHELF[2], text="A weaver of baskets sits here.", heading="Weavers")
        self.add(searcher, [changed])
        assert searcher.count() == len(SHELF)
        assert [hit.chunk for hit in searcher.search(Query("weaver baskets"), 1)] == [changed]
        if self.role == "keyword":
            assert searcher.search(Query("strength contest"), 5) == []

    def test_a_removed_book_is_gone(self, searcher: Searcher) -> None:
        """Removing a book takes all of it and nothing else; again, or unknown, is no error."""
        self.add(searcher, SHELF)
        searcher.remove(RED)
        assert searcher.count() == 3
        assert {hit.chunk.sha256 for hit in searcher.search(Query("dragon"), 9)} <= {BLUE, GREEN}
        searcher.remove(RED)
        searcher.remove("f" * 64)
        assert searcher.count() == 3

    def test_a_removed_book_can_come_back(self, searcher: Searcher) -> None:
        """What was removed can be added again and is found as before."""
        self.add(searcher, SHELF)
        before = searcher.search(Query("silver dragon"), 5)
        searcher.remove(RED)
        self.add(searcher, [each for each in SHELF if each.sha256 == RED])
        assert _ids(searcher.search(Query("silver dragon"), 5)) == _ids(before)

    def test_it_answers_the_same_twice(self, searcher: Searcher) -> None:
        """The same question has the same answer, ties included."""
        self.add(searcher, [chunk(n, "a dragon sleeps") for n in range(1, 21)])
        first = searcher.search(Query("dragon"), 7)
        assert len(first) == 7
        assert searcher.search(Query("dragon"), 7) == first

    def test_any_text_is_a_query(self, searcher: Searcher) -> None:
        """No text is an error: quotes, brackets, operators, any alphabet, or none at all."""
        self.add(searcher, SHELF)

        def answers(text: str) -> None:
            hits = searcher.search(Query(text), 3)
            assert len(hits) <= 3
            assert all(isinstance(hit, Hit) for hit in hits)

        for_any_text(answers)

    def test_a_very_long_query_is_one_too(self, searcher: Searcher) -> None:
        """A whole page as a query is answered."""
        self.add(searcher, SHELF)
        page = "silver dragon " * 60 + " ".join(f"word{n}" for n in range(140))
        assert _ids(searcher.search(Query(page), 1)) == [1]

    def test_marks_are_the_words_that_met(self, searcher: Searcher) -> None:
        """Marks are spans of characters, not bytes, in order, apart, and on words of the query."""
        self.add(searcher, SHELF)
        for hit in searcher.search(Query("dragon"), 9):
            text, end_of_last = hit.chunk.text, 0
            for start, end in hit.marks:
                assert end_of_last <= start < end <= len(text)
                assert "dragon" in text[start:end].casefold(), text[start:end]
                end_of_last = end

    def test_any_text_can_be_indexed(self, searcher: Searcher) -> None:
        """Passages of odd characters come back as they went in."""
        odd = [
            chunk(1, "dragon \"quoted\" 'single' `tick` <b>bold</b> \\ /"),
            chunk(2, "dragon \u202ereversed\u202c \ufeff mark \u200d joined \u00ad soft"),
            chunk(3, ""),
            chunk(4, "dragon\n\n\tindented\r\nlines"),
        ]
        self.add(searcher, odd)
        assert searcher.count() == len(odd)
        wanted = {each.id: each for each in odd}
        found = searcher.search(Query("dragon"), 9)
        assert {1, 2, 4} <= set(_ids(found))
        assert all(hit.chunk == wanted[hit.chunk.id] for hit in found)

    def test_terms_stand_for_the_text(self, searcher: Searcher) -> None:
        """With ``terms``, they are looked for and the text is not; any of a term's ways finds."""
        self._keyword_only()
        self.add(searcher, SHELF)
        said = Query("xylophone", terms=(Term("torch", (("breathe", 0.5),)),))
        assert {hit.chunk.id for hit in searcher.search(said, 9)} == {2, 4}
        nowhere = Query("dragon", terms=(Term("xylophone"),))
        assert searcher.search(nowhere, 9) == []

    def test_a_way_of_several_words_stands_together(self, searcher: Searcher) -> None:
        """Of two passages, the one that has the words beside each other is better."""
        self._keyword_only()
        apart = "A light that is bright enough sheds a glow."
        self.add(searcher, [*SHELF, chunk(9, apart, BLUE, "Lamps")])
        query = Query("glare", terms=(Term("glare", (("bright light", 1.0),)),))
        assert _ids(searcher.search(query, 9))[0] == 4

    def test_what_is_absent(self, searcher: Searcher) -> None:
        """With ``terms``, no passage with an ``absent`` word or phrase is found."""
        self._keyword_only()
        self.add(searcher, SHELF)
        for absent, left in (
            (("fire",), {1, 5}),
            (("silver hoard", "frost"), {5}),
            ((), {1, 2, 5}),
        ):
            query = Query("dragon", terms=(Term("dragon"),), absent=absent)
            assert {hit.chunk.id for hit in searcher.search(query, 9)} == left

    def test_only_within_the_passages_given(self, searcher: Searcher) -> None:
        """With ``within``, only those passages are found, however many better ones there are."""
        self.add(searcher, SHELF)
        self.add(searcher, [chunk(100 + n, "dragon dragon dragon", BLUE) for n in range(80)])
        within = Query("dragon", within=frozenset({2, 5, 999}))
        assert {hit.chunk.id for hit in searcher.search(within, 9)} == {2, 5}
        both = Query("dragon", frozenset({GREEN}), within=frozenset({2, 5}))
        assert _ids(searcher.search(both, 9)) == [5]
        assert searcher.search(Query("dragon", within=frozenset()), 9) == []

    def test_it_closes_twice(self, searcher: Searcher) -> None:
        """Closing again does nothing."""
        self.add(searcher, SHELF)
        searcher.close()
        searcher.close()

    def _keyword_only(self) -> None:
        if self.role != "keyword":
            pytest.skip("a vector backend finds the nearest, whatever is asked")


def _ids(hits: Sequence[Hit]) -> list[int]:
    return [hit.chunk.id for hit in hits]
