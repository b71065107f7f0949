"""Parse string columns that hold numbers or dates: infer the format, then convert."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, timezone

import numpy as np

from sklearn_crossmodal.data.cells._datetime_cells import to_number

__all__ = [
    "MIN_PARSED_SHARE",
    "NUMBERS",
    "are_missing_markers",
    "describe_ambiguous_texts",
    "format_number",
    "have_identifiers",
    "infer_text_format",
    "is_date",
    "parse_texts",
]

#: The share of the non-missing strings of a column that must be parsed as numbers or dates.
MIN_PARSED_SHARE = 0.95
#: The name of the numeric format; the names of date formats are the keys of `_DATES`.
NUMBERS = "numbers"

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
#: Matches the start of every recognised format, and rejects other strings fast.
_PREFILTER = re.compile(r"[-+.€$£¥ ]{0,3}(?:[0-9]|[A-Za-z]{3,9}\.? \d).*", re.ASCII | re.DOTALL)
#: Markers of a missing value in files, in lower case.
_MISSING_MARKERS = frozenset({"", "nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nat"})
#: Integers that are identifiers: a leading zero, more digits than a float holds, a phone number.
_IDENTIFIER = re.compile(r"[+-]?0\d+|[+-]?\d{16,}|\+\d{7,}", re.ASCII)
#: Numbers with separators, a percent sign or a currency, which are ambiguous.
_DECORATED = re.compile(
    r"[€$£¥]?\s?[+-]?\d{1,3}(?:(?:[,.'\u2019\u00a0 ]\d{3})+|\d*)(?:[.,]\d+)?"
    r"\s?(?:[%€$£¥]|EUR|USD)?",
    re.ASCII,
)
_TIME = (
    r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?"
)
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4})"
_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
#: Date formats. Day first and month first may be ambiguous.
_DATES = {
    name: re.compile(date + _TIME, re.ASCII)
    for name, date in {
        "dates, year first": rf"{_YEAR}(?P<sign>[-/.]){_MONTH}(?P=sign){_DAY}",
        "dates, day first": rf"{_DAY}(?P<sign>[-/.]){_MONTH}(?P=sign){_YEAR}",
        "dates, month first": rf"{_MONTH}(?P<sign>[-/]){_DAY}(?P=sign){_YEAR}",
        "dates, day and name of the month": rf"{_DAY}[ -]{_NAME}[ -]{_YEAR}",
        "dates, name of the month and day": rf"{_NAME} {_DAY},? {_YEAR}",
    }.items()
}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)


def are_missing_markers(texts: Iterable[str]) -> np.ndarray:
    """Return which strings are markers of a missing value: blank, NA, null and so on."""
    return np.array(
        [len(text) < 9 and text.strip().lower() in _MISSING_MARKERS for text in texts], bool
    )


def have_identifiers(texts: Iterable[str]) -> bool:
    """Return whether any string is an identifier, such as a postcode with a leading zero."""
    return any(_IDENTIFIER.fullmatch(text.strip()) for text in texts)


def is_date(text: str) -> bool:
    """Return whether a string is a date in any of the recognised formats."""
    return any(pattern.fullmatch(text.strip()) for pattern in _DATES.values())


def describe_ambiguous_texts(texts: list[str]) -> str | None:
    """Describe strings that look like numbers or dates, but are ambiguous; None for others."""
    if not _matches_most(_PREFILTER, texts):
        return None
    if _matches_most(_DECORATED, texts):
        return "numbers with separators or signs"
    if all(
        _matches_most(_DATES[name], texts) for name in ("dates, day first", "dates, month first")
    ):
        return "dates whose day and month cannot be distinguished"
    return None


def infer_text_format(texts: list[str], least: float = MIN_PARSED_SHARE) -> str | None:
    """Infer the format that parses this share of strings of a column as numbers or dates.

    The strings include no markers of missing values. None if there is no format, or if day and
    month are ambiguous.
    """
    if not _matches_most(_PREFILTER, texts, least):
        return None
    if _matches_most(_NUMBER, texts, least):
        return NUMBERS
    found = {
        name: parse_texts(texts, name)
        for name in _DATES
        if _matches_most(_DATES[name], texts, least)
    }
    enough = [name for name, days in found.items() if np.isfinite(days).mean() >= least]
    if len(enough) == 2 and not np.array_equal(*(found[name] for name in enough), equal_nan=True):
        return None
    return enough[0] if enough else None


def parse_texts(texts: Iterable[str], reading: str) -> np.ndarray:
    """Convert strings in an inferred format to numbers, dates to days since 1970; else to NaN."""
    if reading == NUMBERS:
        found = (float(text) if _NUMBER.fullmatch(text := one.strip()) else np.nan for one in texts)
    else:
        found = (_days(_DATES[reading].fullmatch(text.strip())) for text in texts)
    return np.fromiter(found, np.float64)


def format_number(number: float, reading: str) -> str:
    """Format a number as `parse_texts` reads it; dates in ISO 8601."""
    if reading == NUMBERS:
        return str(float(number))
    date = datetime(1970, 1, 1) + timedelta(days=round(float(number) * 86_400) / 86_400)
    return date.date().isoformat() if date.time() == time() else date.isoformat()


def _matches_most(pattern: re.Pattern, texts: list[str], least: float = MIN_PARSED_SHARE) -> bool:
    """Return whether a pattern matches nearly all strings; stop once too many do not match."""
    left = len(texts) * (1 - least) + 1e-9
    for text in texts:
        if not pattern.fullmatch(text.strip()):
            left -= 1
            if left < 0:
                return False
    return bool(texts)


def _days(found: re.Match | None) -> float:
    """Return a matched date in days since 1970, NaN for an invalid date."""
    if found is None:
        return np.nan
    parts = found.groupdict()
    try:
        date = int(parts["year"]), _month(parts), int(parts["day"])
        clock = (int(parts[key] or 0) for key in ("hour", "minute", "second"))
        fraction = int((parts["part"] or "0").ljust(6, "0")[:6])
        return to_number(datetime(*date, *clock, fraction, tzinfo=_zone(parts["zone"])))
    except (ValueError, OverflowError):  # no valid date
        return np.nan


def _month(parts: dict) -> int:
    if "month" in parts:
        return int(parts["month"])
    name = parts["name"].lower()
    fits = [month for month, full in enumerate(_MONTHS, 1) if full.startswith(name)]
    return fits[0] if fits else 13  # which `datetime` rejects


def _zone(text: str | None) -> timezone | None:
    if text is None or text in ("Z", "UTC"):
        return UTC
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
