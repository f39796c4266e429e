"""The sessions of the current campaign."""

from ttrpg_cli.world.noun import world_of
from ttrpg_core.app import App
from ttrpg_core.sessions import Sessions
from ttrpg_core.snapshots import Snapshots


def sessions_of(app: App) -> Sessions:
    """The sessions of the current campaign; NotFound when none is chosen."""
    return Sessions(world_of(app), Snapshots(app.journal, app.settings.snapshots).take)
