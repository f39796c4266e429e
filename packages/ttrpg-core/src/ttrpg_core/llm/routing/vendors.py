"""The vendors that are installed, each made when one of its models is first wanted."""

from collections.abc import Callable, Mapping

from ttrpg_core.entries import Provider
from ttrpg_core.errors import AuthError, InputError, NotFound, Offline, TtrpgError
from ttrpg_core.llm.model import Model, Vendor
from ttrpg_core.text import nearest


class Vendors:
    """Vendors by name, as ``known`` lists them; ``make`` answers one.

    ``has_key`` says of a vendor and its variable whether there is a key; ``offline`` lets only
    those be asked that open no socket.
    """

    def __init__(
        self,
        known: Mapping[str, Provider],
        make: Callable[[str], Vendor],
        has_key: Callable[[str, str], bool] = lambda _name, _variable: True,
        *,
        offline: bool = False,
    ) -> None:
        self.known = known
        self._make = make
        self._has_key = has_key
        self._offline = offline
        self._made: dict[str, Vendor] = {}

    def obstacle(self, name: str) -> TtrpgError | None:
        """Why no model of a vendor can be asked; None when one can."""
        entry = self.known.get(name)
        if entry is None:
            return NotFound(
                f"there is no vendor {name!r:.60}",
                nearest(name, self.known) if self.known else "ttrpg-providers brings some",
            )
        if self._offline and not entry.offline:
            return Offline(
                f"offline is set, and {name} is asked over a socket",
                "Drop --offline, or: ttrpg config set general.offline false",
            )
        if entry.key is not None and not self._has_key(name, entry.key):
            return AuthError(
                f"there is no key for {name}", f"Set {entry.key}, or: ttrpg keys set {name}"
            )
        return None

    def vendor(self, name: str) -> Vendor:
        """One vendor. NotFound, ConfigError or PluginError when there is none to be had."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def model(self, full: str) -> Model:
        """The model ``vendor/model``. InputError for what is no such name."""
        name, slash, model = full.partition("/")
        if not slash or not name or not model:
            raise InputError(
                f"{full!r:.80} is no model; write it as vendor/model",
                "Such as anthropic/claude-haiku-4-5; see: ttrpg models list",
            )
        return self.vendor(name).model(model)
