"""The fakes pass the suites: that is what makes them more than stand-ins."""

import asyncio
from importlib.resources import files

import pytest

import ttrpg_core.plugin
from ttrpg_core import Embedder, Parser, Provider, Searcher, Speaker
from ttrpg_core.context import Context
from ttrpg_core.documents import Parser as ParserProtocol
from ttrpg_core.documents import Source
from ttrpg_core.errors import NotFound, ParseError, RateLimited
from ttrpg_core.llm import Delta, Message, Models, Need, Purpose, Request, Usage, Vendor
from ttrpg_core.search import Embedder as EmbedderProtocol
from ttrpg_core.search import Query
from ttrpg_core.search import Searcher as SearcherProtocol
from ttrpg_core.speech import Speaker as SpeakerProtocol
from ttrpg_core.testing import (
    Echo,
    EmbedderTests,
    FakeModels,
    FakeVendor,
    GenreTests,
    HashEmbedder,
    MemorySearcher,
    ModelTests,
    ParserTests,
    PlainText,
    PluginTests,
    Scripted,
    SearcherTests,
    Silent,
    SpeakerTests,
    SystemTests,
    fakes,
)

BOOK = (
    "THE SUNKEN KEEP\n\nA tower stands in the lake.\nIts door is under water.\n\n"
    "THE STAIR\n\nForty steps, nine of them missing.\f"
    "Whoever climbs without a light rolls twice.\f\f"
    "THE TOP\n\nHere the bell hangs, and — wind or no wind — it rings.\n"
)


class TestFakesPlugin(PluginTests):
    @pytest.fixture
    def plugin(self):
        return fakes


class TestKernelPlugin(PluginTests):
    @pytest.fixture
    def plugin(self):
        return ttrpg_core.plugin


class TestPlainText(ParserTests):
    @pytest.fixture
    def parser(self):
        return PlainText()

    @pytest.fixture
    def sample(self, tmp_path_factory):
        path = tmp_path_factory.mktemp("book") / "keep.txt"
        path.write_text(BOOK, "utf-8")
        return path


class TestPlainTextWithoutPages(TestPlainText):
    @pytest.fixture
    def sample(self, tmp_path_factory):
        path = tmp_path_factory.mktemp("book") / "note.txt"
        path.write_text(BOOK.replace("\f", "\n\n"), "utf-8")
        return path


class TestMemorySearcher(SearcherTests):
    @pytest.fixture
    def searcher(self):
        return MemorySearcher()


class TestHashEmbedder(EmbedderTests):
    @pytest.fixture
    def embedder(self):
        return HashEmbedder()


class TestEcho(ModelTests):
    @pytest.fixture
    def model(self):
        return Echo()

    @pytest.fixture
    def vendor(self):
        return FakeVendor(models=[Scripted(["once ", "more"])])


class TestScripted(ModelTests):
    @pytest.fixture
    def model(self):
        return Scripted(["The tide ", "is ", "out."])

    def open_streams(self, model):
        return model.opened - model.closed


class TestSilent(SpeakerTests):
    @pytest.fixture
    def speaker(self):
        return Silent()


class SilentCloud:
    async def voices(self):
        return Silent().voices()

    async def speak(self, line):
        await asyncio.sleep(0)
        return Silent().speak(line)


class TestSilentCloud(SpeakerTests):
    @pytest.fixture
    def speaker(self):
        return SilentCloud()


class TestLanternRoad(GenreTests):
    @pytest.fixture
    def folder(self):
        return files(fakes) / "lantern-road"


class TestTwoDice(SystemTests):
    @pytest.fixture
    def file(self):
        return files(fakes) / "two-dice.toml"


ASK = Request([Message("user", "what lies under the bridge")])


def read(model, request=ASK):
    async def run():
        async with model.stream(request) as reply:
            await reply.read()
        return reply

    return asyncio.run(run())


def test_the_echo_says_it_back_within_its_tokens():
    assert read(Echo()).text == "what lies under the bridge"
    short = read(Echo(), Request([Message("user", "one two three")], max_tokens=2))
    assert (short.text, short.finish, short.usage) == ("one two", "length", Usage(3, 2))


# -- scripted --
def test_a_script_may_fail_midway_and_its_stream_is_closed():
    model = Scripted(["It was ", "a dark ", RateLimited("slow down"), "never said"])

    async def run():
        async with model.stream(ASK) as reply:
            with pytest.raises(RateLimited):
                await reply.read()
        return reply

    reply = asyncio.run(run())
    assert (reply.text, reply.finish) == ("It was a dark ", "cancelled")
    assert (model.opened, model.closed, model.requests) == (1, 1, [ASK])


