"""Rule books into the library: PDF, Markdown and plain text, with headings and printed pages."""

from collections.abc import Iterable

from ttrpg_core import Command, Parser, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_parsers() -> Iterable[Parser]:
    """The formats that this package reads."""
    yield Parser(
        "pdf",
        "PDF, with headings told by their fonts",
        "ttrpg_ingest.pdf:Pdf",
        suffixes=(".pdf",),
        media_types=("application/pdf",),
    )
    yield Parser(
        "markdown",
        "Markdown",
        "ttrpg_ingest.markdown:Markdown",
        suffixes=(".md", ".markdown", ".mdown"),
        media_types=("text/markdown",),
    )
    yield Parser(
        "text",
        "Plain text",
        "ttrpg_ingest.text:PlainText",
        suffixes=(".txt", ".text"),
        media_types=("text/plain",),
        priority=1,  # a text that has neither suffix is read as what it surely is
    )


@hookimpl
def ttrpg_commands() -> Iterable[Command]:
    """The ``library`` command."""
    yield Command(
        "library",
        "Your rule books: add, list, show, remove",
        "ttrpg_ingest.commands:library",
        section="Books",
    )
