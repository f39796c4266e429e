"""Bytes of a streamed answer into events, however the network cut them.

Three framings cover every vendor: server-sent events (WHATWG HTML, section 9.2), one JSON value a
line (NDJSON), and one JSON array that grows. Each is a ``Frames``: it is fed bytes and answers the
events that are complete, so any cut of the same bytes gives the same events. Nothing here reads a
socket or knows a vendor.
"""

import codecs
from typing import Protocol

import attrs

from ttrpg_core.errors import ProviderError

MOST = 16_000_000
"""Characters of one event; a longer one is no answer of a model."""


@attrs.frozen
class Event:
    """One event: its ``data``, and its ``name`` where the framing has names ("" else)."""

    data: str
    name: str = ""


class Frames(Protocol):
    """Turns bytes into events."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        ...

    def end(self) -> list[Event]:
        """What was left when the stream ended: an event that lacks only its last line feed."""
        ...


_UTF8 = codecs.getincrementaldecoder("utf-8-sig")


def _decoder() -> codecs.IncrementalDecoder:
    return _UTF8(errors="replace")


def _bounded(text: str) -> str:
    if len(text) > MOST:
        raise ProviderError(
            f"the answer has a single event of over {MOST:,} characters",
            "Check the base URL: this is not how a language model answers",
        )
    return text


@attrs.define
class Lines:
    """Lines that end in CR LF, LF or CR, as server-sent events may."""

    _decoder: codecs.IncrementalDecoder = attrs.field(factory=_decoder, init=False)
    _rest: list[str] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)
    _after_return: bool = attrs.field(default=False, init=False)

    def feed(self, data: bytes, *, final: bool = False) -> list[str]:
        """The lines that these bytes complete, without their ends."""
        text = self._decoder.decode(data, final)
        if self._after_return and text:
            text = text.removeprefix("\n")
            self._after_return = False
        if text.endswith("\r"):
            self._after_return = True
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if lines:
            lines[0] = "".join([*self._rest, lines[0]])
            self._rest, self._size = [], 0
        if rest:
            self._rest.append(rest)
            self._size += len(rest)
            if self._size > MOST:
                _bounded("".join(self._rest))
        return lines

    def end(self) -> list[str]:
        """The last line, where its end is missing."""
        lines = self.feed(b"", final=True)
        if self._rest:
            lines.append("".join(self._rest))
            self._rest = []
        return lines


@attrs.define
class Sse:
    """Server-sent events; comments, ids and retry times are left out, as no vendor means them."""

    _lines: Lines = attrs.field(factory=Lines, init=False)
    _data: list[str] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)
    _name: str = attrs.field(default="", init=False)
    _between: bool = attrs.field(default=False, init=False)

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Most pieces are whole events that follow whole events, with plain line feeds: nothing is
        held then, neither of a line nor of a character, and they are read without looking for it.
        """
        whole = data.endswith(b"\n\n") and b"\r" not in data
        plain = whole and self._between and len(data) <= MOST
        self._between = whole
        if plain:
            return self._plain(data.decode("utf-8", "replace"))
        return [event for line in self._lines.feed(data) for event in self._take(line)]

    def _plain(self, text: str) -> list[Event]:
        if text.startswith("data: ") and text.find("\n") == len(text) - 2:
            return [Event(text[6:-2])]
        found: list[Event] = []
        for block in text[:-2].split("\n\n"):
            head, _, data = block.rpartition("\n")
            if "\n" not in head and data.startswith("data: ") and head.startswith("event: "):
                found.append(Event(data[6:], head[7:]))
            else:
                for line in (*block.split("\n"), ""):
                    found += self._take(line)
        return found

    def end(self) -> list[Event]:
        """An event whose empty line never came is given all the same: vendors leave it out."""
        left = [event for line in self._lines.end() for event in self._take(line)]
        return left + self._take("")

    def _take(self, line: str) -> list[Event]:
        if not line:
            event = [Event("\n".join(self._data), self._name)] if self._data else []
            self._data, self._name, self._size = [], "", 0
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._size += len(value)
            if self._size > MOST:
                _bounded("\n".join(self._data))
        elif field == "event":
            self._name = value
        return []


@attrs.define
class Ndjson:
    """One JSON value a line; empty lines are nothing."""

    _lines: Lines = attrs.field(factory=Lines, init=False)
    _between: bool = attrs.field(default=False, init=False)

    def feed(self, data: bytes) -> list[Event]:
        """The lines that these bytes complete; whole ones after whole ones are read as such."""
        whole = data.endswith(b"\n") and b"\r" not in data
        plain = whole and self._between and len(data) <= MOST
        self._between = whole
        if plain:
            lines = data.decode("utf-8", "replace").split("\n")
            return [Event(line) for line in lines if line.strip()]
        return [Event(line) for line in self._lines.feed(data) if line.strip()]

    def end(self) -> list[Event]:
        """The last line, where its line feed is missing."""
        return [Event(line) for line in self._lines.end() if line.strip()]


@attrs.define
class JsonArray:
    """One JSON array of objects, each given when its last brace came."""

    _decoder: codecs.IncrementalDecoder = attrs.field(factory=_decoder, init=False)
    _held: list[str] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)
    _depth: int = attrs.field(default=0, init=False)
    _quoted: bool = attrs.field(default=False, init=False)
    _escaped: bool = attrs.field(default=False, init=False)

    def feed(self, data: bytes) -> list[Event]:
        """The objects that these bytes complete."""
        return self._take(self._decoder.decode(data))

    def end(self) -> list[Event]:
        """What is left when the stream ends in the middle of an object is nothing."""
        return self._take(self._decoder.decode(b"", True))

    def _take(self, text: str) -> list[Event]:
        found: list[Event] = []
        start = 0
        for at, char in enumerate(text):
            if self._quoted:
                self._in_words(char)
            elif char == '"':
                self._quoted = self._depth > 0
            elif char == "{" or (char == "[" and self._depth):  # the array's own is passed over
                start = start if self._depth else at
                self._depth += 1
            elif char in "}]" and self._depth:
                self._depth -= 1
                if not self._depth:
                    found.append(Event("".join([*self._held, text[start : at + 1]])))
                    self._held, self._size, start = [], 0, at + 1
        if self._depth:
            self._hold(text[start:])
        return found

    def _in_words(self, char: str) -> None:
        """One more character between quotation marks."""
        if self._escaped:
            self._escaped = False
        elif char == "\\":
            self._escaped = True
        elif char == '"':
            self._quoted = False

    def _hold(self, text: str) -> None:
        self._held.append(text)
        self._size += len(text)
        if self._size > MOST:
            _bounded("".join(self._held))
