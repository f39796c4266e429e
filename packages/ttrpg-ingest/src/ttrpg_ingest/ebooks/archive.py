"""A zip archive read within bounds: what is claimed is looked at first, what comes out is counted.

The directory of an archive can lie about sizes, and its members can unpack to a thousand times
their size. So the directory's own size is checked before the library reads it, then the number,
sizes and ratios that it declares, and while members are read their bytes are counted, whatever was
declared. Nothing is ever extracted to a file.
"""

import contextlib
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote

import attrs

from ttrpg_core.errors import ParseError

MEGABYTE = 1_000_000
MOST_DIRECTORY = 4 * MEGABYTE
"""Bytes of the directory: each member takes 46 and its name."""
MOST_MEMBERS = 20_000
MOST_DECLARED = 2_000 * MEGABYTE
"""Bytes of all members together, pictures among them."""
MOST_MEMBER = 24 * MEGABYTE
"""Bytes of one member that is read as text."""
MOST_READ = 256 * MEGABYTE
"""Bytes that are unpacked in all."""
HIGHEST_RATIO, RATIO_FROM = 200, 10 * MEGABYTE
"""How many times its packed size a member of such a size may have; text has 3 to 30 times."""
_END, _END_SIZE = b"PK\5\6", 22
_LOCATOR, _LOCATOR_SIZE, _END64, _END64_SIZE = b"PK\6\7", 20, b"PK\6\6", 56
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_PART = 1 << 16
DAMAGED = "The file is cut off or damaged; get it again"


class Unreadable(Exception):
    """A member that cannot be read; the rest of the archive may be sound."""


@attrs.define
class Archive:
    """An archive that was found to be within bounds; ``left`` is how much more may be unpacked."""

    name: str
    _zip: zipfile.ZipFile
    _members: dict[str, zipfile.ZipInfo]
    _alike: dict[str, str]
    left: int = MOST_READ

    def find(self, name: str) -> str:
        """The member of this name, also by its name decoded or in other letters; "" for none."""
        for each in (name, unquote(name), name.replace("\\", "/")):
            if each in self._members:
                return each
        return self._alike.get(_folded(unquote(name)), "")

    def names(self) -> list[str]:
        """The names of all members, in their order."""
        return list(self._members)

    def read(self, name: str, most: int = MOST_MEMBER) -> bytes:
        """The bytes of a member. Unreadable when it is damaged; ParseError when it is a bomb."""
        found = self.find(name)
        if not found:
            msg = f"{name} is not in it"
            raise Unreadable(msg)
        info = self._members[found]
        if info.flag_bits & 0x1:
            msg = f"{name} is locked with a password"
            raise Unreadable(msg)
        if info.compress_type not in _PLAIN:
            msg = f"{name} is packed in a way that is not known"
            raise Unreadable(msg)
        parts: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as member:
                while part := member.read(_PART):
                    parts.append(part)
                    size += len(part)
                    self.left -= len(part)
                    if size > most or self.left < 0:
                        raise self._bomb(f"{name} unpacks to more than {most // MEGABYTE} MB")
        except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError) as error:
            msg = f"{name} is damaged ({_why(error)})"
            raise Unreadable(msg) from error
        except (NotImplementedError, RuntimeError, ValueError) as error:
            msg = f"{name} cannot be unpacked ({error})"
            raise Unreadable(msg) from error
        return b"".join(parts)

    def check(self, most: int = MOST_DECLARED) -> None:
        """ParseError when the directory declares more than a book can be, ``most`` bytes.

        The library never unpacks more of a member than it declares.
        """
        infos = self._members.values()
        if len(self._zip.filelist) > MOST_MEMBERS:
            raise self._bomb(f"it has more than {MOST_MEMBERS:,} files in it")
        if sum(info.file_size for info in infos) > most:
            raise self._bomb(f"it unpacks to more than {most // MEGABYTE:,} MB")
        for info in infos:
            packed = max(info.compress_size, 1)
            if info.file_size > RATIO_FROM and info.file_size // packed > HIGHEST_RATIO:
                raise self._bomb(
                    f"{info.filename[:80]!r} unpacks to {info.file_size // packed} times its size"
                )

    def _bomb(self, why: str) -> ParseError:
        return ParseError(
            f"{self.name} is not read: {why}",
            "A real book is never so; get it from another place",
            source=self.name,
        )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive at a path, checked. ParseError when it is none, or no honest one."""
    try:
        with path.open("rb") as file:
            _check_directory(file, path.name)
            with zipfile.ZipFile(file) as archive:
                members = {info.filename: info for info in archive.infolist()}
                alike = {_folded(name): name for name in reversed(members)}
                found = Archive(path.name, archive, members, alike)
                found.check()
                yield found
    except OSError as error:
        raise ParseError(
            f"{path.name} cannot be read: {error.strerror or error}", source=path.name
        ) from error
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        struct.error,
        UnicodeDecodeError,
        ValueError,
        EOFError,
    ) as error:
        raise ParseError(
            f"{path.name} is no whole zip archive, as an EPUB is: {_why(error)}",
            DAMAGED,
            source=path.name,
        ) from error


def _check_directory(file: IO[bytes], name: str) -> None:
    """Look at the size of the directory where the library will look for it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_SIZE - (1 << 16)))
    tail = file.read()
    file.seek(0)
    at = len(tail) - _END_SIZE
    if not (at >= 0 and tail.startswith(_END, at) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise ParseError(
            f"{name} has no directory at its end, as an EPUB has: it is cut off or no EPUB",
            DAMAGED,
            source=name,
        )
    count, length = struct.unpack_from("<HI", tail, at + 10)
    before = at - _LOCATOR_SIZE
    if before >= 0 and tail.startswith(_LOCATOR, before):
        long = before - _END64_SIZE
        if long >= 0 and tail.startswith(_END64, long):
            count, length = struct.unpack_from("<QQ", tail, long + 32)
    if count > MOST_MEMBERS or length > MOST_DIRECTORY:
        raise ParseError(
            f"{name} is not read: it claims {count:,} files in it",
            "A real book has some hundreds; get it from another place",
            source=name,
        )


def _why(error: Exception) -> str:
    return str(error) or "it ends too early"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("\\", "/").casefold()
