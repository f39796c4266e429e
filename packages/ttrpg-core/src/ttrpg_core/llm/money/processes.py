"""Which process set money aside, and whether it is still there.

A number alone may be given again to another process, so the time of its start stands beside it.
Being wrong here costs nothing: money that is set aside counts whether or not its process lives, and
a process that was taken for dead may still settle.
"""

import functools
import os
import sys
from pathlib import Path


def mine() -> str:
    """This process, as ``number started``; also right after a fork."""
    return _named(os.getpid())


def alive(process: str) -> bool:
    """Whether a process that :func:`mine` named is running still, as far as can be told."""
    number, _, started = process.partition(" ")
    if not number.isdigit():
        return False
    pid = int(number)
    if sys.platform == "win32":
        return pid == os.getpid()  # asking for another one there would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return pid < 2**31
    return _started(pid) in {started, ""} or not started


@functools.lru_cache(maxsize=2)
def _named(pid: int) -> str:
    return f"{pid} {_started(pid)}".strip()


def _started(pid: int) -> str:
    """When a process began, in the machine's own ticks; "" where it is not told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    # The name in brackets may hold spaces; field 22 (proc(5), starttime) is the 20th after it.
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return "dead" if state in {"Z", "X"} else started
