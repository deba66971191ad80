"""Units at the border: texts such as "17:00", "2 h", "60 %" and "30 km/h" to SI numbers. Inside everything is SI."""

from __future__ import annotations

import re

from twin.clock import day, hour, minute, second

_DURATION = {
    "ms": 1,
    "s": second,
    "sec": second,
    "min": minute,
    "minute": minute,
    "minutes": minute,
    "h": hour,
    "hour": hour,
    "hours": hour,
    "d": day,
    "day": day,
    "days": day,
}
LONGEST = 36_525 * day  # ms
_LENGTH = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "'": 0.3048, "feet": 0.3048}
_SPEED = {"km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6, "mph": 0.44704, "m/s": 1.0, "knots": 0.514444}
_NUMBER = re.compile(r"\s*(-?\d+(?:[.,]\d+)?)\s*([^\d\s].*)?$")


def time_of_day(text: object) -> int:
    """ "17:00", "17:00:30" or "day 2, 08:30" as ms since the start. Raises ValueError, with the quoted form for numbers."""
    if isinstance(text, int) and not isinstance(text, bool):
        # 17:00 without quotes is 1020 in YAML; a number of hours is what somebody wrote himself
        guess = f"{int(text):02d}:00" if 0 <= text <= 24 else f"{int(text) // 60:02d}:{int(text) % 60:02d}"
        raise ValueError(
            f'is the number {text}: YAML reads a time without quotes as a number; write it quoted, as "{guess}"'
        )
    match = re.fullmatch(r"(?:day\s+(\d{1,4}),?\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?", str(text).strip())
    if not match:
        raise ValueError(f'{text!r} is no time of day; write it as "17:00" or "day 2, 08:30"')
    days, hours, minutes, seconds = (int(g) if g else 0 for g in match.groups())
    if hours * 3600 + minutes * 60 + seconds > 86_400 or minutes > 59 or seconds > 59:
        raise ValueError(f"{text!r} is no time of day; hours go to 24, minutes and seconds to 59")
    return max(days - 1, 0) * day + hours * hour + minutes * minute + seconds * second


def duration(text: object) -> int:
    """ "2 h", "90 min", "1 d" as ms. Raises ValueError where the unit is missing or unknown, or the number negative."""
    number, unit = _split(text)
    if unit not in _DURATION:
        raise ValueError(f'{text!r} is no duration; write a number and a unit, as "2 h", "90 min" or "1 d"')
    if number < 0:
        raise ValueError(f"{text!r} is negative; a duration is 0 or more")
    if number * _DURATION[unit] > LONGEST:
        raise ValueError(f"{text!r} is too long; a duration is a hundred years at most")
    return round(number * _DURATION[unit])


def share(text: object) -> float:
    """ "60 %" or 0.6 as 0.6. Raises ValueError outside 0..1."""
    number, unit = _split(text)
    value = number / 100.0 if unit == "%" else number
    if unit not in ("", "%") or not 0.0 <= value <= 1.0:
        raise ValueError(f'{text!r} is no share; write "60 %" or a number from 0 to 1')
    return value


def length(text: object) -> float:
    """ "12", "12 m", "40 ft" or "40'" in m. Raises ValueError."""
    number, unit = _split(text)
    if unit and unit not in _LENGTH:
        raise ValueError(f"{text!r} is no length; write it in m, km or ft")
    return number * _LENGTH.get(unit, 1.0)


def speed(text: object) -> float:
    """ "50" or "50 km/h" (km/h is the default, as in OpenStreetMap) or "30 mph" in m/s. Raises ValueError."""
    number, unit = _split(text)
    if unit and unit not in _SPEED:
        raise ValueError(f"{text!r} is no speed; write it in km/h, mph or m/s")
    return number * _SPEED.get(unit, 1 / 3.6)


def _split(text: object) -> tuple[float, str]:
    match = _NUMBER.match(str(text))
    if not match or isinstance(text, bool):
        raise ValueError(f"{text!r} is not a number with a unit")
    return float(match.group(1).replace(",", ".")), (match.group(2) or "").strip().lower()
