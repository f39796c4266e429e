"""A session told by a model: shown while it comes, checked, and kept until somebody accepts it."""

import attrs

from ttrpg_cli.talking.kept import counted, proposals_of
from ttrpg_core.app import App
from ttrpg_core.audience import GM, Audience
from ttrpg_core.errors import BadReply, InputError, Refused
from ttrpg_core.llm import Need, Purpose
from ttrpg_core.llm.money import summary
from ttrpg_core.proposals import Proposal
from ttrpg_core.sessions.happened import Happened
from ttrpg_core.talk import drafts
from ttrpg_core.talk.telling import Story, facts_of, tell


def told(app: App, found: Happened, viewer: Audience, style: str, model: str) -> None:
    """Let a model tell a session. What a vendor, a budget or --offline refuses is raised."""
    session = found.session
    drafts.field_of(viewer)
    story = Story(facts_of(found.recap(viewer)), style)
    if not story.facts:
        raise InputError(
            f"there is nothing to tell of session {session.number}", "See it: ttrpg recap"
        )
    with app.screen.stream(f"Asking {model or 'a model'}") as stream:
        app.run(
            tell(
                app.models,
                story,
                drafts.names(found),
                stream.write,
                purpose=Purpose("recap", campaign=found.world.campaign, session=session.id),
                need=Need(model=model),
                max_tokens=app.settings.models.max_tokens,
            )
        )
    if story.finish == "refused":
        raise Refused(f"{story.model} declined to tell it")
    if not story.text:
        raise BadReply(f"{story.model} told nothing", "Without a model: ttrpg recap")
    draft = drafts.keep(proposals_of(app), found.world, session, story, viewer)
    app.screen.show("ttrpg.recap.story/1", _data(session.number, viewer, story, draft), [])
    _say(app, story, viewer, session.number)


def _say(app: App, story: Story, viewer: Audience, number: int) -> None:
    for note in story.notes:
        app.screen.say(note, "dim")
    if story.finish == "length":
        app.screen.say("Cut at the longest reply that is allowed: models.max_tokens", "warn")
    if wrong := len(story.unsupported):
        app.screen.say(f"{counted(wrong, 'sentence')} unsupported; read before you accept", "warn")
    if story.bill is not None:
        app.screen.say(f"{story.model}: {summary(story.bill)}", "dim")
    whose = "" if viewer == GM else f" --as {viewer}"
    app.screen.say(f"A draft until you accept it: ttrpg recap accept {number}{whose}", "good")


def _data(number: int, viewer: Audience, story: Story, draft: Proposal) -> dict[str, object]:
    bill = story.bill
    return {
        "session": number,
        "for": str(viewer),
        "style": story.style,
        "model": story.model,
        "text": story.text,
        "sentences": [
            {
                "text": each.text.strip(),
                "entries": list(each.entries),
                "unsupported": each.why or None,
            }
            for each in story.sentences
            if each.text.strip()
        ],
        "proposal": draft.id,
        "finish": story.finish,
        "usage": attrs.asdict(bill.usage) if bill else None,
        "cost": bill.cost if bill else None,
        "left": bill.left if bill else None,
        "budget": (bill.budget or None) if bill else None,
    }
