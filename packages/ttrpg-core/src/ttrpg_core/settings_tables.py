"""The tables of settings, declared: each value with its help, its range, and whose it is.

The order in which a value is looked for, and its checking, are in :mod:`.settings`.
"""

from typing import Any, Literal

import attrs

from ttrpg_core.values import frozen


def setting(
    default: Any,
    help: str,  # noqa: A002 - the field's own word
    *,
    low: float | None = None,
    high: float | None = None,
    personal: bool | None = None,
) -> Any:
    """A field of a settings class.

    ``low`` and ``high`` bound a number, both included. A ``personal`` setting is not taken from a
    campaign's folder, which may come from somebody else. When None, a plugin's setting is personal
    and one of the kernel is not.
    """
    return attrs.field(
        default=default, metadata={"help": help, "low": low, "high": high, "personal": personal}
    )


@frozen
class General:
    """What holds everywhere."""

    offline: bool = setting(False, "Open no socket at all.", personal=True)
    pager: bool = setting(True, "Show long output a screen at a time, on a terminal.")


@frozen
class StoreSettings:
    """The database."""

    backups: int = setting(
        5, "Backups kept of those made before a migration.", low=1, high=1000, personal=True
    )
    busy_seconds: int = setting(
        30, "Seconds to wait while another process writes.", low=1, high=600, personal=True
    )


@frozen
class BackupSettings:
    """Backups that are made by themselves; those that you ask for stay until you remove them."""

    daily: bool = setting(
        True, "Make one before the first change to the game of a day.", personal=True
    )
    keep_days: int = setting(
        7, "Days of which the newest daily one is kept.", low=1, high=3650, personal=True
    )
    keep_weeks: int = setting(
        4, "Weeks of which the newest daily one is kept.", low=0, high=520, personal=True
    )
    keep_months: int = setting(
        12, "Months of which the newest daily one is kept.", low=0, high=1200, personal=True
    )


@frozen
class AuditSettings:
    """The record of what matters for security."""

    keep_days: int = setting(
        90, "Days that an audit row is kept.", low=1, high=36500, personal=True
    )
    keep_megabytes: int = setting(
        10, "Size of the audit rows; the oldest go first.", low=1, high=10_000, personal=True
    )


@frozen
class LibrarySettings:
    """Books and how they are cut."""

    chunk_words: int = setting(180, "Words a chunk aims at.", low=40, high=2000)
    parse_seconds: int = setting(
        60, "Seconds that a parser may take for one page.", low=1, high=3600, personal=True
    )
    parse_megabytes: int = setting(
        440, "Memory that a parser may use.", low=200, high=64_000, personal=True
    )
    viewer: str = setting(
        "",
        "What opens a book, such as 'okular --page {page} {file}'; empty takes what is installed.",
        personal=True,
    )


@frozen
class SearchSettings:
    """Finding passages."""

    keyword: str = setting("", "Keyword backend; empty takes what is installed.")
    vector: str = setting("", "Vector backend; empty takes what suits the size of the library.")
    embedder: str = setting("", "Embedder; empty takes the one that ships, 'none' does without.")
    background: bool = setting(
        True, "Let vectors that take long be made after the command has ended.", personal=True
    )
    reranker: str = setting("", "What orders the best hits once more; empty does without.")
    history: bool = setting(
        True, "Keep what was asked and opened, for 'search stats'; it stays here.", personal=True
    )
    keep_days: int = setting(365, "Days that a question is kept.", low=1, high=36500, personal=True)
    results: int = setting(3, "Passages shown.", low=1, high=100)


@frozen
class NetworkSettings:
    """Time limits and retries of every request."""

    connect_seconds: float = setting(
        10.0, "Limit for opening a connection.", low=0.1, high=600, personal=True
    )
    first_seconds: float = setting(
        120.0, "Limit for the first byte of an answer.", low=0.1, high=3600, personal=True
    )
    read_seconds: float = setting(
        60.0, "Limit between two pieces of an answer.", low=0.1, high=3600, personal=True
    )
    answer_seconds: float = setting(
        3600.0, "Limit for a whole answer, however it comes.", low=1, high=86400, personal=True
    )
    wait_seconds: float = setting(
        60.0,
        "Longest wait before another try that a server may ask for; see models.wait_seconds.",
        low=0,
        high=600,
        personal=True,
    )
    retries: int = setting(
        2, "Tries after the first, before any byte came.", low=0, high=10, personal=True
    )


