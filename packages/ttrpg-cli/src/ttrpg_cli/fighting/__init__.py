"""What the commands of a fight share: reading what is typed, doing it, showing what came of it."""
