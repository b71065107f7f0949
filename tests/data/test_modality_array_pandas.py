"""pandas' own tests of extension arrays, on a column with one number a row."""

import numpy as np
import pytest
from pandas.tests.extension import base

from sklearn_crossmodal import ModalityArray
from sklearn_crossmodal.data import ModalityDtype


@pytest.fixture
def dtype():
    return ModalityDtype("float64", ())


@pytest.fixture
def data():
    return ModalityArray(np.arange(1.0, 11.0))


@pytest.fixture
def data_missing():
    return ModalityArray([None, 1.0])


@pytest.fixture
def na_value():
    return np.nan


@pytest.fixture
def using_nan_is_na():
    return True


@pytest.fixture
def na_cmp():
    return lambda one, other: one is other


@pytest.fixture(params=["data", "data_missing"])
def all_data(request, data, data_missing):
    return data if request.param == "data" else data_missing


@pytest.fixture
def invalid_scalar():
    return "a text"


@pytest.fixture(params=[True, False])
def box_in_series(request):
    return request.param


@pytest.fixture(params=[True, False])
def as_frame(request):
    return request.param


@pytest.fixture(params=[True, False])
def as_array(request):
    return request.param


@pytest.fixture(params=[True, False])
def as_series(request):
    return request.param


@pytest.fixture(params=["ffill", "bfill"])
def fillna_method(request):
    return request.param


@pytest.fixture(params=[True, False])
def use_numpy(request):
    return request.param


class TestConstructors(base.BaseConstructorsTests):
    pass


class TestDtype(base.BaseDtypeTests):
    pass


class TestInterface(base.BaseInterfaceTests):
    pass


class TestGetitem(base.BaseGetitemTests):
    pass


class TestSetitem(base.BaseSetitemTests):
    pass


class TestMissing(base.BaseMissingTests):
    pass


class TestReshaping(base.BaseReshapingTests):
    pass


class TestPrinting(base.BasePrintingTests):
    pass


class TestCasting(base.BaseCastingTests):
    pass


class TestIndex(base.BaseIndexTests):
    pass
