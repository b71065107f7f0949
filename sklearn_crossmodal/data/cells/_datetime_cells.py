"""Convert scalar cells to numbers and back: decimals, dates, times of day and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from numbers import Real

import numpy as np

from sklearn_crossmodal.data.cells._cells import from_days

__all__ = ["date_kind", "is_quantity", "to_number", "to_quantities", "to_quantity"]

_TYPES = (Real, np.number, np.bool_, Decimal, date, time, timedelta, np.datetime64)
_EPOCH, _DAY = datetime(1970, 1, 1), timedelta(1)


def is_quantity(cell) -> bool:
    """Return whether `to_number` converts a cell; a pandas period is converted by its start."""
    return isinstance(cell, _TYPES) or _is_period(cell)


def date_kind(values) -> str | None:
    """Return "dates", "durations" or "times of day" if an array holds any of them, else None."""
    if values.dtype.kind != "O":
        return {"M": "dates", "m": "durations"}.get(values.dtype.kind)
    return next(filter(None, map(_date_kind_of, values.flat)), None)


def _date_kind_of(cell) -> str | None:
    if isinstance(cell, date | np.datetime64) or _is_period(cell):
        return "dates"
    if isinstance(cell, timedelta | np.timedelta64):
        return "durations"
    return "times of day" if isinstance(cell, time) else None


def to_quantities(numbers: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Convert numbers, as of `to_number`, to the type of an array of dates, durations or times.

    NaN and infinity become NaT or None.
    """
    if like.dtype.kind in "mM":
        return from_days(numbers, like.dtype)
    cell = next(cell for cell in like.flat if _date_kind_of(cell))
    found = np.empty(numbers.shape, dtype=object)
    finite = np.where(np.isfinite(numbers), numbers, np.nan)
    found.flat = [to_quantity(number, cell) for number in finite.flat]
    return found


def to_number(cell) -> float:
    """Convert a number, decimal, date, time, duration or period that is not missing to a float.

    Dates are days since 1970, in UTC if they have a time zone; durations are days; times of day are
    seconds since midnight.
    """
    if isinstance(cell, np.datetime64 | np.timedelta64):
        cell = cell.astype(f"{cell.dtype.kind}8[us]").item()
    if _is_period(cell):
        cell = cell.start_time
    if isinstance(cell, time):
        cell = datetime.combine(_EPOCH, cell.replace(tzinfo=None)) - _EPOCH
        return cell.total_seconds()
    if isinstance(cell, datetime):
        zoned = cell.tzinfo is not None
        return ((cell.astimezone(UTC).replace(tzinfo=None) if zoned else cell) - _EPOCH) / _DAY
    if isinstance(cell, date):
        return float((cell - _EPOCH.date()).days)
    return cell / _DAY if isinstance(cell, timedelta) else float(cell)


def to_quantity(number: float, like):
    """Invert `to_number`, to the microsecond: to the type of another cell; None for NaN."""
    if np.isnan(number):
        return None
    if isinstance(like, np.datetime64 | np.timedelta64):
        return from_days(np.array([number]), like.dtype)[0]
    if isinstance(like, Decimal):
        return Decimal(str(number))
    if isinstance(like, time):
        seconds = np.clip(number, 0, 86_400 - 1e-6)
        return (_EPOCH + timedelta(seconds=float(seconds))).time()
    if isinstance(like, timedelta):
        return type(like)(days=number)
    if isinstance(like, datetime) or _is_period(like):
        return _like_date(_EPOCH + timedelta(days=number), like)
    return _EPOCH.date() + timedelta(days=round(number)) if isinstance(like, date) else number


def _like_date(moment: datetime, like):
    """Convert a datetime in UTC to the type, time zone and frequency of another."""
    if _is_period(like):
        return type(like)(moment, freq=like.freq)
    if like.tzinfo is not None:
        moment = moment.replace(tzinfo=UTC).astimezone(like.tzinfo)
    return moment if type(like) is datetime else type(like)(moment)


def _is_period(cell) -> bool:
    """Return whether a cell is pandas' `Period`, without importing pandas."""
    return hasattr(cell, "start_time") and hasattr(cell, "freqstr")
