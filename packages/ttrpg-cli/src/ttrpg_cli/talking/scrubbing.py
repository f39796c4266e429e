"""Keys are taken out of what is shown and exported: somebody may have pasted one into a talk."""

from collections.abc import Callable

from ttrpg_core.app import App
from ttrpg_core.entries import Provider, Speaker
from ttrpg_core.errors import TtrpgError

SHORTEST = 8
"""Characters of a key that is looked for: a shorter one may be any word."""


def scrubber(app: App) -> Callable[[str], str]:
    """What replaces every key that is kept or set here, and whatever looks like one."""
    from ttrpg_core.logs import HIDDEN, SECRET_VALUES  # it brings structlog

    keys = sorted(_keys(app), key=len, reverse=True)

    def scrub(text: str) -> str:
        for key in keys:
            text = text.replace(key, HIDDEN)
        return SECRET_VALUES.sub(HIDDEN, text)

    return scrub


def _keys(app: App) -> set[str]:
    variables = {n: e.key for n, e in app.plugins.entries(Provider).items() if e.key}
    variables |= {n: e.key for n, e in app.plugins.entries(Speaker).items() if e.key}
    found: set[str] = set()
    for known in app.secrets.known(variables):
        try:
            value = app.secrets.find(known.name, variables.get(known.name))
        except TtrpgError:  # a keyring that is locked; what looks like a key is hidden all the same
            continue
        if value is not None and len(value[0]) >= SHORTEST:
            found.add(value[0])
    return found
