"""Opening a book at a page with what the platform has; never waited for."""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ttrpg_core.errors import InputError, NotFound
from ttrpg_ingest.processes import environ_of

Command = list[str]

PAGED: dict[str, Callable[[str, int], Command]] = {
    "evince": lambda file, page: ["evince", f"--page-index={page}", file],
    "papers": lambda file, page: ["papers", f"--page-index={page}", file],
    "atril": lambda file, page: ["atril", f"--page-index={page}", file],
    "xreader": lambda file, page: ["xreader", f"--page-index={page}", file],
    "okular": lambda file, page: ["okular", "--page", str(page), file],
    "zathura": lambda file, page: ["zathura", f"--page={page}", file],
    "qpdfview": lambda file, page: ["qpdfview", f"{file}#{page}"],
    "mupdf": lambda file, page: ["mupdf", file, str(page)],
    "xpdf": lambda file, page: ["xpdf", file, str(page)],
    "SumatraPDF": lambda file, page: ["SumatraPDF", "-reuse-instance", "-page", str(page), file],
}
"""PDF viewers that open at a page, the first found is used; pages count from 1 in the file."""


def command(
    path: Path,
    page: int | None,
    environ: Mapping[str, str],
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
) -> tuple[Command, bool] | None:
    """What opens a file, and whether it opens at the page (an index from 0).

    None where nothing here opens files, as over SSH without a desktop.
    """
    file = str(path)
    opener = {"darwin": ["open"], "win32": ["cmd", "/c", "start", ""]}.get(platform, ["xdg-open"])
    if opener == ["xdg-open"] and not any(map(environ.get, ("DISPLAY", "WAYLAND_DISPLAY"))):
        return None
    if page is not None and path.suffix.lower() == ".pdf":
        for name, made in PAGED.items():
            if which(name):
                return made(file, page + 1), True
    return ([*opener, file], False) if which(opener[0]) else None


def chosen(viewer: str, path: Path, page: int | None) -> tuple[Command, bool]:
    """What the user's own setting opens a file with: a viewer's name, or words with places in them.

    ``{file}`` stands for the file, which comes last where it is not named, and ``{page}`` for the
    page, counted from 1. InputError when the words cannot be told apart.
    """
    if viewer in PAGED:
        return PAGED[viewer](str(path), (page or 0) + 1), True
    try:
        words = shlex.split(viewer)
    except ValueError as error:
        raise InputError(
            f"library.viewer is no command: {error}", "Mend it: ttrpg config set library.viewer ''"
        ) from error
    if not any("{file}" in word for word in words):
        words.append("{file}")
    filled = [
        word.replace("{page}", str((page or 0) + 1)).replace("{file}", str(path)) for word in words
    ]
    return filled, any("{page}" in word for word in words)


def start(wanted: Command) -> None:
    """Start a viewer that outlives this program; NotFound when it cannot be."""
    try:
        if sys.platform == "win32" and wanted[:2] == ["cmd", "/c"]:
            os.startfile(wanted[-1])  # type: ignore[attr-defined,unused-ignore]  # noqa: S606 - a file of the user
            return
        process = subprocess.Popen(
            wanted,
            env=environ_of(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NotFound(
            f"{wanted[0]} cannot be started: {error.strerror}", f"Open it yourself: {wanted[-1]}"
        ) from error
    with contextlib.suppress(subprocess.TimeoutExpired):  # a viewer goes on; a failure is quick
        if process.wait(timeout=0.3):
            raise NotFound(
                f"{wanted[0]} ended at once with code {process.returncode}",
                f"Open it yourself: {wanted[-1]}",
            )
    process.returncode = 0  # it is on its own now, and no warning about it is wanted
