"""A whole ttrpg plugin: a language model, a command and a genre pack."""

from collections.abc import Iterable
from importlib.resources import files

from ttrpg_core import Command, Genre, Provider, hookimpl


@hookimpl
def ttrpg_providers() -> Iterable[Provider]:
    """A vendor of language models, asked for as ``hello/greeter``."""
    yield Provider("hello", "Greets you back, offline", "ttrpg_hello.model:Hello")


@hookimpl
def ttrpg_commands() -> Iterable[Command]:
    """A command: ``ttrpg hello``."""
    yield Command("hello", "Greet somebody at the table", "ttrpg_hello.commands:hello")


@hookimpl
def ttrpg_genres() -> Iterable[Genre]:
    """A genre pack: a folder of TOML beside this file."""
    yield Genre("small-hours", "Taverns after closing time", path=files(__name__) / "small-hours")
