"""Everything that the library is measured by, each part with its goals beside the figures.

    nox -s bench -- library [PART...]

Parts: quality, pages (of the PDF), held-out, fidelity, ingest, speed, hostile, shell. Each is a
script beside this one and says what it compares with. A part that cannot run here (test data or a
package is missing) says so, and the others run.
"""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PARTS = {
    "quality": "quality.py --model",
    "pages": "quality.py --pdf",
    "held-out": "quality.py --held-out",
    "fidelity": "pdf_fidelity.py",
    "ingest": "ingest.py",
    "speed": "speed.py",
    "shell": "shell.py",
    "hostile": "hostile.py",
}


def main(wanted: list[str]) -> int:
    """Run the parts; the number of those that failed."""
    wrong = [part for part in wanted if part not in PARTS]
    if wrong:
        print(f"there is no part {wrong[0]!r}; there are: {', '.join(PARTS)}")
        return 2
    failed = []
    for part in wanted or PARTS:
        print(f"\n== {part}", flush=True)
        start = time.perf_counter()
        script, *flags = PARTS[part].split()
        code = subprocess.run([sys.executable, HERE / script, *flags], check=False).returncode
        print(f"-- {part}: {time.perf_counter() - start:.0f} s", flush=True)
        if code:
            failed.append(part)
    if failed:
        print(f"not run to the end, or a goal missed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
