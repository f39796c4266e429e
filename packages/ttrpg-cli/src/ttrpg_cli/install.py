"""How this copy was installed, and so how to add a package to it."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

OURS = ("ttrpg-cli", "ttrpg-core")
"""What every copy has."""


def install_line(package: str, prefix: str | None = None, beside: Iterable[str] = ()) -> str:
    """The command that adds a package: for uv tool, for pipx, else for this Python's pip.

    ``uv tool install`` makes its environment anew from what it is told, so the plugins that are
    there already, ``beside``, are named as well; else it would lose them without a word.
    """
    folder = Path(sys.prefix if prefix is None else prefix)
    parts = folder.parts
    if ("uv" in parts and "tools" in parts) or (folder / "uv-receipt.toml").exists():
        names = sorted({package, *beside} - set(OURS))
        return "uv tool install ttrpg-cli " + " ".join(f"--with {name}" for name in names)
    if ("pipx" in parts and "venvs" in parts) or (folder / "pipx_metadata.json").exists():
        return f"pipx inject ttrpg-cli {package}"
    return f"{shlex.quote(sys.executable)} -m pip install {package}"
