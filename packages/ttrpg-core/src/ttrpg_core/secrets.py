"""Where a key comes from: a file named on the command line, the environment, the keyring, a file.

In that order, so a key can be replaced for one command; the key itself is never an argument, which
other users of the machine could read. A machine without a
keyring service, which is the normal state of a server or a container, keeps keys in ``keys.toml``
that only its owner may read, and says so once. A key is shown by its source, never by its value;
no error here is raised from one that holds the text it was reading.
"""

import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ttrpg_core import text
from ttrpg_core.errors import InputError, NotFound, StoreError
from ttrpg_core.paths import Paths, locked, make_folder, write_atomically

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "ttrpg"
"""The name under which the keyring holds our keys."""
KEY_MAX = 10_000
"""Longest key, in characters."""
FILE_MAX = 1_000_000
"""Largest keys.toml that is read."""
_IN_KEYRING = "keyring"


@attrs.frozen
class Known:
    """A key that exists: its name and source (``flag``, ``environment``, ``keyring``, ``file``)."""

    name: str
    source: str
    detail: str


class Secrets:
    """Finds and keeps keys. ``notices`` are things to say to the user, once.

    ``given`` are files that hold one key each, by the key's name: what ``--key-file`` names.
    """

    def __init__(
        self,
        paths: Paths,
        environ: Mapping[str, str] | None = None,
        given: Mapping[str, Path] | None = None,
    ) -> None:
        self.paths = paths
        self.environ = os.environ if environ is None else environ
        self.given = dict(given or {})
        self.notices: list[str] = []

    def find(self, name: str, variable: str | None = None) -> tuple[str, str] | None:
        """A key and its source, or None: a given file, the ``variable``, else what is stored."""
        if name in self.given:
            return one_line(_content(self.given[name]), f"the key in {self.given[name]}"), "flag"
        given = self.environ.get(variable, "") if variable else ""
        if given.strip():
            return one_line(given, f"the key in {variable}"), "environment"
        stored = self._read().get(name)
        if stored is None:
            return None
        if stored == {"store": _IN_KEYRING}:
            value = self._ask(name, variable)
            return None if value is None else (value, "keyring")
        return stored["value"], "file"

    def set(self, name: str, value: str) -> Known:
        """Keep a key; in the keyring where there is a real one, else in the file."""
        name = key_name(name)
        value = one_line(value, f"the key {name}")
        with locked(self.paths.keys):
            keys = self._read()
            backend = self._keyring()
            if backend is not None and self._keep(backend, name, value):
                self._write({**keys, name: {"store": _IN_KEYRING}})
                return Known(name, "keyring", label(backend))
            self._say_file_once()
            self._write({**keys, name: {"value": value}})
            return Known(name, "file", str(self.paths.keys))

    def remove(self, name: str) -> Known:
        """Forget a stored key, in the keyring too; by its whole name, as no copy is kept."""
        with locked(self.paths.keys):
            keys = self._read()
            name = _stored_name(name, keys)
            entry = keys.pop(name)
            known = Known(name, "file", str(self.paths.keys))
            if entry == {"store": _IN_KEYRING}:
                import keyring.errors

                backend = self._keyring()
                if backend is None:
                    raise StoreError(
                        f"the key {name} is in a keyring that cannot be reached now",
                        "Unlock the keyring, or run this where it can be reached",
                    )
                try:
                    backend.delete_password(SERVICE, name)
                except keyring.errors.PasswordDeleteError:
                    pass  # gone already, which is what was asked for
                except Exception as error:
                    raise StoreError(
                        f"the keyring refused: {error}", "Unlock it and try again"
                    ) from error
                known = Known(name, "keyring", label(backend))
            self._write(keys)
            return known

    def known(self, variables: Mapping[str, str] | None = None) -> list[Known]:
        """Every key that would be found, by name; ``variables`` maps names to their variable."""
        found = {
            name: Known(name, "environment", variable)
            for name, variable in (variables or {}).items()
            if self.environ.get(variable, "").strip()
        }
        found |= {name: Known(name, "flag", str(path)) for name, path in self.given.items()}
        for name, entry in self._read().items():
            if name not in found:
                inside = entry == {"store": _IN_KEYRING}
                detail = "the system's keyring" if inside else str(self.paths.keys)
                found[name] = Known(name, "keyring" if inside else "file", detail)
        return [found[name] for name in sorted(found)]

    def _keyring(self) -> "KeyringBackend | None":
        """The system's keyring when it is a real one: no plain-text stand-in, no refusing one."""
        try:
            import keyring

            return strong(keyring.get_keyring())
        except Exception:  # noqa: BLE001 - a broken backend of somebody else's must not end us
            return None

    def _ask(self, name: str, variable: str | None) -> str | None:
        way = f"Unlock it, or set {variable}" if variable else "Unlock the keyring and try again"
        where = f"the key {name} is in the system's keyring, which cannot be"
        backend = self._keyring()
        if backend is None:
            raise StoreError(f"{where} reached from here", way)
        try:
            return backend.get_password(SERVICE, name)
        except Exception as error:
            raise StoreError(f"{where} opened: {error}", way) from error

    def _keep(self, backend: "KeyringBackend", name: str, value: str) -> bool:
        try:
            backend.set_password(SERVICE, name, value)
        except Exception:  # noqa: BLE001 - locked, dismissed, no daemon: each means the file
            return False
        return True

    def _say_file_once(self) -> None:
        marker = self.paths.state_dir / "no-keyring-said"
        try:
            make_folder(marker.parent)
            os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return
        except (OSError, StoreError):
            pass  # it cannot be remembered, so it is said each time
        self.notices.append(
            f"No system keyring can be reached here, so keys are kept in {self.paths.keys},"
            " which only you may read."
        )

    def _read(self) -> dict[str, dict[str, str]]:
        path = self.paths.keys
        try:
            if path.stat().st_size > FILE_MAX:
                raise InputError(f"{path.name}: larger than {FILE_MAX:,} bytes", f"Look at {path}")
            data = tomllib.loads(path.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise StoreError(
                f"cannot read {path}: {error.strerror}", "Mend its permissions"
            ) from error
        except (ValueError, RecursionError):
            raise InputError(f"{path.name}: not valid TOML", f"Mend or remove {path}") from None
        good = {
            name: entry
            for name, entry in data.items()
            if isinstance(entry, dict)
            and (isinstance(entry.get("value"), str) or entry == {"store": _IN_KEYRING})
        }
        if len(good) != len(data):
            wrong = min(set(data) - set(good))
            raise InputError(f"{path.name}.{wrong}: not a key entry", f"Remove it from {path}")
        return good

    def _write(self, keys: Mapping[str, Mapping[str, str]]) -> None:
        import tomlkit

        document = tomlkit.document()
        document.add(tomlkit.comment("Keys of ttrpg. Only you may read this file; keep it so."))
        for name in sorted(keys):
            table = tomlkit.inline_table()
            table.update(keys[name])
            document.add(name, table)
        write_atomically(self.paths.keys, tomlkit.dumps(document), 0o600)


def _content(path: Path) -> str:
    """What a given file holds; no error here is raised from one that holds the text."""
    try:
        with text.readable_file(path).open("rb") as file:
            return file.read(KEY_MAX + 2).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text", "Name a file that holds one key alone") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}", "Mend its permissions") from error


