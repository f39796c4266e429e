"""Calendars: any that can be written reckons rightly, forwards and back, and says what it means."""

import datetime as dt

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ttrpg_core.errors import Ambiguous, InputError, NotFound, TtrpgError
from ttrpg_core.table.calendar import almanac, lengths, pages, reckoning, saying, sky
from ttrpg_core.table.calendar.model import Calendar, Date, Era, Holiday, Leap, Month, Moon

EXAMPLES = settings(max_examples=120, deadline=None, derandomize=True)
SHIPPED = [almanac.load(name) for name in almanac.names()]
GREGORIAN = almanac.load("gregorian")
MOONS = almanac.load("two-moons")
TENFOLD = almanac.load("tenfold")
LONG = 10**12
"""About 30,000 years in seconds."""

names = st.sampled_from(
    ["Frost", "Frostfall", "The Long Night", "Été", "Über", "Day of the Dead", "Mid Winter", "x"]
)
leaps = st.builds(
    Leap, st.sampled_from([2, 3, 4, 5, 8, 100]), st.integers(1, 3), st.integers(-9, 9)
)
months = st.builds(
    Month, names, st.integers(0, 40), st.lists(leaps, max_size=2).map(tuple), st.booleans(),
    st.booleans(),
)  # fmt: skip


@st.composite
def calendars(draw):
    """Any calendar that is allowed: odd names, leap rules, days outside, eras, weeks."""
    made = Calendar(
        "mine",
        "Mine",
        tuple(
            draw(st.lists(months, min_size=1, max_size=7, unique_by=lambda m: m.name.casefold()))
        ),
        weekdays=tuple(draw(st.lists(names, max_size=5, unique_by=str.casefold))),
        weeks=draw(st.sampled_from(["run", "month", "year"])),
        hours=draw(st.sampled_from([1, 10, 24, 101])),
        minutes=draw(st.sampled_from([1, 60, 100])),
        seconds=draw(st.sampled_from([1, 60])),
        eras=draw(st.sampled_from([(), (Era("AB"),), (Era("AB", -5, before="BB"), Era("CD", 90))])),
        moons=(Moon("Luna", draw(st.floats(1, 99))),),
    )
    try:
        return almanac.checked(made)
    except InputError:
        assume(False)


any_calendar = st.one_of(st.sampled_from(SHIPPED), calendars())


def moments(calendar):
    return st.integers(-300 * 12 * calendar.day, 3000 * 30 * calendar.day)


@EXAMPLES
@given(st.data())
def test_what_is_said_can_be_typed(data):
    calendar = data.draw(any_calendar)
    moment = data.draw(moments(calendar))
    assert saying.moment(saying.say(calendar, moment), calendar) == moment
    day = moment - moment % calendar.day
    assert saying.moment(saying.say(calendar, moment, time=False), calendar) == day
    assert saying.moment(saying.dashed(calendar, moment), calendar) == day
    if weekday := reckoning.weekday(calendar, reckoning.date_of(calendar, moment)):
        assert saying.moment(f"{weekday}, {saying.say(calendar, moment)}", calendar) == moment


@EXAMPLES
@given(st.data())
def test_dates_go_on_with_moments(data):
    """A later moment is a later date; each day follows the one before it, and so does the week."""
    calendar = data.draw(any_calendar)
    moment = data.draw(moments(calendar))
    date = reckoning.date_of(calendar, moment)
    assert reckoning.moment_of(calendar, date) == moment
    next_day = reckoning.date_of(calendar, moment + calendar.day)
    assert (next_day.year, next_day.place, next_day.day) > (date.year, date.place, date.day)
    assert next_day.second == date.second
    if (next_day.year, next_day.place) == (date.year, date.place):
        assert next_day.day == date.day + 1
    else:
        assert next_day.day == 1
        assert date.day == reckoning.length(calendar.months[date.place], date.year)
    here, there = (reckoning.weekday(calendar, each) for each in (date, next_day))
    if here and there and (calendar.weeks == "run" or next_day.day > 1):
        following = calendar.weekdays.index(here) + 1
        assert there == calendar.weekdays[following % len(calendar.weekdays)]


