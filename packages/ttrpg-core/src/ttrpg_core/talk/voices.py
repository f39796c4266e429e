"""Voices: how a model speaks, per system and campaign, and what an NPC knows. All of it is data.

A voice is a TOML file, ``NAME.toml``; a few ship, and the user's folder ``voices`` adds to them and
replaces those of the same name. An NPC is a voice with ``kind = "npc"``::

    kind = "npc"
    title = "Mara of the ferry"
    manner = "Short sentences; never answers the first time she is asked"
    vocabulary = ["the Long Water", "a fare is a fare"]
    knows = [
      "The ferry does not run after dark",
      { text = "She saw the lantern thief", audience = "gm" },
    ]
    unaware = ["who pays the toll keepers"]

What stands in ``knows`` as a plain text is the NPC's own; with an audience it is whose that says,
and what is for the Game Master alone never reaches a model. ``unaware`` never does either: it is
what a reply is looked through for.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import attrs

from ttrpg_core import text
from ttrpg_core.audience import GM, NPC, PUBLIC, Audience, project
from ttrpg_core.convert import explain, make_converter
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.table.campaigns import Campaign

MAX_BYTES = 100_000
"""Largest file of a voice that is read."""
MAX_ITEMS = 100
"""Most things that a list of a voice may have."""
DEFAULT = "plain"
"""The voice where neither the user nor the system says another."""
_DOCS = "See docs/chat.md"
_WORD = re.compile(r"[^\W_]{4,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_MET = 0.75
"""Share of the words of something unaware of that have to stand in one sentence."""


@attrs.frozen
class Fact:
    """Something that is so, and who may know it."""

    text: str
    audience: Audience = GM


@attrs.frozen
class Voice:
    """How a model speaks. Texts are put to it in these words; empty ones are left out.

    ``systems`` are ids or names of game systems that it suits by itself, ``campaign`` the id of the
    one that an NPC lives in, where there is one. ``id`` is the name of the file.
    """

    id: str
    title: str
    kind: Literal["voice", "npc"] = "voice"
    tone: str = ""
    perspective: str = ""
    manner: str = ""
    vocabulary: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    campaign: str = ""
    knows: tuple[Fact, ...] = ()
    unaware: tuple[str, ...] = ()

    @property
    def audience(self) -> Audience:
        """As whom it hears: an NPC as itself, any other voice as the Game Master's."""
        return Audience(NPC + self.id) if self.kind == "npc" else GM

    def knowledge(self) -> list[Fact]:
        """What it knows, of all that its file holds."""
        return project(self.knows, self.audience)


@attrs.frozen
class _File:
    title: str
    kind: Literal["voice", "npc"] = "voice"
    tone: str = ""
    perspective: str = ""
    manner: str = ""
    vocabulary: list[str] = attrs.field(factory=list)
    avoid: list[str] = attrs.field(factory=list)
    systems: list[str] = attrs.field(factory=list)
    campaign: str = ""
    knows: list[Any] = attrs.field(factory=list)
    unaware: list[str] = attrs.field(factory=list)


@attrs.frozen
class Voices:
    """Every voice by id; ``problems`` are the files that cannot be used, a line each."""

    known: Mapping[str, Voice]
    problems: tuple[str, ...] = ()

    def voice(self, wanted: str) -> Voice:
        """The voice that a name means; NotFound with the nearest, an NPC is not among them."""
        return self._one(wanted, "voice")

    def npc(self, wanted: str) -> Voice:
        """The NPC that a name means."""
        return self._one(wanted, "npc")

    def suiting(self, campaign: Campaign | None) -> Voice:
        """The voice of the campaign's system, else the plain one."""
        system = "" if campaign is None else text.slug(campaign.system)
        for voice in self.known.values():
            if campaign is not None and voice.kind == "voice" and voice.campaign == campaign.id:
                return voice
        for voice in self.known.values():
            if voice.kind == "voice" and system in {text.slug(each) for each in voice.systems}:
                return voice
        return self.known[DEFAULT]

    def _one(self, wanted: str, kind: str) -> Voice:
        pairs = [(v.id, v.title) for v in self.known.values() if v.kind == kind]
        called = "NPC" if kind == "npc" else kind
        try:
            return self.known[text.match(wanted, pairs, called)]
        except NotFound as error:
            broken = next((p for p in self.problems if text.slug(wanted) in p), "")
            hint = broken or f"{error.hint}; ttrpg chat voices lists them, {_DOCS}"
            raise NotFound(error.message, hint) from error


