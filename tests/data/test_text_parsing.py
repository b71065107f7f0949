"""Texts that stand for numbers or dates are read as such; what only looks like them is not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_crossmodal.data.cells._text_parsing import (
    NUMBERS,
    are_missing_markers,
    describe_ambiguous_texts,
    format_number,
    have_identifiers,
    infer_text_format,
    parse_texts,
)

DAYS = [datetime(2024, 1, 1) + timedelta(days=7 * week) for week in range(30)]
NUMBERS_OF_DAYS = [(day - datetime(1970, 1, 1)).days for day in DAYS]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_as_python_writes_them_are_read_to_the_bit(numbers):
    texts = [str(number) for number in numbers]
    assert infer_text_format(texts) == NUMBERS
    assert parse_texts(texts, NUMBERS).tolist() == numbers


@given(
    st.lists(st.integers(-(10**15), 10**15), min_size=1), st.sampled_from(["{}", " {}\n", "{}."])
)
def test_integers_with_blanks_around_are_numbers(numbers, form):
    texts = [form.format(number) for number in numbers]
    assert infer_text_format(texts) == NUMBERS
    assert parse_texts(texts, NUMBERS).tolist() == numbers


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d 00:00", "%Y-%m-%dT00:00:00Z", "%d.%m.%Y", "%d/%m/%Y"),
        *("%m/%d/%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y 0:00"),
    ],
)
def test_dates_are_days_in_all_usual_orders(form):
    texts = [day.strftime(form) for day in DAYS]
    reading = infer_text_format(texts)
    assert parse_texts(texts, reading).tolist() == NUMBERS_OF_DAYS


@given(
    st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=1),
    st.sampled_from(["", "+02:00", "-0530", "Z"]),
)
def test_iso_dates_are_read_to_the_microsecond_in_utc(dates, zone):
    texts = [date.isoformat() + zone for date in dates]
    true = [datetime.fromisoformat(text) for text in texts]
    true = [date if date.tzinfo else date.replace(tzinfo=UTC) for date in true]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    found = parse_texts(texts, infer_text_format(texts))
    np.testing.assert_allclose(found, [(date - epoch) / timedelta(1) for date in true], atol=1e-9)


@pytest.mark.parametrize(
    "texts",
    [
        ["192.168.0.1", "10.0.0.2"],
        ["1.2.3", "3.10.4"],
        ["3f2", "1e5", "9a1"],
        ["12a", "7b"],
        ["nan", "inf"],
        ["1_000", "2_000"],
        ["0x1f", "0x20"],
        ["٣", "٤"],  # digits that NumPy reads and no file of numbers is written with
        ["2024-02-30", "2024-13-01"],  # no such days
        ["12:30", "13:45"],
        ["a", "b"],
        [],
    ],
    ids=str,
)
def test_what_is_neither_number_nor_date_has_no_reading(texts):
    assert infer_text_format(texts) is None


@pytest.mark.parametrize(
    "texts",
    [["01234", "90210"], ["+491701234567", "+4930123456"], ["4111111111111111"], ["007"]],
    ids=str,
)
def test_codes_of_digits_are_identifiers(texts):
    assert have_identifiers(texts)


@pytest.mark.parametrize("texts", [["0", "0.5", "-0.25"], ["12345", "+1"], ["0"]], ids=str)
def test_numbers_are_no_identifiers(texts):
    assert not have_identifiers(texts)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1,234.5", "12,000"], "numbers with separators or signs"),
        (["1.234,5", "12,5"], "numbers with separators or signs"),
        (["12 %", "3%"], "numbers with separators or signs"),
        (["€ 5", "€12.50"], "numbers with separators or signs"),
        (["5 EUR", "7 EUR"], "numbers with separators or signs"),
        (["01/02/2024", "03/04/2024"], "dates whose day and month cannot be distinguished"),
        (["a, b", "c"], None),
        (["12 Main Street", "13 Main Street"], None),
    ],
    ids=str,
)
def test_what_only_people_can_tell_is_not_read_but_described(texts, kind):
    assert infer_text_format(texts) is None
    found = describe_ambiguous_texts(texts)
    assert found is None if kind is None else found.startswith(kind)


@pytest.mark.parametrize("n_wrong", [0, 1, 5, 6, 50])
def test_nearly_all_must_be_read(n_wrong):
    texts = ["unknown"] * n_wrong + ["1.5"] * (100 - n_wrong)
    assert infer_text_format(texts) == (NUMBERS if n_wrong <= 5 else None)


def test_what_files_write_for_nothing_says_nothing():
    assert are_missing_markers(["", "  ", "NA", "n/a", "NaN", "null", "None", "NaT"]).all()
    assert not are_missing_markers(["0", "no", "unknown", "none of these"]).any()


@pytest.mark.parametrize("number", [0.0, -3.25, 19000.5, 1e-9])
@pytest.mark.parametrize("reading", [NUMBERS, "dates, year first"])
def test_what_is_written_is_read_again(number, reading):
    np.testing.assert_allclose(
        parse_texts([format_number(number, reading)], reading), [number], atol=1e-5
    )