@EXAMPLES
@given(st.data())
def test_what_is_added_can_be_taken_away(data):
    calendar = data.draw(any_calendar)
    moment = data.draw(moments(calendar))
    length = lengths.Length(seconds=data.draw(st.integers(0, 10**9)))
    then = lengths.later(calendar, moment, length)
    assert then - moment == length.seconds
    assert lengths.later(calendar, then, -length) == moment
    if not calendar.numbered:
        return
    length = lengths.Length(data.draw(st.integers(0, 40)), data.draw(st.integers(0, 40)))
    then = lengths.later(calendar, moment, length)
    assert then >= moment or not length.years + length.months
    date, moved = (reckoning.date_of(calendar, each) for each in (moment, then))
    assert moved.second == date.second
    if not calendar.months[date.place].outside and moved.day == date.day > 1:
        assert lengths.later(calendar, then, -length) == moment


@EXAMPLES
@given(st.data())
def test_pages_have_each_day_once(data):
    calendar = data.draw(any_calendar)
    date = reckoning.date_of(calendar, data.draw(moments(calendar)))
    page = pages.page(calendar, date.year, date.place)
    days = [day for week in page.weeks for day in week if day]
    assert [day.number for day in days] == list(range(1, len(days) + 1))
    assert len(days) == reckoning.length(calendar.months[date.place], date.year)
    for week in page.weeks:
        assert len(week) == (len(page.weekdays) or 10)
        for name, day in zip(page.weekdays, week, strict=False):
            if day:
                at = reckoning.date_of(calendar, day.moment)
                assert reckoning.weekday(calendar, at) == name


