"""The vendors that are installed, each made when one of its models is first wanted."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from ttrpg_core.entries import Provider
from ttrpg_core.errors import AuthError, InputError, NotFound, Offline, PluginError, TtrpgError
from ttrpg_core.llm.model import Model, ModelInfo, Vendor
from ttrpg_core.plugins import describe
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
            hint = nearest(name, self.known) if self.known else "ttrpg-providers brings some"
            if "server" in self.known:
                hint += "; a server of your settings is server/NAME/MODEL"
            return NotFound(f"there is no vendor {name!r:.60}", hint)
        if self._offline and not entry.offline:
            return Offline(
                f"offline is set, and {name} is asked over a socket",
                "Drop --offline, or: ttrpg config set general.offline false",
            )
        try:
            if entry.key is not None and not self._has_key(name, entry.key):
                return AuthError(
                    f"there is no key for {name}", f"Set {entry.key}, or: ttrpg keys set {name}"
                )
        except TtrpgError as error:  # a keyring that is locked; other vendors can be asked
            return error
        return None

    def vendor(self, name: str) -> Vendor:
        """One vendor. NotFound, ConfigError or PluginError when there is none to be had."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def model(self, full: str) -> Model:
        """The model ``vendor/model``; raises why there is none."""
        name, model = split(full)
        with _plugin(name):
            return self.vendor(name).model(model)

    async def models(self, name: str) -> Sequence[ModelInfo]:
        """The models that a vendor lists, asked now."""
        with _plugin(name):
            return await self.vendor(name).models()


def split(full: str) -> tuple[str, str]:
    """The vendor and the model of ``vendor/model``. InputError for what is no such name."""
    name, _, model = full.partition("/")
    if not name or not model:
        raise InputError(
            f"{full!r:.80} is no model; write it as vendor/model",
            "Such as anthropic/claude-haiku-4-5; see: ttrpg models list",
        )
    return name, model


@contextlib.contextmanager
def _plugin(name: str) -> Iterator[None]:
    """What others wrote may fail in any way; the models of other vendors can be asked all the same.

    Raises PluginError in its place.
    """
    try:
        yield
    except TtrpgError:
        raise
    except Exception as error:
        raise PluginError(
            f"the vendor {name} failed: {describe(error)}", "Tell its author; see: ttrpg plugins"
        ) from error
