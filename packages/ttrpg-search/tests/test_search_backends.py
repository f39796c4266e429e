"""Keyword backends with files of their own: the suite, and what happens when files lag behind."""

import pytest

import ttrpg_search
from ttrpg_core.context import Context
from ttrpg_core.library import row_of
from ttrpg_core.testing import SearcherTests
from ttrpg_search.backends.tantivy_index import Tantivy
from ttrpg_search.backends.whoosh_index import Whoosh

BACKENDS = {"tantivy": Tantivy, "whoosh": Whoosh}


def shelved(searcher, connection, chunks):
    """Puts chunks into the library's table, as adding a book does, and indexes them."""
    kept = list(chunks)
    for chunk in kept:
        row = {"id": chunk.id, **row_of(chunk)}
        connection.execute(
            "DELETE FROM chunks WHERE id = ? OR (sha256 = ? AND ordinal = ?)",
            [chunk.id, chunk.sha256, chunk.ordinal],
        )
        connection.execute(
            f"INSERT INTO chunks ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )
    searcher.add(kept)


class BesideTests(SearcherTests):
    name = ""

    @pytest.fixture
    def searcher(self, app, plugins, tmp_path):
        pytest.importorskip(self.name, reason=f"needs the extra: ttrpg-search[{self.name}]")
        plugins.register(ttrpg_search, "search")
        made = BACKENDS[self.name](
            Context(folder=tmp_path / self.name, database=lambda: app.store.connection)
        )
        yield made
        made.close()

    def add(self, searcher, chunks):
        shelved(searcher, searcher._database(), chunks)


class TestTantivy(BesideTests):
    name = "tantivy"


class TestWhoosh(BesideTests):
    name = "whoosh"
