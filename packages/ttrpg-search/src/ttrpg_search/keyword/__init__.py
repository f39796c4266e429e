"""Keyword search: how text becomes stems, where they are kept, and how a passage is scored."""
