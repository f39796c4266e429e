"""The suites of search backends and embedders catch faults: one implementation for each."""

import inspect
import itertools

import attrs
import pytest

from ttrpg_core.errors import InputError
from ttrpg_core.search import Hit, Query
from ttrpg_core.testing import EmbedderTests, HashEmbedder, MemorySearcher, SearcherTests


def breaks(suite, promise, **fixtures):
    """Run one test of a suite on what is given; it has to fail, and not to be skipped."""
    test = getattr(suite, f"test_{promise}")
    assert test.__doc__
    wanted = inspect.signature(test).parameters
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        test(**{name: value for name, value in fixtures.items() if name in wanted})
    assert caught.type not in {TypeError, NameError, AttributeError}, "the fault is in this test"


class WorstFirst(MemorySearcher):
    def search(self, query, k):
        return super().search(query, 99)[::-1][:k]


class ScoresOfNothing(MemorySearcher):
    def search(self, query, k):
        return [attrs.evolve(hit, score=float("nan")) for hit in super().search(query, k)]


class FiltersTooLate(MemorySearcher):
    def search(self, query, k):
        found = super().search(Query(query.text), k)
        return [h for h in found if query.sources is None or h.chunk.sha256 in query.sources]


class NoSourceIsEverySource(MemorySearcher):
    def search(self, query, k):
        return super().search(attrs.evolve(query, sources=query.sources or None), k)


class UnknownSourceIsEverySource(MemorySearcher):
    def search(self, query, k):
        known = {chunk.sha256 for chunk in self._chunks.values()}
        wanted = (query.sources or frozenset()) & known or None
        return super().search(attrs.evolve(query, sources=wanted), k)


class OneTooMany(MemorySearcher):
    def search(self, query, k):
        return super().search(query, k + 1)


class AddsTwice(MemorySearcher):
    def add(self, chunks):
        for chunk in chunks:
            free = chunk.id if chunk.id not in self._chunks else 1000 + len(self._chunks)
            super().add([attrs.evolve(chunk, id=free)])


class KeepsOldWords(MemorySearcher):
    def add(self, chunks):
        for chunk in chunks:
            old = self._words.get(chunk.id)
            super().add([chunk])
            if old:
                self._words[chunk.id] += old


class RemovesNothing(MemorySearcher):
    def remove(self, source):
        pass


class RemovesEverything(MemorySearcher):
    def remove(self, source):
        self._chunks.clear()


class MindsRemovingTwice(MemorySearcher):
    def remove(self, source):
        if source not in {chunk.sha256 for chunk in self._chunks.values()}:
            raise InputError("there is no such book")
        super().remove(source)


class RemovesForGood(MemorySearcher):
    gone = frozenset[str]()

    def remove(self, source):
        super().remove(source)
        self.gone |= {source}

    def add(self, chunks):
        super().add(chunk for chunk in chunks if chunk.sha256 not in self.gone)


class HasASyntax(MemorySearcher):
    def search(self, query, k):
        if query.text.count('"') % 2:
            raise InputError("a quote is not closed")
        return super().search(query, k)


class ShortOfBreath(MemorySearcher):
    def search(self, query, k):
        if len(query.text) > 1000:
            raise InputError("the query is too long")
        return super().search(query, k)


class MarksBytes(MemorySearcher):
    def _hit(self, number, score, wanted):
        hit = super()._hit(number, score, wanted)
        text = hit.chunk.text

        def byte(position):
            return len(text[:position].encode())

        return attrs.evolve(hit, marks=tuple((byte(a), byte(b)) for a, b in hit.marks))


class MarksBackwards(MemorySearcher):
    def _hit(self, number, score, wanted):
        hit = super()._hit(number, score, wanted)
        return attrs.evolve(hit, marks=tuple((end, start) for start, end in hit.marks))


class ReadsTheTextAlone(MemorySearcher):
    def search(self, query, k):
        return super().search(attrs.evolve(query, terms=()), k)


class TakesWordsApart(MemorySearcher):
    def search(self, query, k):
        loose = [attrs.evolve(t, others=_loose(t.others)) for t in query.terms]
        return super().search(attrs.evolve(query, terms=tuple(loose)), k)


def _loose(others):
    return tuple((word, weight) for text, weight in others for word in text.split())


class FindsWhatIsAbsent(MemorySearcher):
    def search(self, query, k):
        return super().search(attrs.evolve(query, absent=()), k)


class LooksBeyond(MemorySearcher):
    def search(self, query, k):
        return super().search(attrs.evolve(query, within=None), k)


