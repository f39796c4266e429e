"""The connections of an event loop, kept between calls and closed with the loop.

A second question to the same vendor finds the connection of the first, which spares it the
handshakes: most of the time until the first word of a model nearby.
"""

import asyncio
import functools
import http.cookiejar
import re
import ssl
import urllib.request
from collections.abc import AsyncGenerator, Mapping

import httpx

IDLE_SECONDS = 30.0
"""How long an idle connection is kept: less than servers do, which close theirs after a minute.

A request that meets a connection just being closed is lost, and is not sent again on its own: it
may have been read.
"""


_CLIENTS: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None]]] = {}
"""The client of each loop, with the generator that closes it."""


async def connections() -> httpx.AsyncClient:
    """The client of the running loop; made when it is first asked for.

    Redirects are not followed, so a key is never sent to another host than the one it is for, and
    cookies are not kept. The proxies of the environment are used, except to reach this machine.
    """
    loop = asyncio.get_running_loop()
    known = _CLIENTS.get(loop)
    if known is None:
        for gone in [each for each in list(_CLIENTS) if each.is_closed()]:  # not by asyncio.run
            _CLIENTS.pop(gone, None)
        client = _client()
        closing = _closing(loop, client)
        await anext(closing)
        known = _CLIENTS[loop] = (client, closing)
    return known[0]


async def _closing(
    loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient
) -> AsyncGenerator[None]:
    """Ends with its loop, which closes the generators that it has seen (PEP 525)."""
    try:
        yield
    finally:
        _CLIENTS.pop(loop, None)
        await client.aclose()


class _NoCookies(http.cookiejar.CookieJar):
    """Looks at no answer: a jar that only keeps nothing reads the headers of each one first."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Take none."""


def _client() -> httpx.AsyncClient:
    limits = httpx.Limits(
        max_connections=100, max_keepalive_connections=20, keepalive_expiry=IDLE_SECONDS
    )
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(verify=_tls(), limits=limits),
        mounts={
            pattern: httpx.AsyncHTTPTransport(proxy=proxy, verify=_tls(), limits=limits)
            if proxy
            else None
            for pattern, proxy in proxies(urllib.request.getproxies()).items()
        },
        cookies=_NoCookies(),
        follow_redirects=False,
        trust_env=False,
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read once a process: the certificates take longer to load than a local model to answer."""
    return httpx.create_ssl_context()


def proxies(environment: Mapping[str, str]) -> dict[str, str | None]:
    """URL patterns and the proxy for each, None for none, as httpx mounts want them.

    ``environment`` is what ``urllib.request.getproxies()`` answers: proxies by scheme, and ``no``
    for the hosts that are reached without one. A host written without its scheme is taken as http.
    """
    found: dict[str, str | None] = {}
    for scheme in ("http", "https", "all"):
        proxy = environment.get(scheme, "")
        if proxy:
            found[f"{scheme}://"] = proxy if "://" in proxy else f"http://{proxy}"
    direct = [host.strip() for host in environment.get("no", "").split(",") if host.strip()]
    if "*" in direct or not found:
        return {}
    for host in ("localhost", "127.0.0.1", "[::1]"):
        found[f"all://{host}"] = None
    for host in direct:
        bare = host.removeprefix("*").removeprefix(".")
        if not re.fullmatch(r"[0-9.:/\[\]]+", bare):  # names cover what is below them
            found[f"all://*.{bare}"] = None
        if "/" not in bare:  # httpx knows no address ranges
            found[f"all://{bare}"] = None
    return found
