"""The world of a campaign: places, people, plots, notes, and whatever else has a name in it.

Everything is an :class:`~ttrpg_core.table.world.entity.Entity` of a kind; what all kinds have in
common (names, links, secrets, search, undo, snapshots, exports) is done once for all of them.
"""
