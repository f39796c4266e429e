"""The network, in one place: time limits, kept connections, retries before the first byte, offline.

Only this package imports httpx. Whoever talks to a server enters an :func:`exchange`: it is tried
again where that can help, waits as long as the server asks, and never again once a byte of the
answer has come: what a model has begun to say is never said twice, or paid twice.
"""

from ttrpg_core.http.exchange import Answer, exchange
from ttrpg_core.http.retries import RETRY_STATUS, retry_after

__all__ = ["RETRY_STATUS", "Answer", "exchange", "retry_after"]
