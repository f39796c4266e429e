"""What was said: conversations whose branches share their beginnings."""
