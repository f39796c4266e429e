"""The page on calendars: the calendar that it shows to begin with is one."""

import re
from pathlib import Path

from ttrpg_core.table.calendar import almanac, saying

PAGE = Path(__file__).parents[1] / "docs" / "calendar.md"


def test_the_calendar_of_the_page_is_one():
    found = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(found) == 1
    calendar = almanac.read(found[0], "calendar.md")
    assert saying.say(calendar, 0) == "1 Frostfall 1 AC, 00:00"
    assert saying.say(calendar, -calendar.day, time=False) == "Midsummer 1 BC"
    least = found[0].split("]\nweekdays")[0] + "\n]"
    assert almanac.read(least, "calendar.md").weekdays == ()