@EXAMPLES
@given(st.data())
def test_moons_come_round(data):
    calendar = data.draw(any_calendar)
    start = data.draw(moments(calendar))
    assume(calendar.day >= 3600)  # so that a phase is longer than a few seconds
    for moon in calendar.moons:
        found = list(
            sky.turnings(calendar, moon, start, start + 5 * round(moon.days * calendar.day))
        )
        assert len(found) in {10, 11}
        assert [each.full for each in found] == [found[0].full ^ (n % 2) for n in range(len(found))]
        for turning in found:
            phase = sky.phase(calendar, moon, turning.moment)
            middle = moon.phases[len(moon.phases) // 2]
            assert phase.name == (middle if turning.full else moon.phases[0])
            assert (phase.step == 4) == turning.full
            before, after = (sky.phase(calendar, moon, turning.moment + d) for d in (-9, 9))
            assert (before.waxing, after.waxing) == (turning.full, not turning.full)


@EXAMPLES
@given(st.integers(1, 3652058), st.integers(0, 86399))
def test_the_gregorian_calendar_is_pythons(ordinal, second):
    real = dt.date.fromordinal(ordinal)
    moment = (ordinal - 1) * 86400 + second
    assert saying.dashed(GREGORIAN, moment) == real.isoformat()
    date = reckoning.date_of(GREGORIAN, moment)
    assert reckoning.weekday(GREGORIAN, date) == real.strftime("%A")
    assert saying.moment(real.strftime("%d %B %Y"), GREGORIAN) == moment - second


def test_the_moon_of_the_real_sky():
    """New moons of 2017-08-21 (an eclipse) and 2024-04-08 (another), to a day."""
    for day in ("2017-08-21 18:30", "2024-04-08 18:21"):
        moment = saying.moment(day, GREGORIAN)
        found = sky.turnings(GREGORIAN, GREGORIAN.moons[0], moment - 86400, moment + 86400)
        assert [each.full for each in found] == [False]


@pytest.mark.parametrize("calendar", SHIPPED, ids=lambda each: each.name)
def test_each_that_is_shipped_is_whole(calendar):
    assert calendar.about
    year = 1204
    for place, month in enumerate(calendar.months):
        if reckoning.length(month, year):
            assert pages.page(calendar, year, place).weeks
    start = reckoning.moment_of(calendar, Date(year, 0, 1))
    found = pages.occasions(calendar, start, start + 400 * calendar.day)
    assert {each.text for each in found if each.kind == "holiday"} >= {
        each.name
        for each in calendar.holidays
        if each.every == 1 and each.name != "The Crown Games"
    }


@pytest.mark.parametrize(
    "typed",
    [
        "3 Frostfall 1204", "3rd of frostfall 1204", "the 3rd of Frostfall 1204",
        "Frostfall 3, 1204",
        "Frostfall 3rd 1204", "3 fros 1204", "1204-02-03", "1204-2-3", "3 Frostfall",
        "Frostfall 3rd",
        "Marketday, 3 Frostfall 1204", "  3   FROSTFALL   1204 ",
    ],
)  # fmt: skip
def test_a_day_may_be_typed_in_many_ways(typed):
    near = saying.moment("20 Haymonth 1204, 10:00", MOONS)
    moment = saying.moment(typed, MOONS, near)
    assert saying.say(MOONS, moment) == "3 Frostfall 1204, 00:00"
    for time in ("14:30", "at 14:30"):
        assert saying.moment(f"{typed} {time}", MOONS, near) == moment + 14 * 3600 + 1800


def test_a_time_alone_is_of_today():
    near = saying.moment("20 Haymonth 1204, 10:00", MOONS)
    assert saying.say(MOONS, saying.moment("22:15", MOONS, near)) == "20 Haymonth 1204, 22:15"
    assert saying.moment("1204-02-03T04:05:06", MOONS) % MOONS.day == 4 * 3600 + 5 * 60 + 6


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "is no date"),
        ("3 Frostfall", "has no year"),
        ("Frostfall 1204", "has no day"),
        ("29 Frostfall 1204", "Frostfall has no day 29"),
        ("0 Frostfall 1204", "Frostfall has no day 0"),
        ("3 Nomonth 1204", "there is no month 'Nomonth'"),
        ("3 L 1204", "'L' fits 3 months"),
        ("1204-14-01", "there is no month 14"),
        ("1204-00-01", "there is no month 0"),
        ("Hearthday, 3 Frostfall 1204", "that day is no Hearthday"),
        ("3 Frostfall 1204, 24:00", "there is no time 24:00"),
        ("3 Frostfall 1204 AD", "there is no era 'AD'"),
        ("2 Stillday 1204", "Stillday has no day 2"),
        ("3 Frostfall 99999999", "is beyond the calendar"),
        ("9" * 400, "too long for a date"),
        ("3 Frostfall 1204 5 6 7", "there is no month"),
        ("\N{ARABIC-INDIC DIGIT THREE} Frostfall 1204", "there is no month"),
    ],
)
def test_what_is_no_date_says_why(typed, message):
    with pytest.raises((InputError, NotFound, Ambiguous), match=message) as caught:
        saying.moment(typed, MOONS)
    assert caught.value.message


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            ["3", "-1", "1204", "Frostfall", "the", "of", "at", "14:30", "9:99", ",", "T", "1-2-3",
             "3rd", "OC", "before", "Stillday", "Hearthday,", "٣", "99999999", ""]
        ),
        max_size=7,
    ).map(" ".join)
)  # fmt: skip
def test_no_text_breaks_the_reading_of_dates(typed):
    for calendar in (MOONS, TENFOLD):
        try:
            moment = saying.moment(typed, calendar, near=0)
        except TtrpgError:
            continue
        assert saying.moment(saying.say(calendar, moment), calendar) == moment


def test_eras():
    for typed, said in (
        ("1 Ember 1 NC", "1 Ember 1 NC"),
        ("1 Ember 1 New Crown", "1 Ember 1 NC"),
        ("1 Ember 1", "1 Ember 1 NC"),
        ("30 Dusk 811 OC", "30 Dusk 811 OC"),
        ("1 Ember 812 oc", "1 Ember 1 NC"),
        ("1 Ember 1 before the Crown", "1 Ember 1 before the Crown"),
        ("0812-01-01", "1 Ember 1 NC"),
        ("0000-01-01", "1 Ember 1 before the Crown"),
    ):
        assert saying.say(TENFOLD, saying.moment(typed, TENFOLD), time=False) == said


