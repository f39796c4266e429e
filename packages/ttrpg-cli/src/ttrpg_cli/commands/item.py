"""``item``: things that matter by themselves."""

from ttrpg_cli.world.noun import noun

item = noun("item", "Items: add, show, edit, reveal")
