"""The world of a campaign on the command line: the verbs and screens that all kinds have alike."""
