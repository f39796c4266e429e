"""A campaign as a folder of Markdown, as Obsidian and other editors keep notes, and back from it.

A page for each entity: its short fields as front matter, its texts below, links as wikilinks. The
vault keeps in ``.ttrpg/vault.json`` what each page said when it was written, so that what was
edited in it, what was changed here meanwhile, and where the two differ can be told apart.
"""
