"""``note``: what is worth writing down."""

from ttrpg_cli.world.noun import noun

note = noun("note", "Notes: write, find, link, pin")
