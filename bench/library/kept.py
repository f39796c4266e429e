"""What takes long to make for the benchmark, kept under a digest of what it was made of.

The indexes of every engine at every size take most of an hour to fill where others use the machine,
and the vectors of a model minutes; they are the same until an engine, the texts or our own code is
another. So they stay in ``.bench/library/kept``, of each thing the latest, and can be deleted at
any time: three gigabytes in all.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

KEPT = Path(__file__).parents[2] / ".bench" / "library" / "kept"


def digest(*parts: object) -> str:
    """Some digits that are others when a part is another: the content of files, else its text."""
    found = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        found.update(len(data).to_bytes(8, "little") + data)
    return found.hexdigest()[:16]


def sources(*folders: Path) -> Iterable[Path]:
    """The files of packages that decide what they write."""
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".py", ".toml", ".bin", ".txt"}
    )


def installed(package: str) -> str:
    """The version of a package; "" where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def folder(name: str, told: str, make: Callable[[Path], bool]) -> Path | None:
    """The folder of a thing with this digest, made now if it is not there; None where it failed.

    It is made beside and then renamed, so what a stopped run left half made is not taken for it.
    """
    place = KEPT / f"{name}.{told}"
    if place.is_dir():
        return place
    for old in KEPT.glob(f"{name}.*"):
        shutil.rmtree(old, ignore_errors=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    half = KEPT / f"{name}.half"
    half.mkdir()
    if not make(half):
        shutil.rmtree(half, ignore_errors=True)
        return None
    return half.rename(place)
