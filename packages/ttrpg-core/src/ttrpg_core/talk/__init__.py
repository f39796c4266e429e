"""Talking with a model: books as sources, citations that are checked, tools, voices."""
