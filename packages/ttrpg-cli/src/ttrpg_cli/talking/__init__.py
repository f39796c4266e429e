"""A conversation at the terminal: how it starts, what is typed, what is shown, what / does."""
