"""Odd data give finite blocks or an error that names the culprit, and stay unchanged."""

import copy
import datetime
import decimal
import tempfile
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_crossmodal import ModalityArray, MultiModalFrame
from sklearn_crossmodal.data import as_table
from sklearn_crossmodal.modalities import MODALITIES, ModalityBank

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NO_MEMORY = joblib.Memory(None)
modest = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
every_modality = pytest.mark.parametrize("modality", list(MODALITIES))


# The property -----------------------------------------------------------------------------------


def fit_and_transform(X, modalities):
    """Return the blocks of `fit_transform` and of `transform`."""
    table, bank = as_table(X), ModalityBank("Owner", modalities)
    bank.bind(X, table)
    return bank.fit_transform(table, None, NO_MEMORY), bank.transform(table)


def dense(values):
    if sparse.issparse(values):
        return values.toarray()
    return values if isinstance(values, np.ndarray) else values[np.arange(values.shape[0])]


def same(one, other):
    """Tell whether two values are equal in type and content, NaN being equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, np.ndarray) and one.dtype == object:
        return one.shape == other.shape and all(map(same, one.ravel(), other.ravel()))
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape) == (
            other.dtype,
            other.shape,
        ) and one.tobytes() == other.tobytes()
    if isinstance(one, pd.Series | pd.DataFrame):
        return one.equals(other)
    if sparse.issparse(one):
        return same(one.toarray(), other.toarray())
    return one is other or repr(one) == repr(other)


def assert_sound(X, modalities, names):
    """Hold the property for X; `names` are those of which an error has to tell one."""
    given = dict(X) if isinstance(X, MultiModalFrame) else X
    n_rows, before = X.shape[0], copy.deepcopy(given)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of files that cannot be read
            found = fit_and_transform(X, modalities)
    except (ValueError, TypeError) as error:
        said = " ".join([str(error), *getattr(error, "__notes__", [])])
        assert any(repr(name) in said for name in names), said
    else:
        for blocks in found:
            for block in blocks.values():
                values = dense(block.values)
                assert len(values) == len(block.present) == n_rows
                assert values.shape[1:] == block.spec.shape
                assert np.isfinite(values).all()
                assert (values[~block.present] == 0).all()
    assert same(given, before)


# Odd columns ------------------------------------------------------------------------------------

CELLS = [
    *["", " ", "\x00", "a cat", "ﬁ ß 🐈‍⬛ \u202e", "\ud800", "no/such/file.png", "1.5", "nan"],
    *[None, np.nan, pd.NA, pd.NaT, True, 0, -1, 10**400, 1e308, -1e308, 5e-324, np.inf, 1j],
    *[np.float32(3), np.int8(-3), decimal.Decimal("1.1"), datetime.date(2020, 1, 1)],
    *[b"", b"\x89PNG\r\n", b"\xff", [], [1, 2], ["a"], (), {"a": 1}, {1}],
]
ARRAYS = [
    *[np.array([]), np.array([np.nan]), np.array([1.0, np.inf]), np.zeros((2, 2))],
    *[np.ones((2, 3), np.uint8), np.zeros((0, 4)), np.array("a"), np.array(["a"], dtype=object)],
]
SHAPES = [(), (0,), (1,), (3,), (2, 0), (4, 4), (4, 4, 3), (3, 4, 4), (0, 4, 3), (2, 2, 2, 2)]
DTYPES = ["f2", "f4", "f8", "u1", "i8", "u8", "?", "c16", "M8[ns]", "m8[s]", "U3", "S3"]


@st.composite
def cells(draw, n_rows):
    """Cells of mixed types, or of one odd one."""
    pool = CELLS + (ARRAYS if draw(st.booleans()) else [])
    some = draw(st.lists(st.integers(0, len(pool) - 1), min_size=1, max_size=3))
    column = np.empty(n_rows, dtype=object)
    for row in range(n_rows):
        column[row] = pool[draw(st.sampled_from(some))]
    return column


@st.composite
def arrays(draw, n_rows):
    """Arrays of any type and rank, with odd numbers."""
    dtype, shape = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(SHAPES))
    rng = np.random.default_rng(draw(st.integers(0, 3)))
    values = rng.integers(0, 200, size=(n_rows, *shape)).astype(dtype)
    if values.dtype.kind == "f":
        odd = [np.nan, np.finfo(dtype).max, np.finfo(dtype).tiny, np.inf, -0.0]
        values[rng.random(values.shape) < draw(st.sampled_from([0, 0.3, 1]))] = draw(
            st.sampled_from(odd)
        )
    elif values.dtype.kind in "iu":
        values[rng.random(values.shape) < 0.3] = np.iinfo(dtype).max
    return values


def on_disk(values):
    """Return an array as a memory map that can only be read."""
    if not values.size:  # an empty file cannot be mapped
        return frozen(values)
    with tempfile.TemporaryFile() as file:
        values.tofile(file)
        return np.memmap(file, values.dtype, "r", shape=values.shape)


def frozen(values):
    values = values.copy()
    values.flags.writeable = False
    return values


@st.composite
def columns(draw, n_rows):
    """A column in any form."""
    form = draw(
        st.sampled_from(
            ["cells", "array", "frozen", "map", "sparse", "series", "category", "extension"]
        )
    )
    if form in ("cells", "series"):
        values = draw(cells(n_rows))
        return values if form == "cells" else pd.Series(values, range(7, 7 + n_rows), dtype=object)
    if form == "category":
        values = draw(
            st.lists(st.sampled_from(["a", "", "ß", None]), min_size=n_rows, max_size=n_rows)
        )
        return pd.Series(pd.Categorical(values, ordered=draw(st.booleans())))
    values = draw(arrays(n_rows))
    if form == "sparse":
        return sparse.csr_array(
            np.atleast_2d(np.eye(n_rows, 3) * draw(st.sampled_from([1, 1e308])))
        )
    if form == "extension" and values.dtype.kind in "biuf":
        return ModalityArray(values, np.array([draw(st.booleans()) for _ in range(n_rows)]))
    return on_disk(values) if form == "map" else frozen(values) if form == "frozen" else values


@every_modality
@modest
@given(data=st.data(), n_rows=st.integers(1, 6), alone=st.booleans())
def test_any_column_gives_finite_blocks_or_names_its_modality(modality, data, n_rows, alone):
    X = {"odd": data.draw(columns(n_rows))}
    modalities = [("odd", MODALITIES[modality](), "odd")]
    if not alone:
        X["fine"] = np.arange(n_rows, dtype=float)
        modalities.append(("fine", MODALITIES["numeric"](), "fine"))
    assert_sound(MultiModalFrame(X), modalities, ["odd"] + (["fine"] if n_rows == 1 else []))


@every_modality
@modest
@given(data=st.data(), n_rows=st.integers(1, 5))
def test_several_odd_columns_give_finite_blocks_or_name_their_modality(modality, data, n_rows):
    names = data.draw(st.lists(st.sampled_from(["a", "ß b", "🐈", "", 0, 1, 2.5, ("x", 1), None])))
    frame = pd.DataFrame(index=range(n_rows), columns=pd.Index(range(len(names)), dtype=object))
    for place in range(len(names)):
        frame[place] = pd.Series(data.draw(cells(n_rows)), dtype=object)
    frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    modalities = [("odd", MODALITIES[modality](), slice(None))]
    assert_sound(frame, modalities, ["odd", *names, *map(str, names)])


@every_modality
@modest
@given(data=st.data(), n_rows=st.integers(1, 5), width=st.integers(0, 3))
def test_blocks_of_an_odd_array_are_finite_or_name_their_modality(modality, data, n_rows, width):
    if data.draw(st.booleans()):
        X = np.stack([data.draw(cells(n_rows)) for _ in range(3)], axis=1)
    else:
        X = frozen(np.full((n_rows, 3), data.draw(st.sampled_from([np.nan, 1e308, 0.0, 7.0]))))
        X = sparse.csr_array(X) if data.draw(st.booleans()) else X
    modalities = [("odd", MODALITIES[modality](), slice(0, width))]
    if width < 3:
        modalities.append(("rest", MODALITIES["numeric"](), slice(width, 3)))
    assert_sound(X, modalities, ["odd", "rest"])
