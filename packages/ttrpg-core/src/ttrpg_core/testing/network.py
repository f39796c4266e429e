"""No network beyond this machine, so that a test cannot come to need one.

An attempt raises :class:`NetworkRefused`, which is no ``OSError``: a plugin that turns network
errors into its own would swallow that, and the test would never learn that a socket was opened.
"""

import ipaddress
import socket
from collections.abc import Callable

import pytest

_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})


class NetworkRefused(RuntimeError):
    """A test tried to reach another machine."""


def is_loopback(host: str | bytes | None) -> bool:
    """Whether a host is this machine; no name is looked up."""
    name = (host.decode("idna") if isinstance(host, bytes) else host or "").lower()
    if name in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets reach loopback and local paths alone, until the test ends."""
    for method in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, method, _guarded(getattr(socket.socket, method)))
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str | bytes | None, *rest: object, **named: object) -> object:
        _check(host)
        return look_up(host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _guarded(original: Callable[..., object]) -> Callable[..., object]:
    def guarded(self: socket.socket, *arguments: object) -> object:
        # The address is the last argument of all three; a path or a channel number is local.
        address = arguments[-1]
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            _check(address[0])
        return original(self, *arguments)

    return guarded


def _check(host: str | bytes | None) -> None:
    if not is_loopback(host):
        msg = f"a test tried to reach {host!r}; give the code a fake transport or a local server"
        raise NetworkRefused(msg)
