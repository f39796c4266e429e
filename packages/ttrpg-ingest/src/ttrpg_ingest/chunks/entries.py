"""Groups of paragraphs into entries: what is of one kind and, where it is atomic, stays whole."""

from collections.abc import Iterator, Sequence

import attrs

from ttrpg_core.documents import Fact, Kind
from ttrpg_ingest.chunks import features, items, prose, spells, stats
from ttrpg_ingest.chunks.found import HEAD, LEAST, Found, plain
from ttrpg_ingest.chunks.pieces import Group, Piece
from ttrpg_ingest.chunks.tables import FEWEST_ROWS, Rolled, is_table, rolled

ATOMIC: frozenset[Kind] = frozenset({"stat_block", "spell", "item", "class_feature"})
"""Kinds that are one chunk, with the small headings inside them."""

CAPTION_WORDS = 40
"""A longer paragraph before a table is no caption."""


@attrs.define
class Entry:
    """Pieces of one kind under one heading; ``lines`` are of the headings inside it."""

    group: Group
    pieces: list[Piece]
    kind: Kind = "text"
    fields: dict[str, Fact] = attrs.field(factory=dict)
    lines: list[int] = attrs.field(factory=list)
    name: str = ""
    gm_only: bool = False


def entries(found: Sequence[Group], words: int) -> Iterator[Entry]:
    """The entries of a book, in reading order."""
    taught = features.taught(found)
    told = [_detect(group, taught) for group in found]
    covered = _Adventure()
    in_contents = False
    at = 0
    while at < len(found):
        group, what = found[at], told[at]
        covered.enter(group)
        following = at + 1
        if what is not None and what.kind in ATOMIC:
            following = _reach(found, told, at, words)
            yield _atomic(found[at:following], what, hidden=covered.hides(group))
            in_contents = False
        elif group.pieces:
            in_contents = prose.is_contents(group.heading, group.pieces) or (
                in_contents and prose.is_contents_line(group.heading)
            )
            if in_contents:
                yield Entry(group, group.pieces, "contents")
            else:
                yield from _plain(group, words, covered)
        elif in_contents := in_contents and prose.is_contents_line(group.heading):
            yield _alone(group, "contents")
        elif at + 1 >= len(found) or found[at + 1].level <= group.level:
            named = prose.is_contents(group.heading, ())
            if group.title is not None:
                yield _alone(group, "contents" if named else "text")
            in_contents = named
        else:  # its heading stands in the path of what follows
            in_contents = prose.is_contents(group.heading, ())
        at = following


def _alone(group: Group, kind: Kind) -> Entry:
    """A heading without a text."""
    assert group.title is not None
    return Entry(group, [group.title], kind)


def _detect(group: Group, taught: features.Taught) -> Found | None:
    """What an entry under this heading is, by the detector that is the most sure."""
    if not group.pieces or not group.heading:
        return None
    head = ""
    for piece in group.pieces:
        head += f"{piece.text}\n"
        if len(head) > HEAD:
            break
    head = plain(head[:HEAD])
    best: Found | None = items.detect(group.heading, head) or spells.detect(group.heading, head)
    if best is None:
        best = stats.detect(group.heading, head[:1600])
        if best is not None and next(stats.inline(group), None) is not None:
            best = None  # its blocks have names of their own
        if best is None:
            best = features.detect(group, head, taught)
    return best if best is not None and best.confidence >= LEAST else None


def _reach(found: Sequence[Group], told: Sequence[Found | None], at: int, words: int) -> int:
    """The number of the first group that no longer belongs to the entry that begins at ``at``.

    A stat block has sub-headings by name, at whatever depth the reading gave them; others have
    deeper ones, as long as they stay short together.
    """
    group, what = found[at], told[at]
    assert what is not None
    room = (2 if what.kind == "class_feature" else 4) * words
    size = sum(piece.words for piece in group.pieces)
    end = at + 1
    while end < len(found) and found[end].file == group.file:
        here, kind = found[end], told[end]
        size += sum(piece.words for piece in here.pieces)
        if kind is not None and kind.kind != "class_feature":
            break
        if what.kind == "stat_block":
            if not stats.goes_on(here, group.level):
                break
        elif here.level <= group.level or size > room or kind is not None:
            break
        end += 1
    return end


def _atomic(groups: Sequence[Group], what: Found, *, hidden: bool) -> Entry:
    first = groups[0]
    pieces = list(first.pieces)
    for group in groups[1:]:
        if group.title is not None and group.title not in group.pieces:
            pieces.append(group.title)
        pieces += group.pieces
    lines = [group.line for group in groups if group.line is not None]
    return Entry(first, pieces, what.kind, dict(what.fields), lines, gm_only=hidden)