@frozen
class ModelsSettings:
    """Which language models are asked, and what happens when one does not answer."""

    use: tuple[str, ...] = setting(
        (), "Models to ask, the best first, as 'vendor/model'; empty asks none.", personal=True
    )
    strategy: Literal["priority", "cost", "latency", "round_robin", "weighted"] = setting(
        "priority", "How one of them is chosen.", personal=True
    )
    weights: tuple[str, ...] = setting(
        (), "For the strategy 'weighted': 'vendor/model NUMBER'.", personal=True
    )
    max_tokens: int = setting(1024, "Longest reply, in tokens.", low=16, high=1_000_000)
    breaker_failures: int = setting(
        3, "Failures in a row after which a model is left alone.", low=1, high=100, personal=True
    )
    breaker_seconds: float = setting(
        30.0, "Seconds that it is left alone, before one try.", low=1, high=86_400, personal=True
    )
    breaker_successes: int = setting(
        2, "Successes in a row after which it is trusted again.", low=1, high=100, personal=True
    )
    wait_seconds: float = setting(
        5.0,
        "Longest wait for a rate limit; beyond it the next model is asked.",
        low=0,
        high=600,
        personal=True,
    )
    hedge_seconds: float = setting(
        0.0,
        "Ask the next model too when the first is silent this long; 0 never does, as both cost.",
        low=0,
        high=600,
        personal=True,
    )


@frozen
class MoneySettings:
    """What language models cost, and who hears of it."""

    soft: float = setting(
        0.8, "Share of a limit from which on there is a warning.", low=0.01, high=1, personal=True
    )
    throttle: float = setting(
        0.9, "Share from which on calls are slowed down.", low=0.01, high=1, personal=True
    )
    degrade: float = setting(
        0.95, "Share from which on a cheaper model is asked.", low=0.01, high=1, personal=True
    )
    keep_days: int = setting(
        730, "Days that each call is kept; sums stay.", low=1, high=36500, personal=True
    )
    desktop: bool = setting(False, "Show alerts on the desktop too.", personal=True)
    webhook: str = setting("", "A URL that alerts are sent to as JSON.", personal=True)


@frozen
class ChatSettings:
    """Conversations with a language model."""

    history_tokens: int = setting(
        8000, "Tokens of what was said before that are sent along.", low=200, high=1_000_000
    )
    passages: int = setting(
        3, "Passages of your books that are put to each question; 0 for none.", low=0, high=20
    )
    tools: bool = setting(True, "Let the model roll, search, look up and propose.")
    rounds: int = setting(6, "Times that a model may use tools for one answer.", low=1, high=50)
    image_megabytes: int = setting(5, "Largest picture that is sent.", low=1, high=100)


@frozen
class SnapshotSettings:
    """Names of moments of a campaign that the program makes by itself."""

    automatic: bool = setting(True, "Name the moment before risky work, and of each session.")
    keep: int = setting(
        50, "Automatic ones kept of a campaign, and of those before a rollback.", low=1, high=10_000
    )


@frozen
class Settings:
    """Every table of the kernel; a plugin's own table is ``[plugins.<name>]``."""

    general: General = attrs.field(factory=General)
    store: StoreSettings = attrs.field(factory=StoreSettings)
    backup: BackupSettings = attrs.field(factory=BackupSettings)
    audit: AuditSettings = attrs.field(factory=AuditSettings)
    library: LibrarySettings = attrs.field(factory=LibrarySettings)
    search: SearchSettings = attrs.field(factory=SearchSettings)
    network: NetworkSettings = attrs.field(factory=NetworkSettings)
    models: ModelsSettings = attrs.field(factory=ModelsSettings)
    money: MoneySettings = attrs.field(factory=MoneySettings)
    chat: ChatSettings = attrs.field(factory=ChatSettings)
    snapshots: SnapshotSettings = attrs.field(factory=SnapshotSettings)


TABLES: dict[str, type] = {field.name: field.type for field in attrs.fields(Settings)}  # type: ignore[misc]
"""Table name to its attrs class."""
