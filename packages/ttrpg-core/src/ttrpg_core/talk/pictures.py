"""A picture for a model: its type told by its content, its size bounded."""

from pathlib import Path

from ttrpg_core.errors import InputError
from ttrpg_core.llm import Image
from ttrpg_core.text import readable_file

MEGABYTE = 1_000_000
MOST_AT_ONCE = 10
"""Pictures that go with one message."""
_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def media_type(data: bytes) -> str:
    """What a picture's first bytes say that it is; "" for what vendors do not take."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((name for begin, name in _TYPES if data.startswith(begin)), "")


def read_picture(file: str | Path, megabytes: int) -> Image:
    """The picture in a file, whatever its name ends with.

    Raises NotFound when there is none, and InputError for a file that is no picture or too large.
    """
    path = readable_file(file)
    most = megabytes * MEGABYTE
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}", "Is it still there?") from error
    kind = media_type(data)
    if not kind:
        raise InputError(
            f"{file} is no picture that can be sent", "PNG, JPEG, GIF and WebP are; save it as one"
        )
    if len(data) > most:
        raise InputError(
            f"{file} has more than {megabytes} MB",
            "Make it smaller, or: ttrpg config set chat.image_megabytes 20",
        )
    return Image(data, kind)
