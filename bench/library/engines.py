"""The engines that the speed benchmark compares: each can be filled, opened and asked.

Ours asks through the whole search (``Finder``), with the query's vector given; the others do what
their manuals say is hybrid search, with the index that makes them fastest at that size.
"""

from collections.abc import Callable
from pathlib import Path

from corpus import DIMENSION, Corpus

TOP = 10
Ask = Callable[[int], list[int]]
"""Answers the ids of the best ten chunks for the query of that number."""
Indexed = 20_000
"""Rows from which an approximate index of LanceDB is faster than its scan."""


def lancedb_fill(folder: Path, corpus: Corpus) -> None:
    """A table with a full-text index, and a vector index when it is large."""
    import lancedb
    import pyarrow as pa

    vectors = pa.FixedSizeListArray.from_arrays(pa.array(corpus.vectors.ravel()), DIMENSION)
    rows = pa.table(
        {"id": pa.array(range(len(corpus.texts))), "text": corpus.texts, "vector": vectors}
    )
    table = lancedb.connect(folder).create_table("chunks", rows)
    table.create_fts_index("text")
    if len(corpus.texts) >= Indexed:
        table.create_index(metric="cosine", vector_column_name="vector")


def lancedb_open(folder: Path, corpus: Corpus, top: int = TOP) -> Ask:
    """Hybrid search with reciprocal rank fusion, as LanceDB does it by default."""
    import lancedb
    from lancedb.rerankers import RRFReranker

    table = lancedb.connect(folder).open_table("chunks")
    reranker = RRFReranker()

    def ask(number: int) -> list[int]:
        found = (
            table.search(query_type="hybrid")
            .vector(corpus.query_vectors[number])
            .text(corpus.queries[number])
            .rerank(reranker)
            .limit(top)
            .to_arrow()
        )
        return [int(each) for each in found["id"].to_pylist()]

    return ask


def chroma_fill(folder: Path, corpus: Corpus) -> None:
    """A collection with its vectors and texts."""
    import chromadb

    client = chromadb.PersistentClient(str(folder))
    chunks = client.create_collection("chunks", metadata={"hnsw:space": "cosine"})
    for start in range(0, len(corpus.texts), 5000):
        part = slice(start, start + 5000)
        chunks.add(
            ids=[str(number) for number in range(start, start + len(corpus.texts[part]))],
            documents=corpus.texts[part],
            embeddings=corpus.vectors[part],
        )


def chroma_open(folder: Path, corpus: Corpus, top: int = TOP) -> Ask:
    """Vectors only: that is what Chroma does."""
    import chromadb

    chunks = chromadb.PersistentClient(str(folder)).get_collection("chunks")

    def ask(number: int) -> list[int]:
        found = chunks.query(
            query_embeddings=corpus.query_vectors[number : number + 1], n_results=top
        )
        return [int(each) for each in found["ids"][0]]

    return ask
