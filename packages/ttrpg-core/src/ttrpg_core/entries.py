"""The frozen records that hooks yield: what a plugin has, said without importing it.

A record names its code by a string, ``target="package.module:attribute"``, and the code is
imported when it is first used. That is why ``ttrpg --help`` stays fast with fifty plugins, and why
a broken one is a line in ``ttrpg plugins`` and never a traceback.

What a target is:

=================  ==========================================================================
record             target
=================  ==========================================================================
Provider           called with a :class:`~ttrpg_core.context.Context`, answers a ``Vendor``
Parser, Searcher,  called with a ``Context``, answers the protocol of the same name in
Embedder, Speaker  ``ttrpg_core.documents``, ``.search`` and ``.speech``
Genre, System      a folder of TOML (``path``); a System may add code for what data cannot say
Command            a ``click.Command``; used as it is
Schema             a ``sqlite_utils.migrations.Migrations``; used as it is
=================  ==========================================================================
"""

import re
from typing import Any, ClassVar, Literal

import attrs

from ttrpg_core.values import frozen

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*\Z")
_TARGET = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
MAX_SUMMARY = 80
"""Longest summary, in characters: it is one line of a help page."""


def _check_name(_record: "Entry", _: "attrs.Attribute[str]", value: object) -> None:
    if not isinstance(value, str) or not _NAME.match(value):
        msg = f"a name is lower-case words joined by '-', like 'obsidian-vault'; got {value!r}"
        raise ValueError(msg)


def _check_summary(record: "Entry", _: "attrs.Attribute[str]", value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        msg = f"{record.name}: the summary is one line of text; got {value!r}"
        raise ValueError(msg)
    if len(value) > MAX_SUMMARY:
        msg = f"{record.name}: the summary has {len(value)} characters; at most {MAX_SUMMARY}"
        raise ValueError(msg)


def _check_target(record: "Entry", _: "attrs.Attribute[str]", value: object) -> None:
    if not isinstance(value, str) or not (_TARGET.match(value) or (not value and record.dataful)):
        msg = f"{record.name}: a target is 'package.module:attribute'; got {value!r}"
        raise ValueError(msg)


def _check_quick(record: "Entry", _: "attrs.Attribute[str | None]", value: object) -> None:
    if value is not None and not (isinstance(value, str) and _TARGET.match(value)):
        msg = f"{record.name}: a quick way is 'package.module:attribute'; got {value!r}"
        raise ValueError(msg)


def _check_suffixes(record: "Entry", _: "attrs.Attribute[tuple[str, ...]]", value: object) -> None:
    if not isinstance(value, tuple) or not all(
        isinstance(each, str) and each.startswith(".") and each == each.lower() for each in value
    ):
        msg = f"{record.name}: suffixes are a tuple like ('.md', '.markdown'); got {value!r}"
        raise ValueError(msg)


def _check_path(record: "Entry", _: "attrs.Attribute[object]", value: object) -> None:
    if value is None and not record.target:
        msg = f"{record.name}: give the path of its data, such as files('my_pack') / 'noir'"
        raise ValueError(msg)


@frozen
class Entry:
    """What every record has: a ``name`` to ask for it by, a ``summary``, and its ``target``."""

    kind: ClassVar[str] = ""
    dataful: ClassVar[bool] = False

    name: str = attrs.field(validator=_check_name)
    summary: str = attrs.field(validator=_check_summary)
    target: str = attrs.field(default="", validator=_check_target)


@frozen
class Provider(Entry):
    """A vendor of language models.

    ``key`` is the environment variable of its key, None when it needs none; ``settings`` is a
    ``module:AttrsClass`` for its table ``[plugins.<name>]``. ``offline`` when it opens no socket.
    """

    kind = "providers"
    key: str | None = None
    settings: str | None = None
    offline: bool = False


@frozen
class Parser(Entry):
    """A reader of one document format.

    Chosen by suffix, then by the target's ``sniff(head)``, then by the higher ``priority``.
    ``suffixes`` are lower-case with their dot, such as ``(".md", ".markdown")``. One that says
    ``folders`` reads a whole folder, with its files of those suffixes, as one book.
    """

    kind = "parsers"
    suffixes: tuple[str, ...] = attrs.field(default=(), validator=_check_suffixes)
    media_types: tuple[str, ...] = ()
    priority: int = 0
    folders: bool = False


@frozen
class Searcher(Entry):
    """A search backend, and what its target is by its ``role``.

    "keyword" is a :class:`.search.Searcher`, "vector" a :class:`.search.VectorIndex`, "finder" a
    :class:`.search.Finder`: the whole search, which asks the other two.
    """

    kind = "searchers"
    role: Literal["keyword", "vector", "finder"] = "keyword"
    settings: str | None = None


@frozen
class Reranker(Entry):
    """Orders the best hits once more, as a cross-encoder does."""

    kind = "rerankers"
    settings: str | None = None


@frozen
class Embedder(Entry):
    """Text to vectors of ``dimension`` numbers; ``offline`` when it opens no socket.

    One that opens one says what it costs: it is a ``ttrpg_core.llm.embedding.PricedEmbedder``, and
    the budgets hold for it. ``key`` and ``settings`` are as in :class:`Provider`; one of the same
    name shares them.
    """

    kind = "embedders"
    dimension: int = 0
    offline: bool = True
    settings: str | None = None
    key: str | None = None


@frozen
class Speaker(Entry):
    """A text-to-speech engine; ``key`` as in :class:`Provider`."""

    kind = "speakers"
    key: str | None = None
    offline: bool = True


@frozen
class Genre(Entry):
    """A genre pack: ``path`` is a folder of TOML (a ``pathlib.Path`` or ``Traversable``)."""

    kind = "genres"
    dataful = True
    path: Any = attrs.field(default=None, validator=_check_path)


@frozen
class System(Entry):
    """A game system: ``path`` is a TOML file; ``target`` adds rules that data cannot say."""

    kind = "systems"
    dataful = True
    path: Any = attrs.field(default=None, validator=_check_path)


@frozen
class Command(Entry):
    """A command of the ``ttrpg`` program.

    ``needs`` are kinds of which at least one entry must be installed for the command to be shown
    ("providers" for ``ask``); ``section`` is the heading it stands under in ``ttrpg --help``.

    ``quick`` names a function for the command line that is typed most, which then needs no click:
    called with what stands behind the command's name, it answers a function of the ``App`` that
    does what the command would do and answers its exit code, or None for any other line.
    """

    kind = "commands"
    needs: tuple[str, ...] = ()
    section: str = "Plugins"
    quick: str | None = attrs.field(default=None, validator=_check_quick)


@frozen
class Schema(Entry):
    """Tables of a package: the target is a named ``Migrations`` set."""

    kind = "schemas"


KINDS: dict[str, type[Entry]] = {
    cls.kind: cls
    for cls in (
        Provider,
        Parser,
        Searcher,
        Reranker,
        Embedder,
        Speaker,
        Genre,
        System,
        Command,
        Schema,
    )
}
"""Every kind of record by its plural noun; ``ttrpg_<kind>`` is its hook."""
