"""Write the README's console block anew from what the program prints, and its picture.

Run after changing what a command prints: ``python docs/transcript.py`` (all packages installed).
"""

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BOOK = ROOT / "packages/ttrpg-cli/src/ttrpg_cli/book/the-lamplit-road.pdf"
PICTURE = ROOT / "docs/images/session.svg"
SHOWN = (
    "ttrpg library add the-lamplit-road.pdf",
    "ttrpg search what happens when my lantern goes out -n 1",
    "ttrpg roll 4d6kh3 1d20adv+5 --seed 7",
    "ttrpg roll --odds 3d6",
)
WIDTH = 92
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}" /></clipPath>{lines}</defs>{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def run(line: str, folder: Path, **more: str) -> str:
    """What one command line prints, stdout then stderr."""
    scripts = sysconfig.get_path("scripts")
    environ = {
        "TTRPG_HOME": str(folder / "home"),
        "PATH": f"{scripts}{os.pathsep}{os.defpath}",
        "COLUMNS": str(WIDTH),
        "PYTHONUTF8": "1",
        "TTRPG_DISABLE": "*",
        **more,
    }
    done = subprocess.run(
        line, shell=True, cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def console_block() -> None:
    """The README's console block."""
    text = README.read_text("utf-8")
    head, _, rest = text.partition("```console\n")
    block, _, tail = rest.partition("```")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(BOOK, folder)
        lines = re.findall(r"^\$ (.*)$", block, flags=re.MULTILINE)
        played = "".join(f"$ {line}\n{run(line, folder)}" for line in lines)
    README.write_text(f"{head}```console\n{played}```{tail}", "utf-8")


def picture() -> None:
    """The picture of a session, in colour, with no font from anywhere else."""
    console = Console(
        record=True, width=WIDTH, file=StringIO(), force_terminal=True, legacy_windows=False
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(BOOK, folder)
        for line in SHOWN:
            console.print(Text.assemble(("$ ", "dim"), (line, "bold")))
            console.print(Text.from_ansi(run(line, folder, FORCE_COLOR="1", TERM="xterm-256color")))
    PICTURE.parent.mkdir(exist_ok=True)
    svg = console.export_svg(title="ttrpg", theme=MONOKAI, code_format=FORMAT, unique_id="ttrpg")
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")


if __name__ == "__main__":
    console_block()
    picture()
