"""What everything in a campaign has: a name, who may know of it, texts, and fields of its kind.

A kind is a frozen attrs class whose fields say what they hold with :func:`field`: the help line,
the shape that is checked, and whether they are the Game Master's alone. Options of the command
line, checks, the view of a player, links and exports are all made from that.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import attrs

from ttrpg_core.audience import GM, Audience

Shape = Literal["line", "text", "choice", "number", "flag", "lines", "ref", "refs", "value"]
"""What a field holds.

``line`` and ``text`` are a str, ``number`` an int or None, ``flag`` a bool, ``lines`` a tuple of
str, ``ref`` another entity as ``kind/id`` or "", ``refs`` a tuple of those. A ``value`` is made of
other attrs classes, which may have such fields, and an audience, of their own; it has no option.
"""

KEPT = ("id", "name", "audience", "created_at", "updated_at")
"""Fields that are columns of their own; all others are the entity's state."""


@attrs.frozen
class Field:
    """What is known of a field: its help line, its shape, and who may read it.

    ``kinds`` are those that a reference may be of, any when empty. ``secret`` fields are the Game
    Master's until they are revealed; the others are for whoever knows the entity. A choice that is
    ``custom`` may be another word as well, and so may a line for which words are ``suggested``.
    ``bounds`` are the least and the most of a number. Who does not know what a ``needed``
    reference points at does not know the entity either.
    """

    help: str
    shape: Shape = "line"
    secret: bool = False
    choices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    option: str = ""
    custom: bool = False
    suggested: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    needed: bool = False


def field(
    told: str,
    shape: Shape = "line",
    *,
    default: Any = attrs.NOTHING,
    secret: bool = False,
    choices: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    option: str = "",
    custom: bool = False,
    suggested: tuple[str, ...] = (),
    bounds: tuple[int, int] | None = None,
    needed: bool = False,
) -> Any:
    """A field of a kind; without a default it begins empty, as its shape does.

    ``option`` is the name of its option where it is not the field's own: ``tag`` for ``tags``.
    """
    if default is attrs.NOTHING:
        default = {"number": None, "flag": False, "lines": (), "refs": (), "value": ()}.get(
            shape, choices[0] if choices else ""
        )
    known = Field(told, shape, secret, choices, kinds, option, custom, suggested, bounds, needed)
    return attrs.field(default=default, metadata={"field": known})


@attrs.frozen(kw_only=True)
class Entity:
    """A thing of a campaign; each kind derives from it and names itself.

    Times are ISO 8601 in UTC. ``revealed`` says of secret fields who else may read them by now;
    ``extra`` keeps what an import or a newer version wrote and this one does not know.
    """

    KIND: ClassVar[str] = ""
    """The kind in references and in the database: ``npc``."""
    PLURAL: ClassVar[str] = ""
    """Several of them, in words: ``NPCs``."""
    RESERVED: ClassVar[tuple[str, ...]] = ()
    """Ids that mean something else where one is named."""
    FIXED: ClassVar[frozenset[str]] = frozenset()
    """What of one has no option: it is given when it is made, or has no meaning for the kind."""

    id: str
    name: str
    audience: Audience = GM
    created_at: str = ""
    updated_at: str = ""
    summary: str = field("What it is, in a line.")
    text: str = field("All of it, in Markdown; '-' reads stdin.", "text")
    secret: str = field("What only the Game Master knows; '-' reads stdin.", "text", secret=True)
    tags: tuple[str, ...] = field("A word to find it by.", "lines", secret=True, option="tag")
    aliases: tuple[str, ...] = field("Another name of it.", "lines", secret=True, option="alias")
    revealed: Mapping[str, str] = attrs.field(factory=dict)
    extra: Mapping[str, Any] = attrs.field(factory=dict)

    @classmethod
    def one(cls) -> str:
        """One of the kind, in words: ``NPC``."""
        return cls.PLURAL.removesuffix("s")

    @property
    def ref(self) -> str:
        """How others refer to it: ``npc/mara``."""
        return f"{self.KIND}/{self.id}"

    def check(self, of_kind: Callable[[str], Iterable["Entity"]]) -> None:
        """InputError where it cannot stand so beside the others of its campaign, by kind."""


_DECLARED: dict[type[Any], Mapping[str, Field]] = {}
"""What :func:`fields_of` found, by class: it is asked for every thing that is shown."""


def fields_of(kind: type[Any]) -> Mapping[str, Field]:
    """The fields that a kind, or a value in one, declares with :func:`field`, in their order."""
    found = _DECLARED.get(kind)
    if found is None:
        declared = attrs.fields(kind)
        found = _DECLARED[kind] = MappingProxyType(
            {each.name: each.metadata["field"] for each in declared if "field" in each.metadata}
        )
    return found


def ref(kind: str, key: str) -> str:
    """The reference to an entity: ``npc/mara``."""
    return f"{kind}/{key}"


def parts(reference: str) -> tuple[str, str]:
    """The kind and the id of a reference; the kind is "" where there is none."""
    kind, _, key = reference.rpartition("/")
    return kind, key
