"""Calendars as data: any months, weeks, moons and years, and what a moment is called in them.

::

    from ttrpg_core.table.calendar import almanac, lengths, saying

    calendar = almanac.load("two-moons")
    now = saying.moment("3 Frostfall 1204, 14:30", calendar)
    then = lengths.later(calendar, now, lengths.read(["2", "months", "8", "hours"], calendar))
    saying.say(calendar, then)  # "3 Thornwake 1204, 22:30"

A moment is a whole number of seconds since the first of the calendar's year 1, the same number that
fights keep (:mod:`ttrpg_core.table.combat.clock`). :mod:`~ttrpg_core.table.calendar.model` has the
values, :mod:`~ttrpg_core.table.calendar.reckoning` the arithmetic,
:mod:`~ttrpg_core.table.calendar.sky` the moons, :mod:`~ttrpg_core.table.calendar.pages` a month.
"""
