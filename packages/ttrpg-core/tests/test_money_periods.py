"""Calendar periods: months of every length, years that end, clocks that change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttrpg_core.llm.money.periods import PERIODS, midnight, span

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
BEIRUT = ZoneInfo("Asia/Beirut")


def at(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def hours(found):
    return (found.end - found.start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "first", "after"),
    [
        ("2024-02-29", "2024-02-01", "2024-03-01"),
        ("2026-02-28", "2026-02-01", "2026-03-01"),
        ("2026-01-31", "2026-01-01", "2026-02-01"),
        ("2026-12-31", "2026-12-01", "2027-01-01"),
    ],
)
def test_a_month_begins_on_its_first_at_midnight_here(day, first, after):
    for clock in ("00:00:00", "12:00:00", "23:59:59"):
        found = span("month", at(f"{day}T{clock}", NEW_YORK), NEW_YORK)
        assert found.start == at(f"{first}T00:00:00", NEW_YORK)
        assert found.end == at(f"{after}T00:00:00", NEW_YORK)
        assert (found.first, found.last) == (
            date.fromisoformat(first),
            date.fromisoformat(after) - timedelta(days=1),
        )


def test_the_last_evening_of_a_month_there_is_not_the_next_month_of_utc():
    evening = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)  # 31 January, ten in the evening
    assert span("month", evening, NEW_YORK).first == date(2026, 1, 1)
    assert span("month", evening, UTC).first == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("day", "long"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_on_which_clocks_change_is_one_day(day, long):
    for clock in ("00:00:00", "01:59:59", "03:00:00", "23:59:59"):
        found = span("day", at(f"{day}T{clock}", BERLIN), BERLIN)
        assert hours(found) == long
        assert found.first == found.last == date.fromisoformat(day)


def test_the_hour_that_comes_twice_is_two_hours():
    first = at("2026-10-25T02:30:00", BERLIN)
    second = first.replace(fold=1)
    one, two = span("hour", first, BERLIN), span("hour", second, BERLIN)
    assert one.end == two.start
    assert hours(one) == hours(two) == 1


def test_a_week_begins_on_monday_also_over_the_turn_of_a_year():
    found = span("week", at("2027-01-01T10:00:00", BERLIN), BERLIN)
    assert (found.first, found.last) == (date(2026, 12, 28), date(2027, 1, 3))
    assert hours(found) == 168
    assert hours(span("week", at("2026-03-25T10:00:00", BERLIN), BERLIN)) == 167


def test_an_hour_begins_at_the_full_hour_of_the_clock_on_the_wall():
    found = span("hour", datetime(2026, 1, 1, 0, 20, tzinfo=UTC), KATHMANDU)  # 06:05 there
    assert found.start == datetime(2026, 1, 1, 0, 15, tzinfo=UTC)


def test_a_midnight_that_clocks_skip():
    begins = midnight(date(2026, 3, 29), BEIRUT)  # 00:00 is 01:00 at once
    assert begins == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert hours(span("day", at("2026-03-29T12:00:00", BEIRUT), BEIRUT)) == 23


def test_total_has_no_end():
    found = span("total", datetime(2026, 1, 1, tzinfo=UTC), UTC)
    assert found.end is None
    assert found.start.year == 1


def test_the_computers_own_zone_is_taken_when_none_is_given(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        for moment in (at("2026-03-29T12:00:00", BERLIN), at("2026-10-25T02:30:00", BERLIN)):
            for period in PERIODS:
                assert span(period, moment, None) == span(period, moment, BERLIN)
    finally:
        monkeypatch.undo()
        time.tzset()


@given(
    st.integers(157_766_400, 2_840_140_800),  # the years 1975 to 2059
    st.sampled_from([BERLIN, NEW_YORK, KATHMANDU, BEIRUT, ZoneInfo("Pacific/Apia"), UTC]),
    st.sampled_from(["day", "week", "month"]),
)
def test_every_moment_is_in_its_span_and_spans_meet(second, zone, period):
    moment = datetime.fromtimestamp(second, UTC)
    found = span(period, moment, zone)
    assert found.start <= moment < found.end
    following = span(period, found.end, zone)
    assert following.start == found.end
    assert span(period, found.end - timedelta(microseconds=1), zone) == found
    assert following.first > found.last
