"""Books that are made of web pages: EPUB, MOBI and its kin, and single pages of HTML.

Each format finds its pages and its outline in its own way; from there on they are one: pages
become blocks (:mod:`.reader`), the outline gives headings where the pages have none
(:mod:`.outline`), and blocks become sections (:mod:`.telling`).
"""
