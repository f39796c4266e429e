"""A limit for each of many waits, with one timer for all of them."""

import asyncio


class Patience:
    """Ends a wait of the running task when its limit passes.

    ``asyncio.timeout`` makes a timer and cancels it again for each wait, which a stream of a
    thousand tokens does a thousand times. Here the moment is written down, and the timer looks at
    it when it fires: a stream that keeps coming never makes a second one.
    """

    def __init__(self, seconds: float) -> None:
        """``seconds`` is how long all of them may take together, with what is done between."""
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + seconds
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cancelling = 0
        self._due: float | None = None
        self._fired = False

    def wait(self, seconds: float) -> None:
        """The task is about to wait, no longer than that."""
        task = asyncio.current_task(self._loop)
        if task is not self._task and task is not None:
            self._task, self._cancelling = task, task.cancelling()
        self._due = min(self._loop.time() + seconds, self._end)
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._look)
        elif self._due < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(self._due, self._look)

    def rest(self) -> None:
        """The wait is over; what is done meanwhile takes as long as it takes."""
        self._due = None

    def ended(self) -> bool:
        """Whether this cancelled the task, and nobody else did: so it goes on, with an error."""
        if not self._fired or self._task is None:
            return False
        self._fired = False
        return self._task.uncancel() <= self._cancelling

    def over(self) -> bool:
        """Whether the time of all waits has passed."""
        return self._loop.time() >= self._end

    def close(self) -> None:
        """No more waits."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._due is None or self._task is None:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._look)
            return
        self._fired = True
        self._task.cancel()
