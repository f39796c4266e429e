"""``ttrpg time`` and ``ttrpg calendar``: what is typed, what is drawn, what is kept."""

import pytest

from ttrpg_core.table.calendar import almanac


@pytest.fixture
def keep(ttrpg):
    """A campaign with a calendar, on an afternoon in winter."""

    def do(*words):
        result = ttrpg(*words)
        assert result.code == 0, result
        return result

    do("campaign", "create", "Keep")
    do("calendar", "use", "two", "--date", "3 Frostfall 1204, 14:30")
    return ttrpg


def test_without_a_calendar_days_are_counted(ttrpg):
    assert ttrpg("time").code == 3
    ttrpg("campaign", "create", "Keep")
    assert ttrpg("time").out == "Date  Day 1\nTime  00:00\n"
    result = ttrpg("time", "advance", "3", "days", "8", "hours")
    assert result.out == "Date  Day 4\nTime  08:00\n"
    assert result.err == "It is Day 4, 08:00. 'ttrpg undo' takes it back\n"
    assert ttrpg("time", "advance", "1", "month").code == 2
    ttrpg("undo")
    assert "Day 1" in ttrpg("time").out


def test_time_as_it_is_now(keep):
    assert keep("time").out.splitlines() == [
        "Date     Marketday, 3 Frostfall 1204",
        "Time     14:30",
        "Season   Winter",
        "Ilve     \N{CIRCLE WITH ALL BUT UPPER LEFT QUADRANT BLACK} waning gibbous, 82% lit",
        "Korrath  \N{CIRCLE WITH ALL BUT UPPER LEFT QUADRANT BLACK} waning gibbous, 85% lit",
    ]
    data = keep("time", "--json").json()
    assert (data["schema"], data["date"], data["time"]) == (
        "ttrpg.time/1", "3 Frostfall 1204", "14:30",
    )  # fmt: skip
    assert (data["dashed"], data["weekday"], data["season"], data["calendar"]) == (
        "1204-02-03", "Marketday", "Winter", "two-moons",
    )  # fmt: skip
    assert [each["name"] for each in data["moons"]] == ["Ilve", "Korrath"]
    assert "3 Frostfall 1204" in keep("campaign", "show").out


def test_what_falls_due_is_said(keep):
    keep("note", "add", "The raid", "--date", "5 frostfall 1204, 09:00", "--summary", "Goblins")
    result = keep("time", "advance", "2", "days")
    assert "5 Frostfall 1204, 09:00  The raid (note/the-raid): Goblins" in result.out
    assert "Today    The raid" in keep("time").out
    data = keep("time", "advance", "1", "year", "--json").json()
    assert {"Candle Night", "Stillday", "Spring begins"} <= {each["text"] for each in data["due"]}
    assert "and " in keep("time", "advance", "2", "years").out


def test_a_month_is_drawn(keep):
    keep("note", "add", "The raid", "--date", "5 Frostfall 1204")
    lines = keep("calendar", "month").out.splitlines()
    assert lines[0] == "Frostfall 1204"
    assert lines[1].split() == ["Hea", "Plo", "Mar", "Sto", "Wel", "Son", "Res"]
    assert lines[2].split() == ["1", "2", "[", "3]", "4", "5", "*", "6", "7"]
    assert lines[5].split() == ["22", "23", "24", "25", "26", "27", "\N{BLACK CIRCLE}", "28"]
    assert "27  Ilve is full" in lines
    assert all(len(line) <= 80 for line in lines)
    party = keep("calendar", "month", "--as", "party").out
    assert "raid" not in party
    assert "Ilve is full" in party
    keep("note", "edit", "the-raid", "--audience", "party")
    assert "5   The raid" in keep("calendar", "month", "--as", "party").out
    data = keep("calendar", "month", "--json").json()
    assert (data["title"], data["today"], data["weeks"][0][0]) == ("Frostfall 1204", 3, 1)