# -- end --


def test_a_script_may_say_how_it_ends():
    end = Delta(usage=Usage(7, 2, cached=3), finish="length")
    reply = read(Scripted(["It was ", end]))
    assert (reply.finish, reply.usage) == ("length", Usage(7, 2, cached=3))


def test_the_scripted_model_comes_from_the_settings(app):
    app.plugins.register(fakes, "fakes")
    config = app.paths.config
    config.write_text('[plugins.fake]\nscript = ["Dusk ", "falls."]\n')
    vendor = app.make(Provider, "fake", Vendor)
    assert [info.id for info in asyncio.run(vendor.models())] == ["echo", "scripted"]
    assert read(vendor.model("scripted")).text == "Dusk falls."
    with pytest.raises(NotFound, match="ecko") as caught:
        vendor.model("ecko")
    assert "echo" in caught.value.hint


def test_without_a_script_there_is_no_scripted_model(app):
    app.plugins.register(fakes, "fakes")
    with pytest.raises(NotFound, match="scripted"):
        app.make(Provider, "fake", Vendor).model("scripted")


@pytest.mark.parametrize(
    ("kind", "name", "protocol"),
    [
        (Parser, "plain-text", ParserProtocol),
        (Searcher, "memory", SearcherProtocol),
        (Embedder, "hash", EmbedderProtocol),
        (Speaker, "silent", SpeakerProtocol),
    ],
)
def test_each_fake_is_made_by_name(app, kind, name, protocol):
    app.plugins.register(fakes, "fakes")
    assert isinstance(app.make(kind, name, protocol), protocol)


def test_plain_text_has_pages_and_headings(tmp_path):
    path = tmp_path / "keep.txt"
    path.write_text(BOOK, "utf-8")
    parser = PlainText(Context())
    document = parser.describe(Source(path))
    assert (document.title, document.pages) == ("THE SUNKEN KEEP", 4)
    sections = list(parser.parse(Source(path)))
    assert [(s.page, s.heading) for s in sections] == [
        (0, "THE SUNKEN KEEP"),
        (0, "THE STAIR"),
        (1, ""),
        (3, "THE TOP"),
    ]
    assert sections[0].text == "A tower stands in the lake.\nIts door is under water."


def test_plain_text_names_the_page_it_cannot_read(tmp_path):
    path = tmp_path / "keep.txt"
    path.write_bytes(b"fine\fstill fine\fbroken \xff\xff")
    with pytest.raises(ParseError, match=r"keep\.txt is not UTF-8") as caught:
        list(PlainText().parse(Source(path)))
    assert (caught.value.source, caught.value.page) == ("keep.txt", 2)


def test_rare_words_weigh_more_than_common_ones():
    from ttrpg_core.testing.suites.searcher import chunk

    searcher = MemorySearcher()
    searcher.add([chunk(n, "the gate is shut") for n in range(1, 6)])
    searcher.add([chunk(9, "the basilisk is asleep")])
    assert searcher.search(Query("the basilisk"), 1)[0].chunk.id == 9


def test_hash_vectors_do_not_change_between_versions():
    (vector,) = HashEmbedder().embed(["dragon dragon gate"])
    axes = {index: round(value, 6) for index, value in enumerate(vector) if value}
    assert axes == {47: 0.408248, 60: 0.816497, 63: 0.408248}


def test_models_without_a_router_keep_what_came_and_what_it_cost():
    models = FakeModels({"fake/echo": Echo(), "fake/scripted": Scripted(["a", "b"])})

    async def ask(need=None):
        request = Request([Message("user", "two words")])
        async with models.call(request, Purpose("ask"), need) as call:
            await call.reply.read()
        return call

    assert isinstance(models, Models)
    assert models.names() == ("fake/echo", "fake/scripted")
    call = asyncio.run(ask())
    assert (call.model, call.reply.text) == ("fake/echo", "two words")
    assert (call.bill.usage, call.bill.cost) == (Usage(2, 2), 0)
    assert asyncio.run(ask(Need(model="fake/scripted"))).reply.text == "ab"
    assert len(models.requests) == len(models.purposes) == len(models.bills) == 2
    with pytest.raises(NotFound):
        asyncio.run(ask(Need(model="fake/other")))
    models.refusal = RateLimited("not now")
    with pytest.raises(RateLimited):
        asyncio.run(ask())
    assert len(models.bills) == 2
