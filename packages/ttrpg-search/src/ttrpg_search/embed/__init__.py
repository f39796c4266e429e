"""Texts to vectors without a network: a static embedding that ships, and models from a folder."""