def _plain(group: Group, words: int, covered: "_Adventure") -> Iterator[Entry]:
    """A group that is no entry as a whole: the blocks and tables in it, and the text between."""
    kind = _kind(group)
    for run in _settled(_parted(group, kind), kind, words):
        aloud = run.kind == "read_aloud"
        if aloud:
            covered.read_aloud(group)
        noted = run.kind in {"sidebar", "text"} and prose.notes_gm(run.pieces[0])
        run.gm_only = noted or (not aloud and covered.hides(group))
        if run.kind == "sidebar" and prose.is_variant(group.heading):
            run.fields["optional"] = "yes"
        yield run


def _kind(group: Group) -> Kind:
    """What the running text of a group is."""
    if prose.is_variant(group.heading):
        return "sidebar"
    if prose.is_example(group.heading, group.pieces):
        return "example"
    fiction = not prose.for_gm(group) and prose.is_fiction(group.pieces)
    return "fiction" if fiction else "text"


def _parted(group: Group, kind: Kind) -> list[Entry]:
    """The pieces of a group in runs of one kind; each block and rolled table by itself."""
    inside = {first: (end, found) for first, end, found in stats.inline(group)}
    runs: list[Entry] = []
    at = 0
    while at < len(group.pieces):
        if at in inside:
            end, found = inside[at]
            name = str(found.fields.get("name", ""))
            block = Entry(group, group.pieces[at:end], found.kind, dict(found.fields), name=name)
            runs.append(block)
            at = end
            continue
        piece = group.pieces[at]
        own, dice = _own_kind(piece, kind, group.heading)
        if runs and runs[-1].kind == own and own not in {"random_table", "stat_block"}:
            runs[-1].pieces.append(piece)
        else:
            fields: dict[str, Fact] = {"die": dice.die, "rows": dice.rows} if dice else {}
            runs.append(Entry(group, [piece], own, fields))
        at += 1
    return runs


def _own_kind(piece: Piece, kind: Kind, heading: str) -> tuple[Kind, Rolled | None]:
    """What a piece is by itself, ``kind`` when nothing sets it apart; and how it is rolled on."""
    if is_table(piece) or piece.text.count("\n") >= FEWEST_ROWS - 1:
        dice = rolled(plain(piece.text), heading)
        if dice is not None:
            return "random_table", dice
        return ("table" if is_table(piece) else kind), None
    if prose.reads_aloud(piece):
        return "read_aloud", None
    return ("sidebar" if piece.kind in {"sidebar", "read_aloud"} else kind), None


def _settled(runs: list[Entry], kind: Kind, words: int) -> list[Entry]:
    """Small tables back into the text around them; a caption to the table that it stands over."""
    kept: list[Entry] = []
    for run in runs:
        last = kept[-1] if kept else None
        size = sum(piece.words for piece in run.pieces)
        before = sum(piece.words for piece in last.pieces) if last else 0
        if last is None or {last.kind, run.kind} - {kind, "table", "random_table"}:
            kept.append(run)
        elif run.kind == last.kind == kind:
            last.pieces += run.pieces  # what stood between has joined the text
        elif run.kind in {"table", "random_table"} and last.kind == kind:
            _put_table(kept, last, run, fits=before + size <= words)
        elif last.kind in {"table", "random_table"} and run.kind == kind:
            if size < 0.25 * words and before + size <= 1.2 * words:
                last.pieces += run.pieces
            else:
                kept.append(run)
        else:
            kept.append(run)
    return kept


def _put_table(kept: list[Entry], last: Entry, run: Entry, *, fits: bool) -> None:
    """A table after a text: within it, as one of its own, or with the text as its caption."""
    caption = last.pieces[-1]
    short = caption.words <= CAPTION_WORDS
    if run.kind == "random_table" and len(last.pieces) == 1 and (short or fits):
        last.pieces += run.pieces
        last.kind, last.fields = run.kind, run.fields
    elif run.kind == "table" and fits:
        last.pieces += run.pieces
    elif short and caption.text.rstrip().endswith(":"):
        last.pieces.pop()
        run.pieces.insert(0, caption)
        if not last.pieces:
            kept.pop()
        kept.append(run)
    else:
        kept.append(run)


@attrs.define
class _Adventure:
    """Which part of an adventure is the Game Master's.

    What a heading says is for the GM; and, in a keyed place, all that follows its read-aloud box
    until a heading of the same depth. Outside of places nothing is hidden by a box: rule books
    have quotations too.
    """

    level: int | None = None

    def enter(self, group: Group) -> None:
        """A new heading may end the place."""
        if self.level is not None and 0 < group.level <= self.level:
            self.level = None

    def read_aloud(self, group: Group) -> None:
        """A box was read out under this heading."""
        if self.level is None and group.heading and prose.is_keyed(group.heading):
            self.level = group.level

    def hides(self, group: Group) -> bool:
        """Whether what stands here now is not for players."""
        return self.level is not None or prose.for_gm(group)
