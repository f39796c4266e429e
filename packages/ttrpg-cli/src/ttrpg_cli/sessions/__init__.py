"""Sessions and recaps on the command line."""
