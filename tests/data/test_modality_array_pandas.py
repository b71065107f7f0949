"""pandas' own tests of extension arrays, all of them, on a column with one number a row."""

import operator

import numpy as np
import pandas as pd
import pandas._testing as tm
import pytest
from pandas.tests.extension import base

from sklearn_crossmodal import ModalityArray
from sklearn_crossmodal.data import ModalityDtype

if not hasattr(tm, "all_reductions"):
    pytest.skip("pandas' tests name the reductions since pandas 3.1", allow_module_level=True)


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


@pytest.fixture
def data_repeated(data):
    return lambda count: (data for _ in range(count))


@pytest.fixture
def data_for_sorting():
    return ModalityArray([2.0, 3.0, 1.0])


@pytest.fixture
def data_missing_for_sorting():
    return ModalityArray([2.0, None, 1.0])


@pytest.fixture
def data_for_grouping():
    return ModalityArray([2.0, 2.0, None, None, 1.0, 1.0, 2.0, 3.0])


@pytest.fixture
def data_for_twos():
    pytest.skip("a column of arrays is not numeric")


@pytest.fixture(
    params=[lambda x: 1, lambda x: [1] * len(x), lambda x: pd.Series([1] * len(x)), lambda x: x],
    ids=["scalar", "list", "series", "object"],
)
def groupby_apply_op(request):
    return request.param


@pytest.fixture(params=tm.all_reductions)
def all_reductions(request):
    return request.param


@pytest.fixture(params=tm.numeric_reductions)
def all_numeric_reductions(request):
    return request.param


@pytest.fixture(params=tm.boolean_reductions)
def all_boolean_reductions(request):
    return request.param


@pytest.fixture(params=tm.numeric_accumulations)
def all_numeric_accumulations(request):
    return request.param


@pytest.fixture(params=tm.arithmetic_dunder_methods)
def all_arithmetic_operators(request):
    return request.param


@pytest.fixture(params=tm.comparison_dunder_methods)
def all_compare_operators(request):
    return request.param


@pytest.fixture(params=["eq", "ne", "gt", "ge", "lt", "le"])
def comparison_op(request):
    return getattr(operator, request.param)


class TestModalityArray(base.ExtensionTests, base.BaseIndexTests):
    """All that pandas asks of an extension array."""

    @pytest.mark.xfail(raises=TypeError, reason="no numeric column: pandas draws none other")
    def test_plot_on_y_axis(self, plot_data):
        super().test_plot_on_y_axis(plot_data)
