"""A fight on the whole screen, as it changes: keys, drawing, and the loop between them."""
