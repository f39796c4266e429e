"""Lines and the sound of them: what a speech engine is asked and answers."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import attrs


@attrs.frozen
class Voice:
    """A voice of an engine; ``language`` is a BCP 47 tag such as ``en-GB``, or empty."""

    id: str
    name: str
    language: str = ""


@attrs.frozen
class Line:
    """What to say. ``voice`` is a Voice's id, empty for the engine's own choice.

    ``rate`` is the speed, 1.0 as usual, 0.5 to 2.0.
    """

    text: str
    voice: str = ""
    language: str = ""
    rate: float = attrs.field(
        default=1.0, validator=[attrs.validators.ge(0.5), attrs.validators.le(2.0)]
    )


@attrs.frozen
class Clip:
    """Sound: the bytes of a file of ``media_type``, and how long it lasts."""

    data: bytes = attrs.field(repr=False)
    media_type: str
    seconds: float


@runtime_checkable
class Speaker(Protocol):
    """A local engine. The suite is ``ttrpg_core.testing.SpeakerTests``."""

    def voices(self) -> Sequence[Voice]:
        """The voices there are; empty when the engine has but one."""
        ...

    def speak(self, line: Line) -> Clip:
        """The line as sound. InputError for a voice that is not there."""
        ...


@runtime_checkable
class CloudSpeaker(Protocol):
    """An engine behind a network: the same, but async."""

    async def voices(self) -> Sequence[Voice]:
        """The voices there are."""
        ...

    async def speak(self, line: Line) -> Clip:
        """The line as sound. ProviderError when the vendor or the network fails."""
        ...
