"""Every error a user can meet, in one tree; each says what went wrong and what to do.

Drawn, with the exit code the command line ends with::

    TtrpgError                      1
    ├── InputError                  2   what was typed or handed in cannot be used
    │   ├── DiceError               2   a dice expression, with the column
    │   ├── Ambiguous               2   a name that fits several things, with the candidates
    │   └── ConfigError             2   a setting: file.table.key, what is wrong, what is allowed
    ├── NotFound                    3   no such campaign, book, plugin ...
    ├── Denied                      4   refused by policy: an undo that would lose work, a limit
    │   ├── UndoRefused             4   a row changed since
    │   ├── BudgetExceeded          4   a spending limit
    │   └── Offline                 4   the network was asked for under --offline
    ├── ProviderError               5   a language model, speech engine or the network
    │   ├── AuthError               5
    │   │   └── NotPermitted        5   the key is right, and not allowed to do this
    │   ├── UnknownModel            5
    │   ├── RateLimited             5
    │   ├── OutOfQuota              5   nothing is left of what was paid for
    │   ├── Overloaded              5
    │   ├── ServerFailed            5
    │   ├── TooLong                 5   with the tokens counted and allowed
    │   ├── Refused                 5   declined or filtered for what it says
    │   ├── TimedOut                5
    │   ├── Unreachable             5   no connection, or it broke
    │   └── BadReply                5   an answer that is none
    ├── CitationError               6   an answer's quote is not in the source
    ├── ParseError                  1   a document that cannot be read
    ├── PluginError                 1   a plugin that cannot be loaded or used
    ├── IndexMismatch               1   vectors of one embedder put to those of another
    └── StoreError                  1   the database cannot be opened or written
        ├── Busy                    1   another process is at it
        └── StoreDamaged            7   the database is not sound

Anything else that escapes is a bug of ours, and ends with 70.
"""

from typing import ClassVar


class TtrpgError(Exception):
    """The root. ``message`` is the cause, ``hint`` what to do about it (may be empty)."""

    code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(TtrpgError):
    """What was typed or handed in cannot be used as it is."""

    code = 2


class DiceError(InputError):
    """A dice expression that cannot be rolled.

    ``expression`` is the whole text, ``position`` the index (from 0) of the first character that
    does not fit.
    """

    def __init__(self, message: str, expression: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.expression = expression
        self.position = position


class Ambiguous(InputError):
    """A name that fits several things; ``candidates`` are their full names."""

    def __init__(self, message: str, candidates: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint or "Did you mean: " + ", ".join(candidates))
        self.candidates = candidates


class ConfigError(InputError):
    """A setting with a wrong value; the message starts with ``file.table.key``."""


class NotFound(TtrpgError):
    """There is no such thing."""

    code = 3


class Denied(TtrpgError):
    """Refused by policy, and nothing was done."""

    code = 4


class UndoRefused(Denied):
    """An undo or redo that would overwrite a later change; the message names that change."""


class BudgetExceeded(Denied):
    """A call that would pass a spending limit; ``limit`` and ``spent`` are in the same unit."""

    def __init__(self, message: str, limit: float, spent: float, hint: str = "") -> None:
        super().__init__(message, hint)
        self.limit = limit
        self.spent = spent


class Offline(Denied):
    """The network was asked for while offline is set."""


class ProviderError(TtrpgError):
    """A vendor or the network failed; ``retryable`` says whether trying again can help.

    ``retry_after`` is how many seconds the vendor asks to wait, None when it did not say, and
    ``status`` that of HTTP, None when there was no answer. ``unsent`` is True when the request
    surely did not reach the vendor, and so cost nothing.
    """

    code = 5

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        retryable: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.retryable = retryable
        self.status = status
        self.retry_after = retry_after
        self.unsent = unsent


class AuthError(ProviderError):
    """The key is missing, wrong or not allowed to do this."""


class NotPermitted(AuthError):
    """The key is right, and its owner may not do this."""


class UnknownModel(ProviderError):
    """The vendor has no such model, or not for this key."""


class RateLimited(ProviderError):
    """Too many requests; ``retry_after`` is in seconds, None when the vendor did not say."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = 429,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint, retryable=True, status=status, retry_after=retry_after)


class OutOfQuota(ProviderError):
    """Nothing is left of what was paid for or granted; waiting a minute does not help."""


class Overloaded(ProviderError):
    """The vendor is busy; trying again later can help."""


class ServerFailed(ProviderError):
    """The vendor's server broke; trying again can help."""


class TooLong(ProviderError):
    """The request does not fit the model: it has ``tokens`` of ``limit``, None when not said."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        tokens: int | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, hint, status=status)
        self.tokens = tokens
        self.limit = limit


class Refused(ProviderError):
    """The vendor declined the request for what it says, or filtered it."""


class TimedOut(ProviderError):
    """A time limit passed: connecting, until the first byte, or between two pieces."""


class Unreachable(ProviderError):
    """There was no connection, or it broke before the answer was whole."""


class BadReply(ProviderError):
    """What came is no answer of a language model: a web page, half an answer, other JSON."""


class CitationError(TtrpgError):
    """An answer quotes what the source does not say."""

    code = 6


class ParseError(TtrpgError):
    """A document that cannot be read: ``source`` is its name, ``page`` the index from 0."""

    def __init__(
        self, message: str, hint: str = "", *, source: str = "", page: int | None = None
    ) -> None:
        super().__init__(message, hint)
        self.source = source
        self.page = page


class PluginError(TtrpgError):
    """A plugin that cannot be loaded or used; ``plugin`` is its name."""

    def __init__(self, message: str, hint: str = "", *, plugin: str = "") -> None:
        super().__init__(message, hint)
        self.plugin = plugin


class StoreError(TtrpgError):
    """The database cannot be opened or written; what was there is unchanged."""


class Busy(StoreError):
    """Another process holds what is wanted, and did not let go in time."""


class StoreDamaged(StoreError):
    """The database is not sound; ``ttrpg doctor`` says what can be saved."""

    code = 7


class IndexMismatch(TtrpgError):
    """Vectors of one embedder, put to or asked of an index that holds another's."""
