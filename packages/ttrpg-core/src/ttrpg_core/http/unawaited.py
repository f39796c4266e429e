"""Threads that nobody waits for, to look the names of hosts up in.

Python waits at its end for those of its own pool. Where the names of a network are not answered, an
answer of a model would be followed by half a minute of nothing.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Unawaited(ThreadPoolExecutor):
    """Runs each call in a thread that ends with the program."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> "Future[T]":
        """Begin a call; its outcome is in the future."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(call(*args, **more))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
                future.set_exception(error)

        future.set_running_or_notify_cancel()
        threading.Thread(target=work, daemon=True).start()
        return future
