"""``python -m ttrpg_ingest.background``: makes vectors after the command that added books ended.

It yields to everything else on the computer, and may be killed at any time: the next ``ttrpg
library index`` goes on from there. What goes wrong stands in ``vectors.log`` in the state folder.
"""

import contextlib
import os
import sys
from pathlib import Path

from ttrpg_core.app import App
from ttrpg_core.errors import Busy, TtrpgError
from ttrpg_core.search import Filler

KINDNESS = 15
"""How far others go before, on a scale that ends at 19."""


def main(argv: list[str]) -> int:
    """Make what is missing; ``argv`` may name the campaign's folder. Answers the exit code."""
    if sys.platform != "win32":  # there it is said when the process is started
        with contextlib.suppress(OSError):
            os.nice(KINDNESS)
    with contextlib.closing(App(folder=Path(argv[0]) if argv else None)) as app:
        try:
            with contextlib.closing(app.finder()) as finder:
                for _ in finder.fill() if isinstance(finder, Filler) else ():
                    pass
        except Busy:
            return 0  # whoever is at it takes along what is new
        except TtrpgError as error:
            print(error.message, error.hint, sep="\n", file=sys.stderr)  # noqa: T201 - the log
            return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
