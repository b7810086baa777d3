"""Stamps as Jupyter writes them: ISO 8601, UTC, with microseconds and a `Z`.

Counted by hand, since this floor asks no library that could also read a clock.
"""


def iso_time(at: float) -> str:
    """UTC seconds since the epoch, as text."""
    micros = round(at * 1_000_000)
    seconds, micros = divmod(micros, 1_000_000)
    days, second_of_day = divmod(seconds, 86_400)
    year, month, day = _civil(days)
    hour, rest = divmod(second_of_day, 3600)
    minute, second = divmod(rest, 60)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{micros:06d}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day since 1970-01-01 (Hinnant's `civil_from_days`)."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (1 if month <= 2 else 0), month, day