def _stored_name(wanted: str, known: Collection[str]) -> str:
    """The stored key of exactly this name, however it is capitalised; never a longer one."""
    wanted = wanted.strip()
    found = [wanted] if wanted in known else [n for n in known if n.lower() == wanted.lower()]
    if len(found) != 1:
        raise NotFound(f"there is no stored key {wanted!r}", text.nearest(wanted, known))
    return found[0]


def key_name(value: str) -> str:
    """A key's name: that of the provider or engine, such as ``anthropic``."""
    cleaned = text.name(value, "key's name").lower()
    if text.slug(cleaned) != cleaned:
        raise InputError(
            f"{cleaned!r} is not the name of a key", "Names look like: anthropic, elevenlabs"
        )
    return cleaned


def one_line(value: str, what: str) -> str:
    """A key as it can be sent: one line of printable ASCII. The errors do not repeat it."""
    value = value.strip()
    if not value:
        raise InputError(f"{what} is empty", "Paste it when asked, or pipe it in")
    if len(value) > KEY_MAX or not (value.isprintable() and value.isascii()):
        raise InputError(
            f"{what} is not one line of plain characters", "Paste the key alone, without quotes"
        )
    return value


def strong(backend: "KeyringBackend") -> "KeyringBackend | None":
    """A keyring that protects what it holds: no plain-text stand-in, none that only refuses.

    keyring joins several backends in a chain of high priority even when each of them is weak, so a
    chain is only as good as its first strong one.
    """
    from keyring.backends.chainer import ChainerBackend

    if isinstance(backend, ChainerBackend):
        return next((found for each in backend.backends if (found := strong(each))), None)
    weak = backend.priority < 1 or any(
        cls.__module__.startswith("keyrings.alt") for cls in type(backend).__mro__
    )
    return None if weak else backend


def label(backend: "KeyringBackend") -> str:
    """A keyring backend in words."""
    return f"{type(backend).__module__.rpartition('.')[2]} keyring"


def is_private(path: Path) -> bool:
    """Whether only the owner may read a file; true where there is none."""
    try:
        return not path.stat().st_mode & 0o077
    except FileNotFoundError:
        return True


def require(found: tuple[str, str] | None, name: str, variable: str | None) -> str:
    """The key of a find, or NotFound that names every way to give one."""
    if found is None:
        ways = f"ttrpg keys set {name}" + (f", or set {variable}" if variable else "")
        raise NotFound(f"there is no key for {name}", ways)
    return found[0]
