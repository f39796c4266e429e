"""Candidates by whoosh, a search library in plain Python; an extra.

Whoosh unpickles nearly everything that it opens, so a file of somebody else's is a program of
somebody else's. Every file is therefore known by its digest, in a state that is sealed with the
database's own key (:mod:`.state`), in a folder that only its owner may write to; what is not known
is never opened.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ttrpg_core.context import Context
from ttrpg_core.errors import StoreError
from ttrpg_core.search import Query
from ttrpg_search.backends.beside import Beside, Damaged
from ttrpg_search.backends.state import digest
from ttrpg_search.extras import needed, quietly
from ttrpg_search.keyword.plan import Plan
from ttrpg_search.keyword.scoring import WEIGHTS
from ttrpg_search.keyword.texts import Text

FIELDS = {"heading": 1.0, "path": 0.3, "body": 1.0}
"""What a term counts in each field, on top of how rare it is there: rarest in headings."""
_LOCK = "MAIN_WRITELOCK"
"""The one file that whoosh never reads."""


class Whoosh(Beside):
    """The default backend with whoosh to find candidates."""

    lag: ClassVar[int] = 500

    def __init__(self, context: Context) -> None:
        needed("whoosh.index", "whoosh", "the keyword backend 'whoosh'", "'fts5'")
        quietly("whoosh.codec.whoosh3")  # whoosh imports it later, where nobody hushes it
        super().__init__(context, _Files(context.folder / "files"))


class _Files:
    """The index in its folder. Any: the library has no types."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}
        self._index: Any = None
        self._searcher: Any = None
        self._ids: list[int] = []

    def open(self, files: Mapping[str, str]) -> None:
        """Open the files that are told, after each was compared; Damaged when any differs."""
        try:
            there = {each.name for each in self._folder.iterdir()} - {_LOCK}
            if there != files.keys():
                raise Damaged("the files are not those that were written")
            for name, told in files.items():
                if digest(self._folder / name) != told:
                    raise Damaged(f"{name} is not what was written")
        except OSError as error:
            raise Damaged(str(error)) from error
        self._known = dict(files)
        self._read()

    def change(self, gone: Iterable[str], texts: Iterable[Text]) -> Mapping[str, str]:
        """Drop books and add passages, in one commit."""
        index = _part("index")
        try:
            if self._index is None:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._known = {}
                self._index = index.create_in(str(self._folder), _schema())
            writer = self._index.writer(limitmb=128)
            try:
                for sha256 in gone:
                    writer.delete_by_term("sha256", sha256)
                for text in texts:
                    writer.add_document(
                        id=text.id,
                        sha256=text.sha256,
                        heading=text.heading,
                        path=text.path,
                        body=text.body,
                    )
            except BaseException:
                writer.cancel()
                raise
            writer.commit()
            self._known = {
                each.name: self._known.get(each.name) or digest(each)  # none is changed, once there
                for each in self._folder.iterdir()
                if each.name != _LOCK
            }
            self._read()
        except OSError as error:
            self.close()
            raise StoreError(
                f"cannot write the index in {self._folder}: {error}",
                "Free some space or mend its permissions, then: ttrpg library reindex",
            ) from error
        return self._known

    def found(self, query: Query, planned: Plan, most: int) -> list[int]:
        """By BM25F over the fields; a term's ways add up.

        Whoosh 2.7.4 can take the best of several, but compares the scores of different passages.
        """
        made = _part("query")

        allowed = self._allowed(query)
        if self._searcher is None or allowed == set():
            return []  # an empty set would be no filter
        wanted = [
            _words(name, way.parts, group.weight * way.weight * boost)
            for group in planned.groups
            for way in group.ways
            for name, boost in FIELDS.items()
        ]
        absent = [_words(n, said.split(), 1.0) for said in planned.absent for n in FIELDS]
        found = self._searcher.search(
            made.Or(wanted),
            limit=most,
            filter=allowed,
            mask=made.Or(absent) if absent else None,
        )
        return [self._ids[place] for _, place in found.top_n]

    def close(self) -> None:
        """Let go of the files."""
        if self._searcher is not None:
            self._searcher.close()
        if self._index is not None:
            self._index.close()
        self._index = self._searcher = None
        self._ids = []

    def _allowed(self, query: Query) -> Any:
        """The places of the passages that may be found; None for all."""
        made = _part("query")

        allowed: set[int] | None = None
        if query.sources is not None and self._searcher is not None:
            books = made.Or([made.Term("sha256", each) for each in sorted(query.sources)])
            allowed = set(books.docs(self._searcher))
        if query.within is not None:
            within = {n for n, number in enumerate(self._ids) if number in query.within}
            allowed = within if allowed is None else allowed & within
        return allowed

    def _read(self) -> None:
        """See the last commit."""
        if self._searcher is not None:
            self._searcher.close()
        if self._index is None:
            self._index = _part("index").open_dir(str(self._folder))
        # the length of a heading says nothing, least of all where most passages have none
        weighting = _part("scoring").BM25F(
            WEIGHTS.length, WEIGHTS.saturation, heading_B=0.0, path_B=0.0
        )
        self._searcher = self._index.searcher(weighting=weighting)
        reader = self._searcher.reader()
        column = reader.column_reader("id")
        self._ids = [int(column[place]) for place in range(reader.doc_count_all())]


def _part(name: str) -> Any:
    """A module of the library, which is there: the backend was made."""
    return quietly(f"whoosh.{name}")


def _schema() -> Any:
    fields = _part("fields")
    cutter = _part("analysis").SpaceSeparatedTokenizer()  # stems are parted by spaces already
    return fields.Schema(
        id=fields.COLUMN(_part("columns").NumericColumn("q")),
        sha256=fields.ID(),
        **{name: fields.TEXT(analyzer=cutter, phrase=True) for name in FIELDS},
    )


def _words(name: str, parts: Iterable[str], boost: float) -> Any:
    made = _part("query")

    words = list(parts)
    if len(words) == 1:
        return made.Term(name, words[0], boost=boost)
    return made.Phrase(name, words, boost=boost)
