"""Candidates by tantivy, a search library in Rust: for large libraries; an extra."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from ttrpg_core.context import Context
from ttrpg_core.errors import StoreError
from ttrpg_core.search import Query
from ttrpg_search.backends.beside import Beside, Damaged
from ttrpg_search.extras import needed
from ttrpg_search.keyword.plan import Group, Plan
from ttrpg_search.keyword.texts import Text

FIELDS = {"heading": 1.6, "path": 1.0, "body": 1.0}
"""What a term counts in each field: that it is there, as its rarity among all passages."""
OFTEN = 0.1
"""What it counts besides, by BM25, how often a passage says it."""
_STEMS = "stems"
"""Our name of the way to cut: stems are parted by spaces already."""
_HEAP = 64_000_000


class Tantivy(Beside):
    """The default backend with tantivy to find candidates."""

    lag: ClassVar[int] = 20_000

    def __init__(self, context: Context) -> None:
        library = needed("tantivy", "tantivy", "the keyword backend 'tantivy'", "'fts5'")
        super().__init__(context, _Files(library, context.folder / "files"))


class _Files:
    """The index in its folder. Any: the library's own types are loaded when it is."""

    def __init__(self, library: ModuleType, folder: Path) -> None:
        self._library = library
        self._folder = folder
        self._index: Any = None
        self._searcher: Any = None

    def open(self, files: Mapping[str, str]) -> None:  # noqa: ARG002 - nothing there is code
        """Map the files."""
        try:
            self._index = self._library.Index.open(str(self._folder))
            self._read()
        except (ValueError, OSError) as error:
            raise Damaged(str(error)) from error

    def change(self, gone: Iterable[str], texts: Iterable[Text]) -> Mapping[str, str]:
        """Drop books and add passages, in one commit."""
        try:
            if self._index is None:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._index = self._library.Index(self._schema(), path=str(self._folder))
            writer = self._index.writer(heap_size=_HEAP, num_threads=1)
            self._register()
            for sha256 in gone:
                writer.delete_documents_by_term("sha256", sha256)
            document = self._library.Document
            for text in texts:
                writer.add_document(
                    document(
                        id=text.id,
                        sha256=text.sha256,
                        heading=text.heading,
                        path=text.path,
                        body=text.body,
                    )
                )
            writer.commit()
            writer.wait_merging_threads()
            self._read()
        except (ValueError, OSError) as error:
            self.close()
            raise StoreError(
                f"cannot write the index in {self._folder}: {error}",
                "Free some space or mend its permissions, then: ttrpg library reindex",
            ) from error
        return {}

    def found(self, query: Query, planned: Plan, most: int) -> list[int]:
        """Those that have most of the terms, and the rarest, each by its best way of saying."""
        if self._searcher is None:
            return []
        made = self._library.Query
        schema, occur = self._index.schema, self._library.Occur
        wanted = [(occur.Should, self._group(each)) for each in planned.groups if each.ways]
        parts = [(occur.Must, made.boolean_query(wanted))]
        for name, allowed in (("sha256", query.sources), ("id", query.within)):
            if allowed is not None:
                chosen = made.term_set_query(schema, name, sorted(allowed))
                parts.append((occur.Must, made.const_score_query(chosen, 0.0)))
        parts += [
            (occur.MustNot, self._words(name, without.split()))
            for without in planned.absent
            for name in FIELDS
        ]
        try:
            hits = self._searcher.search(made.boolean_query(parts), limit=most, count=False).hits
            ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        except (ValueError, OSError) as error:
            raise Damaged(str(error)) from error
        return [int(number) for number in ids if number is not None]

    def close(self) -> None:
        """Let go of the files."""
        self._index = self._searcher = None

    def _group(self, group: Group) -> Any:
        """A term: what its best way is worth, and a little for how often it is said."""
        made = self._library.Query
        worth = [
            made.const_score_query(
                self._words(name, way.parts), group.weight * way.weight * way.rarity * boost
            )
            for way in group.ways
            for name, boost in FIELDS.items()
        ]
        often = [
            (
                self._library.Occur.Should,
                made.boost_query(self._words("body", way.parts), OFTEN * group.weight * way.weight),
            )
            for way in group.ways
        ]
        best = made.disjunction_max_query(worth)
        return made.boolean_query([(self._library.Occur.Should, best), *often])

    def _words(self, name: str, parts: Iterable[str]) -> Any:
        made, schema, words = self._library.Query, self._index.schema, list(parts)
        if len(words) == 1:
            return made.term_query(schema, name, words[0], "freq")
        return made.phrase_query(schema, name, words)

    def _schema(self) -> Any:
        builder = self._library.SchemaBuilder()
        builder.add_integer_field("id", stored=False, indexed=True, fast=True)
        builder.add_text_field("sha256", tokenizer_name="raw", index_option="basic")
        for name in FIELDS:
            builder.add_text_field(name, tokenizer_name=_STEMS, index_option="position")
        return builder.build()

    def _register(self) -> None:
        """The way to cut text is no part of the files, so it is told each time."""
        cutter = self._library.TextAnalyzerBuilder(self._library.Tokenizer.whitespace()).build()
        self._index.register_tokenizer(_STEMS, cutter)

    def _read(self) -> None:
        self._register()
        self._index.reload()
        self._searcher = self._index.searcher()