def test_days_outside_of_any_month():
    feast = saying.moment("Feast of Masks 4 NC", TENFOLD)
    assert saying.say(TENFOLD, feast, time=False) == "Feast of Masks 4 NC"
    assert saying.dashed(TENFOLD, feast) == "Feast of Masks 4 NC"
    assert reckoning.weekday(TENFOLD, reckoning.date_of(TENFOLD, feast)) == ""
    assert saying.say(TENFOLD, feast + TENFOLD.day, time=False) == "1 Sleet 4 NC"
    for typed in ("1 Crown Games 2 NC", "Crown Games 2 NC"):
        with pytest.raises(InputError, match="Crown Games has no day 1") as caught:
            saying.moment(typed, TENFOLD)
        assert caught.value.hint == "It is not in every year"
    assert saying.moment("Crown Games 1 NC", TENFOLD)
    still = saying.moment("1205-01-01", MOONS) - 1
    assert saying.say(MOONS, still, time=False) == "Stillday 1204"
    assert (
        saying.say(MOONS, saying.moment("2 Stillday 1205", MOONS), time=False) == "2 Stillday 1205"
    )


@pytest.mark.parametrize(
    ("calendar", "start", "length", "then"),
    [
        (GREGORIAN, "2024-01-31", "1 month", "2024-02-29"),
        (GREGORIAN, "2024-02-29", "1 year", "2025-02-28"),
        (GREGORIAN, "2023-11-30", "3 months", "2024-02-29"),
        (GREGORIAN, "2024-02-28", "2 days", "2024-03-01"),
        (GREGORIAN, "0001-01-01", "1 week", "0001-01-08"),
        (TENFOLD, "Feast of Masks 4 NC", "1 year", "Feast of Masks 5 NC"),
        (TENFOLD, "Feast of Masks 4 NC", "1 month", "30 Sleet 4 NC"),
        (TENFOLD, "Feast of Masks 4 NC", "12 months", "Feast of Masks 5 NC"),
        (TENFOLD, "Crown Games 1 NC", "1 year", "30 Swarm 2 NC"),
        (TENFOLD, "3 Ember 1 NC", "1 week", "13 Ember 1 NC"),
        (MOONS, "Stillday 1204", "1 day", "1 Deepwinter 1205"),
        (MOONS, "28 Longnight 1204", "1 month", "28 Deepwinter 1205"),
    ],
)
def test_months_and_years_go_to_the_day_of_the_same_number(calendar, start, length, then):
    now = saying.moment(start, calendar)
    found = lengths.later(calendar, now, lengths.read(length.split(), calendar))
    assert found == saying.moment(then, calendar), saying.say(calendar, found)


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("8 hours", 28800), ("1h30min", 5400), ("1 hour and 30 minutes", 5400), ("90 s", 90),
        ("2 d, 1 h", 176400), ("1 week", 604800), ("0 days", 0), ("2 hour 3 sec", 7203),
    ],
)  # fmt: skip
def test_lengths_of_time_are_read(typed, seconds):
    assert lengths.read(typed.split(), MOONS).seconds == seconds


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "is no length"), ("hours", "is no length"), ("8", "is no length"),
        ("8 m", "fits 2 units"), ("-8 hours", "is no length"), ("8 fortnights", "no unit"),
        ("99999999999 days", "is no length"), ("1.5 hours", "is no length"),
        ("٣ days", "is no length"),
    ],
)  # fmt: skip
def test_what_is_no_length_says_why(typed, message):
    with pytest.raises((InputError, NotFound, Ambiguous), match=message):
        lengths.read(typed.split(), MOONS)


def test_a_calendar_without_months_has_neither_those_nor_weeks():
    days = almanac.load("days")
    for typed in ("1 month", "1 year", "1 week"):
        with pytest.raises(InputError, match="Numbered days has no"):
            lengths.read(typed.split(), days)
    assert saying.say(days, 3 * days.day + 3660) == "Day 4, 01:01"
    assert saying.moment("day 4", days) == 3 * days.day


def test_nothing_is_beyond_the_calendar():
    last = saying.moment("10000000-13-28", MOONS)
    with pytest.raises(InputError, match="beyond the calendar"):
        lengths.later(MOONS, last, lengths.read(["9", "days"], MOONS))
    for beyond in (10**30, -(10**30)):
        with pytest.raises(InputError, match="beyond the calendar"):
            reckoning.date_of(MOONS, beyond)


