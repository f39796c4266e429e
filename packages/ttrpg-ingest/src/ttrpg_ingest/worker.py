"""The child process that a parser runs in: ``python -m ttrpg_ingest.worker TARGET FILE START MB``.

A book is hostile until it was read: it may want all memory, loop for ever or crash the interpreter.
Here that costs one child. It speaks :mod:`ttrpg_ingest.wire` on what was its standard output, which
the parser cannot reach any more, and it ends by itself when its parent goes away.
"""

import contextlib
import importlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, cast

from ttrpg_core.context import Context
from ttrpg_core.documents import HEAD_BYTES, Notice, Parser, Source
from ttrpg_core.errors import TtrpgError
from ttrpg_ingest import wire

MEGABYTE = 1 << 20
MAPPED = 2500
"""Megabytes that libraries and the book itself may take in the address space, not in memory."""
LARGEST_FILE = 1 << 30
"""Bytes that a parser may write into one file of its temporary folder."""


def main(target: str, file: str, start: int, megabytes: int) -> int:
    """Read one file and say what is in it, or look at its head; 0 when it came to its end."""
    with _protected_output() as out:
        passwords = _passwords()
        _end_with_the_parent()
        _limit(megabytes)
        try:
            parser = _made(target, passwords)
            if start == wire.LOOK:
                with Path(file).open("rb") as book:
                    out.write(wire.sniff_line(parser.sniff(book.read(HEAD_BYTES))))
            else:
                _read(out, parser, Source(Path(file), start))
        except TtrpgError as error:
            out.write(wire.error_line(error.message, error.hint, getattr(error, "page", None)))
            return 1
        except MemoryError:
            out.write(
                wire.error_line(
                    f"{Path(file).name} needs more than {megabytes} MB of memory to read",
                    "Allow more: ttrpg config set library.parse_megabytes N",
                    None,
                )
            )
            return 1
        except RecursionError:
            out.write(wire.error_line(f"{Path(file).name} is nested too deeply", "", None))
            return 1
    return 0


def _passwords() -> str:
    """The first line of our standard input, a JSON text; empty when nothing is said."""
    line = b""
    with contextlib.suppress(OSError, ValueError):
        while not line.endswith(b"\n"):
            part = os.read(0, 1)
            if not part:
                break
            line += part
        return str(json.loads(line))
    return ""


def _made(target: str, passwords: str) -> Parser:
    module, _, attribute = target.partition(":")
    made: object = importlib.import_module(module)
    for part in attribute.split("."):
        made = getattr(made, part)
    folder = Path(os.environ.get("TMPDIR", "."))
    context = Context(folder=folder, offline=True, secret=lambda: passwords or None)
    return cast("type[Parser]", made)(context)  # type: ignore[call-arg]


def _read(out: TextIO, parser: Parser, source: Source) -> None:
    out.write(wire.document_line(parser.describe(source)))
    for found in parser.parse(source):
        if isinstance(found, Notice):
            out.write(wire.notice_line(found))
        else:
            out.write(wire.section_line(found))
    out.write(wire.end_line())


@contextlib.contextmanager
def _protected_output() -> Iterator[TextIO]:
    """The real standard output, moved away; whatever prints from now on goes to standard error."""
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(
        private, "w", encoding="utf-8", errors="replace", newline="\n", buffering=1
    ) as out:
        yield out


def _end_with_the_parent() -> None:
    """Leave at once when the parent is gone: its end of our standard input closes then."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1024):
                pass
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def _limit(megabytes: int) -> None:
    """Bound memory and files, and leave no core file; where the platform cannot, go without."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = (
        (resource.RLIMIT_DATA, megabytes * MEGABYTE),
        (resource.RLIMIT_AS, (megabytes + MAPPED) * MEGABYTE),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, value in limits:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
