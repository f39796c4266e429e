"""The suites of models and speech engines catch faults: one implementation for each."""

import contextlib
import inspect
from contextlib import asynccontextmanager

import attrs
import pytest

from ttrpg_core.llm import Delta, Reply, Usage
from ttrpg_core.speech import Clip, Voice
from ttrpg_core.testing import FakeVendor, ModelTests, Scripted, Silent, SpeakerTests
from ttrpg_core.testing.suites.inputs import AWKWARD


def breaks(suite, promise, **fixtures):
    """Run one test of a suite on what is given; it has to fail, and not to be skipped."""
    test = getattr(suite, f"test_{promise}")
    assert test.__doc__
    wanted = inspect.signature(test).parameters
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        test(**{name: value for name, value in fixtures.items() if name in wanted})
    assert caught.type not in {TypeError, NameError, AttributeError}, "the fault is in this test"


class Tale(Scripted):
    def __init__(self):
        super().__init__(["The tide ", "is ", "out."])


class NeverCloses(Tale):
    @asynccontextmanager
    async def stream(self, request):
        self.opened += 1
        yield Reply(self._play(request))


class ClosesOnlyAtTheEnd(Tale):
    @asynccontextmanager
    async def stream(self, request):
        self.opened += 1
        yield Reply(self._play(request))
        self.closed += 1  # not reached when the block is left by an error


class SharesOneStream(Tale):
    playing = None

    async def _play(self, request):
        self.playing = self.playing or iter(["The tide ", "is ", "out."])
        for piece in self.playing:
            yield Delta(text=piece)
        self.playing = None
        yield Delta(finish="stop")


class RemembersTheLastRequest(Tale):
    async def _play(self, request):
        self.heard = request.messages[-1].parts[0].text
        for position in range(3):
            yield Delta(text=f"{self.heard.split()[position]} ")
        yield Delta(finish="stop")


class NeverSaysWhy(Tale):
    async def _play(self, request):
        yield Delta(text="The tide ")
        yield Delta(text="is out.")


class ForFree(Tale):
    async def _play(self, request):
        yield Delta(text="The tide ")
        yield Delta(text="is out.", finish="stop")


class CachesMoreThanItHears(Tale):
    async def _play(self, request):
        yield Delta(text="The tide ")
        yield Delta(text="is out.", finish="stop", usage=Usage(1, 3, cached=2))


class SwallowsErrors(Tale):
    @asynccontextmanager
    async def stream(self, request):
        with contextlib.suppress(Exception):
            yield Reply(self._play(request))


class SwallowsCtrlC(Tale):
    @asynccontextmanager
    async def stream(self, request):
        with contextlib.suppress(BaseException):
            yield Reply(self._play(request))


class Forgetful(Reply):
    left = False

    @property
    def text(self):
        return "" if self.left else super().text


class ForgetsOnCancel(Tale):
    @asynccontextmanager
    async def stream(self, request):
        reply = Forgetful(self._play(request))
        try:
            yield reply
        finally:
            reply.left = reply.finish == "cancelled"


class CallsItDone(Tale):
    @asynccontextmanager
    async def stream(self, request):
        reply = Reply(self._play(request))
        try:
            yield reply
        finally:
            reply.finish = "stop"


class SpoiltByCancel(Tale):
    @asynccontextmanager
    async def stream(self, request):
        reply = Reply(self._play(request))
        try:
            yield reply
        finally:
            if reply.finish == "cancelled":
                self.pieces = ()


class Stutters(Reply):
    @property
    def text(self):
        return super().text * 2


class AddsUpWrongly(Tale):
    @asynccontextmanager
    async def stream(self, request):
        yield Stutters(self._play(request))


class GoesOn(Reply):
    ends = 0

    async def __anext__(self):
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.ends += 1
            if self.ends == 2:
                return Delta(text="And then")
            raise


class NeverDone(Tale):
    @asynccontextmanager
    async def stream(self, request):
        yield GoesOn(self._play(request))


