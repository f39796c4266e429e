"""What is promised of a speech engine: a clip that plays, as long as it says."""

import asyncio
import inspect
import io
import wave
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import pytest

from ttrpg_core.errors import InputError
from ttrpg_core.speech import Clip, CloudSpeaker, Line, Speaker, Voice
from ttrpg_core.testing.suites.inputs import AWKWARD, missing

T = TypeVar("T")

BEGINS: dict[str, tuple[bytes, ...]] = {
    "audio/wav": (b"RIFF",),
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"),
    "audio/ogg": (b"OggS",),
    "audio/flac": (b"fLaC",),
}
"""How a file of each type begins. Another type is taken at its word."""
SHORT = "Mind the step."
LONG = "Mind the step, for it is not where you left it, and neither, if I may say so, are you."
MOST_VOICES = 4
"""Voices that are tried, of an engine with more."""


class SpeakerTests:
    """Inherit it for one speech engine, local or in the cloud behind a recorded transport.

    ::

        class TestBeep(SpeakerTests):
            @pytest.fixture
            def speaker(self):
                return Beep(Context())
    """

    @pytest.fixture
    def speaker(self) -> Speaker | CloudSpeaker:
        """Your engine."""
        missing("SpeakerTests", "speaker", "a speech engine")

    def test_it_is_a_speaker(self, speaker: Speaker | CloudSpeaker) -> None:
        """It has the methods of the protocol."""
        assert isinstance(speaker, (Speaker, CloudSpeaker))

    def test_voices_are_told_apart(self, speaker: Speaker | CloudSpeaker) -> None:
        """Each voice has an id of its own and a name."""
        voices = _voices(speaker)
        assert all(isinstance(voice, Voice) for voice in voices)
        ids = [voice.id for voice in voices]
        assert len(ids) == len(set(ids))
        assert all(voice.id.strip() and voice.name.strip() for voice in voices)

    def test_a_line_becomes_a_clip(self, speaker: Speaker | CloudSpeaker) -> None:
        """A line gives sound of the type it says, that lasts as long as it says."""
        _check(_speak(speaker, Line(LONG)))

    def test_every_voice_speaks(self, speaker: Speaker | CloudSpeaker) -> None:
        """A voice that is listed can be asked for."""
        voices = _voices(speaker)[:MOST_VOICES]
        if not voices:
            pytest.skip("the engine has but one voice")
        for voice in voices:
            _check(_speak(speaker, Line(SHORT, voice=voice.id)))

    def test_an_unknown_voice_is_an_input_error(self, speaker: Speaker | CloudSpeaker) -> None:
        """A voice that is not there is an InputError, not another voice."""
        with pytest.raises(InputError):
            _speak(speaker, Line(SHORT, voice="no-such-voice"))

    def test_a_longer_line_lasts_longer(self, speaker: Speaker | CloudSpeaker) -> None:
        """More words take more time."""
        assert _speak(speaker, Line(LONG)).seconds > _speak(speaker, Line(SHORT)).seconds

    def test_rate_is_speed(self, speaker: Speaker | CloudSpeaker) -> None:
        """At twice the rate a line is shorter than at half."""
        quick, slow = Line(LONG, rate=2.0), Line(LONG, rate=0.5)
        assert _speak(speaker, quick).seconds < _speak(speaker, slow).seconds

    def test_an_empty_line_is_silence_or_refused(self, speaker: Speaker | CloudSpeaker) -> None:
        """Nothing to say gives a clip or an InputError."""
        try:
            clip = _speak(speaker, Line(""))
        except InputError as error:
            assert error.message
        else:
            _check(clip, shortest=0)

    @pytest.mark.parametrize("text", AWKWARD, ids=ascii)
    def test_any_text_can_be_said(self, speaker: Speaker | CloudSpeaker, text: str) -> None:
        """Markup, symbols and any alphabet give a clip, or an InputError; nothing else."""
        try:
            clip = _speak(speaker, Line(text))
        except InputError as error:
            assert error.message
        else:
            _check(clip, shortest=0)

    def test_it_prints_nothing(
        self, speaker: Speaker | CloudSpeaker, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing goes to stdout, where the results of a command are."""
        _speak(speaker, Line(SHORT))
        assert capfd.readouterr().out == ""


def _voices(speaker: Speaker | CloudSpeaker) -> Sequence[Voice]:
    return _now(speaker.voices())


def _speak(speaker: Speaker | CloudSpeaker, line: Line) -> Clip:
    return _now(speaker.speak(line))


def _now(answer: "T | Awaitable[T]") -> T:
    """An answer, awaited when it is a cloud engine's."""

    async def wait() -> T:
        assert inspect.isawaitable(answer)
        awaited: T = await answer
        return awaited

    if inspect.isawaitable(answer):
        return asyncio.run(wait())
    return answer


def _check(clip: Clip, shortest: float = 0.01) -> None:
    assert isinstance(clip, Clip)
    assert clip.media_type.startswith("audio/")
    assert clip.seconds >= shortest
    begins = BEGINS.get(clip.media_type)
    assert clip.data
    assert begins is None or clip.data.startswith(begins), (
        f"no {clip.media_type}: {clip.data[:8]!r}"
    )
    if clip.media_type == "audio/wav":
        with wave.open(io.BytesIO(clip.data)) as file:
            frames, rate = file.getnframes(), file.getframerate()
            assert (
                len(file.readframes(frames)) == frames * file.getsampwidth() * file.getnchannels()
            )
        assert clip.seconds == pytest.approx(frames / rate, rel=0.01, abs=0.01)
