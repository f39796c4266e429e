"""Alerts as JSON to a URL of the user's, such as that of a chat room.

The body has ``text`` and ``content`` beside the plain fields, which is where the usual chat servers
look. It says what the alert says and nothing else; the URL, which may be a secret in itself, stands
in no error and no log.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import attrs

from ttrpg_core.errors import BadReply, ConfigError, TimedOut
from ttrpg_core.llm.money.alerts import Alert, Channel
from ttrpg_core.llm.money.channels import Beside, Log, notify
from ttrpg_core.settings_tables import MoneySettings, NetworkSettings
from ttrpg_core.values import frozen

SECONDS = 10.0
"""Longest that sending may take in all."""
_REFUSED = 300


def body(alert: Alert) -> bytes:
    """What is sent."""
    said = f"ttrpg: {alert.message}"
    data = {
        "schema": "ttrpg.alert/1",
        "at": alert.at,
        "kind": alert.kind,
        "subject": alert.subject,
        "severity": alert.severity,
        "message": alert.message,
        "text": said,
        "content": said,
    }
    return json.dumps(data, ensure_ascii=False).encode()


@frozen
class Webhook:
    """Sends alerts to a URL; call it with one. Raises ProviderError, Offline or ConfigError."""

    url: str = attrs.field(repr=False)
    network: NetworkSettings
    offline: bool = False

    def __call__(self, alert: Alert) -> None:
        """Send, and wait for the answer."""
        import asyncio

        from ttrpg_core.http.unawaited import Unawaited

        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(Unawaited())
            runner.run(self._send(body(alert)))

    async def _send(self, content: bytes) -> None:
        import asyncio

        from ttrpg_core.http import exchange

        quick = attrs.evolve(
            self.network, connect_seconds=5.0, first_seconds=5.0, read_seconds=5.0, retries=1
        )
        headers = {"content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(SECONDS),
                exchange(
                    quick, "POST", self.url, headers=headers, content=content, offline=self.offline
                ) as answer,
            ):
                status = answer.status
        except ConfigError:
            raise ConfigError("money.webhook is no address of a server") from None
        except TimeoutError as error:
            raise TimedOut(f"no answer within {SECONDS:g} s") from error
        if status >= _REFUSED:
            raise BadReply(f"the answer was {status}", status=status)


def channels(
    money: MoneySettings, network: NetworkSettings, state_dir: Path, *, offline: bool
) -> Sequence[Channel]:
    """The ways that the settings name: the log always, the desktop and a webhook where wanted."""
    found: list[Channel] = [Log(state_dir)]
    if money.desktop:
        found.append(Beside("desktop", notify, state_dir))
    if money.webhook:
        webhook = Webhook(money.webhook, network, offline=offline)
        found.append(Beside("webhook", webhook, state_dir))
    return found
