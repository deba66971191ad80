"""Texts with units to numbers, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import day, hour, minute
from twin.units import duration, length, share, speed, time_of_day


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (time_of_day, "17:00", 17 * hour),
        (time_of_day, "7:05:30", 7 * hour + 5 * minute + 30_000),
        (time_of_day, "24:00", day),
        (time_of_day, "day 2, 08:30", day + 8 * hour + 30 * minute),
        (duration, "2 h", 2 * hour),
        (duration, "1,5 h", 90 * minute),
        (duration, "90min", 90 * minute),
        (duration, "1 d", day),
        (duration, "0 h", 0),
        (share, "60 %", 0.6),
        (share, 0.6, 0.6),
        (length, "40 ft", 12.192),
        (length, "12", 12.0),
        (speed, "36", 10.0),
        (speed, "30 mph", 13.4112),
    ],
)
def test_read(read, text, value):
    assert read(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (time_of_day, 1020, 'quoted, as "17:00"'),
        (time_of_day, "17", "no time of day"),
        (time_of_day, "25:00", "hours go to 24"),
        (time_of_day, "24:30", "hours go to 24"),
        (time_of_day, "17:60", "minutes"),
        (time_of_day, None, "no time of day"),
        (time_of_day, True, "no time of day"),
        (duration, "2", "a number and a unit"),
        (duration, 2, "a number and a unit"),
        (duration, "2 weeks", "a number and a unit"),
        (duration, "-2 h", "negative"),
        (duration, "h", "not a number"),
        (duration, "9" * 400 + " h", "too long"),
        (duration, None, "not a number"),
        (share, "160 %", "no share"),
        (share, -0.1, "no share"),
        (share, True, "not a number"),
        (length, "3 miles", "no length"),
        (speed, "5 parsec/h", "no speed"),
    ],
)
def test_refused(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


@given(st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())))
def test_anything_else_is_a_value_error(text):
    for read in (time_of_day, duration, share, length, speed):
        try:
            assert read(text) == read(text)
        except ValueError as error:
            assert str(error)  # noqa: PT017