def test_occasions_are_of_their_time_and_in_order():
    start = saying.moment("14 Highsun 1204", MOONS)
    found = pages.occasions(MOONS, start, start + 1)
    assert [(each.kind, each.text) for each in found] == [("holiday", "Sun's Height")]
    assert pages.occasions(MOONS, start + 1, start + 1) == []
    year = pages.occasions(MOONS, start, start + 366 * MOONS.day)
    assert [each.moment for each in year] == sorted(each.moment for each in year)
    assert {each.text for each in year} >= {"Winter begins", "Ilve is full", "Korrath is new"}
    watch = almanac.load("station")
    five = [
        reckoning.date_of(watch, each.moment).year
        for each in pages.occasions(watch, 0, 12 * 400 * watch.day)
        if each.text == "Silent Watch"
    ]
    assert five == [5, 10]
    assert len(pages.occasions(MOONS, 0, 50_000 * 365 * MOONS.day)) == pages.MOST


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"months": ()}, "has no months"),
        ({"months": (Month("A", 0),)}, "never has a day"),
        ({"months": (Month("A", 0, (Leap(4),)),)}, "some year would have no day"),
        ({"months": (Month("A", 3, (Leap(4, -4),)),)}, "in some year it has -1 days"),
        ({"months": (Month("A", 3), Month("a", 3))}, "is there twice"),
        ({"months": (Month("A1", 3),)}, "has a digit"),
        ({"months": (Month("A, B", 3),)}, "has a digit, comma"),
        ({"months": (Month("of", 3),)}, "reads as part of a date"),
        ({"months": (Month("Meet at", 3),)}, "reads as part of a date"),
        ({"months": (Month("A  B", 3),)}, "odd spaces"),
        ({"months": (Month("A", 3, (Leap(0),)),)}, "leap.every"),
        ({"months": (Month("A", 3, (Leap(9973), Leap(9967))),)}, "come round in"),
        ({"months": (Month("A", 10_001),)}, "days"),
        ({"months": tuple(Month("x" * n, 3000) for n in range(1, 9))}, "days of a year"),
        ({"hours": 0}, "hours"),
        ({"minutes": 1001, "seconds": 1001}, "seconds of a day"),
        ({"first_weekday": 7}, "first_weekday"),
        ({"holidays": (Holiday("H", "Nomonth"),)}, "there is no month 'Nomonth'"),
        ({"holidays": (Holiday("H", "Frostfall", 29),)}, "H: day"),
        ({"holidays": (Holiday("H", "Frostfall", every=0),)}, "every"),
        ({"moons": (Moon("M", 0.5),)}, "comes round"),
        ({"moons": (Moon("M", float("nan")),)}, "comes round"),
        ({"moons": (Moon("M", 9, phases=("one",)),)}, "too few phases"),
        ({"eras": (Era("B", 9), Era("A", 3))}, "not in order"),
        ({"weekdays": tuple(f"{'x' * n}" for n in range(1, 202))}, "weekdays"),
        ({"name": ""}, "is empty"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(changed, message):
    with pytest.raises(InputError, match=message):
        almanac.checked(attrs.evolve(MOONS, **changed))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name = ", "not valid TOML"),
        ("nam = 'x'", "mine.toml.nam: there is no such key"),
        ("name = 'x'\ntitle = 'X'", "mine.toml.months: is missing"),
        ("name = 'x'\ntitle = 'X'\nmonths = 'May'", "is not a list"),
        ("name = 'x'\ntitle = 'X'\n[[months]]\nname = 'A'\ndays = '3'", "is not a whole number"),
        ("x = " + "[" * 2000, "not valid TOML|nested too deeply"),
    ],
)
def test_a_file_that_is_wrong_says_where(content, message):
    with pytest.raises(InputError, match=message):
        almanac.read(content, "mine.toml")


def test_a_calendar_that_is_not_there():
    with pytest.raises(NotFound, match="there is no calendar 'two-moon'") as caught:
        almanac.load("two-moon")
    assert "two-moons" in caught.value.hint
