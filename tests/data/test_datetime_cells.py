"""Decimals, dates, times and durations stand for numbers, and come back from them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from sklearn_crossmodal.data import is_quantity, to_number
from sklearn_crossmodal.data.cells._datetime_cells import to_quantity

QUANTITIES = {
    "int": (3, 3.0),
    "truth": (True, 1.0),
    "float32": (np.float32(2.5), 2.5),
    "decimal": (Decimal("1.25"), 1.25),
    "date": (date(1970, 1, 31), 30.0),
    "datetime": (datetime(1969, 12, 31, 12), -0.5),
    "datetime with a zone": (datetime(1970, 1, 2, tzinfo=timezone(timedelta(hours=6))), 0.75),
    "Timestamp": (pd.Timestamp("1970-01-02 06:00"), 1.25),
    "Timestamp with a zone": (pd.Timestamp("1970-01-02", tz="Europe/Berlin"), 23 / 24),
    "datetime64": (np.datetime64("1970-01-03T12"), 2.5),
    "datetime64 to the nanosecond": (np.datetime64("1970-01-03T12:00:00.000000000"), 2.5),
    "period": (pd.Period("1970-02", freq="M"), 31.0),
    "time": (time(1, 0, 2, 500_000), 3602.5),
    "timedelta": (timedelta(hours=36), 1.5),
    "Timedelta": (pd.Timedelta(hours=36), 1.5),
    "timedelta64": (np.timedelta64(36, "h"), 1.5),
}


@pytest.mark.parametrize("case", QUANTITIES)
def test_quantity_becomes_a_number_and_comes_back(case):
    cell, number = QUANTITIES[case]
    assert is_quantity(cell)
    assert to_number(cell) == pytest.approx(number, abs=1e-12)
    assert isinstance(to_number(cell), float)
    back = to_quantity(to_number(cell), cell)
    assert back == cell
    if not isinstance(cell, int | np.number):
        assert type(back) is type(cell)


def test_dates_in_a_zone_come_back_in_it():
    cell = datetime(2020, 7, 1, 12, tzinfo=timezone(timedelta(hours=6)))
    assert to_quantity(to_number(cell), cell).tzinfo == cell.tzinfo
    assert to_number(cell) == to_number(cell.astimezone(UTC))


def test_number_beyond_the_day_is_its_last_or_first_moment():
    assert to_quantity(1e9, time()) == time(23, 59, 59, 999_999)
    assert to_quantity(-1.0, time(5)) == time(0)


def test_no_number_is_no_quantity():
    assert to_quantity(np.nan, date(2020, 1, 1)) is None


@pytest.mark.parametrize("cell", ["1970-01-01", b"1", [1], None, object()])
def test_other_cells_are_no_quantities(cell):
    assert not is_quantity(cell)
