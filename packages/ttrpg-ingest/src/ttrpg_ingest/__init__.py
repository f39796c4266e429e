"""Rule books into the library: PDF, EPUB, MOBI, web pages, Markdown and plain text."""

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
        "vault",
        "A folder of Markdown, web pages and texts, as one book",
        "ttrpg_ingest.marks.vault:Vault",
        suffixes=(".md", ".markdown", ".mdown", ".html", ".htm", ".xhtml", ".txt", ".text"),
        folders=True,
    )
    yield Parser(
        "epub",
        "EPUB 2 and 3 without a lock",
        "ttrpg_ingest.ebooks.epub:Epub",
        suffixes=(".epub",),
        media_types=("application/epub+zip",),
    )
    yield Parser(
        "mobi",
        "MOBI, AZW and AZW3 without a lock",
        "ttrpg_ingest.ebooks.mobi:Mobi",
        suffixes=(".mobi", ".azw", ".azw3", ".prc"),
        media_types=("application/x-mobipocket-ebook", "application/vnd.amazon.ebook"),
    )
    yield Parser(
        "html",
        "A web page",
        "ttrpg_ingest.ebooks.webpage:WebPage",
        suffixes=(".html", ".htm", ".xhtml"),
        media_types=("text/html", "application/xhtml+xml"),
    )
    # what follows reads the same books with other people's packages, where these are installed;
    # the priority keeps them from being chosen by themselves
    yield Parser(
        "epub-ebooklib",
        "EPUB, read with EbookLib (AGPL; the extra ebooklib)",
        "ttrpg_ingest.ebooks.others:WithEbookLib",
        media_types=("application/epub+zip",),
        priority=-10,
    )
    yield Parser(
        "mobi-unpack",
        "MOBI, read with mobi, which is KindleUnpack (GPL; the extra mobi)",
        "ttrpg_ingest.ebooks.others:WithMobi",
        media_types=("application/x-mobipocket-ebook",),
        priority=-10,
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
