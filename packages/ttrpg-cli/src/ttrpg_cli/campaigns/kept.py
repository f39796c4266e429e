"""The snapshots that commands take and read."""

from ttrpg_core.app import App
from ttrpg_core.snapshots import Snapshots


def snapshots_of(app: App) -> Snapshots:
    """The snapshots of every campaign, as the settings ask."""
    return Snapshots(app.journal, app.settings.snapshots)
