"""Keyword backends with an index in files beside the database: tantivy and whoosh, both extras."""
