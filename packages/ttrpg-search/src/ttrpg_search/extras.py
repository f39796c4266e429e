"""Packages that are not installed with this one: loaded when wanted, or what to install."""

import importlib
import warnings
from types import ModuleType

from ttrpg_core.errors import NotFound


def needed(module: str, extra: str, wanted_by: str, instead: str) -> ModuleType:
    """Import a package of an extra; NotFound, with the line that installs it, where it is missing.

    ``wanted_by`` and ``instead`` are put into words: "the keyword backend 'tantivy'", "'fts5'".
    """
    try:
        return quietly(module)
    except ImportError as error:
        raise lacking(extra, wanted_by, instead) from error


def quietly(module: str) -> ModuleType:
    """Import a module that was written for an older Python, and says so when first compiled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module(module)


def lacking(extra: str, wanted_by: str, instead: str) -> NotFound:
    """What is said of an extra that is not installed."""
    return NotFound(
        f"{wanted_by} needs an extra that is not installed",
        f"pip install 'ttrpg-search[{extra}]', or choose {instead}",
    )
