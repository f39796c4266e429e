"""How this copy was installed, and so how to add a package to it."""

import importlib.util
import json
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
    checkout = _checkout()
    wanted = package
    if checkout is not None:
        folders = [checkout.with_name(name) for name in package.split()]
        wanted = " ".join(f"-e {shlex.quote(str(folder))}" for folder in folders)
    python = shlex.quote(sys.executable)
    if importlib.util.find_spec("pip") is None:
        return f"python3 -m pip --python {python} install {wanted}"
    return f"{python} -m pip install {wanted}"


def _checkout() -> Path | None:
    """The folder that ttrpg-core was installed from, when that is a checkout (PEP 610)."""
    from importlib import metadata
    from urllib.parse import unquote, urlsplit

    try:
        told = json.loads(metadata.distribution("ttrpg-core").read_text("direct_url.json") or "{}")
        url = urlsplit(str(told.get("url", "")))
    except (metadata.PackageNotFoundError, ValueError, OSError):
        return None
    folder = Path(unquote(url.path))
    return folder if url.scheme == "file" and (folder / "pyproject.toml").exists() else None
