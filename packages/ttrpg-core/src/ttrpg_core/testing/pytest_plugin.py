"""Fixtures for plugin authors; loaded by pytest itself, so it imports nothing of ours yet."""
