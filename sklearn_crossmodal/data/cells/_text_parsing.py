"""Texts that stand for numbers or dates: how a column of them is recognised and read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, timezone

import numpy as np

from sklearn_crossmodal.data.cells._datetime_cells import to_number

__all__ = [
    "MOST",
    "NUMBERS",
    "are_identifiers",
    "are_missing_markers",
    "describe_ambiguous_texts",
    "infer_text_format",
    "is_date",
    "parse",
    "write",
]

#: The share of texts of a column, of those that say something, that must be numbers or dates.
MOST = 0.95
#: The name of the reading of numbers; those of dates are the keys of `_DATES`.
NUMBERS = "numbers"

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
#: How all that is recognised here begins: other texts are soon told.
_MAYBE = re.compile(r"[-+.€$£¥ ]{0,3}(?:[0-9]|[A-Za-z]{3,9}\.? \d).*", re.ASCII | re.DOTALL)
#: What files write where there is nothing, in lower case.
_NOTHING = frozenset({"", "nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nat"})
#: Whole numbers that name something: digits behind a zero, more than a float holds, a telephone.
_IDENTIFIER = re.compile(r"[+-]?0\d+|[+-]?\d{16,}|\+\d{7,}", re.ASCII)
#: Numbers with separators, a sign of percent or of a currency: which is which, only people know.
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
#: Ways to write a date; at most one day and one month has to be told from the other.
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
    """Tell which texts are what files write where there is nothing: blank, NA, null and so on."""
    return np.array([len(text) < 9 and text.strip().lower() in _NOTHING for text in texts], bool)


def are_identifiers(texts: Iterable[str]) -> bool:
    """Tell whether there is a whole number that names something, as a postcode with a zero does."""
    return any(_IDENTIFIER.fullmatch(text.strip()) for text in texts)


def is_date(text: str) -> bool:
    """Tell whether a text is a date, in any of the ways that are recognised here."""
    return any(pattern.fullmatch(text.strip()) for pattern in _DATES.values())


def describe_ambiguous_texts(texts: list[str]) -> str | None:
    """Say what texts are that nearly all look like numbers or dates, but are not clearly such.

    Parameters
    ----------
    texts : list of str
        A column, without those that say nothing.

    Returns
    -------
    str or None
        For a message; None if they look like other texts.
    """
    if not _is_most(_MAYBE, texts):
        return None
    if _is_most(_DECORATED, texts):
        return "numbers with separators or signs"
    if all(_is_most(_DATES[name], texts) for name in ("dates, day first", "dates, month first")):
        return "dates of which nothing says whether the day or the month comes first"
    return None


def infer_text_format(texts: list[str], least: float = MOST) -> str | None:
    """Find out how to read nearly all texts as numbers or dates.

    Parameters
    ----------
    texts : list of str
        A column, without those that say nothing.
    least : float, default=0.95
        The share that must be read.

    Returns
    -------
    str or None
        For `parse`; None if they are neither. Day and month that cannot be told apart are neither.
    """
    if not _is_most(_MAYBE, texts, least):
        return None
    if _is_most(_NUMBER, texts, least):
        return NUMBERS
    found = {name: parse(texts, name) for name in _DATES if _is_most(_DATES[name], texts, least)}
    enough = [name for name, days in found.items() if np.isfinite(days).mean() >= least]
    if len(enough) == 2 and not np.array_equal(*(found[name] for name in enough), equal_nan=True):
        return None
    return enough[0] if enough else None


def parse(texts: Iterable[str], reading: str) -> np.ndarray:
    """Return texts as numbers, dates as days since 1970, NaN where one cannot be read.

    Parameters
    ----------
    texts : iterable of str
        Of a column.
    reading : str
        As `infer_text_format` returns it.

    Returns
    -------
    ndarray of shape (n,), float64
    """
    if reading == NUMBERS:
        found = (float(text) if _NUMBER.fullmatch(text := one.strip()) else np.nan for one in texts)
    else:
        found = (_days(_DATES[reading].fullmatch(text.strip())) for text in texts)
    return np.fromiter(found, np.float64)


def write(number: float, reading: str) -> str:
    """Return a number as a text that `parse` reads, a date as ISO 8601 has it."""
    if reading == NUMBERS:
        return str(float(number))
    date = datetime(1970, 1, 1) + timedelta(days=round(float(number) * 86_400) / 86_400)
    return date.date().isoformat() if date.time() == time() else date.isoformat()


def _is_most(pattern: re.Pattern, texts: list[str], least: float = MOST) -> bool:
    """Tell whether a pattern fits nearly all texts; most columns are soon told not to."""
    left = len(texts) * (1 - least) + 1e-9
    for text in texts:
        if not pattern.fullmatch(text.strip()):
            left -= 1
            if left < 0:
                return False
    return bool(texts)


def _days(found: re.Match | None) -> float:
    """Return the date that a pattern found in days since 1970, NaN where there is none such."""
    if found is None:
        return np.nan
    parts = found.groupdict()
    try:
        date = int(parts["year"]), _month(parts), int(parts["day"])
        clock = (int(parts[key] or 0) for key in ("hour", "minute", "second"))
        fraction = int((parts["part"] or "0").ljust(6, "0")[:6])
        return to_number(datetime(*date, *clock, fraction, tzinfo=_zone(parts["zone"])))
    except (ValueError, OverflowError):  # there is no such day
        return np.nan


def _month(parts: dict) -> int:
    if "month" in parts:
        return int(parts["month"])
    name = parts["name"].lower()
    fits = [month for month, full in enumerate(_MONTHS, 1) if full.startswith(name)]
    return fits[0] if fits else 13  # no month: `datetime` refuses it


def _zone(text: str | None) -> timezone | None:
    if text is None or text in ("Z", "UTC"):
        return UTC
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
