"""A page, or what stands under a heading, out of a book on the shelf."""

from collections.abc import Iterable

import attrs

from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.documents import Section, headed
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.library import Book


@attrs.frozen
class Shown:
    """A part of a book: its sections, and how to ask for what stands before and after it."""

    place: str
    index: int | None
    label: str
    sections: tuple[Section, ...]
    before: str = ""
    after: str = ""


def page_index(app: App, book: Book, wanted: str) -> int:
    """The index of a page: by what is printed on it, or "#12" for the twelfth of the file.

    A bare number counts in the file where nothing is printed on any page. NotFound for a page that
    the book does not have, InputError where it has no pages.
    """
    pages = app.library.pages(book.sha256)
    asked = text.text(wanted, "page", text.NAME_MAX).strip()
    if not pages:
        raise InputError(
            f'"{book.title}" has no pages', f"Its headings: ttrpg library show {book.id}"
        )
    for index, label in pages.items():
        if label and label.casefold() == asked.casefold():
            return index
    number = asked.removeprefix("#")
    counted = asked.startswith("#") or not any(pages.values())
    if counted and number.isdecimal() and len(number) < 9:  # noqa: PLR2004 - digits of any page
        index = int(number) - 1
        if 0 <= index < max(book.pages, max(pages) + 1):
            return index
    labels = [label for label in pages.values() if label]
    known = f"printed pages {labels[0]} to {labels[-1]}" if labels else f"{book.pages} pages"
    raise NotFound(
        f'"{book.title}" has no page {asked!r:.40}', f"It has {known}; '#12' counts in the file"
    )


def page(app: App, book: Book, wanted: str) -> Shown:
    """The text of a page; in a book without pages, or for a word, what stands under a heading."""
    pages = app.library.pages(book.sha256)
    try:
        index = page_index(app, book, wanted)
    except (NotFound, InputError):
        named = _under(app, book, wanted)
        if named is None:
            raise
        return named
    label = pages.get(index, "")
    before = max((each for each in pages if each < index), default=None)
    after = min((each for each in pages if each > index), default=None)
    return Shown(
        f"p. {label}" if label else f"page {index + 1} of the file",
        index,
        label,
        tuple(app.library.sections(book.sha256, index)),
        _call(pages, before),
        _call(pages, after),
    )


def printed(app: App, book: Book, index: int) -> str:
    """How a page is called that has this index: as printed, else "#12"."""
    return _call(app.library.pages(book.sha256), index)


def _call(pages: dict[int, str], index: int | None) -> str:
    if index is None:
        return ""
    label = pages.get(index, "")
    first = next((each for each, other in pages.items() if other == label), index)
    return label if label and first == index else f"#{index + 1}"


def _under(app: App, book: Book, wanted: str) -> Shown | None:
    """What stands under the heading of that name, with the headings below it."""
    asked = wanted.strip().casefold()
    sections = list(app.library.sections(book.sha256))
    tops = [n for n, each in enumerate(sections) if each.heading and each.level]
    hits = [n for n in tops if sections[n].heading.casefold() == asked] or [
        n for n in tops if asked and sections[n].heading.casefold().startswith(asked)
    ]
    if not hits:
        return None
    first = hits[0]
    level = sections[first].level
    end = next((n for n in tops if n > first and sections[n].level <= level), len(sections))
    place = " > ".join(_path(sections, first))
    around = [sections[n].heading for n in tops]
    here = tops.index(first)
    after = next((n for n in tops if n >= end), None)
    return Shown(
        place,
        sections[first].page,
        sections[first].label or "",
        tuple(sections[first:end]),
        around[here - 1] if here else "",
        sections[after].heading if after is not None else "",
    )


def _path(sections: Iterable[Section], wanted: int) -> tuple[str, ...]:
    for number, (_, path) in enumerate(headed(sections)):
        if number == wanted:
            return path
    return ()