@pytest.mark.parametrize("name", almanac.names())
def test_every_month_fits_the_terminal(keep, name):
    keep("calendar", "use", name)
    for month in almanac.load(name).months:
        result = keep("calendar", "month", month.name, "1205")
        assert result.code in {0, 2}, result
        assert all(len(line) <= 80 for line in result.out.splitlines())


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("Highsun",), "Highsun 1204"), (("high", "12"), "Highsun 12"),
        (("1300-01",), "Deepwinter 1300"),
        (("Stillday",), "Stillday 1204"), (("longnight", "-4"), "Longnight -4"),
    ],
)  # fmt: skip
def test_months_are_named(keep, words, title):
    result = keep("calendar", "month", "--", *words)
    assert result.out.splitlines()[0] == title
    if "long" in words[0]:
        assert "Then: Stillday" in result.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["time", "advance", "soon"], 2, "is no length of time"),
        (["time", "advance", "0", "days"], 2, "no time would pass"),
        (["time", "advance", "99999", "days"], 2, "cannot pass"),
        (["time", "set", "40", "Frostfall", "1204"], 2, "Frostfall has no day 40"),
        (["time", "set", "whenever"], 3, "there is no month 'whenever'"),
        (["time", "set", "3", "Frostfall", "99999999"], 2, "beyond the calendar"),
        (["calendar", "month", "Nomonth"], 3, "there is no month 'Nomonth'"),
        (["calendar", "month", "3", "Frostfall"], 2, "is no month"),
        (["calendar", "month", "Highsun", "99999999"], 2, "beyond the calendar"),
        (["calendar", "month", "1204-99"], 2, "there is no month 99"),
        (["calendar", "use", "nothing"], 3, "there is no calendar 'nothing'"),
        (["calendar", "use", "./nothing.toml"], 3, "there is no file"),
        (["calendar", "show", "nothing"], 3, "there is no calendar 'nothing'"),
        (["calendar", "use", "gregorian", "--date", "30 February 2024"], 2, "no day 30"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(keep, words, code, said):
    before = keep("time", "--json").json()
    result = keep(*words)
    assert (result.code, said in result.err) == (code, True), result
    assert keep("time", "--json").json() == before


def test_the_list_and_one_of_them(keep):
    lines = keep("calendar").out.splitlines()
    assert next(line for line in lines if line.startswith("*")).split()[1] == "two-moons"
    out = keep("calendar", "show").out
    assert "Stillday    1     +1 every 5 years, in no month, in no week" in out
    assert "Candle Night   14 Deepwinter: A light" in out
    assert "Era       NC, New Crown, from the year 812" in keep("calendar", "show", "tenfold").out
    data = keep("calendar", "show", "station", "--json").json()
    assert (data["calendar"]["hours"], len(data["calendar"]["months"])) == (10, 10)


def test_a_calendar_of_ones_own(keep, tmp_path):
    file = tmp_path / "mine.toml"
    assert keep("calendar", "copy", "two", str(file)).code == 0
    assert keep("calendar", "copy", "two", str(file)).code == 2
    own = file.read_text("utf-8").replace("Frostfall", "Hoarmonth").replace('"two-moons"', '"mine"')
    file.write_text(own, "utf-8")
    assert keep("calendar", "use", str(file)).code == 0
    assert "3 Hoarmonth 1204" in keep("time").out
    file.unlink()
    assert "Hoarmonth" in keep("calendar", "month").out
    assert "mine " in keep("calendar", "list").out
    keep("undo")
    assert "3 Frostfall 1204" in keep("time").out
    file.write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in keep("calendar", "use", str(file)).err
    file.write_bytes(b"#" * 300_000)
    assert "too large" in keep("calendar", "use", str(file)).err
    file.write_text(own.replace("days = 28", "days = -28"), "utf-8")
    result = keep("calendar", "use", str(file))
    assert (result.code, "mine.toml.months: Deepwinter.days" in result.err) == (2, True)


def test_the_clock_is_set_without_time_passing(keep):
    result = keep("time", "set", "1", "Deepwinter", "1204")
    assert "It is 1 Deepwinter 1204, 00:00" in result.err
    assert "Due:" not in result.out
    assert "Nothing was different" in keep("calendar", "set", "1204-01-01").err
    assert "22:15" in keep("time", "set", "22:15").out


def test_a_calendar_is_put_away(keep):
    refused = keep("campaign", "edit", "--game-date", "one winter")
    assert (refused.code, "has a calendar" in refused.err) == (2, True)
    assert keep("calendar", "drop").code == 0
    assert keep("campaign", "show", "--json").json()["campaign"]["game_date"] == ""
    assert "No calendar was chosen" in keep("calendar", "drop").err
    assert keep("campaign", "edit", "--game-date", "one winter").code == 0
    assert "one winter" in keep("campaign", "show").out


def test_plain_and_without_unicode(keep):
    out = keep("--plain", "time").out
    assert "waning gibbous" in out
    assert keep("--plain", "calendar", "month").code == 0
