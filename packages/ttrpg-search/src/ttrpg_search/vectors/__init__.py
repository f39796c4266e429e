"""Indexes of vectors: an exact one in numpy, and faiss where it is installed."""
