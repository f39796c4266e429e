"""Which model is asked: needs, strategies, breakers, limits, fallback."""
