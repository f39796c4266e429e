"""The ways an alert is told: the log at once; the desktop and a webhook beside what goes on.

A notification may take seconds, and an answer waits for none of it: each is sent by a thread of its
own, and at the end of the program there is one second for those that are not through. What fails
is a line in the log.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import which

from ttrpg_core.errors import TtrpgError
from ttrpg_core.llm.money.alerts import Alert

PATIENCE = 1.0
"""Seconds that the program waits at its end for what is still being sent."""
_RUN_SECONDS = 5.0
_POWERSHELL = (
    "[void][Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,"
    "ContentType=WindowsRuntime];"
    "$x=[Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent(1);"
    "$t=$x.GetElementsByTagName('text');"
    "[void]$t.Item(0).AppendChild($x.CreateTextNode($env:TTRPG_TITLE));"
    "[void]$t.Item(1).AppendChild($x.CreateTextNode($env:TTRPG_BODY));"
    "[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('ttrpg')"
    ".Show([Windows.UI.Notifications.ToastNotification]::new($x))"
)
_OSASCRIPT = "display notification (item 2 of argv) with title (item 1 of argv)"


class Log:
    """The log file."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir

    def send(self, alert: Alert) -> None:
        """Add a line."""
        log(
            self._folder,
            "alert",
            kind=alert.kind,
            subject=alert.subject,
            severity=alert.severity,
            message=alert.message,
        )

    def close(self) -> None:
        """Nothing is left open."""


def log(state_dir: Path, event: str, **facts: str) -> None:
    """A warning in the log file, or wherever logs go already."""
    import structlog

    from ttrpg_core import logs

    if not structlog.is_configured():
        logs.configure(state_dir)
    structlog.get_logger().warning(event, **facts)


class Beside:
    """Sends by a function that may take its time, in threads that end with the program.

    ``what`` names it in the log when it fails, with a TtrpgError or as the system does.
    """

    def __init__(self, what: str, deliver: Callable[[Alert], None], state_dir: Path) -> None:
        self._what = what
        self._deliver = deliver
        self._folder = state_dir
        self._running: list[threading.Thread] = []

    def send(self, alert: Alert) -> None:
        """Begin to send."""
        thread = threading.Thread(target=self._run, args=[alert], daemon=True)
        self._running = [each for each in self._running if each.is_alive()] + [thread]
        thread.start()

    def _run(self, alert: Alert) -> None:
        import subprocess

        try:
            self._deliver(alert)
        except (TtrpgError, OSError, subprocess.SubprocessError) as error:
            reason = error.message if isinstance(error, TtrpgError) else type(error).__name__
            log(self._folder, "alert not sent", by=self._what, reason=reason)

    def close(self) -> None:
        """Wait a moment for what is not through."""
        end = time.monotonic() + PATIENCE
        for thread in self._running:
            thread.join(max(0.0, end - time.monotonic()))


def notify(alert: Alert) -> None:
    """Show an alert on the desktop; nothing where the system has no way to."""
    import subprocess

    title = f"ttrpg: {alert.kind.replace('_', ' ')}"
    found = notifier(title, _plain(alert.message), alert.severity, sys.platform)
    if found is None:
        return
    command, more = found
    subprocess.run(
        command,
        env={**_without_secrets(os.environ), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_RUN_SECONDS,
        check=True,
    )


def notifier(
    title: str, body: str, severity: str, platform: str
) -> tuple[Sequence[str], Mapping[str, str]] | None:
    """The command that shows a notification and what it needs in its environment, None without.

    The texts are arguments or variables, and never a part of a script.
    """
    if platform == "darwin" and (path := which("osascript")):
        script = ["-e", "on run argv", "-e", _OSASCRIPT, "-e", "end run"]
        return [path, *script, title, body], {}
    if platform == "win32" and (path := which("powershell")):
        return (
            [path, "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL],
            {"TTRPG_TITLE": title, "TTRPG_BODY": body},
        )
    if path := which("notify-send"):
        urgency = {"info": "low", "warning": "normal"}.get(severity, "critical")
        return [path, "--app-name=ttrpg", f"--urgency={urgency}", "--", title, body], {}
    return None


def _plain(text: str) -> str:
    """Without control characters, and without what a notification takes for markup."""
    kept = "".join(char if char.isprintable() else " " for char in text)
    return kept.replace("&", "+").replace("<", "(").replace(">", ")")


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    from ttrpg_core import logs

    return {name: value for name, value in environ.items() if not logs.SECRET_NAMES.search(name)}
