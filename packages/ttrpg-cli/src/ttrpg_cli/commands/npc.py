"""``npc``: those whom the Game Master plays."""

from ttrpg_cli.world.noun import noun

npc = noun("npc", "NPCs: add, show, edit, reveal")
