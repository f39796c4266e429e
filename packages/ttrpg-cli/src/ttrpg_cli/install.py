"""How this copy was installed, and so how to add a package to it."""

import sys
from pathlib import PurePath


def install_line(package: str, prefix: str | None = None) -> str:
    """The command that adds a package: for uv tool, for pipx, else for this Python's pip."""
    parts = PurePath(sys.prefix if prefix is None else prefix).parts
    if "uv" in parts and "tools" in parts:
        return f"uv tool install ttrpg-cli --with {package}"
    if "pipx" in parts and "venvs" in parts:
        return f"pipx inject ttrpg-cli {package}"
    return f"{sys.executable} -m pip install {package}"
