"""Compiles the language that is shipped, so that loading it parses no TOML and stems nothing."""

from collections.abc import Mapping
from pathlib import Path

from ttrpg_search.language.loader import COMMON, COMPILED, HOME
from ttrpg_search.language.packed import compact, packed
from ttrpg_search.language.reading import Rows, index, read

PARTS = {"common-typos": COMMON} | {
    f"dnd5e-{part}": "dnd5e" for part in ("2024", "classes", "items", "monsters", "spells")
}
"""Files that are a part of another, so that long lists have a file to themselves."""


def compiled() -> Mapping[str, str]:
    """The compiled files: name to content."""
    rows: dict[str, Rows] = {path.stem: read(path) for path in sorted(HOME.glob("*.toml"))}
    for name, whole in PARTS.items():
        part, into = rows.pop(name), rows[whole]
        into["abbreviations"].update(part["abbreviations"])
        into["concepts"] += part["concepts"]
        into["index"] = index(into["concepts"])
        into["typos"].update(part["typos"])
    systems = {system: name for name, each in rows.items() for system in each["systems"]}
    found = {f"{name}.jsonl": packed(each) for name, each in rows.items()}
    return {**found, "systems.json": f"{compact(systems)}\n"}


def build(folder: Path = COMPILED) -> list[Path]:
    """Writes the compiled files; the paths."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, content in compiled().items():
        path = folder / name
        path.write_text(content, "utf-8")
        paths.append(path)
    return paths
