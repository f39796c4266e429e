"""``frozen`` of attrs, at half its price when a module is imported.

attrs compiles a ``__repr__``, ``__eq__`` and ``__hash__`` for each class, which takes as long as
all else that it does for it. Every start of the program makes some fifty classes and compares next
to nothing, so here the three are one function each, the same for all. What they answer is what
attrs' own would, ``eq=``, ``hash=`` and ``repr=`` of a field included; a test compares them.
"""

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from attrs import frozen as frozen  # noqa: PLC0414 - so that a type checker knows its classes
else:

    def frozen(cls):  # noqa: ANN001, ANN201 - typed above
        """Make a class a frozen value; the decorator takes no arguments."""
        made = attrs.frozen(cls, eq=False, repr=False)
        own = vars(cls)
        for name, function in (("__repr__", _repr), ("__eq__", _eq), ("__hash__", _hash)):
            if name not in own:
                setattr(made, name, function)
        return made


def _repr(self: attrs.AttrsInstance) -> str:
    shown = (each.name for each in self.__attrs_attrs__ if each.repr)
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__.rpartition('>.')[2]}({told})"


def _eq(self: attrs.AttrsInstance, other: object) -> bool:
    if type(other) is not type(self):
        return NotImplemented  # type: ignore[no-any-return]  # as Python's data model wants it
    names = (each.name for each in self.__attrs_attrs__ if each.eq)
    return all(getattr(self, name) == getattr(other, name) for name in names)


def _hash(self: attrs.AttrsInstance) -> int:
    fields = self.__attrs_attrs__
    counted = (each for each in fields if (each.eq if each.hash is None else each.hash))
    return hash((type(self), *(getattr(self, each.name) for each in counted)))
