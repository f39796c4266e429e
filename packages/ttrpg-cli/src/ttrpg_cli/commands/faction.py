"""``faction``: guilds, crowns, cults."""

from ttrpg_cli.world.noun import noun

faction = noun("faction", "Factions: add, show, edit, reveal")
