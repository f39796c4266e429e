"""What happened, told from the journal: timelines, recaps, and "previously on".

Pure: entries of the journal come in as :class:`~ttrpg_core.table.recaps.events.Record`, the world
and the fights as one viewer sees them. A text of the journal is the Game Master's own; whatever is
told to players is made from what they may see of entities and fights, never from that text.
"""
