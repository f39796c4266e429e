"""Understanding a question: filters, spelling, abbreviations, and what a player means by it."""
