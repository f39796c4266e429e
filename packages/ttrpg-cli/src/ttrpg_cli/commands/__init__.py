"""One file a noun; each is imported when its command runs."""
