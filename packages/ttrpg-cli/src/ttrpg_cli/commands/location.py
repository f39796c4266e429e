"""``location``: places, and what is in them."""

from ttrpg_cli.world.noun import noun

location = noun("location", "Locations: add, show, edit, reveal")
