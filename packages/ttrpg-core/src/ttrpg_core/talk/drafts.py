"""Stories of sessions that wait: a model's telling is a proposal until a person accepts it."""

from ttrpg_core import records
from ttrpg_core.audience import GM, PARTY, Audience
from ttrpg_core.errors import InputError, NotFound
from ttrpg_core.proposals import Evidence, Proposal, Proposals
from ttrpg_core.sessions.happened import Happened
from ttrpg_core.table.recaps import stories
from ttrpg_core.table.world.sessions import Session
from ttrpg_core.talk.telling import Story, supported, unmarked
from ttrpg_core.world import World


def field_of(viewer: Audience) -> str:
    """The field of a session that keeps a story for somebody; InputError for a single character.

    What one of them alone knows would be read by all.
    """
    if viewer not in {GM, PARTY}:
        raise InputError(
            f"a story is not kept for {viewer} alone",
            "For yourself, or for the players: --as party",
        )
    return "recap" if viewer == GM else "told"


def names(found: Happened) -> set[str]:
    """What could be spoken of in a story: everything with a name, and who fought."""
    world = found.world
    rows = world.connection.execute(
        "SELECT name FROM entities WHERE campaign = ? AND kind NOT IN ('note', 'session')",
        [world.campaign],
    )
    fought = {each.name for fight in found.fights.values() for each in fight.combatants}
    return {*(row["name"] for row in rows), *fought}


def keep(
    kept: Proposals, world: World, session: Session, story: Story, viewer: Audience
) -> Proposal:
    """Keep a story as a draft, in the place of the one that waits for the same readers."""
    campaign = records.campaign(world.connection, world.campaign)
    entries = {number for each in story.sentences for number in each.entries}
    why = Evidence(
        because=f"told by {story.model}, {story.style}",
        entries=tuple(sorted(entries)),
        quotes=tuple(f"{each.why}: {each.text.strip()}" for each in story.unsupported),
    )
    with world.journal.store.transaction():
        for old in _waiting(kept, world, session, viewer):
            kept.refuse(old.id)
        return kept.change(campaign, session.ref, {field_of(viewer): story.text}, evidence=why)


def accept(
    kept: Proposals, world: World, session: Session, viewer: Audience, *, whole: bool
) -> Proposal:
    """Keep the draft of a session as its story.

    Sentences that are unsupported are left out, unless the ``whole`` of it is wanted. Players are
    told it without the numbers of entries. Raises NotFound without a draft.
    """
    with world.journal.store.transaction():
        waiting = _waiting(kept, world, session, viewer)
        if not waiting:
            raise NotFound(
                f"no story of session {session.number} waits",
                "Let a model tell one: ttrpg recap --style plain",
            )
        draft, field = waiting[-1], field_of(viewer)
        marked = str(draft.changes[field][1])
        text = unmarked(marked) if whole else supported(marked)
        text = text if viewer == GM else stories.without_marks(text)
        if not text:
            raise InputError(
                "no sentence of it is supported", "--whole keeps it all the same; read it first"
            )
        with world.journal.change("session.tell", actor="model") as change:
            done = kept.accept(draft.id, {field: text} if text != marked else {})
            if viewer != GM:
                world.reveal(session.ref, viewer, field)
            change.campaign = world.campaign
            change.prose = f"kept the story of session {session.number} for {viewer}"
            change.facts = {"ref": session.ref, "name": session.name, "proposal": done.id}
        return done


def _waiting(kept: Proposals, world: World, session: Session, viewer: Audience) -> list[Proposal]:
    """The drafts of a session for somebody, oldest first."""
    return [
        each
        for each in kept.pending(world.campaign)
        if each.target == session.ref and field_of(viewer) in each.changes
    ]
