"""A speech engine that says nothing, for exactly as long as the words would take."""

import io
import wave
from collections.abc import Sequence

from ttrpg_core.context import Context
from ttrpg_core.errors import InputError
from ttrpg_core.speech import Clip, Line, Voice
from ttrpg_core.text import nearest

FRAMES = 8000
"""Samples a second."""
PAUSE = 0.2
"""Seconds of every clip, also of one without words."""
_MINUTE = 60


class Silent:
    """Clips of silence: 16 bits, one channel, 8 kHz, at the voice's words a minute."""

    speeds = {"hush": 150, "drawl": 90}  # noqa: RUF012 - a table that nobody changes

    def __init__(self, context: Context | None = None) -> None:
        """Needs nothing of the context; takes it as every target does."""

    def voices(self) -> Sequence[Voice]:
        """A quick one and a slow one."""
        return [Voice("hush", "Hush"), Voice("drawl", "Drawl")]

    def speak(self, line: Line) -> Clip:
        """A WAV of silence."""
        voice = line.voice or "hush"
        if voice not in self.speeds:
            raise InputError(f"silent has no voice {voice!r}", nearest(voice, self.speeds))
        wanted = PAUSE + len(line.text.split()) * _MINUTE / self.speeds[voice] / line.rate
        frames = round(wanted * FRAMES)
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(FRAMES)
            out.writeframes(bytes(2 * frames))
        return Clip(file.getvalue(), "audio/wav", frames / FRAMES)
