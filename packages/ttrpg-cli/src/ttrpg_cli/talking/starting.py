"""From options to a conversation: which voice, which model, for whom, with which books."""

import contextlib
from collections.abc import Callable, Iterator

import attrs

from ttrpg_cli.talking.kept import NEW, chats_of, proposals_of
from ttrpg_core import records, text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.llm.chats import Chat
from ttrpg_core.search import Finder
from ttrpg_core.table.campaigns import Campaign
from ttrpg_core.talk.memory import Memory
from ttrpg_core.talk.tools import Toolbox
from ttrpg_core.talk.turns import Bounds, Conversation
from ttrpg_core.talk.voices import Voice, Voices, load_voices


@attrs.frozen
class Wanted:
    """What the options say; empty where they say nothing."""

    voice: str = ""
    npc: str = ""
    model: str = ""
    viewer: str = ""


@contextlib.contextmanager
def started(app: App, wanted: Wanted, chat: Chat = NEW) -> Iterator[Conversation]:
    """A conversation that can go on; NotFound where there is no model to talk with."""
    if wanted.model:
        wanted = attrs.evolve(wanted, model=text.name(wanted.model, "model"))
        vendors = app.models.vendors
        if (obstacle := vendors.obstacle(wanted.model.partition("/")[0])) is not None:
            raise obstacle
        vendors.model(wanted.model)
    if not wanted.model and not chat.model and not app.models.names():
        raise NotFound(
            "no language model is chosen to talk with",
            "Choose one: ttrpg models use VENDOR/MODEL. Without one, 'ttrpg ask' answers from your"
            " books",
        )
    if wanted.npc and (wanted.voice or wanted.viewer):
        other = "--voice" if wanted.voice else "--as"
        raise InputError(
            f"--npc and {other} do not go together",
            "An NPC has its own voice, and hears for itself; ttrpg chat export --as npc/NAME shows"
            " what it heard",
        )
    campaign = campaign_of(app, chat)
    voices = load_voices(app.paths.voices)
    voice = chosen(voices, wanted, chat, campaign())
    viewer = _viewer(wanted, voice)
    settings = app.settings.chat
    with contextlib.ExitStack() as stack:
        finder = _finder(app)
        if finder is not None:
            stack.enter_context(contextlib.closing(finder))
        found = campaign()
        talk = Conversation(
            chats_of(app),
            attrs.evolve(
                chat,
                campaign=found.id if found else "",
                voice="" if voice.kind == "npc" else wanted.voice or chat.voice,
                npc=voice.id if voice.kind == "npc" else "",
                model=wanted.model or chat.model,
            ),
            app.models,
            Toolbox(app.journal, app.library, finder, app.rng, proposals_of(app)),
            voice,
            campaign,
            viewer,
            wanted.model or chat.model,
            memory_of(app, voice, found),
            Bounds(
                app.settings.models.max_tokens,
                settings.history_tokens,
                settings.passages,
                settings.rounds,
            ),
            settings.tools,
        )
        yield talk


def chosen(voices: Voices, wanted: Wanted, chat: Chat, campaign: Campaign | None) -> Voice:
    """The voice that is named, else the one that the talk had, else the campaign's."""
    if wanted.npc:
        return voices.npc(wanted.npc)
    if wanted.voice:
        return voices.voice(wanted.voice)
    if chat.npc and not wanted.viewer:
        return voices.npc(chat.npc)
    if chat.voice in voices.known:
        return voices.known[chat.voice]
    return voices.suiting(campaign)


def campaign_of(app: App, chat: Chat) -> Callable[[], Campaign | None]:
    """Answers the campaign of a talk as it is now, else the current one."""

    def now() -> Campaign | None:
        known = {each.id: each for each in records.campaigns(app.store.connection)}
        return known.get(chat.campaign) or records.current(app.store.connection)

    return now


def memory_of(app: App, voice: Voice, campaign: Campaign | None) -> Memory | None:
    """What an NPC remembers in this campaign; None for any other voice."""
    if voice.kind != "npc":
        return None
    return Memory(app.store, app.clock, voice.id, campaign.id if campaign else "")


def _viewer(wanted: Wanted, voice: Voice) -> Audience:
    if voice.kind == "npc":
        return voice.audience
    if not wanted.viewer:
        return GM
    viewer = Audience.of(wanted.viewer)
    if viewer.npc:
        raise InputError(f"{viewer} is an NPC", f"Talk with it: --npc {viewer.npc}")
    return viewer


def _finder(app: App) -> Finder | None:
    """The search, where there are books and a package that searches."""
    if not app.library.books():
        return None
    try:
        return app.finder()
    except NotFound:
        return None