def load_voices(folder: Path) -> Voices:
    """The voices that ship, and those of the user's folder, by id."""
    known: dict[str, Voice] = {}
    problems: list[str] = []
    own = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    shipped = sorted((files(__package__) / "shipped").iterdir(), key=lambda file: file.name)
    for file in [*(each for each in shipped if each.name.endswith(".toml")), *own]:
        try:
            voice = load_voice(file)
        except InputError as error:
            problems.append(error.message)
        else:
            known[voice.id] = voice
    return Voices(dict(sorted(known.items())), tuple(problems))


def load_voice(file: Traversable | Path) -> Voice:
    """The voice in a file. InputError names file and key of what is wrong."""
    name = file.name.removesuffix(".toml")
    if text.slug(name) != name:
        raise InputError(f"{file.name}: the name has more than a-z, 0-9 and -", _DOCS)
    raw = _read(file)
    for field in attrs.fields(_File):
        value = getattr(raw, field.name)
        if isinstance(value, list) and len(value) > MAX_ITEMS:
            raise InputError(f"{file.name}.{field.name}: more than {MAX_ITEMS}", _DOCS)
    return Voice(
        id=name,
        title=text.name(raw.title, f"title in {file.name}"),
        kind=raw.kind,
        tone=raw.tone,
        perspective=raw.perspective,
        manner=raw.manner,
        vocabulary=tuple(raw.vocabulary),
        avoid=tuple(raw.avoid),
        systems=tuple(raw.systems),
        campaign=raw.campaign,
        knows=tuple(
            _fact(each, name, f"{file.name}.knows[{n}]") for n, each in enumerate(raw.knows)
        ),
        unaware=tuple(raw.unaware),
    )


def _read(file: Traversable | Path) -> _File:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read: {error.strerror}", _DOCS) from error
    if len(data) > MAX_BYTES:
        raise InputError(f"{file.name}: larger than {MAX_BYTES:,} bytes", _DOCS)
    try:
        plain = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file.name}: not valid TOML: {error}", _DOCS) from error
    try:
        return make_converter(forbid_extra_keys=True).structure(plain, _File)
    except Exception as error:
        raise InputError("; ".join(explain(error, file.name)), _DOCS) from error


def _fact(value: object, name: str, where: str) -> Fact:
    """A plain text is the NPC's own; a table says whose it is, and the GM's where it does not."""
    if isinstance(value, str):
        return Fact(value, Audience(NPC + name))
    if isinstance(value, dict) and set(value) <= {"text", "audience"}:
        told, audience = value.get("text"), value.get("audience", GM.name)
        if isinstance(told, str) and isinstance(audience, str):
            try:
                return Fact(told, Audience.of(audience))
            except InputError as error:
                raise InputError(f"{where}: {error.message}", error.hint) from error
    raise InputError(f'{where}: is a text, or {{ text = "...", audience = "gm" }}', _DOCS)


def campaign_facts(campaign: Campaign) -> list[Fact]:
    """What a campaign says of itself. Its description is the Game Master's own."""
    open_to_all = (
        ("Campaign", campaign.name),
        ("Game system", campaign.system),
        ("Genre", campaign.genre),
        ("Setting", campaign.setting),
        ("Date in the game", campaign.game_date),
        ("Never to happen in it", "; ".join(campaign.lines)),
        ("Only to be hinted at", "; ".join(campaign.veils)),
    )
    found = [Fact(f"{label}: {value}", PUBLIC) for label, value in open_to_all if value]
    if campaign.description:
        found.append(Fact(f"The Game Master's description: {campaign.description}", GM))
    return found


def slips(reply: str, unaware: Iterable[str]) -> list[str]:
    """What of ``unaware`` a reply speaks of, judged by its words alone.

    Most of the longer words of a thing in one sentence count as speaking of it. This misses a
    paraphrase; it is there for a person to look again, not to hold anything back.
    """
    sentences = [_words(sentence) for sentence in _SENTENCE.split(reply)]
    return [
        thing
        for thing in unaware
        if (wanted := _words(thing))
        and any(len(wanted & said) >= _MET * len(wanted) for said in sentences)
    ]


def _words(said: str) -> frozenset[str]:
    return frozenset(word[:6] for word in _WORD.findall(said.casefold()))
