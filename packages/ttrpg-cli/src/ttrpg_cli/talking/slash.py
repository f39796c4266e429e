"""What begins with a slash: looking around and changing course, without a word to the model."""

import shlex
from collections.abc import Callable, Mapping

import attrs

from ttrpg_cli.talking.kept import counted, proposals_of
from ttrpg_cli.talking.starting import memory_of
from ttrpg_core import text
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.llm import Image, Purpose
from ttrpg_core.llm.chats import Chat
from ttrpg_core.llm.chats.exporting import cited, shown
from ttrpg_core.talk.pictures import MOST_AT_ONCE, read_picture
from ttrpg_core.talk.turns import Conversation
from ttrpg_core.talk.voices import load_voices
from ttrpg_core.views import Fields, Role, Table

LEAVE = frozenset({"quit", "q", "exit"})


@attrs.frozen
class Way:
    """A command: what it takes, what it does, and how."""

    takes: str
    does: str
    run: Callable[[str], None]


class Slash:
    """The commands of one conversation. ``images`` wait for the next message."""

    def __init__(
        self, app: App, talk: Conversation, images: list[Image], retry: Callable[[], None]
    ) -> None:
        self._app = app
        self._talk = talk
        self._images = images
        self._ways = {
            "help": Way("", "this list", self._help),
            "undo": Way("", "take back the last question and its answer", self._undo),
            "retry": Way("", "ask the last question again", lambda _: retry()),
            "model": Way("[VENDOR/MODEL]", "who answers; with a name, who shall", self._model),
            "why": Way("", "why this model answered", self._why),
            "sources": Way("", "the passages that the last answer was given", self._sources),
            "branch": Way("[TITLE]", "go on in a second conversation from here", self._branch),
            "title": Way("TITLE", "call this conversation so", self._title),
            "save": Way("", "keep this conversation when old ones are pruned", self._save),
            "image": Way("FILE", "a picture that goes with the next message", self._image),
            "voice": Way("[NAME]", "the voices; with a name, speak with it", self._voice),
            "npc": Way("[NAME]", "the NPCs; with a name, talk with one", self._npc),
            "remember": Way("FACT", "something that the NPC keeps for good", self._remember),
            "forget": Way("", "let the NPC forget all it heard", self._forget),
            "as": Way("gm | party | public", "for whom the next answers are", self._as),
            "pending": Way("", "changes that the model proposed", self._pending),
            "yes": Way("NUMBER", "write a proposed change down", self._yes),
            "no": Way("NUMBER", "let a proposed change go", self._no),
            "budget": Way("", "how the budget stands", self._budget),
            "quit": Way("", "leave, as Ctrl-D does", self._help),
        }

    def names(self) -> list[str]:
        """Every command, as it is typed."""
        return [f"/{name}" for name in self._ways]

    def means(self, typed: str) -> bool:
        """Whether a line is a command: one slash, and a letter or nothing behind it."""
        return typed.startswith("/") and "\n" not in typed and not typed.startswith("//")

    def run(self, typed: str) -> bool:
        """Do what a line says; False when it says to leave. InputError for what is none."""
        name, _, rest = typed[1:].strip().partition(" ")
        if name.casefold() in LEAVE:
            return False
        way = self._ways.get(name.casefold() or "help")
        if way is None:
            raise InputError(
                f"there is no /{name:.40}",
                text.nearest(name[:100], self._ways) + "; // sends a message that begins with /",
            )
        rest = rest.strip()
        if rest and not way.takes:
            raise InputError(f"/{name} takes nothing", f"It does: {way.does}")
        if not rest and way.takes and not way.takes.startswith("["):
            raise InputError(f"/{name} needs {way.takes}", f"It does: {way.does}")
        way.run(rest)
        return True

    def _help(self, _: str) -> None:
        rows = [(f"/{n} {way.takes}".rstrip(), way.does) for n, way in self._ways.items()]
        self._show("help", {"commands": dict(rows)}, Fields(rows))
        self._say(
            "Alt-Enter, or a backslash at the end, begins another line; Ctrl-C stops a reply", "dim"
        )

    def _undo(self, _: str) -> None:
        taken = self._talk.undo()
        if taken is None:
            raise NotFound("there is nothing to take back", "Say something first")
        self._say(f"Took back: {_short(taken.text)}", "good")

    def _model(self, wanted: str) -> None:
        known = list(self._app.models.names())
        if wanted:
            pairs = [(name, name.replace("/", " ")) for name in known]
            self._talk.model = text.match(wanted, pairs, "model")
            self._talk.chat = attrs.evolve(self._talk.chat, model=self._talk.model)
        now = self._talk.model or next(iter(known), "")
        rows = [(name, "asked" if name == now else "") for name in dict.fromkeys([*known, now])]
        self._show("models", {"model": now, "known": known}, Table(("Model", ""), rows))

    def _why(self, _: str) -> None:
        call = self._talk.last_call
        if call is None:
            raise NotFound("nobody was asked yet", "Say something first")
        rows = [(each.model, each.verdict, each.reason) for each in call.weighed]
        told = [attrs.asdict(each) for each in call.weighed]
        self._show("why", {"weighed": told}, Table(("Model", "Verdict", "Reason"), rows))

    def _sources(self, _: str) -> None:
        turns = shown(self._talk.chats.turns(self._talk.chat), self._talk.viewer)
        found = next((turn.sources for turn in reversed(turns) if turn.sources), ())
        rows = [(cited(source),) for source in found]
        told = {"sources": [cited(source) for source in found]}
        self._show("sources", told, Table(("Source",), rows, empty="No passage was given."))

    def _branch(self, title: str) -> None:
        self._kept()
        self._talk.chat = self._talk.chats.branch(self._talk.chat, title=title)
        self._say(f"Going on as {self._talk.chat.id!r}", "good")

    def _title(self, title: str) -> None:
        self._change(attrs.evolve(self._talk.chat, title=text.name(title, "title")))
        self._say(f"It is called {self._talk.chat.title!r}", "good")

    def _save(self, _: str) -> None:
        self._change(attrs.evolve(self._talk.chat, saved=True))
        self._say(f"{self._talk.chat.id!r} is kept when old ones are pruned", "good")

    def _image(self, file: str) -> None:
        if len(self._images) >= MOST_AT_ONCE:
            raise InputError(f"{MOST_AT_ONCE} pictures are enough for a message", "Send it first")
        try:
            path = (shlex.split(file) or [""])[0]
        except ValueError:  # a quote that does not end is part of the name
            path = file
        image = read_picture(path, self._app.settings.chat.image_megabytes)
        self._images.append(image)
        self._say(f"{image.media_type}, {len(image.data):,} bytes, for the next message", "good")

    def _voice(self, wanted: str) -> None:
        self._speak("voice", wanted)

    def _npc(self, wanted: str) -> None:
        self._speak("npc", wanted)

    def _speak(self, kind: str, wanted: str) -> None:
        voices = load_voices(self._app.paths.voices)
        if not wanted:
            rows = [(v.id, v.title) for v in voices.known.values() if v.kind == kind]
            empty = "None yet; docs/chat.md says how one is written."
            table = Table(("Name", "Title"), rows, empty=empty)
            self._show("voices", {"voices": dict(rows)}, table)
            return
        talk = self._talk
        talk.voice = voices.npc(wanted) if kind == "npc" else voices.voice(wanted)
        talk.viewer = talk.voice.audience
        talk.memory = memory_of(self._app, talk.voice, talk.campaign())
        npc = talk.voice.id if kind == "npc" else ""
        talk.chat = attrs.evolve(talk.chat, npc=npc, voice="" if npc else talk.voice.id)
        self._say(f"{talk.voice.title} answers now", "good")

    def _remember(self, fact: str) -> None:
        if self._talk.memory is None:
            raise InputError("only an NPC remembers", "/npc NAME talks with one")
        self._talk.memory.remember(fact)
        self._say(f"{self._talk.voice.title} keeps that", "good")

    def _forget(self, _: str) -> None:
        if self._talk.memory is None:
            raise InputError("only an NPC forgets", "/npc NAME talks with one")
        gone = self._talk.memory.forget()
        self._say(f"{self._talk.voice.title} forgot {counted(gone, 'thing')}", "good")

    def _as(self, wanted: str) -> None:
        viewer = Audience.of(wanted)
        if self._talk.voice.kind == "npc" or viewer.npc:
            raise InputError("an NPC hears for itself", "/voice NAME goes back to a voice")
        self._talk.viewer = viewer
        who = "the Game Master" if viewer == GM else f"{viewer}"
        self._say(f"The next answers are for {who}", "good")

    def _pending(self, _: str) -> None:
        waiting = proposals_of(self._app).pending()
        rows = [(str(p.id), p.campaign, "; ".join(p.lines)) for p in waiting]
        table = Table(("", "Campaign", "Change"), rows, empty="Nothing waits.")
        self._show("pending", {"proposals": [p.id for p in waiting]}, table)

    def _yes(self, wanted: str) -> None:
        proposals_of(self._app).accept(_number(wanted))
        self._say("Done. 'ttrpg undo' takes it back", "good")

    def _no(self, wanted: str) -> None:
        proposals_of(self._app).refuse(_number(wanted))
        self._say("Let go", "good")

    def _budget(self, _: str) -> None:
        from ttrpg_core.llm.money import dollars
        from ttrpg_core.llm.money.amounts import nano_of

        stance = self._app.purse.stance(Purpose("chat", campaign=self._talk.chat.campaign))
        left = "no limit" if stance.left is None else dollars(nano_of(stance.left), down=True)
        pairs = [("Left", left), ("Budget", stance.budget), ("So", stance.action)]
        if stance.reason:
            pairs.append(("Why", stance.reason))
        told = attrs.asdict(stance)
        self._show("budget", told, Fields([pair for pair in pairs if pair[1]]))

    def _kept(self) -> None:
        if not self._talk.chat.id:
            raise NotFound("nothing was said yet", "Say something first")

    def _change(self, chat: Chat) -> None:
        self._kept()
        self._talk.chat = self._talk.chats.change(chat)

    def _say(self, said: str, role: Role = "plain") -> None:
        self._app.screen.say(said, role)

    def _show(self, what: str, told: Mapping[str, object], block: Fields | Table) -> None:
        self._app.screen.show(f"ttrpg.chat.{what}/1", told, [block])


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= 60 else f"{line[:58]} \N{HORIZONTAL ELLIPSIS}"  # noqa: PLR2004 - fits a line


def _number(wanted: str) -> int:
    if not wanted.isdecimal() or len(wanted) > 15:  # noqa: PLR2004 - as SQLite can have it
        raise InputError(f"{wanted!r:.40} is no number", "/pending lists them")
    return int(wanted)