class CountedTests(ModelTests):
    def open_streams(self, model):
        return model.opened - model.closed


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("the_text_is_the_sum_of_its_pieces", AddsUpWrongly),
        ("a_whole_reply_says_why_it_ended", NeverSaysWhy),
        ("a_whole_reply_says_what_it_cost", ForFree),
        ("a_whole_reply_says_what_it_cost", CachesMoreThanItHears),
        ("left_early_it_is_cancelled", NeverCloses),
        ("left_early_it_is_cancelled", ForgetsOnCancel),
        ("left_early_it_is_cancelled", CallsItDone),
        ("never_read_it_is_cancelled", NeverCloses),
        ("an_error_in_the_block_comes_out", SwallowsErrors),
        ("an_error_in_the_block_comes_out", ClosesOnlyAtTheEnd),
        ("a_cancelled_task_keeps_what_came", SwallowsCtrlC),
        ("a_cancelled_task_keeps_what_came", ForgetsOnCancel),
        ("after_a_cancelled_reply_comes_a_whole_one", SpoiltByCancel),
        ("after_the_end_there_is_no_more", NeverDone),
        ("two_at_once_do_not_mix", SharesOneStream),
        ("two_at_once_do_not_mix", RemembersTheLastRequest),
    ],
)
def test_a_model_that(promise, broken):
    suite = CountedTests()
    ask = ModelTests.prompt.__wrapped__(suite)
    other = ModelTests.other_prompt.__wrapped__(suite)
    breaks(suite, promise, model=broken(), prompt=ask, other_prompt=other)


class Mistaken(FakeVendor):
    def model(self, name):
        return super().model("echo")


class Repeating(FakeVendor):
    async def models(self):
        return [*await super().models(), *await super().models()]


@pytest.mark.parametrize(
    "vendor", [Mistaken(models=[Tale()]), Repeating()], ids=lambda v: type(v).__name__
)
def test_a_vendor_that(vendor):
    breaks(ModelTests(), "the_vendor_lists_its_models", vendor=vendor)


class Boasts(Silent):
    def speak(self, line):
        return attrs.evolve(super().speak(line), seconds=60.0)


class Mislabels(Silent):
    def speak(self, line):
        return attrs.evolve(super().speak(line), media_type="audio/ogg")


class CutsOff(Silent):
    def speak(self, line):
        clip = super().speak(line)
        return attrs.evolve(clip, data=clip.data[:-100])


class AnyVoice(Silent):
    def speak(self, line):
        return super().speak(attrs.evolve(line, voice=""))


class ListsWhatItLacks(Silent):
    def voices(self):
        return [*super().voices(), Voice("alto", "Alto")]


class ListsTwice(Silent):
    def voices(self):
        return [*super().voices(), *super().voices()]


class OneSpeed(Silent):
    def speak(self, line):
        return super().speak(attrs.evolve(line, rate=1.0))


class OneLength(Silent):
    def speak(self, line):
        return super().speak(attrs.evolve(line, text="hush"))


class NeedsWords(Silent):
    def speak(self, line):
        if not line.text:
            raise ValueError("nothing to say")
        return super().speak(line)


class ReadsMarkup(Silent):
    def speak(self, line):
        if "<" in line.text:
            raise ValueError("not well-formed")
        return super().speak(line)


class Chatty(Silent):
    def speak(self, line):
        print("speaking ...")  # noqa: T201 - the fault
        return super().speak(line)


class SaysNothing(Silent):
    def speak(self, line):
        return Clip(b"", "audio/wav", 1.0)


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("voices_are_told_apart", ListsTwice),
        ("a_line_becomes_a_clip", Boasts),
        ("a_line_becomes_a_clip", Mislabels),
        ("a_line_becomes_a_clip", CutsOff),
        ("a_line_becomes_a_clip", SaysNothing),
        ("every_voice_speaks", ListsWhatItLacks),
        ("an_unknown_voice_is_an_input_error", AnyVoice),
        ("a_longer_line_lasts_longer", OneLength),
        ("rate_is_speed", OneSpeed),
        ("an_empty_line_is_silence_or_refused", NeedsWords),
        ("any_text_can_be_said", ReadsMarkup),
        ("it_prints_nothing", Chatty),
    ],
)
def test_a_speaker_that(promise, broken, capfd):
    markup = next(text for text in AWKWARD if "<" in text)
    breaks(SpeakerTests(), promise, speaker=broken(), capfd=capfd, text=markup)
