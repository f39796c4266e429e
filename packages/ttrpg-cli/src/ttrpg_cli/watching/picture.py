"""The whole screen of a fight: who is in it on the left, what happened on the right, keys below."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ttrpg_cli.drawing import drawn
from ttrpg_cli.fighting import showing
from ttrpg_core.table.combat.seen import View
from ttrpg_core.views import Fields, Text

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 90
"""Columns from which the log stands beside the fight, not under it."""
_LOG = 36
"""Columns of a log at the side."""
LOW, _LINES, _FEW = 20, 6, 3
"""Lines of a terminal that is low, of a log below in one that is not, and in one that is."""
_SAID = 3
"""Most lines of what is said at the foot."""
KEYS = (
    *("? help", "n next", "t damage", "l heal", "g condition", "u undo"),
    *("q quit", "p prev", "s save", "o order"),
)
"""The keys at the foot, those first that a narrow terminal still shows."""
HELP = (
    ("n, p", "the next turn, and a look back"),
    ("t", "damage: gob2 7 fire"),
    ("l", "heal: mara 5"),
    ("g", "condition: mara poisoned 3 rounds, or mara poisoned off"),
    ("s", "save: mara 12"),
    ("o", "order: gob2 before mara"),
    ("u", "take the last change back"),
    ("Esc", "leave a line that is being typed"),
    ("q", "quit; the fight is kept, as it always is"),
)


@attrs.frozen
class Scene:
    """What there is to draw: the fight, the log with the newest first, and the line at the foot.

    ``line`` is what is being typed, None when nothing is; ``said`` is what the last key came to.
    """

    view: View
    log: Sequence[str]
    line: str | None = None
    said: str = ""
    help: bool = False


def picture(scene: Scene, width: int, height: int, *, fancy: bool) -> "RenderableType":
    """The screen, as something rich draws, for so many columns and lines."""
    from rich.console import Group
    from rich.layout import Layout

    wide = width >= WIDE
    foot_lines = 1 + min(max(-(-len(scene.said) // max(width, 1)), 1), _SAID)
    foot = Layout(_foot(scene, width), size=foot_lines)
    whole, body = Layout(), Layout()
    whole.split_column(body, foot)
    below = 0 if wide or scene.help else _LINES if height >= LOW else _FEW
    log = Layout(_log(scene, width if not wide else _LOG), size=_LOG if wide else below)
    room = height - foot_lines - below
    main = Layout(
        Group(
            *(
                drawn(block, width - (_LOG + 1 if wide else 0), fancy=fancy)
                for block in (
                    [Fields(HELP)] if scene.help else showing.blocks(fitted(scene.view, room))
                )
            )
        )
    )
    if wide:
        body.split_row(main, log)
    else:
        body.split_column(main, *([log] if below else []))
    return whole


def fitted(view: View, lines: int) -> View:
    """A fight with as many combatants as have room, whose turn it is among them."""
    badges = sum(bool(each.conditions or each.resources) for each in view.combatants)
    room = max(lines - 2 - (badges + 1 if badges else 0), 3)
    if len(view.choices) > 1:
        room = max(room - 2, 3)
    if view.owed:
        room = max(room - len(view.owed) - 2, 3)
    many = len(view.combatants)
    if many <= room:
        return view
    now = next((n for n, each in enumerate(view.combatants) if each.current), 0)
    first = min(max(now - room // 2, 0), many - room)
    return attrs.evolve(view, combatants=view.combatants[first : first + room])


def _log(scene: Scene, width: int) -> "RenderableType":
    from rich.console import Group

    lines = [Text("Log", "title"), *(Text(each) for each in scene.log)]
    return Group(*(drawn(each, width, fancy=False) for each in lines))


def _foot(scene: Scene, width: int) -> "RenderableType":
    from rich.console import Group

    typed = (
        Text(f"{scene.line}_", "command") if scene.line is not None else Text(_keys(width), "dim")
    )
    said = Text(scene.said, "warn")
    return Group(drawn(said, 0, fancy=False), drawn(typed, 0, fancy=False))


def _keys(width: int) -> str:
    """As many keys as have room in one line."""
    shown = ""
    for each in KEYS:
        longer = f"{shown}  {each}" if shown else each
        if len(longer) > width:
            break
        shown = longer
    return shown
