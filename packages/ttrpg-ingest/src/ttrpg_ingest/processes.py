"""What other processes are given of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

PASSWORDS = "TTRPG_PDF_PASSWORD"
"""The variable that may hold the passwords of locked books; nobody else is to see it."""


def environ_of(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without passwords, in which modules are found from any working folder."""
    kept = {name: value for name, value in environ.items() if name != PASSWORDS}
    if kept.get("PYTHONPATH"):
        places = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in places)
    return kept