class MindsCase(MemorySearcher):
    def search(self, query, k):
        return super().search(query, k) if query.text.islower() else []


class Restless(MemorySearcher):
    turn = 0

    def search(self, query, k):
        self.turn += 1
        found = super().search(query, 99)
        return (found[self.turn % 2 :] + found[: self.turn % 2])[:k]


class LosesTheLabel(MemorySearcher):
    def add(self, chunks):
        super().add(attrs.evolve(chunk, label="") for chunk in chunks)


class TidiesText(MemorySearcher):
    def add(self, chunks):
        super().add(attrs.evolve(c, text=" ".join(c.text.split())) for c in chunks)


class FindsAnything(MemorySearcher):
    def search(self, query, k):
        found = super().search(query, k)
        return found or [Hit(chunk, 0.0) for chunk in list(self._chunks.values())[:k]]


class CountsToo(MemorySearcher):
    def count(self):
        return len(self._chunks) + 1


class ClosesOnce(MemorySearcher):
    shut = False

    def close(self):
        if self.shut:
            raise ValueError("already closed")
        self.shut = True


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("nothing_is_found_in_nothing", CountsToo),
        ("what_was_added_is_found_whole", LosesTheLabel),
        ("the_best_comes_first", WorstFirst),
        ("the_best_comes_first", ScoresOfNothing),
        ("words_that_are_nowhere_find_nothing", FindsAnything),
        ("case_does_not_matter", MindsCase),
        ("at_most_k_come", OneTooMany),
        ("only_the_named_books_are_searched", NoSourceIsEverySource),
        ("only_the_named_books_are_searched", UnknownSourceIsEverySource),
        ("few_hits_are_not_crowded_out", FiltersTooLate),
        ("the_same_id_replaces", AddsTwice),
        ("the_same_id_replaces", KeepsOldWords),
        ("a_removed_book_is_gone", RemovesNothing),
        ("a_removed_book_is_gone", RemovesEverything),
        ("a_removed_book_is_gone", MindsRemovingTwice),
        ("a_removed_book_can_come_back", RemovesForGood),
        ("it_answers_the_same_twice", Restless),
        ("any_text_is_a_query", HasASyntax),
        ("a_very_long_query_is_one_too", ShortOfBreath),
        ("marks_are_the_words_that_met", MarksBytes),
        ("marks_are_the_words_that_met", MarksBackwards),
        ("any_text_can_be_indexed", TidiesText),
        ("terms_stand_for_the_text", ReadsTheTextAlone),
        ("a_way_of_several_words_stands_together", TakesWordsApart),
        ("what_is_absent", FindsWhatIsAbsent),
        ("only_within_the_passages_given", LooksBeyond),
        ("it_closes_twice", ClosesOnce),
    ],
)
def test_a_searcher_that(promise, broken):
    breaks(SearcherTests(), promise, searcher=broken())


class Stretched(HashEmbedder):
    def embed(self, texts):
        return [[2 * value for value in vector] for vector in super().embed(texts)]


class EmptyIsNothing(HashEmbedder):
    def embed(self, texts):
        return [
            [v * bool(t) for v in vector]
            for t, vector in zip(texts, super().embed(texts), strict=True)
        ]


class Reversing(HashEmbedder):
    def embed(self, texts):
        return super().embed(texts)[::-1]


class Drifting(HashEmbedder):
    turn = itertools.count()

    def embed(self, texts):
        return super().embed([f"{text} {next(self.turn)}" for text in texts])


class Narrow(HashEmbedder):
    def embed(self, texts):
        return [vector[:-1] for vector in super().embed(texts)]


class AllAlike(HashEmbedder):
    def embed(self, texts):
        return super().embed(["same"] * len(texts))


class AsciiOnly(HashEmbedder):
    def embed(self, texts):
        return super().embed([text.encode("ascii").decode() for text in texts])


class Impatient(HashEmbedder):
    def embed(self, texts):
        if any(len(text) > 50_000 for text in texts):
            raise InputError("too long")
        return super().embed(texts)


class Nameless(HashEmbedder):
    id = " "


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("it_is_an_embedder", Nameless),
        ("each_text_has_a_vector", Narrow),
        ("vectors_have_length_one", Stretched),
        ("vectors_have_length_one", EmptyIsNothing),
        ("it_answers_the_same_twice", Drifting),
        ("the_order_is_kept", Reversing),
        ("like_is_near_like", AllAlike),
        ("any_text_has_a_vector", AsciiOnly),
        ("a_long_text_has_one_too", Impatient),
    ],
)
def test_an_embedder_that(promise, broken):
    breaks(EmbedderTests(), promise, embedder=broken())
