"""Text recognition of pages that are pictures, by tesseract, where it is installed."""

import shutil
import subprocess
from typing import TYPE_CHECKING

from ttrpg_ingest.folding import fold, joined

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]  # ctypes, without types

DOTS = 300
"""Dots to the inch that a page is drawn at."""
MOST_DOTS = 30_000_000
"""Dots of one page: larger pages are drawn more coarsely."""
SECONDS = 60
"""Time that one page may take."""
_POINTS = 72


def recognised(document: "pypdfium2.PdfDocument", index: int) -> str:
    """The text of a page in paragraphs; empty without tesseract, or when it finds none."""
    program = shutil.which("tesseract")
    if program is None:
        return ""
    page = document[index]
    try:
        width, height = page.get_size()
        scale = min(DOTS / _POINTS, (MOST_DOTS / max(1.0, width * height)) ** 0.5)
        drawn = page.render(scale=scale, grayscale=True)
        rows = bytes(drawn.buffer)
        lines = [
            rows[row * drawn.stride : row * drawn.stride + drawn.width]
            for row in range(drawn.height)
        ]
        picture = b"P5 %d %d 255\n" % (drawn.width, drawn.height) + b"".join(lines)
    finally:
        page.close()
    try:
        done = subprocess.run(
            [program, "stdin", "stdout"],
            input=picture,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if done.returncode:
        return ""
    blocks = done.stdout.decode("utf-8", "replace").replace("\f", "\n\n").split("\n\n")
    found = [joined(filter(None, (fold(line) for line in block.split("\n")))) for block in blocks]
    return "\n\n".join(filter(None, found))
