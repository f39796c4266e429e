"""Small XML files as trees, with no entity ever expanded and no file ever fetched.

Expat does it, which is in every Python: a declaration of an entity ends the reading, and so does a
tree that is larger or deeper than any that a book needs. Names lose their namespaces, as books use
them wrongly more often than two of them clash.
"""

from collections.abc import Iterator
from xml.parsers import expat

import attrs

MOST_NODES = 200_000
DEEPEST = 100


class NoTree(Exception):
    """A file that is no XML, or hostile XML; the message says what and on which line."""


@attrs.define
class Node:
    """An element: its name without a prefix, its attributes likewise, its text and children."""

    name: str
    attributes: dict[str, str] = attrs.field(factory=dict)
    children: list["Node"] = attrs.field(factory=list)
    parts: list[str] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        """Its own text, on one line."""
        return " ".join("".join(self.parts).split())

    def get(self, name: str) -> str:
        """An attribute, "" where it is missing."""
        return self.attributes.get(name, "")

    def all(self, *names: str) -> Iterator["Node"]:
        """Every element of these names in it, in order."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            if node.name in names:
                yield node
            waiting.extend(reversed(node.children))

    def first(self, *names: str) -> "Node | None":
        """The first element of these names in it."""
        return next(self.all(*names), None)


def tree(data: bytes) -> Node:
    """The root element. NoTree when there is none."""
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    root = Node("")
    stack = [root]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_NODES or len(stack) > DEEPEST:
            msg = "it is larger or deeper than any book's"
            raise NoTree(msg)
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        stack[-1].children.append(node)
        stack.append(node)

    def end(_name: str) -> None:
        stack.pop()

    def said(text: str) -> None:
        stack[-1].parts.append(text)

    def entity(*_declared: object) -> None:
        msg = "it declares entities, which is not read"
        raise NoTree(msg)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = said
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        msg = f"it is no XML: {expat.ErrorString(error.code)}, line {error.lineno}"
        raise NoTree(msg) from error
    except (ValueError, LookupError) as error:
        msg = f"it is no XML: {error}"
        raise NoTree(msg) from error
    if not root.children:
        msg = "it is empty"
        raise NoTree(msg)
    return root.children[0]


def _local(name: str) -> str:
    return name.rpartition("\n")[2].lower() if name.isascii() else name.rpartition("\n")[2]
