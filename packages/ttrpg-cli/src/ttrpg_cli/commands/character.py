"""``character``: the party."""

from ttrpg_cli.world.noun import noun

character = noun("character", "Characters of the party: add, show, edit")
