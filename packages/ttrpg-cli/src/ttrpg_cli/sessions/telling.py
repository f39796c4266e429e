"""Recaps on the screen: as Markdown, which is drawn on a terminal and stays Markdown elsewhere."""

from collections.abc import Sequence

from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.table.recaps import stories
from ttrpg_core.table.recaps.stories import Recap
from ttrpg_core.views import Markdown, Text


def recap(app: App, told: Recap, viewer: Audience) -> None:
    """A recap; the numbers of entries are for the Game Master, who can look them up."""
    text = stories.markdown(told, marks=viewer == GM)
    app.screen.show("ttrpg.recap/1", data(told, viewer, text), [Markdown(text)])


def previously(app: App, told: Sequence[tuple[int, str]], left_out: int) -> None:
    """The last sessions in a breath."""
    blocks = [Text(said) for _, said in told]
    app.screen.show(
        "ttrpg.recap.previously/1",
        {"sessions": [{"number": number, "text": said} for number, said in told]},
        [Text("Previously", "title"), *blocks] if blocks else [Text("Nothing yet.", "dim")],
    )
    if told and left_out:
        app.screen.say(f"No room for {left_out} earlier; a line each: ttrpg session end", "dim")


def data(told: Recap, viewer: Audience, text: str) -> dict[str, object]:
    """A recap as ``--json`` prints it."""
    return {
        "session": told.number,
        "for": str(viewer),
        "title": told.title or None,
        "began": told.began or None,
        "ended": told.ended or None,
        "length": told.length,
        "present": list(told.present),
        "story": told.story or None,
        "sections": [
            {
                "title": section.title,
                "facts": [
                    {"text": e.text, "entries": list(e.entries), "severity": e.severity}
                    for e in section.facts
                ],
            }
            for section in told.sections
        ],
        "markdown": text,
    }
